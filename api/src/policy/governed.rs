//! Which table is which type of the access table, and by which columns the row rule reaches it: one line a table.

use entities::{
    account::{
        account, account_team_member, colleague, consent, contact, contact_point, employment, identity, identity_rule,
        industry, industry_team_member, visitor,
    },
    codes::{AccessLevel, HandoverBoundary, NoteVisibility, RecordType, StageObject, SubjectType, Wing},
    marketing::{campaign, campaign_cost, channel, content_asset, handover, lead, lesson, touchpoint},
    sales::{
        activity, contract, meeting, meeting_attendee, note, opportunity, opportunity_contact, opportunity_snapshot,
        order_line, pipeline, product, requirement, sales_order, stage, stage_interval, task,
    },
    service::{asset, business_calendar, file, sla_clock, sla_policy, survey_answer, ticket, ticket_message},
    sync::{field_conflict, field_policy, fx_rate, import_job, source_system, webhook_delivery, webhook_endpoint},
    tenant::{custom_field, definition, goal, queue, queue_member},
};
use sea_orm::{
    ColumnTrait, EntityTrait,
    sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement},
};
use uuid::Uuid;

use super::{Caller, Scope, Type, reach};

/// A table under the access table.
pub trait Governed: EntityTrait<Model: Clone + Send + Sync + 'static> {
    /// Its line in the access table.
    const TYPE: Type;
    /// The tenant's column.
    const TENANT: Self::Column;
    /// The id's column.
    const ID: Self::Column;
    /// The column that names the account whose team reaches the row.
    const ACCOUNT: Option<Self::Column>;
    /// Whether the row is the account.
    const ACCOUNT_ITSELF: bool = false;
    /// The columns that name the colleague to whom the row belongs.
    const OWN: &'static [Self::Column];
    /// The column that names the queue in which the row waits.
    const QUEUE: Option<Self::Column>;
    /// The column that marks a deleted row.
    const DELETED: Option<Self::Column>;

    /// The row's id.
    fn id(model: &Self::Model) -> uuid::Uuid;

    /// Which of the table's rows a line of the access table rules, where several lines share the table. None: all.
    fn ruled_by(_ty: Type) -> Option<Expr> {
        None
    }

    /// That what the row is a part of still stands: whatever hangs on a removed record is gone with it, for everybody. None: the
    /// row is part of nothing.
    fn stands(_caller: &Caller) -> Option<Expr> {
        None
    }

    /// Scopes that only this table knows. None: the scope does not reach this table.
    fn special(_scope: Scope, _caller: &Caller, _level: AccessLevel) -> Option<Expr> {
        None
    }
}

/// How the team rule is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// All accounts of the caller are brought together: the rows are among them.
    Together,
    /// Row by row: the rows are a few.
    EachRow,
}

/// The SQL condition of a scope on a table.
pub(super) fn condition<E: Governed>(ty: Type, scope: Scope, caller: &Caller, level: AccessLevel) -> Expr {
    asked::<E>(ty, scope, caller, level, Ask::Together)
}

/// [`condition`], asked in one of two ways.
pub(super) fn asked<E: Governed>(ty: Type, scope: Scope, caller: &Caller, level: AccessLevel, ask: Ask) -> Expr {
    if let Some(special) = E::special(scope, caller, level) {
        return special;
    }
    let never = || Expr::val(1).eq(0);
    match scope {
        Scope::All => Expr::val(1).eq(1),
        Scope::Team => match E::ACCOUNT {
            Some(account) if ask == Ask::EachRow => reach::reaches(account.into_expr(), caller, ty.wing(), level),
            Some(account) => reach::in_accounts(account.into_expr(), reach::visible_accounts(caller, ty.wing(), level)),
            None => never(),
        },
        Scope::OnTeam => match E::ACCOUNT {
            Some(account) => reach::in_accounts(account.into_expr(), reach::team_accounts(caller, false)),
            None => never(),
        },
        Scope::Lead => match E::ACCOUNT {
            Some(account) => reach::in_accounts(account.into_expr(), reach::team_accounts(caller, true)),
            None => never(),
        },
        Scope::Queue => {
            let own = own::<E>(caller);
            match (E::QUEUE, caller.queues.as_slice()) {
                (Some(queue), [_, ..]) => own.or(queue.is_in(caller.queues.iter().copied())),
                _ => own,
            }
        }
        Scope::Mine => own::<E>(caller),
        Scope::OwnCampaign | Scope::Consent | Scope::Discipline | Scope::Visibility => never(),
    }
}

