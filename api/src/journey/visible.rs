//! Which events a caller sees, by the columns that were copied when they were written: the cell of the object's type is applied
//! to account and audience. No relation is walked.

use std::{collections::HashMap, sync::Arc};

use entities::{
    codes::{AccessLevel, SubjectType, Wing},
    journey::{event_subject, journey_event},
    marketing::{campaign, handover},
    sales::opportunity,
};
use sea_orm::{
    Condition, ConnectionTrait, DbErr,
    sea_query::{Alias, Asterisk, Expr, ExprTrait, Query, SelectStatement, UnionType},
};
use uuid::Uuid;

use super::{ObjectType, kinds::domain_of, named_by, reader::EventRow};
use crate::policy::{self, Caller, Grant, Rights, Scope, Sight, reach, table};

/// The alias under which the timeline's own table is read.
pub(super) const SUBJECT: &str = "s";
/// The alias of the journal.
pub(super) const EVENT: &str = "e";

pub(super) fn s(column: event_subject::Column) -> Expr {
    Expr::col((SUBJECT, column))
}

pub(super) fn e(column: journey_event::Column) -> Expr {
    Expr::col((EVENT, column))
}

/// Which accounts the events belong to that are looked at, so that the team rule is asked in the cheapest way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Near {
    /// To this one, nearly all of them: the caller's levels on it stand in [`REACH`], looked up once. Others are looked up one by one.
    Home(Uuid),
    /// A few events: each is looked up.
    Few,
    /// Many accounts: the caller's own are brought together first.
    Many,
}

/// The name under which a statement holds [`reach::levels`].
pub(super) const REACH: &str = "reach";

/// A code of the house, written into the statement: it is no value of a client, and does not change from request to request.
fn code(code: &'static str) -> Expr {
    Expr::Constant(code.into())
}

