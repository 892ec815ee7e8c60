//! Which events a caller sees, by the columns that were copied when they were written: the cell of the object's type is applied
//! to account and audience. No relation is walked.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use entities::{
    codes::{AccessLevel, HandoverBoundary, SubjectType, Wing},
    journey::{event_subject, journey_event},
    marketing::handover,
    sales::opportunity,
};
use sea_orm::{
    Condition, ConnectionTrait, DbErr,
    sea_query::{Asterisk, Expr, ExprTrait, Query, SelectStatement, UnionType},
};
use uuid::Uuid;

use super::{ObjectType, kinds::domain_of, named_by, reader::EventRow};
use crate::policy::{
    self, Caller, Grant, Levels, Rights, Scope, Sight,
    reach::{self, Held},
    table,
};

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
    /// To this one, as far as anybody knows: the levels on it decide. Events of others come as they are, to be looked at by whoever
    /// asked: they may be none of the caller's.
    Hoped(Uuid),
    /// The same where the levels on it are known.
    Known(Uuid, Levels),
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
    let mut opened = Opened::of(caller, about);
    if let Near::Known(_, levels) = near {
        opened.settle(levels);
    }
    let types = |types: &[&'static str]| {
        Expr::col((of, event_subject::Column::ObjectType)).is_in(types.iter().copied().map(code))
    };
    let mut any = Condition::any();
    for (scope, objects) in &opened.by_itself {
        any = any.add(Condition::all().add(types(objects)).add(stands_alone(*scope, caller, of)));
    }
    if caller.colleague.is_some() && opened.by_account() {
        let account = || Expr::col((of, event_subject::Column::AccountId));
        let each = || reach::holds(account(), caller, |held| opened.where_held(caller, of, held));
        any = any.add(match near {
            Near::Many => opened.where_held(caller, of, &|held| reach::among(account(), caller, held)).into(),
            Near::Few => each(),
            Near::Home(home) | Near::Hoped(home) | Near::Known(home, _) => {
                let at_home = |held| match held {
                    Held::Level(wing, _) if let Near::Known(_, levels) = near => truth(levels[place(wing)] > 0),
                    Held::Level(wing, _) => level_at_home(home, wing).gte(1),
                    Held::Member | Held::Lead => reach::holds(Expr::val(home), caller, |of| of(held).into()),
                };
                let elsewhere = match near {
                    Near::Hoped(_) | Near::Known(..) => truth(true),
                    _ => each(),
                };
                let here = Expr::from(opened.where_held(caller, of, &at_home));
                Expr::case(account().eq(home), here).finally(elsewhere).into()
            }
        });
    }
    if any.is_empty() {
        any = any.add(never());
    }
    Condition::all().add(any).add(audience(caller, of))
}

fn never() -> Expr {
    Expr::val(1).eq(0)
}

/// Written into the statement, so that what hangs on it falls away before it runs.
fn truth(holds: bool) -> Expr {
    Expr::Constant(holds.into())
}

/// Which types of objects the caller hears of by which of its ways: a statement asks each way once, however many types stand
/// behind it.
#[derive(Default)]
struct Opened {
    /// By the event itself, whatever account it belongs to.
    by_itself: BTreeMap<Scope, Vec<&'static str>>,
    /// By the level on its account in the wing of this place.
    in_wing: [Vec<&'static str>; 4],
    /// By the level on its account in the wing that the event's domain says.
    in_domain: Vec<&'static str>,
    /// By the level on its account in the wing of either side of the boundary that it crosses.
    handovers: bool,
    /// By being on the team of its account.
    to_members: Vec<&'static str>,
    /// By leading it.
    to_leads: Vec<&'static str>,
}

impl Opened {
    fn of(caller: &Caller, about: Option<SubjectType>) -> Opened {
        let mut opened = Opened::default();
        for object in ObjectType::ALL {
            let named = about.and_then(|about| named_by(*object, about));
            let tells =
                |grant: &Grant| named.is_none_or(|(class, field)| grant.rights.sight(class, field) == Sight::Clear);
            let mut scopes: Vec<Scope> =
                readable(*object, caller).into_iter().filter(tells).map(|grant| grant.scope).collect();
            if scopes.contains(&Scope::All) {
                scopes = vec![Scope::All];
            }
            scopes.into_iter().for_each(|scope| opened.add(*object, scope));
        }
        opened
    }

    fn add(&mut self, object: ObjectType, scope: Scope) {
        match (scope, object.wing()) {
            (Scope::Team | Scope::Visibility | Scope::Discipline, _) if object == ObjectType::Handover => {
                self.handovers = true;
            }
            (Scope::Team | Scope::Visibility | Scope::Discipline, Some(wing)) => {
                self.in_wing[place(wing)].push(object.code());
            }
            (Scope::Team | Scope::Visibility | Scope::Discipline, None) => self.in_domain.push(object.code()),
            (Scope::OnTeam, _) => self.to_members.push(object.code()),
            (Scope::Lead, _) => self.to_leads.push(object.code()),
            // Consent is about writing to people, not about what happened.
            (Scope::Consent, _) => {}
            (Scope::All | Scope::Queue | Scope::Mine | Scope::OwnCampaign, _) => {
                self.by_itself.entry(scope).or_default().push(object.code());
            }
        }
    }

