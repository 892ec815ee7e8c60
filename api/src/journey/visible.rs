//! Which events a caller sees, by the columns that were copied when they were written: the cell of the object's type is applied
//! to account and audience. No relation is walked.

use std::collections::HashMap;

use entities::{
    codes::{AccessLevel, Wing},
    journey::{event_subject, journey_event},
    marketing::campaign,
    sales::opportunity,
};
use sea_orm::{
    Condition, ConnectionTrait, DbErr,
    sea_query::{Alias, Asterisk, Expr, ExprTrait, Query, SelectStatement, UnionType},
};
use uuid::Uuid;

use super::{ObjectType, kinds::domain_of};
use crate::policy::{Caller, Grant, Rights, Scope, reach, table};

/// The alias under which the timeline's own table is read.
pub(super) const SUBJECT: &str = "s";
/// The alias of the journal.
pub(super) const EVENT: &str = "e";

pub(super) fn s(column: event_subject::Column) -> Expr {
    Expr::col((Alias::new(SUBJECT), column))
}

pub(super) fn e(column: journey_event::Column) -> Expr {
    Expr::col((Alias::new(EVENT), column))
}

/// The condition on `journey_event AS e` and the row `of` that carries what rights are judged by: a subject of the event,
/// [`SUBJECT`], or the event itself, [`EVENT`]. Both have the same columns for it.
pub(super) fn condition(caller: &Caller, of: &'static str) -> Condition {
    let object_type = Expr::col((Alias::new(of), event_subject::Column::ObjectType));
    // Types with the same cell and wing share one clause: a timeline's statement stays short.
    let mut clauses: Vec<(Vec<Scope>, Option<Wing>, Vec<&'static str>)> = Vec::new();
    for object in ObjectType::ALL {
        let mut scopes: Vec<Scope> = readable(*object, caller).into_iter().map(|grant| grant.scope).collect();
        if scopes.is_empty() {
            continue;
        }
        if scopes.contains(&Scope::All) {
            scopes = vec![Scope::All];
        }
        scopes.sort_unstable();
        let wing = if scopes == [Scope::All] { Some(Wing::Account) } else { object.wing() };
        match clauses.iter_mut().find(|(held, at, _)| *held == scopes && *at == wing) {
            Some((_, _, objects)) => objects.push(object.code()),
            None => clauses.push((scopes, wing, vec![object.code()])),
        }
    }
    let reached = |scopes: &[Scope], wing: Wing| {
        scopes.iter().fold(Condition::any(), |any, scope| any.add(scope_condition(*scope, wing, caller, of)))
    };
    let mut any = Condition::any();
    for (scopes, wing, objects) in clauses {
        let of_objects = Condition::all().add(object_type.clone().is_in(objects));
        any = any.add(match wing {
            Some(wing) => of_objects.add(reached(&scopes, wing)),
            None => of_objects.add(WINGS.into_iter().fold(Condition::any(), |any, wing| {
                let domain = Expr::col((Alias::new(of), event_subject::Column::Domain)).eq(domain_of(wing).as_str());
                any.add(Condition::all().add(domain).add(reached(&scopes, wing)))
            })),
        });
    }
    if any.is_empty() {
        any = any.add(Expr::val(1).eq(0));
    }
    Condition::all().add(any).add(audience(caller, of))
}

fn readable(object: ObjectType, caller: &Caller) -> Vec<Grant> {
    // Some fields of every row of the tenant, granted by name, are no leave to hear what happens to it.
    let hears = |grant: &Grant| match grant.scope {
        Scope::All => grant.rights.reads_a_class(),
        _ => grant.rights.reads(),
    };
    table::grants(object.access(), caller.roles).into_iter().filter(hears).collect()
}

fn scope_condition(scope: Scope, wing: Wing, caller: &Caller, of: &'static str) -> Expr {
    let never = || Expr::val(1).eq(0);
    let account = || Expr::col((Alias::new(of), event_subject::Column::AccountId));
    match scope {
        Scope::All => Expr::val(1).eq(1),
        Scope::Team | Scope::Visibility | Scope::Discipline => {
            reach::in_accounts(account(), reach::visible_accounts(caller, wing, AccessLevel::Read))
        }
        Scope::OnTeam => reach::in_accounts(account(), reach::team_accounts(caller, false)),
        Scope::Lead => reach::in_accounts(account(), reach::team_accounts(caller, true)),
        Scope::Queue => lies_with(caller, of),
        Scope::Mine => match caller.colleague {
            Some(colleague) => e(journey_event::Column::ActorId).eq(colleague),
            None => never(),
        },
        Scope::OwnCampaign => match caller.colleague {
            Some(colleague) => {
                let (owned, of_campaign) = (Alias::new("own_campaign"), Alias::new("of_campaign"));
                let campaigns = Query::select()
                    .column((owned.clone(), campaign::Column::Id))
                    .from_as(campaign::Entity, owned.clone())
                    .and_where(Expr::col((owned.clone(), campaign::Column::TenantId)).eq(caller.tenant))
                    .and_where(Expr::col((owned, campaign::Column::OwnerId)).eq(colleague))
                    .to_owned();
                let opportunities = Query::select()
                    .column((of_campaign.clone(), opportunity::Column::Id))
                    .from_as(opportunity::Entity, of_campaign.clone())
                    .and_where(Expr::col((of_campaign.clone(), opportunity::Column::TenantId)).eq(caller.tenant))
                    .and_where(Expr::col((of_campaign, opportunity::Column::PrimaryCampaignId)).in_subquery(campaigns))
                    .to_owned();
                e(journey_event::Column::ObjectId).in_subquery(opportunities)
            }
            None => never(),
        },
        // Consent is about writing to people, not about what happened.
        Scope::Consent => never(),
    }
}

/// What lies with the caller, or with a queue that it works in.
pub(super) fn lies_with(caller: &Caller, of: &'static str) -> Expr {
    let mut audiences: Vec<String> = caller.queues.iter().map(|queue| format!("QUEUE:{queue}")).collect();
    audiences.extend(caller.colleague.map(|colleague| format!("COLLEAGUE:{colleague}")));
    match audiences.is_empty() {
        true => Expr::val(1).eq(0),
        false => Expr::col((Alias::new(of), event_subject::Column::Audience)).is_in(audiences),
    }
}

/// PRIVATE is its author's, DISCIPLINE the same discipline's; TEAM, QUEUE and COLLEAGUE leave the decision to the cell.
fn audience(caller: &Caller, of: &'static str) -> Condition {
    let audience = || Expr::col((Alias::new(of), event_subject::Column::Audience));
    let mut any = Condition::any().add(audience().not_like("PRIVATE:%").and(audience().not_like("DISCIPLINE:%")));
    if let Some(colleague) = caller.colleague {
        any = any.add(audience().eq(format!("PRIVATE:{colleague}")));
    }
    if let Some(discipline) = caller.discipline {
        any = any.add(audience().eq(format!("DISCIPLINE:{discipline}")));
    }
    any
}

/// The rights of a caller on the events of a page.
pub(super) struct EventRights<'a> {
    caller: &'a Caller,
    levels: HashMap<Uuid, [i32; 4]>,
}

