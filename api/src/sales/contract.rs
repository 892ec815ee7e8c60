//! The contract: what was agreed with a customer for a time; signed, renewed, cancelled.

use async_graphql::{Context, MaybeUndefined, Object};
use chrono::{DateTime, NaiveDate, Utc};
use entities::{
    account::{account, colleague},
    codes::{ContractStatus, Renewal},
    sales::{contract, opportunity},
    service::{asset, file, sla_policy},
};
use sea_orm::{ActiveValue::NotSet, ColumnTrait, Set};

use super::Opportunity;
use crate::{
    account::{
        Account, Colleague, ground,
        relation::{self, Turn},
    },
    custom,
    files::{self, ContractFile},
    graph::{
        AnyOf, Cx, DateFilter, Error, GlobalId, Ids, Kind, Money, MoneyFilter, MoneyInput, Result, TextFilter,
        UserErrorCode, line, line_patch, name_patch, patch, patch_required, remark, remark_patch, text,
    },
    input,
    journey::{Event, EventKind, Payload, Removable, Work, attempt},
    listed, object, payload,
    policy::{Class, Seen, access},
    removal,
    service::SlaPolicy,
    teamwork,
};

object! {
    /// What was agreed with a customer for a time.
    Contract(contract::Entity) as Order, id Contract {
        /// The contract's number; null for none.
        P number: String = |row| row.number.clone();
        /// What it is called.
        P name: String = |row| row.name.clone();
        /// How far it is.
        P status: ContractStatus = |row| row.status;
        /// Its first day.
        P start_date: NaiveDate = |row| row.start_date;
        /// Its last day; null for open end.
        P end_date: NaiveDate = |row| row.end_date;
        /// How it goes on after its end.
        P renewal: Renewal = |row| row.renewal;
        /// The day by which to decide how it goes on; null where nobody said.
        P renewal_date: NaiveDate = |row| row.renewal_date;
        /// When it was signed (UTC); null for a draft.
        P signed_at: DateTime<Utc> = |row| row.signed_at;
        /// When it was cancelled (UTC); null unless it was.
        P cancelled_at: DateTime<Utc> = |row| row.cancelled_at;
        /// What else was agreed.
        T description: String = |row| row.description.clone();
        /// What it is worth over its whole time.
        M value: Money = |row| row.value_minor.zip(row.currency.as_deref()).map(|(minor, currency)| Money::from_minor(minor, currency));
    }
    refs {
        /// The customer.
        P account: Account = account::Entity, |row| row.account_id;
        /// The opportunity that it came from; null for none.
        P opportunity: Opportunity = opportunity::Entity, |row| row.opportunity_id;
        /// Who is responsible; null while nobody is.
        P owner: Colleague = colleague::Entity, |row| row.owner_id;
        /// The service level that it promises; null where it promises none.
        P sla_policy: SlaPolicy = sla_policy::Entity, |row| row.sla_policy_id;
    }
    lists {
        /// Its files, oldest first.
        files: ContractFile = file::Entity, file::Column::ContractId, Rising under Order;
    }
    custom_fields Contract;
    teamwork Contract;
}

input! {
    /// A signed contract. Whoever writes it down is responsible for it.
    SignContractInput for Order {
        /// The customer.
        P account_id: GlobalId;
        /// The opportunity that it came from; one of this customer's.
        P opportunity_id: Option<GlobalId>;
        /// What it is called, at most 255 characters.
        P name: String;
        /// The contract's number, at most 255 characters.
        P number: Option<String>;
        /// Its first day.
        P start_date: NaiveDate;
        /// Its last day; open end unless said otherwise.
        P end_date: Option<NaiveDate>;
        /// How it goes on after its end; MANUAL unless said otherwise.
        P renewal: Option<Renewal>;
        /// The day by which to decide how it goes on.
        P renewal_date: Option<NaiveDate>;
        /// The service level that it promises.
        P sla_policy_id: Option<GlobalId>;
        /// What else was agreed, at most 20,000 characters.
        T description: Option<String>;
        /// What it is worth over its whole time; not negative.
        M value: Option<MoneyInput>;
    }
}

