//! Contracts.

use std::collections::{HashMap, HashSet};

use async_graphql::MaybeUndefined;
use chrono::{DateTime, NaiveDate, Utc};
use entities::{
    codes::{ContractStatus, Renewal},
    sales::{contract, opportunity},
    service::sla_policy,
};
use sea_orm::{ColumnTrait, Set, sea_query::ExprTrait};
use uuid::Uuid;

use super::{
    super::{Fields, Followed, Known, New, Scene, SyncEntity, plain},
    columns::{happened, stays, time_opt, unless_said, will_be},
    deals::Deals,
    references::is_askable,
};
use crate::{
    account::relation::{self, Turn},
    graph::{Error, Result, UserErrorCode, line_patch, name_patch, patch_required, remark_patch},
    journey::{EventKind, Work},
    sales::{self, contract::event},
    synced,
};

synced! {
    /// What a source says of a contract: absent leaves, null clears.
    Contracts of Contract: contract::Entity as Order;
    set ContractSetInput, row UpsertContractRowInput, input UpsertContractsInput;
    /// Creates and updates contracts, each known by its key in a source. A later end of one that has an end renews it; one that is
    /// cancelled stays so.
    mutation UpsertContracts, upsert_contracts, class P;
    fields {
        /// What it is called, at most 255 characters. A new contract needs it.
        P name: String = name by name_patch;
        /// The contract's number, at most 255 characters.
        P number: String = number by line_patch;
        /// Where it stands; ACTIVE unless said. A draft that becomes active is signed; what has run out goes on with a later end only.
        P status: ContractStatus = status by patch_required;
        /// Its first day. A new contract needs it.
        P start_date: NaiveDate = start_date by patch_required;
        /// Its last day, not before the first; null: open end.
        P end_date: NaiveDate = end_date by plain;
        /// How it goes on after its end; MANUAL unless said.
        P renewal: Renewal = renewal by patch_required;
        /// The day by which to decide how it goes on.
        P renewal_date: NaiveDate = renewal_date by plain;
        /// When it was signed: then a new one's `contract.signed` happened. Now unless said, where it is active.
        P signed_at: DateTime<Utc> = signed_at by time_opt;
        /// When it was cancelled; now unless said, where it is cancelled.
        P cancelled_at: DateTime<Utc> = cancelled_at by time_opt;
        /// What else was agreed, at most 20,000 characters.
        T description: String = description by remark_patch;
    }
    money {
        /// What it is worth over its whole time; not negative.
        M value = value_minor, currency;
    }
    beside {
        /// The service level that it promises, by code or name.
        P sla_policy: String;
    }
    relations ContractRelationsInput {
        /// The customer. A new contract needs it; it stays.
        P account: Account = account_id required;
        /// The opportunity that it came from; one of this customer's.
        P opportunity: Opportunity = opportunity_id;
        /// The colleague who is responsible.
        P owner: Colleague = owner_id;
    }
    require ["name", "start_date"];
    lookup Lookup;
    removable;
}

/// What a batch of contracts looks up.
pub struct Lookup {
    deals: Deals<opportunity::Entity>,
    /// By code and by name: the policy of now, and all that were it.
    policies: HashMap<String, (Option<Uuid>, HashSet<Uuid>)>,
}

impl Contracts {
    async fn prepare(work: &mut Work<'_>, scene: &Scene<'_>, sets: &[&ContractSetInput]) -> Result<Lookup> {
        let deals = Deals::find(work, &scene.ids(SyncEntity::Opportunity)).await?;
        let named: HashSet<&String> = sets.iter().filter_map(|set| set.sla_policy.value()).collect();
        let named: Vec<String> = named.into_iter().filter(|name| is_askable(name)).cloned().collect();
        let mut found = Vec::new();
        for chunk in named.chunks(500) {
            let either = sla_policy::Column::Code.is_in(chunk).or(sla_policy::Column::Name.is_in(chunk));
            found.extend(work.caller().rows::<sla_policy::Entity>().filter(either).all(work.tx()).await?);
        }
        let mut policies: HashMap<String, (Option<Uuid>, HashSet<Uuid>)> = HashMap::new();
        // What is named by its code is that one, whatever others are called; of the revisions of one the last.
        found.sort_by_key(|seen| seen.row().revision);
        let by_name = found.iter().map(|seen| (seen.row().name.clone(), seen.row()));
        let by_code = found.iter().map(|seen| (seen.row().code.clone(), seen.row()));
        for (name, row) in by_name.chain(by_code) {
            let (now, all) = policies.entry(name).or_default();
            if row.valid_to.is_none_or(|end| end > scene.now) {
                *now = Some(row.id);
            }
            all.insert(row.id);
        }
        Ok(Lookup { deals, policies })
    }