const WINGS: [Wing; 4] = [Wing::Account, Wing::Marketing, Wing::Sales, Wing::Service];

impl<'a> EventRights<'a> {
    /// Looks up what is needed to tell the grants of a caller apart: nothing for a caller whose grants never overlap, one
    /// statement otherwise, however many events.
    pub(super) async fn of<C: ConnectionTrait>(
        caller: &'a Caller,
        db: &C,
        events: impl Iterator<Item = &journey_event::Model>,
    ) -> Result<EventRights<'a>, DbErr> {
        let overlapping = ObjectType::ALL.iter().any(|object| readable(*object, caller).len() > 1);
        let levels = if overlapping && caller.colleague.is_some() {
            let mut accounts: Vec<Uuid> = events.filter_map(|event| event.account_id).collect();
            accounts.sort_unstable();
            accounts.dedup();
            levels(caller, db, accounts).await?
        } else {
            HashMap::new()
        };
        Ok(EventRights { caller, levels })
    }

    /// The rights on one event that the caller sees.
    pub(super) fn on(&self, event: &journey_event::Model) -> Rights {
        let Some(object) = ObjectType::parse(&event.object_type) else { return Rights::default() };
        let grants = readable(object, self.caller);
        let of_domain = || WINGS.into_iter().find(|wing| domain_of(*wing) == event.domain);
        let wing = object.wing().or_else(of_domain).unwrap_or(Wing::Account);
        let mut rights = Rights::default();
        match grants.as_slice() {
            [only] => rights.join(&only.rights, false),
            several => several
                .iter()
                .filter(|grant| self.reaches(grant.scope, wing, event))
                .for_each(|grant| rights.join(&grant.rights, false)),
        }
        rights
    }

    fn reaches(&self, scope: Scope, wing: Wing, event: &journey_event::Model) -> bool {
        let place = WINGS.iter().position(|at| *at == wing).unwrap_or(0);
        let level = event.account_id.and_then(|account| self.levels.get(&account)).map_or(0, |levels| levels[place]);
        match scope {
            Scope::All => true,
            Scope::Queue => {
                self.caller.queues.iter().any(|queue| event.audience == format!("QUEUE:{queue}"))
                    || self.caller.colleague.is_some_and(|colleague| event.audience == format!("COLLEAGUE:{colleague}"))
            }
            Scope::Mine => self.caller.colleague.is_some() && event.actor_id == self.caller.colleague,
            // An event that only this grant could have brought was reached by it.
            Scope::OwnCampaign => level == 0,
            _ => level > 0,
        }
    }
}