fn own<E: Governed>(caller: &Caller) -> Expr {
    let Some(colleague) = caller.colleague else { return Expr::val(1).eq(0) };
    E::OWN.iter().map(|column| column.eq(colleague)).reduce(ExprTrait::or).unwrap_or_else(|| Expr::val(1).eq(0))
}

macro_rules! governed {
    ($($table:ident $ty:ident { account: $account:ident, own: [$($own:ident)*], queue: $queue:ident, deleted: $deleted:ident } $($special:ident)? $(ruled $ruled:ident)? $(=> [$($whole:ident $by:ident),*])?;)*) => {$(
        impl Governed for $table::Entity {
            const TYPE: Type = Type::$ty;
            const TENANT: $table::Column = $table::Column::TenantId;
            const ID: $table::Column = $table::Column::Id;
            const ACCOUNT: Option<$table::Column> = governed!(@maybe $table $account);
            const ACCOUNT_ITSELF: bool = governed!(@itself $account);
            const OWN: &'static [$table::Column] = &[$($table::Column::$own),*];
            const QUEUE: Option<$table::Column> = governed!(@maybe $table $queue);
            const DELETED: Option<$table::Column> = governed!(@maybe $table $deleted);

            fn id(model: &$table::Model) -> uuid::Uuid {
                model.id
            }
            $(fn special(scope: Scope, caller: &Caller, level: AccessLevel) -> Option<Expr> {
                $special(scope, caller, level)
            })?
            $(fn ruled_by(ty: Type) -> Option<Expr> {
                $ruled(ty)
            })?
            $(fn stands(caller: &Caller) -> Option<Expr> {
                let wholes = [$(whole_stands::<$whole::Entity>($table::Column::$by.into_expr(), caller)),*];
                wholes.into_iter().reduce(ExprTrait::and)
            })?
        }
    )*};
    (@itself Id) => { true };
    (@itself $account:ident) => { false };
    (@maybe $table:ident None) => { None };
    (@maybe $table:ident $column:ident) => { Some($table::Column::$column) };
}