/// The condition on `journey_event AS e` and the row `of` that carries what rights are judged by: a subject of the event,
/// [`SUBJECT`], or the event itself, [`EVENT`]. Both have the same columns for it.
///
/// `about`: the type of the subject whose events they are. A grant counts only where it reads the field that names the subject: else
/// a person's timeline would tell of touches that do not show their person.
pub(super) fn condition(caller: &Caller, of: &'static str, about: Option<SubjectType>, near: Near) -> Condition {
    let object_type = Expr::col((of, event_subject::Column::ObjectType));
    // Types with the same cell and wing share one clause: a timeline's statement stays short.
    let mut clauses: Vec<(Vec<Scope>, Option<Wing>, Vec<&'static str>)> = Vec::new();
    let mut handovers: Option<Vec<Scope>> = None;
    for object in ObjectType::ALL {
        let named = about.and_then(|about| named_by(*object, about));
        let tells = |grant: &Grant| named.is_none_or(|(class, field)| grant.rights.sight(class, field) == Sight::Clear);
        let mut scopes: Vec<Scope> =
            readable(*object, caller).into_iter().filter(tells).map(|grant| grant.scope).collect();
        if scopes.is_empty() {
            continue;
        }
        if scopes.contains(&Scope::All) {
            scopes = vec![Scope::All];
        }
        scopes.sort_unstable();
        if *object == ObjectType::Handover && scopes != [Scope::All] {
            handovers = Some(scopes);
            continue;
        }
        let wing = if scopes == [Scope::All] { Some(Wing::Account) } else { object.wing() };
        match clauses.iter_mut().find(|(held, at, _)| *held == scopes && *at == wing) {
            Some((_, _, objects)) => objects.push(object.code()),
            None => clauses.push((scopes, wing, vec![object.code()])),
        }
    }
    let reached = |scopes: &[Scope], wing: Wing| {
        scopes.iter().fold(Condition::any(), |any, scope| any.add(scope_condition(*scope, wing, caller, of, near)))
    };
    let mut any = Condition::any();
    for (scopes, wing, objects) in clauses {
        let of_objects = Condition::all().add(object_type.clone().is_in(objects.into_iter().map(code)));
        any = any.add(match wing {
            Some(wing) => of_objects.add(reached(&scopes, wing)),
            None => of_objects.add(WINGS.into_iter().fold(Condition::any(), |any, wing| {
                let domain = Expr::col((of, event_subject::Column::Domain)).eq(code(domain_of(wing).as_str()));
                any.add(Condition::all().add(domain).add(reached(&scopes, wing)))
            })),
        });
    }
    if let Some(scopes) = handovers {
        // Either side of the boundary hears of it, as it sees the handover itself.
        let sides = policy::handover_sides(AccessLevel::Read).iter().map(|(wing, boundaries)| {
            let handover = "of_boundary";
            let crosses = Query::select()
                .expr(Expr::val(1))
                .from_as(handover::Entity, handover)
                .and_where(Expr::col((handover, handover::Column::TenantId)).eq(caller.tenant))
                .and_where(Expr::col((handover, handover::Column::Id)).equals((EVENT, journey_event::Column::ObjectId)))
                .and_where(
                    Expr::col((handover, handover::Column::Boundary))
                        .is_in(boundaries.iter().map(|boundary| code(boundary.as_str()))),
                )
                .to_owned();
            Condition::all().add(Expr::exists(crosses)).add(reached(&scopes, *wing))
        });
        let sides = sides.fold(Condition::any(), Condition::add);
        any = any.add(Condition::all().add(object_type.eq(code(ObjectType::Handover.code()))).add(sides));
    }
    if any.is_empty() {
        any = any.add(Expr::val(1).eq(0));
    }
    Condition::all().add(any).add(audience(caller, of))
}

/// The caller's level on an account that [`REACH`] holds; null for none.
pub(super) fn level_at_home(home: Uuid, wing: Wing) -> Expr {
    let column = reach::LEVELS.iter().find(|(of, _)| *of == wing).map_or("account_level", |(_, column)| column);
    let level = Query::select()
        .expr(Expr::col((REACH, column)).max())
        .from(REACH)
        .and_where(Expr::col((REACH, "account")).eq(home))
        .to_owned();
    Expr::SubQuery(None, Box::new(level.into()))
}

fn readable(object: ObjectType, caller: &Caller) -> Vec<Grant> {
    // Some fields of every row of the tenant, granted by name, are no leave to hear what happens to it.
    let hears = |grant: &Grant| match grant.scope {
        Scope::All => grant.rights.reads_a_class(),
        _ => grant.rights.reads(),
    };
    table::grants(object.access(), caller.roles).into_iter().filter(hears).collect()
}

fn scope_condition(scope: Scope, wing: Wing, caller: &Caller, of: &'static str, near: Near) -> Expr {
    let never = || Expr::val(1).eq(0);
    let account = || Expr::col((of, event_subject::Column::AccountId));
    match scope {
        Scope::All => Expr::val(1).eq(1),
        Scope::Team | Scope::Visibility | Scope::Discipline => match near {
            Near::Many => reach::in_accounts(account(), reach::visible_accounts(caller, wing, AccessLevel::Read)),
            Near::Few => reach::reaches(account(), caller, wing, AccessLevel::Read),
            Near::Home(_) if caller.colleague.is_none() => never(),
            Near::Home(home) => Expr::case(account().eq(home), level_at_home(home, wing).gte(1))
                .finally(reach::reaches(account(), caller, wing, AccessLevel::Read))
                .into(),
        },
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
                    .and_where(Expr::col((owned.clone(), campaign::Column::DeletedAt)).is_null())
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
        false => Expr::col((of, event_subject::Column::Audience)).is_in(audiences),
    }
}

/// PRIVATE is its author's, DISCIPLINE the same discipline's; TEAM, QUEUE and COLLEAGUE leave the decision to the cell.
fn audience(caller: &Caller, of: &'static str) -> Condition {
    let audience = || Expr::col((of, event_subject::Column::Audience));
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
    levels: HashMap<Uuid, Levels>,
    /// What the caller's roles grant on the types of objects that the page has met.
    granted: HashMap<ObjectType, Granted>,
}

/// The grants of a caller on a type of object: where only one reads, all events share its rights.
enum Granted {
    One(Arc<Rights>),
    Several(Vec<Grant>),
}

/// A caller's level (0 none, 1 READ, 2 EDIT) on an account, in the wings account, marketing, sales, service.
pub(super) type Levels = [i32; 4];

const WINGS: [Wing; 4] = [Wing::Account, Wing::Marketing, Wing::Sales, Wing::Service];

/// Whether the levels on accounts are needed to tell the grants of a caller apart: not for a caller whose grants never overlap.
pub(super) fn overlap(caller: &Caller) -> bool {
    caller.colleague.is_some() && ObjectType::ALL.iter().any(|object| readable(*object, caller).len() > 1)
}

impl<'a> EventRights<'a> {
    /// Takes the levels that are known already, and looks up those on other accounts where they are needed: one statement at most,
    /// however many events.
    pub(super) async fn of<C: ConnectionTrait>(
        caller: &'a Caller,
        db: &C,
        mut known: HashMap<Uuid, Levels>,
        accounts: impl Iterator<Item = Uuid>,
    ) -> Result<EventRights<'a>, DbErr> {
        if overlap(caller) {
            let mut unknown: Vec<Uuid> = accounts.filter(|account| !known.contains_key(account)).collect();
            unknown.sort_unstable();
            unknown.dedup();
            known.extend(levels(caller, db, unknown).await?);
        }
        Ok(EventRights { caller, levels: known, granted: HashMap::new() })
    }

    /// The rights on one event that the caller sees.
    pub(super) fn on(&mut self, event: &EventRow) -> Arc<Rights> {
        let Some(object) = ObjectType::parse(&event.object_type) else { return Arc::default() };
        let (caller, levels) = (self.caller, &self.levels);
        let granted = self.granted.entry(object).or_insert_with(|| {
            let mut grants = readable(object, caller);
            match (grants.pop(), grants.is_empty()) {
                (Some(only), true) => {
                    let mut rights = Rights::default();
                    rights.join(&only.rights, false);
                    Granted::One(Arc::new(rights))
                }
                (last, _) => {
                    grants.extend(last);
                    Granted::Several(grants)
                }
            }
        });
        match granted {
            Granted::One(rights) => rights.clone(),
            Granted::Several(grants) => {
                let of_domain = || WINGS.into_iter().find(|wing| domain_of(*wing) == event.domain);
                let wing = object.wing().or_else(of_domain).unwrap_or(Wing::Account);
                let place = WINGS.iter().position(|at| *at == wing).unwrap_or(0);
                let level =
                    event.account_id.and_then(|account| levels.get(&account)).map_or(0, |levels| match object {
                        // Of either side of its boundary; whoever sees it at all holds the same rights.
                        ObjectType::Handover => levels.iter().copied().max().unwrap_or(0),
                        _ => levels[place],
                    });
                let mut rights = Rights::default();
                let reached = grants.iter().filter(|grant| reached(caller, grant.scope, level, event));
                reached.for_each(|grant| rights.join(&grant.rights, false));
                Arc::new(rights)
            }
        }
    }
}

