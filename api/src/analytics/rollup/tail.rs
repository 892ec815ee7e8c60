//! The tail: what the feed says after what is kept, and which rows of a fact it concerns.

use std::collections::{BTreeSet, HashMap};

use entities::{
    account::account,
    journey::{change_log, journey_event},
    marketing::{handover, lead, touchpoint},
    sales::{activity, meeting, meeting_attendee, opportunity, sales_order},
    service::{survey_answer, ticket},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait,
    sea_query::{Alias, Condition, Expr, ExprTrait, IntoIden, JoinType, Order, Query, SelectStatement},
};
use uuid::Uuid;

use super::{
    super::fact::Fact,
    kept::{SEGMENT_COLUMNS, select},
};
use crate::journey::{EventKind, ObjectType};

/// How many ids one condition names.
const MANY: usize = 1_000;

/// What the feed says after a position.
#[derive(Clone, Debug, Default)]
pub(super) struct Tail {
    /// The last position of it; none where it is empty.
    pub(super) last: Option<i64>,
    objects: HashMap<ObjectType, Vec<Uuid>>,
    /// The accounts whose teams it changes.
    teams: Vec<Uuid>,
    /// The accounts whose segment it changes.
    moved: Vec<Uuid>,
    /// The persons who became one with another, or two again: whoever was called or invited may be another one now.
    people: Vec<Uuid>,
}

/// Which rows of a fact have changed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Changed {
    /// These.
    Ids(Vec<Uuid>),
    /// Any of them may have.
    Any,
}

impl Tail {
    /// Reads at most `most` changes after a position.
    pub(super) async fn read<C: ConnectionTrait>(db: &C, tenant: i64, after: i64, most: u64) -> Result<Tail, DbErr> {
        let (log, event) = (Alias::new("c"), Alias::new("e"));
        let c = |column: change_log::Column| Expr::col((log.clone(), column));
        let e = |column: journey_event::Column| Expr::col((event.clone(), column));
        let select = Query::select()
            .column((log.clone(), change_log::Column::Position))
            .column((log.clone(), change_log::Column::ObjectType))
            .column((log.clone(), change_log::Column::ObjectId))
            .column((log.clone(), change_log::Column::ChangedFields))
            .column((event.clone(), journey_event::Column::AccountId))
            .column((event.clone(), journey_event::Column::Kind))
            .from_as(change_log::Entity, log.clone())
            .join_as(
                JoinType::InnerJoin,
                journey_event::Entity,
                event.clone(),
                e(journey_event::Column::TenantId)
                    .equals((log.clone(), change_log::Column::TenantId))
                    .and(e(journey_event::Column::Id).equals((log.clone(), change_log::Column::EventId))),
            )
            .and_where(c(change_log::Column::TenantId).eq(tenant))
            .and_where(c(change_log::Column::Position).gt(after))
            .order_by_expr(c(change_log::Column::Position), Order::Asc)
            .limit(most)
            .to_owned();
        let mut tail = Tail::default();
        let (mut teams, mut moved, mut people) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for row in db.query_all(&select).await? {
            tail.last = Some(row.try_get("", "position")?);
            let object: String = row.try_get("", "object_type")?;
            let id: Uuid = row.try_get("", "object_id")?;
            let Some(object) = ObjectType::parse(&object) else { continue };
            if object == ObjectType::AccountTeamMember {
                teams.extend(row.try_get::<Option<Uuid>>("", "account_id")?);
            }
            if object == ObjectType::Account {
                let fields: serde_json::Value = row.try_get("", "changed_fields")?;
                let names = |field: &serde_json::Value| field.as_str().is_some_and(|it| SEGMENT_COLUMNS.contains(&it));
                if fields.as_array().is_some_and(|fields| fields.iter().any(names)) {
                    moved.insert(id);
                }
            }
            let kind: String = row.try_get("", "kind")?;
            if [EventKind::IdentityMerged.name(), EventKind::IdentityUnmerged.name()].contains(&kind.as_str()) {
                match object {
                    // Its team is another one now.
                    ObjectType::Account => drop(teams.insert(id)),
                    ObjectType::Contact => drop(people.insert(id)),
                    _ => {}
                }
            }
            tail.objects.entry(object).or_default().push(id);
        }
        for ids in tail.objects.values_mut() {
            ids.sort_unstable();
            ids.dedup();
        }
        (tail.teams, tail.moved) = (teams.into_iter().collect(), moved.into_iter().collect());
        tail.people = people.into_iter().collect();
        Ok(tail)
    }

    fn of(&self, object: ObjectType) -> &[Uuid] {
        self.objects.get(&object).map_or(&[], Vec::as_slice)
    }