governed! {
    account Account { account: Id, own: [OwnerId], queue: None, deleted: DeletedAt } account_scopes;
    contact Contact { account: AccountId, own: [OwnerId], queue: None, deleted: DeletedAt } contact_scopes;
    contact_point Contact { account: AccountId, own: [], queue: None, deleted: DeletedAt } contact_point_scopes => [contact ContactId];
    employment Contact { account: AccountId, own: [], queue: None, deleted: DeletedAt } employment_scopes => [contact ContactId];
    visitor Visitor { account: AccountId, own: [], queue: None, deleted: None };
    identity Visitor { account: None, own: [], queue: None, deleted: None } identity_scopes;
    identity_rule Settings { account: None, own: [], queue: None, deleted: DeletedAt };
    consent Consent { account: None, own: [], queue: None, deleted: None } consent_scopes => [contact ContactId];
    colleague Reference { account: None, own: [], queue: None, deleted: DeletedAt };
    industry Reference { account: None, own: [], queue: None, deleted: DeletedAt };
    account_team_member AccountTeam { account: AccountId, own: [], queue: None, deleted: None } team_scopes;
    industry_team_member IndustryTeam { account: None, own: [], queue: None, deleted: None } => [industry IndustryId];
    queue Queue { account: None, own: [], queue: None, deleted: DeletedAt };
    queue_member Queue { account: None, own: [], queue: None, deleted: None } => [queue QueueId];
    goal Queue { account: None, own: [], queue: None, deleted: DeletedAt };
    definition Settings { account: None, own: [], queue: None, deleted: None };
    fx_rate Reference { account: None, own: [], queue: None, deleted: DeletedAt };
    custom_field CustomField { account: None, own: [], queue: None, deleted: DeletedAt };
    webhook_endpoint Webhook { account: None, own: [], queue: None, deleted: DeletedAt } webhook_scopes;
    webhook_delivery Webhook { account: None, own: [], queue: None, deleted: None } delivery_scopes => [webhook_endpoint EndpointId];
    source_system Source { account: None, own: [], queue: None, deleted: None };
    field_policy Source { account: None, own: [], queue: None, deleted: DeletedAt };
    field_conflict Source { account: None, own: [], queue: None, deleted: None };
    import_job Import { account: None, own: [], queue: None, deleted: None } import_scopes;

    campaign Campaign { account: None, own: [OwnerId], queue: None, deleted: DeletedAt };
    channel Campaign { account: None, own: [], queue: None, deleted: DeletedAt };
    content_asset Campaign { account: None, own: [], queue: None, deleted: DeletedAt };
    campaign_cost CampaignCost { account: None, own: [], queue: None, deleted: DeletedAt } => [campaign CampaignId];
    touchpoint Touchpoint { account: AccountId, own: [], queue: None, deleted: DeletedAt };
    lead Lead { account: AccountId, own: [OwnerId], queue: QueueId, deleted: DeletedAt };
    handover Handover { account: AccountId, own: [FromId ToColleagueId], queue: ToQueueId, deleted: None } handover_scopes;
    lesson Lesson { account: None, own: [AuthorId], queue: None, deleted: DeletedAt } lesson_scopes;

    opportunity Opportunity { account: AccountId, own: [OwnerId], queue: None, deleted: DeletedAt } opportunity_scopes;
    opportunity_snapshot Opportunity { account: None, own: [], queue: None, deleted: None } snapshot_scopes => [opportunity OpportunityId];
    opportunity_contact ContactRole { account: None, own: [], queue: None, deleted: DeletedAt } contact_role_scopes => [opportunity OpportunityId];
    meeting Meeting { account: AccountId, own: [OrganizerId], queue: None, deleted: DeletedAt } meeting_scopes;
    meeting_attendee Meeting { account: None, own: [ColleagueId], queue: None, deleted: DeletedAt } attendee_scopes => [meeting MeetingId];
    requirement Meeting { account: AccountId, own: [AuthorId], queue: None, deleted: DeletedAt };
    activity Activity { account: AccountId, own: [ColleagueId], queue: None, deleted: DeletedAt };
    note Note { account: None, own: [AuthorId], queue: None, deleted: DeletedAt } note_scopes;
    task Task { account: None, own: [AssigneeId AuthorId], queue: QueueId, deleted: DeletedAt } task_scopes;
    product Product { account: None, own: [], queue: None, deleted: DeletedAt };
    sales_order Order { account: AccountId, own: [], queue: None, deleted: DeletedAt };
    order_line Order { account: None, own: [], queue: None, deleted: DeletedAt } order_line_scopes => [sales_order SalesOrderId];
    contract Order { account: AccountId, own: [], queue: None, deleted: DeletedAt };
    pipeline Reference { account: None, own: [], queue: None, deleted: DeletedAt };
    stage Reference { account: None, own: [], queue: None, deleted: DeletedAt } => [pipeline PipelineId];
    stage_interval Opportunity { account: None, own: [], queue: None, deleted: None } interval_scopes ruled interval_lines;

    asset Asset { account: AccountId, own: [], queue: None, deleted: DeletedAt };
    ticket Ticket { account: AccountId, own: [OwnerId], queue: QueueId, deleted: DeletedAt };
    ticket_message TicketMessage { account: AccountId, own: [], queue: None, deleted: None } message_scopes ruled message_lines => [ticket TicketId];
    business_calendar Queue { account: None, own: [], queue: None, deleted: DeletedAt };
    sla_policy Reference { account: None, own: [], queue: None, deleted: DeletedAt };
    sla_clock ServiceLevel { account: AccountId, own: [], queue: None, deleted: None } clock_scopes;
    file Ticket { account: None, own: [], queue: None, deleted: DeletedAt } file_scopes ruled file_lines => [meeting MeetingId, ticket TicketId, contract ContractId];
    survey_answer ServiceLevel { account: AccountId, own: [], queue: None, deleted: DeletedAt } survey_scopes;
}