input! {
    /// A change of a contract: absent leaves, null clears.
    UpdateContractInput for Order {
        /// What it is called, at most 255 characters.
        P name: MaybeUndefined<String>;
        /// The contract's number, at most 255 characters.
        P number: MaybeUndefined<String>;
        /// Its first day.
        P start_date: MaybeUndefined<NaiveDate>;
        /// Its last day, not before the first; null: open end. To go on after it is `renewContract`.
        P end_date: MaybeUndefined<NaiveDate>;
        /// How it goes on after its end.
        P renewal: MaybeUndefined<Renewal>;
        /// The day by which to decide how it goes on.
        P renewal_date: MaybeUndefined<NaiveDate>;
        /// The opportunity that it came from; one of this customer's.
        P opportunity_id: MaybeUndefined<GlobalId>;
        /// Who is responsible.
        P owner_id: MaybeUndefined<GlobalId>;
        /// The service level that it promises.
        P sla_policy_id: MaybeUndefined<GlobalId>;
        /// What else was agreed, at most 20,000 characters.
        T description: MaybeUndefined<String>;
        /// What it is worth over its whole time; not negative.
        M value: MaybeUndefined<MoneyInput>;
    }
    plain {
        /// Which contract.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// A contract that goes on.
    RenewContractInput for Order {
        /// Its new last day, after the old one; open end unless said.
        P end_date: Option<NaiveDate>;
        /// The day by which to decide next time; none unless said.
        P renewal_date: Option<NaiveDate>;
        /// What it is worth over its whole time now; as before unless said.
        M value: Option<MoneyInput>;
    }
    plain {
        /// Which contract.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// A contract that one side ends.
    CancelContractInput for Order {
        /// The last day on which it holds, not before its first; as agreed unless said.
        P end_date: Option<NaiveDate>;
    }
    plain {
        /// Which contract.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `signContract` answers.
    SignContractPayload {
        /// The contract; null if it was refused.
        contract: Contract
    }
}

payload! {
    /// What `updateContract` answers.
    UpdateContractPayload {
        /// The changed contract; null if it was refused.
        contract: Contract
    }
}

payload! {
    /// What `renewContract` answers.
    RenewContractPayload {
        /// The contract that goes on; null if that was refused.
        contract: Contract
    }
}

payload! {
    /// What `cancelContract` answers.
    CancelContractPayload {
        /// The contract that was ended; null if that was refused.
        contract: Contract
    }
}

/// An event of a contract.
pub(crate) fn event(kind: EventKind, row: &contract::Model) -> Event {
    let payload = Payload::Order { total_minor: row.value_minor, currency: row.currency.clone() };
    Event::of::<contract::Entity>(kind, row, payload)
}

fn conflict(row: &contract::Model) -> Error {
    Error::user(UserErrorCode::StateConflict, "id", format!("the contract is {}", row.status))
}

/// Refuses an end before the beginning.
fn in_order(row: &contract::Model) -> Result<()> {
    match row.end_date.is_some_and(|end| end < row.start_date) {
        true => Err(Error::invalid("endDate", "a contract ends after it starts")),
        false => Ok(()),
    }
}

/// Writes down a signed contract.
pub async fn sign(cx: &Cx, input: SignContractInput) -> Result<Contract> {
    let written = input.written();
    let SignContractInput {
        account_id,
        opportunity_id,
        name,
        number,
        start_date,
        end_date,
        renewal,
        renewal_date,
        sla_policy_id,
        description,
        value,
    } = input;
    let (value_minor, currency) = value.map(|money| money.into_price("value")).transpose()?.unzip();
    let mut work = Work::begin(cx).await?;
    let signed_at = work.now();
    let account = work.refer::<account::Entity>("accountId", account_id).await?.row().id;
    let row = work
        .insert::<contract::Entity>(contract::ActiveModel {
            account_id: Set(account),
            opportunity_id: Set(super::of_account::<opportunity::Entity>(
                &work,
                "opportunityId",
                opportunity_id,
                account,
            )
            .await?),
            name: Set(text("name", name, 255)?),
            number: Set(line("number", number)?),
            status: Set(ContractStatus::Active),
            start_date: Set(start_date),
            end_date: Set(end_date),
            renewal: Set(renewal.unwrap_or(Renewal::Manual)),
            renewal_date: Set(renewal_date),
            value_minor: Set(value_minor),
            currency: Set(currency),
            sla_policy_id: Set(work.refer_opt::<sla_policy::Entity>("slaPolicyId", sla_policy_id).await?),
            owner_id: Set(cx.caller.colleague),
            signed_at: Set(Some(signed_at)),
            description: Set(remark("description", description)?),
            ..Default::default()
        })
        .await?;
    in_order(&row)?;
    work.record(event(EventKind::ContractSigned, &row));
    let seen = work.reached::<contract::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Contract(seen))
}

/// Changes a contract.
pub async fn update(cx: &Cx, input: UpdateContractInput) -> Result<Contract> {
    let written = input.written();
    let UpdateContractInput {
        id,
        if_version,
        name,
        number,
        start_date,
        end_date,
        renewal,
        renewal_date,
        opportunity_id,
        owner_id,
        sla_policy_id,
        description,
        value,
    } = input;
    let id = id.named("id", Kind::Contract)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<contract::Entity>(id, if_version, &written).await?;
    let held = seen.row();
    let (value_minor, currency) = super::worth("value", value, held.cost_minor, held.currency.as_ref())?;
    let row = contract::ActiveModel {
        name: name_patch("name", name)?,
        number: line_patch("number", number)?,
        start_date: patch_required("startDate", start_date)?,
        end_date: patch(end_date),
        renewal: patch_required("renewal", renewal)?,
        renewal_date: patch(renewal_date),
        opportunity_id: super::patch_of_account::<opportunity::Entity>(
            &work,
            "opportunityId",
            opportunity_id,
            seen.row().account_id,
        )
        .await?,
        owner_id: ground::owner_patch(&work, "ownerId", held.owner_id, owner_id).await?,
        sla_policy_id: work.refer_patch::<sla_policy::Entity>("slaPolicyId", sla_policy_id).await?,
        description: remark_patch("description", description)?,
        value_minor,
        currency,
        ..Default::default()
    };
    let row = work.update::<contract::Entity>(&seen, row).await?;
    in_order(&row)?;
    let seen = work.reached::<contract::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Contract(seen))
}

/// Lets a contract go on that has an end, whether it has come or not.
pub async fn renew(cx: &Cx, input: RenewContractInput) -> Result<Contract> {
    let mut written = input.written();
    written.push((Class::P, "end_date"));
    let RenewContractInput { id, if_version, end_date, renewal_date, value } = input;
    let id = id.named("id", Kind::Contract)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<contract::Entity>(id, if_version, &written).await?;
    let before = seen.row();
    if !matches!(before.status, ContractStatus::Active | ContractStatus::Expired) {
        return Err(conflict(before));
    }
    let Some(old) = before.end_date else {
        return Err(Error::user(UserErrorCode::StateConflict, "id", "the contract has no end"));
    };
    if end_date.is_some_and(|end| end <= old) {
        return Err(Error::invalid("endDate", "a renewed contract ends later than before"));
    }
    let value = value.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value);
    let (value_minor, currency) = super::worth("value", value, before.cost_minor, before.currency.as_ref())?;
    let row = contract::ActiveModel {
        status: Set(ContractStatus::Active),
        end_date: Set(end_date),
        renewal_date: Set(renewal_date),
        value_minor,
        currency,
        ..Default::default()
    };
    let row = work.update::<contract::Entity>(&seen, row).await?;
    work.record(event(EventKind::ContractRenewed, &row));
    relation::follow(&mut work, cx, row.account_id, Turn::Renewed).await?;
    let seen = work.reached::<contract::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Contract(seen))
}