    /// The rows of a fact that may count otherwise than they did.
    pub(super) async fn changed<C: ConnectionTrait>(&self, db: &C, tenant: i64, fact: Fact) -> Result<Changed, DbErr> {
        let Some(own) = ObjectType::ALL.iter().copied().find(|object| object.kind() == fact.kind()) else {
            return Ok(Changed::Any);
        };
        let touched = |objects: &[ObjectType]| objects.iter().any(|object| !self.of(*object).is_empty());
        // Who is in a queue, and which stages are open, won or lost, is asked of each row anew.
        let any = match fact {
            Fact::Handover => touched(&[ObjectType::QueueMember]),
            Fact::Opportunity | Fact::Customer => touched(&[ObjectType::Stage, ObjectType::Pipeline]),
            _ => false,
        };
        if any {
            return Ok(Changed::Any);
        }
        let mut ids: BTreeSet<Uuid> = self.of(own).iter().copied().collect();
        if fact == Fact::Customer {
            ids.extend(self.customers(db, tenant).await?);
            return Ok(Changed::Ids(ids.into_iter().collect()));
        }
        let of_account = "account_id".into_iden();
        let mut found = Vec::new();
        for accounts in self.moved.chunks(MANY) {
            found.push((of_account.clone(), Which::Ids(accounts)));
        }
        match fact {
            Fact::Handover => {
                // Whoever touches an offered person, and who is on the account's team, decides when the offer was answered.
                for accounts in self.teams.chunks(MANY) {
                    found.push((of_account.clone(), Which::Ids(accounts)));
                }
                let subject = handover::Column::SubjectId.into_iden();
                for leads in self.of(ObjectType::Lead).chunks(MANY) {
                    found.push((subject.clone(), Which::Ids(leads)));
                }
                // The first offer of a lead, and the next one, decide what the others are.
                for offers in self.of(ObjectType::Handover).chunks(MANY) {
                    let of = handover::Column::SubjectId;
                    let select = others(tenant, handover::Entity, of, handover::Column::Id, offers);
                    found.push((subject.clone(), Which::Select(Box::new(select))));
                }
                for people in self.people.chunks(MANY) {
                    let leads = Query::select()
                        .column(lead::Column::Id)
                        .from(lead::Entity)
                        .and_where(lead::Column::TenantId.eq(tenant))
                        .and_where(lead::Column::ContactId.is_in(people.iter().copied()))
                        .to_owned();
                    found.push((subject.clone(), Which::Select(Box::new(leads))));
                }
                for touches in self.touches(tenant) {
                    found.push((subject.clone(), Which::Select(Box::new(leads_of(tenant, touches)))));
                }
            }
            Fact::Opportunity => {
                for leads in self.of(ObjectType::Lead).chunks(MANY) {
                    found.push((opportunity::Column::LeadId.into_iden(), Which::Ids(leads)));
                }
            }
            Fact::Ticket => {
                for answers in self.of(ObjectType::SurveyAnswer).chunks(MANY) {
                    let of = survey_answer::Column::TicketId;
                    let select = others(tenant, survey_answer::Entity, of, survey_answer::Column::Id, answers);
                    found.push((ticket::Column::Id.into_iden(), Which::Select(Box::new(select))));
                }
            }
            _ => {}
        }
        for (column, which) in found {
            let column = Expr::col(column);
            let condition = Condition::all().add(match which {
                Which::Ids(ids) => column.is_in(ids.iter().copied()),
                Which::Select(select) => column.in_subquery(*select),
            });
            ids.extend(match fact {
                Fact::Touch => ids_of::<touchpoint::Entity, C>(db, tenant, condition).await?,
                Fact::Lead => ids_of::<lead::Entity, C>(db, tenant, condition).await?,
                Fact::Handover => ids_of::<handover::Entity, C>(db, tenant, condition).await?,
                Fact::Opportunity => ids_of::<opportunity::Entity, C>(db, tenant, condition).await?,
                Fact::Ticket => ids_of::<ticket::Entity, C>(db, tenant, condition).await?,
                Fact::Order => ids_of::<sales_order::Entity, C>(db, tenant, condition).await?,
                Fact::Meeting => ids_of::<meeting::Entity, C>(db, tenant, condition).await?,
                Fact::Activity => ids_of::<activity::Entity, C>(db, tenant, condition).await?,
                _ => return Ok(Changed::Any),
            });
        }
        Ok(Changed::Ids(ids.into_iter().collect()))
    }