/// Whether a grant was what brought the event, with the caller's level on its account.
fn reached(caller: &Caller, scope: Scope, level: i32, event: &EventRow) -> bool {
    match scope {
        Scope::All => true,
        Scope::Queue => {
            caller.queues.iter().any(|queue| event.audience == format!("QUEUE:{queue}"))
                || caller.colleague.is_some_and(|colleague| event.audience == format!("COLLEAGUE:{colleague}"))
        }
        Scope::Mine => caller.colleague.is_some() && event.actor_id == caller.colleague,
        // An event that only this grant could have brought was reached by it.
        Scope::OwnCampaign => level == 0,
        _ => level > 0,
    }
}

/// The caller's levels on accounts; none for an account that it does not reach.
pub(super) async fn levels<C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    accounts: Vec<Uuid>,
) -> Result<HashMap<Uuid, Levels>, DbErr> {
    let mut held: HashMap<Uuid, Levels> = HashMap::new();
    if accounts.is_empty() {
        return Ok(held);
    }
    let Some(select) = reach::levels(caller, &accounts) else { return Ok(held) };
    for row in db.query_all(&select).await? {
        let levels = held.entry(row.try_get("", "account")?).or_default();
        for (held, (_, column)) in levels.iter_mut().zip(reach::LEVELS) {
            *held = Ord::max(*held, row.try_get("", column)?);
        }
    }
    Ok(held)
}

/// The types of objects whose events tell which campaign they are about, whatever brought them to the caller.
pub(super) fn telling_campaigns(caller: &Caller) -> impl Iterator<Item = Expr> {
    let tells = |object: &&ObjectType| {
        let Some((class, field)) = named_by(**object, SubjectType::Campaign) else { return true };
        readable(**object, caller).iter().all(|grant| grant.rights.sight(class, field) == Sight::Clear)
    };
    ObjectType::ALL.iter().filter(tells).map(|object| code(object.code())).collect::<Vec<_>>().into_iter()
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
    select.from_as(event_subject::Entity, SUBJECT).join_as(
        sea_orm::sea_query::JoinType::InnerJoin,
        journey_event::Entity,
        EVENT,
        Condition::all()
            .add(e(journey_event::Column::TenantId).equals((SUBJECT, event_subject::Column::TenantId)))
            .add(e(journey_event::Column::Id).equals((SUBJECT, event_subject::Column::EventId))),
    );
}