    /// With the levels known, a handover that is seen from either side needs no look at its boundary.
    fn settle(&mut self, levels: Levels) {
        let sides = policy::handover_sides(AccessLevel::Read);
        if self.handovers && sides.iter().all(|(wing, _)| levels[place(*wing)] > 0) {
            self.handovers = false;
            self.in_wing[place(Wing::Sales)].push(ObjectType::Handover.code());
        }
    }

    /// Whether an account opens anything.
    fn by_account(&self) -> bool {
        self.handovers
            || self.in_wing.iter().any(|types| !types.is_empty())
            || [&self.in_domain, &self.to_members, &self.to_leads].iter().any(|types| !types.is_empty())
    }

    /// What an account opens, where `held` says what the caller holds on it.
    fn where_held(&self, caller: &Caller, of: &'static str, held: &dyn Fn(Held) -> Expr) -> Condition {
        let object_type = || Expr::col((of, event_subject::Column::ObjectType));
        let types = |types: &[&'static str]| object_type().is_in(types.iter().copied().map(code));
        let mut any = Condition::any();
        for (wing, in_wing) in WINGS.into_iter().zip(&self.in_wing) {
            let mut opens = Condition::any();
            if !in_wing.is_empty() {
                opens = opens.add(types(in_wing));
            }
            if !self.in_domain.is_empty() {
                let domain = Expr::col((of, event_subject::Column::Domain)).eq(code(domain_of(wing).as_str()));
                opens = opens.add(types(&self.in_domain).and(domain));
            }
            if self.handovers {
                // Either side of the boundary hears of it, as it sees the handover itself.
                let sides = policy::handover_sides(AccessLevel::Read).iter().filter(|(side, _)| *side == wing);
                for (_, boundaries) in sides {
                    let handover = object_type().eq(code(ObjectType::Handover.code()));
                    opens = opens.add(handover.and(crosses(caller, boundaries)));
                }
            }
            if !opens.is_empty() {
                any = any.add(Condition::all().add(held(Held::Level(wing, AccessLevel::Read))).add(opens));
            }
        }
        for (way, objects) in [(Held::Member, &self.to_members), (Held::Lead, &self.to_leads)] {
            if !objects.is_empty() {
                any = any.add(Condition::all().add(held(way)).add(types(objects)));
            }
        }
        any
    }
}

/// Whether the event's handover crosses one of these boundaries.
fn crosses(caller: &Caller, boundaries: &[HandoverBoundary]) -> Expr {
    let of = "of_boundary";
    let boundaries = boundaries.iter().map(|boundary| code(boundary.as_str()));
    let crosses = Query::select()
        .expr(Expr::val(1))
        .from_as(handover::Entity, of)
        .and_where(Expr::col((of, handover::Column::TenantId)).eq(caller.tenant))
        .and_where(Expr::col((of, handover::Column::Id)).equals((EVENT, journey_event::Column::ObjectId)))
        .and_where(Expr::col((of, handover::Column::Boundary)).is_in(boundaries))
        .to_owned();
    Expr::exists(crosses)
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
    table::grants(object.access(), caller.into()).into_iter().filter(hears).collect()
}

/// Whether an event is reached by itself, whatever account it belongs to.
fn stands_alone(scope: Scope, caller: &Caller, of: &'static str) -> Expr {
    match (scope, caller.colleague) {
        (Scope::All, _) => Expr::val(1).eq(1),
        (Scope::Queue, _) => lies_with(caller, of),
        (Scope::Mine, Some(colleague)) => e(journey_event::Column::ActorId).eq(colleague),
        (Scope::OwnCampaign, Some(colleague)) => {
            let of_campaign = "of_campaign";
            let campaigns = policy::own_campaigns(caller, colleague);
            let opportunities = Query::select()
                .column((of_campaign, opportunity::Column::Id))
                .from_as(opportunity::Entity, of_campaign)
                .and_where(Expr::col((of_campaign, opportunity::Column::TenantId)).eq(caller.tenant))
                .and_where(Expr::col((of_campaign, opportunity::Column::PrimaryCampaignId)).in_subquery(campaigns))
                .to_owned();
            e(journey_event::Column::ObjectId).in_subquery(opportunities)
        }
        _ => never(),
    }
}

/// What lies with the caller, or with a queue that it works in.
pub(super) fn lies_with(caller: &Caller, of: &'static str) -> Expr {
    let mut audiences: Vec<String> = caller.queues.iter().map(|queue| format!("QUEUE:{queue}")).collect();
    audiences.extend(caller.colleague.map(|colleague| format!("COLLEAGUE:{colleague}")));
    match audiences.is_empty() {
        true => never(),
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

const WINGS: [Wing; 4] = [Wing::Account, Wing::Marketing, Wing::Sales, Wing::Service];

/// The place of a wing in [`Levels`].
fn place(wing: Wing) -> usize {
    WINGS.iter().position(|at| *at == wing).unwrap_or(0)
}

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
                let level =
                    event.account_id.and_then(|account| levels.get(&account)).map_or(0, |levels| match object {
                        // Of either side of its boundary; whoever sees it at all holds the same rights.
                        ObjectType::Handover => levels.iter().copied().max().unwrap_or(0),
                        _ => levels[place(wing)],
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