/// Ends a contract for one side.
pub async fn cancel(cx: &Cx, input: CancelContractInput) -> Result<Contract> {
    let mut written = input.written();
    written.push((Class::P, "status"));
    let CancelContractInput { id, if_version, end_date } = input;
    let id = id.named("id", Kind::Contract)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<contract::Entity>(id, if_version, &written).await?;
    if matches!(seen.row().status, ContractStatus::Cancelled | ContractStatus::Expired) {
        return Err(conflict(seen.row()));
    }
    let row = contract::ActiveModel {
        status: Set(ContractStatus::Cancelled),
        cancelled_at: Set(Some(work.now())),
        end_date: if end_date.is_some() { Set(end_date) } else { NotSet },
        ..Default::default()
    };
    let row = work.update::<contract::Entity>(&seen, row).await?;
    in_order(&row)?;
    work.record(event(EventKind::ContractCancelled, &row));
    relation::follow(&mut work, cx, row.account_id, Turn::Cancelled).await?;
    let seen = work.reached::<contract::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Contract(seen))
}

listed! {
    /// One contract; null if there is none that you may see.
    contract,
    /// The contracts that you may see, newest first unless sorted.
    contracts: Contract(contract::Entity) as Order, id Contract, Falling;
    query ContractQuery, filter ContractFilter, sort ContractSort custom {
        /// By number.
        P number: TextFilter = Number;
        /// By name.
        P name: TextFilter = Name;
        /// By status.
        P status: AnyOf<ContractStatus> = Status;
        /// By first day.
        P start_date: DateFilter = StartDate;
        /// By last day.
        P end_date: DateFilter = EndDate;
        /// By how it goes on after its end.
        P renewal: AnyOf<Renewal> = Renewal;
        /// By the day to decide by.
        P renewal_date: DateFilter = RenewalDate;
        /// By who is responsible.
        P owner_id: Ids = OwnerId, of Colleague;
        /// By value.
        M value: MoneyFilter = ValueMinor, in Currency;
        /// By customer.
        P account_id: Ids = AccountId, of Account;
        /// By opportunity.
        P opportunity_id: Ids = OpportunityId, of Opportunity;
    }
}