    fn fill(
        lookup: &Lookup,
        scene: &Scene<'_>,
        set: &ContractSetInput,
        held: Option<&contract::Model>,
        row: &mut contract::ActiveModel,
    ) -> Result<()> {
        stays(
            &row.account_id,
            held.map(|held| &held.account_id),
            "relations.account",
            "a contract stays with its account",
        )?;
        let account = will_be(&row.account_id, held.map(|held| &held.account_id));
        lookup.deals.check(
            "relations.opportunity",
            &row.opportunity_id,
            held.and_then(|held| held.opportunity_id),
            account,
        )?;
        match &set.sla_policy {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => row.sla_policy_id = Set(None),
            MaybeUndefined::Value(name) => {
                let found = lookup.policies.get(name);
                let promised = held.and_then(|held| held.sla_policy_id);
                // What was promised under a former revision stays promised so.
                let is_promised = found.zip(promised).is_some_and(|((_, all), promised)| all.contains(&promised));
                if !is_promised {
                    let policy = found.and_then(|(now, _)| *now);
                    let policy = policy.ok_or_else(|| Error::invalid("set.slaPolicy", "there is no such policy"))?;
                    row.sla_policy_id = Set(Some(policy));
                }
            }
        }
        match held {
            Some(held) => {
                let value = (row.value_minor.clone(), row.currency.clone());
                (row.value_minor, row.currency) =
                    sales::beside_cost("set.value", value, held.cost_minor, held.currency.as_ref())?;
                may_become(held, row)?;
            }
            None => {
                unless_said(&mut row.status, ContractStatus::Active);
                unless_said(&mut row.renewal, Renewal::Manual);
                unless_said(&mut row.owner_id, scene.cx.caller.colleague);
            }
        }
        let status = will_be(&row.status, held.map(|held| &held.status));
        let became = |wanted| status == Some(wanted) && held.is_none_or(|held| held.status != wanted);
        if became(ContractStatus::Active) && held.is_none_or(|held| held.signed_at.is_none()) {
            unless_said(&mut row.signed_at, Some(scene.now));
        }
        if became(ContractStatus::Cancelled) {
            unless_said(&mut row.cancelled_at, Some(scene.now));
        }
        if status != Some(ContractStatus::Cancelled) && matches!(row.cancelled_at, Set(Some(_))) {
            return Err(Error::invalid("set.cancelledAt", "the contract is not cancelled"));
        }
        let starts = will_be(&row.start_date, held.map(|held| &held.start_date));
        let ends = will_be(&row.end_date, held.map(|held| &held.end_date)).flatten();
        match ends.zip(starts).is_some_and(|(ends, starts)| ends < starts) {
            true => Err(Error::invalid("set.endDate", "a contract ends after it starts")),
            false => Ok(()),
        }
    }

    async fn after(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        _: &Lookup,
        new: &[New<Contracts>],
        known: &[Known<Contracts>],
    ) -> Result<Followed> {
        for New { row, .. } in new {
            if row.status == ContractStatus::Draft {
                continue;
            }
            let signed = event(EventKind::ContractSigned, row);
            work.record(match row.signed_at {
                Some(at) => happened(signed, Some(at), scene.now),
                None => signed.time_uncertain(true),
            });
            if row.status == ContractStatus::Cancelled {
                work.record(happened(event(EventKind::ContractCancelled, row), row.cancelled_at, scene.now));
            }
        }
        let mut turns = Vec::new();
        for Known { rows, .. } in known {
            let (before, after) = (&rows.before, &rows.after);
            match (before.status, after.status) {
                (ContractStatus::Draft, ContractStatus::Active | ContractStatus::Expired) => {
                    work.record(happened(event(EventKind::ContractSigned, after), after.signed_at, scene.now));
                }
                (ContractStatus::Draft | ContractStatus::Active, ContractStatus::Cancelled) => {
                    work.record(happened(event(EventKind::ContractCancelled, after), after.cancelled_at, scene.now));
                    turns.push((after.account_id, Turn::Cancelled));
                }
                (_, ContractStatus::Active) if goes_on(before.end_date, after.end_date) => {
                    work.record(event(EventKind::ContractRenewed, after));
                    turns.push((after.account_id, Turn::Renewed));
                }
                _ => {}
            }
        }
        relation::follow_many(work, &turns).await?;
        let mut followed = Followed::default();
        let promised = known.iter().filter(|known| known.rows.before.sla_policy_id != known.rows.after.sla_policy_id);
        let promised: Vec<&Known<Contracts>> = promised.collect();
        let former: HashSet<Uuid> = promised.iter().filter_map(|known| known.rows.before.sla_policy_id).collect();
        let former: Vec<Uuid> = former.into_iter().collect();
        let former = work.following_many_unscoped::<sla_policy::Entity>(sla_policy::Column::Id, &former).await?;
        for Known { place, rows, .. } in promised {
            let code = former.iter().find(|policy| Some(policy.id) == rows.before.sla_policy_id);
            let code = code.map(|policy| policy.code.clone());
            followed.changed.insert(*place, Fields::from_iter([("slaPolicy".to_owned(), code.into())]));
        }
        Ok(followed)
    }
}

/// A contract that has an end, and now a later one or none.
fn goes_on(before: Option<NaiveDate>, after: Option<NaiveDate>) -> bool {
    before.is_some_and(|before| after.is_none_or(|after| after > before))
}

/// What is cancelled stays so, what has run out goes on with a later end only, and what was signed is no draft.
fn may_become(held: &contract::Model, row: &contract::ActiveModel) -> Result<()> {
    let after = will_be(&row.status, Some(&held.status)).unwrap_or(held.status);
    let ends = will_be(&row.end_date, Some(&held.end_date)).flatten();
    let may = match (held.status, after) {
        (before, after) if before == after => true,
        (ContractStatus::Draft, _) => true,
        (ContractStatus::Active, ContractStatus::Expired | ContractStatus::Cancelled) => true,
        (ContractStatus::Expired, ContractStatus::Active) => goes_on(held.end_date, ends),
        _ => false,
    };
    match may {
        true => Ok(()),
        false => {
            Err(Error::user(UserErrorCode::StateConflict, "set.status", format!("the contract is {}", held.status)))
        }
    }
}