/// The agent on the phone reaches the customer of a ticket that is its own or waits in its queue.
fn through_tickets(column: ticket::Column, target: Expr, caller: &Caller) -> Option<Expr> {
    let colleague = caller.colleague?;
    let mine = Alias::new("own_ticket");
    let mut reached = Expr::col((mine.clone(), ticket::Column::OwnerId)).eq(colleague);
    if !caller.queues.is_empty() {
        reached = reached.or(Expr::col((mine.clone(), ticket::Column::QueueId)).is_in(caller.queues.iter().copied()));
    }
    // Of this row, not among those of all tickets: a queue has many, and whoever asks looks at a few rows.
    let tickets = Query::select()
        .expr(Expr::val(1))
        .from_as(ticket::Entity, mine.clone())
        .and_where(Expr::col((mine.clone(), ticket::Column::TenantId)).eq(caller.tenant))
        .and_where(Expr::col((mine.clone(), column)).eq(target))
        .and_where(Expr::col((mine.clone(), ticket::Column::DeletedAt)).is_null())
        .and_where(reached)
        .to_owned();
    Some(Expr::exists(tickets))
}

/// An import is whoever's token brought it: a machine is no colleague.
fn import_scopes(scope: Scope, caller: &Caller, _level: AccessLevel) -> Option<Expr> {
    match (scope, &caller.subject) {
        (Scope::Mine, Some(subject)) => Some(import_job::Column::CreatedBy.eq(subject.as_str())),
        _ => None,
    }
}

fn message_scopes(scope: Scope, caller: &Caller, _level: AccessLevel) -> Option<Expr> {
    match scope {
        Scope::Queue => through_tickets(ticket::Column::Id, ticket_message::Column::TicketId.into_expr(), caller),
        _ => None,
    }
}

/// The rights on a file are those on its record: each of the three lines rules the files of its own records.
fn file_lines(ty: Type) -> Option<Expr> {
    Some(match ty {
        Type::Meeting => file::Column::MeetingId.is_not_null(),
        Type::Order => file::Column::ContractId.is_not_null(),
        _ => file::Column::TicketId.is_not_null(),
    })
}

fn file_scopes(scope: Scope, caller: &Caller, level: AccessLevel) -> Option<Expr> {
    let meeting = through_parent::<meeting::Entity>(file::Column::MeetingId.into_expr(), scope, caller, level)?;
    let ticket = through_parent::<ticket::Entity>(file::Column::TicketId.into_expr(), scope, caller, level)?;
    let contract = through_parent::<contract::Entity>(file::Column::ContractId.into_expr(), scope, caller, level)?;
    Some(meeting.or(ticket).or(contract))
}

/// Public messages and internal notes share a table, not a line: the one never shows the other.
fn message_lines(ty: Type) -> Option<Expr> {
    Some(ticket_message::Column::IsPublic.eq(ty != Type::TicketNote))
}