    /// The accounts whose wins may be others: those that a changed deal or order belongs to, or belonged to.
    async fn customers<C: ConnectionTrait>(&self, db: &C, tenant: i64) -> Result<Vec<Uuid>, DbErr> {
        let mut selects = Vec::new();
        for deals in self.of(ObjectType::Opportunity).chunks(MANY) {
            let of = opportunity::Column::AccountId;
            selects.push(others(tenant, opportunity::Entity, of, opportunity::Column::Id, deals));
            selects.push(before(tenant, Fact::Opportunity, "account", deals));
        }
        for leads in self.of(ObjectType::Lead).chunks(MANY) {
            let of = opportunity::Column::AccountId;
            selects.push(others(tenant, opportunity::Entity, of, opportunity::Column::LeadId, leads));
        }
        for orders in self.of(ObjectType::Order).chunks(MANY) {
            let of = sales_order::Column::AccountId;
            selects.push(others(tenant, sales_order::Entity, of, sales_order::Column::Id, orders));
            selects.push(before(tenant, Fact::Order, "account", orders));
        }
        let mut accounts = Vec::new();
        for select in selects {
            for row in db.query_all(&select).await? {
                accounts.push(row.try_get_by_index(0)?);
            }
        }
        Ok(accounts)
    }

    /// The persons whom somebody called, wrote to, visited or invited: a list for each way.
    fn touches(&self, tenant: i64) -> Vec<SelectStatement> {
        let mut selects = Vec::new();
        for activities in self.of(ObjectType::Activity).chunks(MANY) {
            let of = activity::Column::ContactId;
            selects.push(others(tenant, activity::Entity, of, activity::Column::Id, activities));
            // Whom a call was with before it was corrected: that one has been called by nobody now.
            selects.push(before(tenant, Fact::Activity, "contact", activities));
        }
        let invited = |by: meeting_attendee::Column, ids: &[Uuid]| {
            others(tenant, meeting_attendee::Entity, meeting_attendee::Column::ContactId, by, ids)
        };
        for meetings in self.of(ObjectType::Meeting).chunks(MANY) {
            selects.push(invited(meeting_attendee::Column::MeetingId, meetings));
        }
        for attendees in self.of(ObjectType::MeetingAttendee).chunks(MANY) {
            selects.push(invited(meeting_attendee::Column::Id, attendees));
        }
        selects
    }
}

enum Which<'a> {
    Ids(&'a [Uuid]),
    Select(Box<SelectStatement>),
}

/// What a column says in the rows of a table that some ids name.
fn others<E: EntityTrait>(tenant: i64, table: E, column: E::Column, by: E::Column, ids: &[Uuid]) -> SelectStatement {
    Query::select()
        .column(column)
        .from(table)
        .and_where(Expr::col("tenant_id").eq(tenant))
        .and_where(by.is_in(ids.iter().copied()))
        .and_where(column.is_not_null())
        .to_owned()
}

/// What a column said in the rows of a fact, as they were kept.
fn before(tenant: i64, fact: Fact, column: &'static str, ids: &[Uuid]) -> SelectStatement {
    Query::select()
        .column(("k", column))
        .from_subquery(select(fact, tenant, false), "k")
        .and_where(Expr::col(("k", "id")).is_in(ids.iter().copied()))
        .and_where(Expr::col(("k", column)).is_not_null())
        .to_owned()
}

fn leads_of(tenant: i64, contacts: SelectStatement) -> SelectStatement {
    Query::select()
        .column(lead::Column::Id)
        .from(lead::Entity)
        .and_where(lead::Column::TenantId.eq(tenant))
        .and_where(lead::Column::ContactId.in_subquery(contacts))
        .to_owned()
}

/// The ids of the rows of a table that pass, removed ones too.
async fn ids_of<E: EntityTrait, C: ConnectionTrait>(
    db: &C,
    tenant: i64,
    condition: Condition,
) -> Result<Vec<Uuid>, DbErr> {
    let select = Query::select()
        .column("id")
        .from(E::default())
        .and_where(Expr::col("tenant_id").eq(tenant))
        .cond_where(condition)
        .to_owned();
    db.query_all(&select).await?.iter().map(|row| row.try_get("", "id")).collect()
}

/// The segments of accounts, to stand beside the rows: `fa`.
pub(super) fn segments(tenant: i64) -> SelectStatement {
    let mut select = Query::select();
    select.column(account::Column::Id).from(account::Entity).and_where(account::Column::TenantId.eq(tenant));
    for (column, alias) in SEGMENT_COLUMNS.into_iter().zip(super::kept::SEGMENTS) {
        select.expr_as(Expr::col(column), alias);
    }
    select.to_owned()
}