impl Removable for contract::Entity {
    /// What it covers names it; its files go with it.
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<contract::Model>) -> Result<()> {
        match work.tally_unscoped::<asset::Entity>(asset::Column::ContractId.eq(seen.row().id)).await? {
            0 => files::go_with(work, file::Column::ContractId, seen.row().id).await,
            _ => Err(Error::user(UserErrorCode::StateConflict, "id", "the contract covers installed assets")),
        }
    }
}

removal! {
    /// Takes a contract away that was entered by mistake. STATE_CONFLICT while it covers installed assets. One that is ended is
    /// `cancelContract`.
    delete_contract: contract::Entity as Order, class P name, checked;
    mutation ContractRemoval, input DeleteContractInput, payload DeleteContractPayload;
}

/// Changing contracts.
#[derive(Default)]
pub struct ContractMutation;

#[Object]
impl ContractMutation {
    /// Writes down a contract that was signed now. Event: `contract.signed`.
    #[graphql(directive = access::apply("Order".into(), "P".into(), true))]
    async fn sign_contract(&self, ctx: &Context<'_>, input: SignContractInput) -> Result<SignContractPayload> {
        let cx = Cx::of(ctx);
        SignContractPayload::of(attempt(|| sign(cx, input.clone())).await)
    }

    /// Changes a contract.
    #[graphql(directive = access::apply("Order".into(), "P".into(), true))]
    async fn update_contract(&self, ctx: &Context<'_>, input: UpdateContractInput) -> Result<UpdateContractPayload> {
        let cx = Cx::of(ctx);
        UpdateContractPayload::of(attempt(|| update(cx, input.clone())).await)
    }

    /// Lets a contract go on after its end. STATE_CONFLICT for one that is cancelled, a draft, or without an end. Event:
    /// `contract.renewed`.
    #[graphql(directive = access::apply("Order".into(), "P".into(), true))]
    async fn renew_contract(&self, ctx: &Context<'_>, input: RenewContractInput) -> Result<RenewContractPayload> {
        let cx = Cx::of(ctx);
        RenewContractPayload::of(attempt(|| renew(cx, input.clone())).await)
    }

    /// Ends a contract for one side. STATE_CONFLICT for one that is cancelled or has run out. Event: `contract.cancelled`.
    #[graphql(directive = access::apply("Order".into(), "P".into(), true))]
    async fn cancel_contract(&self, ctx: &Context<'_>, input: CancelContractInput) -> Result<CancelContractPayload> {
        let cx = Cx::of(ctx);
        CancelContractPayload::of(attempt(|| cancel(cx, input.clone())).await)
    }
}