fn clock_scopes(scope: Scope, caller: &Caller, _level: AccessLevel) -> Option<Expr> {
    match scope {
        Scope::Queue => through_tickets(ticket::Column::Id, sla_clock::Column::ObjectId.into_expr(), caller),
        _ => None,
    }
}

fn survey_scopes(scope: Scope, caller: &Caller, _level: AccessLevel) -> Option<Expr> {
    match scope {
        Scope::Queue => through_tickets(ticket::Column::Id, survey_answer::Column::TicketId.into_expr(), caller),
        _ => None,
    }
}

fn account_scopes(scope: Scope, caller: &Caller, _level: AccessLevel) -> Option<Expr> {
    match scope {
        Scope::Queue => through_tickets(ticket::Column::AccountId, account::Column::Id.into_expr(), caller),
        _ => None,
    }
}

fn contact_scopes(scope: Scope, caller: &Caller, _level: AccessLevel) -> Option<Expr> {
    match scope {
        Scope::Queue => through_tickets(ticket::Column::ContactId, contact::Column::Id.into_expr(), caller),
        Scope::Consent => Some(consented(contact::Column::Id.into_expr(), None, caller)),
        _ => None,
    }
}

fn contact_point_scopes(scope: Scope, caller: &Caller, _level: AccessLevel) -> Option<Expr> {
    match scope {
        Scope::Queue => {
            through_tickets(ticket::Column::ContactId, contact_point::Column::ContactId.into_expr(), caller)
        }
        // The point's own channel counts; a point of an account is no person's.
        Scope::Consent => Some(
            consented(
                contact_point::Column::ContactId.into_expr(),
                Some(contact_point::Column::Kind.into_expr()),
                caller,
            )
            .or(contact_point::Column::ContactId.is_null()),
        ),
        _ => None,
    }
}

fn employment_scopes(scope: Scope, caller: &Caller, _level: AccessLevel) -> Option<Expr> {
    match scope {
        Scope::Queue => through_tickets(ticket::Column::ContactId, employment::Column::ContactId.into_expr(), caller),
        Scope::Consent => Some(consented(employment::Column::ContactId.into_expr(), None, caller)),
        _ => None,
    }
}

/// Marketing consent: state GIVEN, purpose MARKETING, valid now, and for a contact point its own channel.
fn consented(contact: Expr, channel: Option<Expr>, caller: &Caller) -> Expr {
    let given = Alias::new("given");
    let col = |column: consent::Column| Expr::col((given.clone(), column));
    let mut consents = Query::select()
        .expr(Expr::val(1))
        .from_as(consent::Entity, given.clone())
        .and_where(col(consent::Column::TenantId).eq(caller.tenant))
        .and_where(col(consent::Column::ContactId).eq(contact))
        .and_where(col(consent::Column::Purpose).eq("MARKETING"))
        .and_where(col(consent::Column::State).eq("GIVEN"))
        .and_where(col(consent::Column::ValidFrom).lte(caller.now()))
        .and_where(col(consent::Column::ValidTo).is_null().or(col(consent::Column::ValidTo).gt(caller.now())))
        .to_owned();
    if let Some(channel) = channel {
        // Consent without a channel is for any.
        let given_for = col(consent::Column::Channel);
        consents.and_where(given_for.clone().is_null().or(given_for.eq(channel)));
    }
    Expr::exists(consents)
}

fn team_scopes(scope: Scope, caller: &Caller, level: AccessLevel) -> Option<Expr> {
    match scope {
        Scope::Discipline => Some(match caller.discipline {
            Some(discipline) => condition::<account_team_member::Entity>(Type::AccountTeam, Scope::Team, caller, level)
                .and(account_team_member::Column::Discipline.eq(discipline)),
            None => Expr::val(1).eq(0),
        }),
        _ => None,
    }
}