/// The caller's level (0 none, 1 READ, 2 EDIT) on accounts, in the wings account, marketing, sales, service.
pub(super) async fn levels<C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    accounts: Vec<Uuid>,
) -> Result<HashMap<Uuid, [i32; 4]>, DbErr> {
    use entities::account::account;
    if accounts.is_empty() {
        return Ok(HashMap::new());
    }
    let id = || Expr::col((account::Entity, account::Column::Id));
    let mut select = Query::select();
    select
        .expr_as(id(), "id")
        .from(account::Entity)
        .and_where(Expr::col((account::Entity, account::Column::TenantId)).eq(caller.tenant))
        .and_where(id().is_in(accounts));
    for (wing, name) in WINGS.into_iter().zip(["account", "marketing", "sales", "service"]) {
        select.expr_as(reach::level(id(), caller, wing), name);
    }
    let rows = db.query_all(&select).await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.try_get("", "id")?,
                [
                    row.try_get("", "account")?,
                    row.try_get("", "marketing")?,
                    row.try_get("", "sales")?,
                    row.try_get("", "service")?,
                ],
            ))
        })
        .collect()
}

/// How many accounts the caller reaches in each wing: it changes when an account comes or goes.
pub(super) async fn extent<C: ConnectionTrait>(caller: &Caller, db: &C) -> Result<[i64; 4], DbErr> {
    let mut counts: Option<SelectStatement> = None;
    for (place, wing) in (0_i32..).zip(WINGS) {
        let Some(accounts) = reach::visible_accounts(caller, wing, AccessLevel::Read) else { return Ok([0; 4]) };
        let count = Query::select()
            .expr_as(Expr::val(place), "place")
            .expr_as(Expr::col(Asterisk).count(), "n")
            .from_subquery(accounts, "reached")
            .to_owned();
        match &mut counts {
            Some(counts) => drop(counts.union(UnionType::All, count)),
            None => counts = Some(count),
        }
    }
    let Some(counts) = counts else { return Ok([0; 4]) };
    let mut extent = [0; 4];
    for row in db.query_all(&counts).await? {
        let (place, n): (i32, i64) = (row.try_get("", "place")?, row.try_get("", "n")?);
        if let Some(held) = usize::try_from(place).ok().and_then(|place| extent.get_mut(place)) {
            *held = n;
        }
    }
    Ok(extent)
}

/// Names the tables once, so that the aliases above cannot drift from the statement.
pub(super) fn from_tables(select: &mut SelectStatement) {
    select.from_as(event_subject::Entity, Alias::new(SUBJECT)).join_as(
        sea_orm::sea_query::JoinType::InnerJoin,
        journey_event::Entity,
        Alias::new(EVENT),
        Condition::all()
            .add(e(journey_event::Column::TenantId).equals((Alias::new(SUBJECT), event_subject::Column::TenantId)))
            .add(e(journey_event::Column::Id).equals((Alias::new(SUBJECT), event_subject::Column::EventId))),
    );
}