/// A machine has no colleague: an endpoint is of the subject whose token made it.
fn webhook_scopes(scope: Scope, caller: &Caller, _level: AccessLevel) -> Option<Expr> {
    (scope == Scope::Mine).then(|| match &caller.subject {
        Some(subject) => webhook_endpoint::Column::OwnerSubject.eq(subject.as_str()),
        None => Expr::val(1).eq(0),
    })
}

/// A message is read like the endpoint that it goes to.
fn delivery_scopes(scope: Scope, caller: &Caller, level: AccessLevel) -> Option<Expr> {
    through_parent::<webhook_endpoint::Entity>(webhook_delivery::Column::EndpointId.into_expr(), scope, caller, level)
}

/// `SELECT id …`: the campaigns that a colleague owns.
pub fn own_campaigns(caller: &Caller, colleague: Uuid) -> SelectStatement {
    let owned = "own_campaign";
    let col = |column: campaign::Column| Expr::col((owned, column));
    Query::select()
        .column((owned, campaign::Column::Id))
        .from_as(campaign::Entity, owned)
        .and_where(col(campaign::Column::TenantId).eq(caller.tenant))
        .and_where(col(campaign::Column::DeletedAt).is_null())
        .and_where(col(campaign::Column::OwnerId).eq(colleague))
        .to_owned()
}

fn opportunity_scopes(scope: Scope, caller: &Caller, _level: AccessLevel) -> Option<Expr> {
    let (Scope::OwnCampaign, Some(colleague)) = (scope, caller.colleague) else { return None };
    let campaigns = own_campaigns(caller, colleague);
    Some(opportunity::Column::PrimaryCampaignId.into_expr().in_subquery(campaigns))
}

/// The wings whose teams see (READ) or decide (EDIT) handovers of some boundaries: either side sees, the receiving side decides.
pub fn handover_sides(level: AccessLevel) -> &'static [(Wing, &'static [HandoverBoundary])] {
    use HandoverBoundary::{MarketingToSales, SalesToTechnical, ServiceToSales, TechnicalToService};
    // Technicians work in the wing of service.
    match level {
        AccessLevel::Edit => &[
            (Wing::Sales, &[MarketingToSales, ServiceToSales]),
            (Wing::Service, &[SalesToTechnical, TechnicalToService]),
        ],
        AccessLevel::None | AccessLevel::Read => &[
            (Wing::Marketing, &[MarketingToSales]),
            (Wing::Sales, &[MarketingToSales, SalesToTechnical, ServiceToSales]),
            (Wing::Service, &[SalesToTechnical, TechnicalToService, ServiceToSales]),
        ],
    }
}

/// Either side's wing lets a team see a handover; to decide it takes EDIT on the receiving side.
fn handover_scopes(scope: Scope, caller: &Caller, level: AccessLevel) -> Option<Expr> {
    if scope != Scope::Team {
        return None;
    }
    let sides = handover_sides(level).iter().map(|(wing, boundaries)| {
        let accounts = reach::visible_accounts(caller, *wing, level);
        let crosses = handover::Column::Boundary.is_in(boundaries.iter().copied());
        crosses.and(reach::in_accounts(handover::Column::AccountId.into_expr(), accounts))
    });
    sides.reduce(ExprTrait::or)
}

/// Attended by the caller, or organised.
fn meeting_scopes(scope: Scope, caller: &Caller, _level: AccessLevel) -> Option<Expr> {
    let (Scope::Mine, Some(colleague)) = (scope, caller.colleague) else { return None };
    let attends = Alias::new("attends");
    let attended = Query::select()
        .column((attends.clone(), meeting_attendee::Column::MeetingId))
        .from_as(meeting_attendee::Entity, attends.clone())
        .and_where(Expr::col((attends.clone(), meeting_attendee::Column::TenantId)).eq(caller.tenant))
        .and_where(Expr::col((attends.clone(), meeting_attendee::Column::DeletedAt)).is_null())
        .and_where(Expr::col((attends, meeting_attendee::Column::ColleagueId)).eq(colleague))
        .to_owned();
    Some(meeting::Column::Id.into_expr().in_subquery(attended).or(meeting::Column::OrganizerId.eq(colleague)))
}

/// What a row is a part of was not taken away.
fn whole_stands<W: Governed>(by: Expr, caller: &Caller) -> Expr {
    let Some(deleted) = W::DELETED else { return Expr::val(1).eq(1) };
    let removed = Query::select()
        .expr(Expr::val(1))
        .from(W::default())
        .and_where(W::TENANT.eq(caller.tenant))
        .and_where(W::ID.into_expr().eq(by))
        .and_where(deleted.is_not_null())
        .to_owned();
    Expr::exists(removed).not()
}

/// A child without an account of its own is reached through its parent.
fn through_parent<P: Governed>(parent: Expr, scope: Scope, caller: &Caller, level: AccessLevel) -> Option<Expr> {
    if scope == Scope::All {
        return None;
    }
    let parents = Query::select()
        .column(P::ID.as_column_ref())
        .from(P::default())
        .and_where(P::TENANT.eq(caller.tenant))
        .and_where(condition::<P>(P::TYPE, scope, caller, level))
        .to_owned();
    Some(parent.in_subquery(parents))
}

/// What recognises somebody is reached with whom it recognises.
fn identity_scopes(scope: Scope, caller: &Caller, level: AccessLevel) -> Option<Expr> {
    let whom = || identity::Column::SubjectId.into_expr();
    let visitor = through_parent::<visitor::Entity>(whom(), scope, caller, level)?;
    let contact = through_parent::<contact::Entity>(whom(), scope, caller, level)?;
    let of = |subject: SubjectType| identity::Column::SubjectType.eq(subject);
    Some(of(SubjectType::Visitor).and(visitor).or(of(SubjectType::Contact).and(contact)))
}

fn consent_scopes(scope: Scope, caller: &Caller, level: AccessLevel) -> Option<Expr> {
    through_parent::<contact::Entity>(consent::Column::ContactId.into_expr(), scope, caller, level)
}

/// A lesson is for those whose accounts it was learned with: its campaign's leads were handed over there.
fn lesson_scopes(scope: Scope, caller: &Caller, level: AccessLevel) -> Option<Expr> {
    if scope != Scope::Team {
        return None;
    }
    let learned = Alias::new("learned_with");
    let of = |column: handover::Column| Expr::col((learned.clone(), column));
    let accounts = reach::visible_accounts(caller, Type::Lesson.wing(), level);
    let handovers = Query::select()
        .column((learned.clone(), handover::Column::CampaignId))
        .from_as(handover::Entity, learned.clone())
        .and_where(of(handover::Column::TenantId).eq(caller.tenant))
        .and_where(of(handover::Column::CampaignId).is_not_null())
        .and_where(reach::in_accounts(of(handover::Column::AccountId), accounts))
        .to_owned();
    Some(lesson::Column::CampaignId.into_expr().in_subquery(handovers))
}

/// The wing whose team level counts for what is said about a record.
pub fn wing_of(record: RecordType) -> Wing {
    match record {
        RecordType::Account | RecordType::Contact | RecordType::Visitor | RecordType::Industry => Wing::Account,
        RecordType::Campaign | RecordType::Lead => Wing::Marketing,
        RecordType::Handover
        | RecordType::Opportunity
        | RecordType::Meeting
        | RecordType::Requirement
        | RecordType::Order
        | RecordType::Contract => Wing::Sales,
        RecordType::Asset | RecordType::Ticket => Wing::Service,
    }
}

/// Notes and tasks follow their record: the team rule counts in the record's wing.
fn through_record(record: &Expr, account: &Expr, caller: &Caller, level: AccessLevel) -> Expr {
    let wings = [Wing::Account, Wing::Marketing, Wing::Sales, Wing::Service].into_iter().map(|wing| {
        let records = RecordType::ALL.iter().filter(|record| wing_of(**record) == wing).map(|record| record.as_str());
        let accounts = reach::visible_accounts(caller, wing, level);
        record.clone().is_in(records).and(reach::in_accounts(account.clone(), accounts))
    });
    wings.reduce(ExprTrait::or).unwrap_or_else(|| Expr::val(1).eq(0))
}

fn task_scopes(scope: Scope, caller: &Caller, level: AccessLevel) -> Option<Expr> {
    let (record, account) = (task::Column::SubjectType.into_expr(), task::Column::AccountId.into_expr());
    (scope == Scope::Team).then(|| through_record(&record, &account, caller, level))
}

/// PRIVATE is its author's; DISCIPLINE the same discipline's of the same team; TEAM the team's. What is about a record without
/// an account has no team: it is for the author's discipline.
fn note_scopes(scope: Scope, caller: &Caller, level: AccessLevel) -> Option<Expr> {
    let account = note::Column::AccountId.into_expr();
    let of_discipline = match caller.discipline {
        Some(discipline) => note::Column::Discipline.eq(discipline),
        None => Expr::val(1).eq(0),
    };
    let open = note::Column::Visibility
        .eq(NoteVisibility::Team)
        .or(note::Column::Visibility.eq(NoteVisibility::Discipline).and(of_discipline.clone()));
    match scope {
        Scope::Visibility => {
            let record = note::Column::SubjectType.into_expr();
            let of_team = open.and(through_record(&record, &account, caller, level));
            let shared = note::Column::Visibility.ne(NoteVisibility::Private);
            let homeless = note::Column::AccountId.is_null().and(shared).and(of_discipline);
            Some(own::<note::Entity>(caller).or(of_team).or(homeless))
        }
        Scope::OnTeam => Some(open.and(reach::in_accounts(account, reach::team_accounts(caller, false)))),
        _ => None,
    }
}

fn snapshot_scopes(scope: Scope, caller: &Caller, level: AccessLevel) -> Option<Expr> {
    through_parent::<opportunity::Entity>(opportunity_snapshot::Column::OpportunityId.into_expr(), scope, caller, level)
}

/// A stay in a stage is read like what was in it.
fn interval_lines(ty: Type) -> Option<Expr> {
    let object = match ty {
        Type::Contact => StageObject::Lifecycle,
        Type::Account => StageObject::Account,
        Type::Ticket => StageObject::Ticket,
        _ => StageObject::Opportunity,
    };
    Some(stage_interval::Column::ObjectType.eq(object))
}

fn interval_scopes(scope: Scope, caller: &Caller, level: AccessLevel) -> Option<Expr> {
    let object = || stage_interval::Column::ObjectId.into_expr();
    let contact = through_parent::<contact::Entity>(object(), scope, caller, level)?;
    let account = through_parent::<account::Entity>(object(), scope, caller, level)?;
    let opportunity = through_parent::<opportunity::Entity>(object(), scope, caller, level)?;
    let ticket = through_parent::<ticket::Entity>(object(), scope, caller, level)?;
    Some(contact.or(account).or(opportunity).or(ticket))
}

fn contact_role_scopes(scope: Scope, caller: &Caller, level: AccessLevel) -> Option<Expr> {
    through_parent::<opportunity::Entity>(opportunity_contact::Column::OpportunityId.into_expr(), scope, caller, level)
}

fn attendee_scopes(scope: Scope, caller: &Caller, level: AccessLevel) -> Option<Expr> {
    through_parent::<meeting::Entity>(meeting_attendee::Column::MeetingId.into_expr(), scope, caller, level)
}

fn order_line_scopes(scope: Scope, caller: &Caller, level: AccessLevel) -> Option<Expr> {
    through_parent::<sales_order::Entity>(order_line::Column::SalesOrderId.into_expr(), scope, caller, level)
}
