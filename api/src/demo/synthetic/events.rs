//! What happens in the made-up journeys.

use chrono::{DateTime, Duration, Utc};
use entities::{
    codes::{
        ActivityKind, ActivityOutcome, Direction, ForecastCategory, Interaction, LeadStatus, MeetingKind,
        MeetingOutcome, StageObject, TicketPriority, TicketStatus,
    },
    marketing::{lead, touchpoint},
    sales::{activity, meeting, opportunity, opportunity_snapshot, stage_interval},
    service::ticket,
};
use sea_orm::Set;

use super::{DAYS, World, people::interval};
use crate::{
    graph::Result,
    journey::{Event, EventKind, Payload, Work},
};

/// How many events one transaction takes.
const AT_ONCE: u64 = 2000;

const TOUCHES: [(Interaction, EventKind); 8] = [
    (Interaction::PageViewed, EventKind::PageViewed),
    (Interaction::PageViewed, EventKind::PageViewed),
    (Interaction::AdClicked, EventKind::AdClicked),
    (Interaction::EmailSent, EventKind::EmailSent),
    (Interaction::EmailClicked, EventKind::EmailClicked),
    (Interaction::ContentDownloaded, EventKind::ContentDownloaded),
    (Interaction::WebinarAttended, EventKind::WebinarAttended),
    (Interaction::TradefairBoothScanned, EventKind::TradefairBoothScanned),
];
const CALLS: [(ActivityKind, Direction, EventKind); 4] = [
    (ActivityKind::Email, Direction::Outbound, EventKind::MailSent),
    (ActivityKind::Email, Direction::Inbound, EventKind::MailReceived),
    (ActivityKind::Call, Direction::Outbound, EventKind::CallAttempted),
    (ActivityKind::Call, Direction::Outbound, EventKind::CallConnected),
];
/// The way of a deal: stage and probability.
const WAY: [(&str, i32); 4] = [("QUALIFICATION", 10), ("DISCOVERY", 20), ("PROPOSAL", 50), ("NEGOTIATION", 75)];

/// One transaction's rows.
#[derive(Default)]
struct Batch {
    touches: Vec<(touchpoint::ActiveModel, EventKind)>,
    calls: Vec<(activity::ActiveModel, EventKind)>,
    meetings: Vec<meeting::ActiveModel>,
    leads: Vec<lead::ActiveModel>,
    tickets: Vec<ticket::ActiveModel>,
    deals: Vec<(opportunity::ActiveModel, usize, Option<bool>, DateTime<Utc>)>,
}

impl World {
    /// The next batch. Gives how many events it has.
    pub(super) async fn events(&mut self, done: u64, wanted: u64) -> Result<u64> {
        let count = AT_ONCE.min(wanted - done);
        let part = |events: u64| {
            let micros = i128::from(DAYS) * 86_400_000_000 * i128::from(events) / i128::from(wanted.max(1));
            Duration::microseconds(i64::try_from(micros).unwrap_or(i64::MAX))
        };
        let (from, now) = (self.begin + part(done), self.begin + part(done + count));
        self.clock.set(now);
        let span = (now - from).num_microseconds().unwrap_or(1).max(1).cast_unsigned();
        let mut batch = Batch::default();
        let mut left = count;
        while left > 0 {
            let at = from + Duration::microseconds(self.dice.below(span).cast_signed());
            left -= match self.dice.below(1000) {
                0..8 if left >= 6 => self.deal(&mut batch, at),
                8..40 if left >= 3 => self.ticket(&mut batch, at),
                40..70 => self.meeting(&mut batch, at),
                70..210 => self.call(&mut batch, at),
                210..220 => self.lead(&mut batch),
                _ => self.touch(&mut batch, at),
            };
        }
        let cx = self.cx.clone();
        let mut work = Work::begin(&cx).await?;
        write(&mut work, batch).await?;
        work.commit().await?;
        Ok(count)
    }

    fn touch(&mut self, batch: &mut Batch, at: DateTime<Utc>) -> u64 {
        let (account, contact) = self.somebody();
        let (interaction, kind) = self.dice.one_of(&TOUCHES).unwrap_or(TOUCHES[0]);
        let campaign = self.dice.rank(self.campaigns.len() as u64 * 2);
        let row = touchpoint::ActiveModel {
            // Half of the ranks stand for no campaign at all.
            campaign_id: Set(usize::try_from(campaign).ok().and_then(|nth| self.campaigns.get(nth).copied())),
            channel_id: Set(self.dice.one_of(&self.channels.clone())),
            contact_id: Set(contact),
            account_id: Set(Some(account)),
            interaction: Set(interaction),
            occurred_at: Set(at),
            is_inbound: Set(interaction != Interaction::EmailSent),
            ..Default::default()
        };
        batch.touches.push((row, kind));
        1
    }

    fn call(&mut self, batch: &mut Batch, at: DateTime<Utc>) -> u64 {
        let (account, contact) = self.somebody();
        let (kind, direction, event) = self.dice.one_of(&CALLS).unwrap_or(CALLS[0]);
        let row = activity::ActiveModel {
            kind: Set(kind),
            direction: Set(direction),
            account_id: Set(Some(account)),
            contact_id: Set(contact),
            colleague_id: Set(self.dice.one_of(&self.colleagues.clone())),
            occurred_at: Set(at),
            automatic: Set(false),
            outcome: Set((event == EventKind::CallConnected).then_some(ActivityOutcome::Connected)),
            ..Default::default()
        };
        batch.calls.push((row, event));
        1
    }

    fn meeting(&mut self, batch: &mut Batch, at: DateTime<Utc>) -> u64 {
        let (account, _) = self.somebody();
        batch.meetings.push(meeting::ActiveModel {
            account_id: Set(Some(account)),
            organizer_id: Set(self.dice.one_of(&self.colleagues.clone())),
            starts_at: Set(at),
            ends_at: Set(Some(at + Duration::hours(1))),
            kind: Set(self.dice.one_of(MeetingKind::ALL).unwrap_or(MeetingKind::Online)),
            outcome: Set(Some(MeetingOutcome::Held)),
            ..Default::default()
        });
        1
    }

    /// A lead: created now, and waiting still.
    fn lead(&mut self, batch: &mut Batch) -> u64 {
        let (account, contact) = self.somebody();
        batch.leads.push(lead::ActiveModel {
            account_id: Set(Some(account)),
            contact_id: Set(contact),
            campaign_id: Set(self.dice.one_of(&self.campaigns.clone())),
            channel_id: Set(self.dice.one_of(&self.channels.clone())),
            status: Set(LeadStatus::New),
            score: Set(i32::try_from(self.dice.below(101)).ok()),
            queue_id: Set(self.inbox),
            ..Default::default()
        });
        1
    }

    /// A ticket: most are solved and closed by now, one of twenty waits in the queue still.
    fn ticket(&mut self, batch: &mut Batch, at: DateTime<Utc>) -> u64 {
        let (account, contact) = self.somebody();
        if self.dice.below(20) == 0 {
            batch.tickets.push(ticket::ActiveModel {
                account_id: Set(Some(account)),
                contact_id: Set(contact),
                subject: Set(format!("Ticket {}", self.dice.below(1_000_000))),
                status: Set(TicketStatus::New),
                priority: Set(self.dice.one_of(TicketPriority::ALL).unwrap_or(TicketPriority::Normal)),
                queue_id: Set(self.desk),
                reopened_count: Set(0),
                ..Default::default()
            });
            return 1;
        }
        let began = at - Duration::minutes(30 + self.dice.below(4000).cast_signed());
        batch.tickets.push(ticket::ActiveModel {
            account_id: Set(Some(account)),
            contact_id: Set(contact),
            subject: Set(format!("Ticket {}", self.dice.below(1_000_000))),
            status: Set(TicketStatus::Closed),
            priority: Set(self.dice.one_of(TicketPriority::ALL).unwrap_or(TicketPriority::Normal)),
            queue_id: Set(self.desk),
            reopened_count: Set(0),
            first_response_at: Set(Some(began + Duration::minutes(20))),
            solved_at: Set(Some(at)),
            closed_at: Set(Some(at)),
            ..Default::default()
        });
        3
    }

    fn deal(&mut self, batch: &mut Batch, at: DateTime<Utc>) -> u64 {
        let (account, _) = self.somebody();
        let reached = usize::try_from(self.dice.below(WAY.len() as u64)).unwrap_or(0);
        let won = [None, Some(false), Some(true)][usize::try_from(self.dice.below(3)).unwrap_or(0)];
        let (stage, probability) = match won {
            None => WAY[reached],
            Some(true) => ("CLOSED_WON", 100),
            Some(false) => ("CLOSED_LOST", 0),
        };
        let row = opportunity::ActiveModel {
            account_id: Set(account),
            name: Set(format!("Deal {}", self.dice.below(1_000_000))),
            pipeline_id: Set(self.sales),
            stage: Set(stage.to_owned()),
            amount_minor: Set(Some((1 + self.dice.below(500)).cast_signed() * 100_000)),
            currency: Set(Some("EUR".to_owned())),
            close_date: Set(Some(at.date_naive())),
            probability: Set(Some(probability)),
            forecast_category: Set(Some(match won {
                None => ForecastCategory::Pipeline,
                Some(_) => ForecastCategory::Closed,
            })),
            owner_id: Set(self.dice.one_of(&self.colleagues.clone())),
            primary_campaign_id: Set(self.dice.one_of(&self.campaigns.clone())),
            ..Default::default()
        };
        let began = at - Duration::days(1 + self.dice.below(90).cast_signed());
        batch.deals.push((row, reached, won, began));
        1 + reached as u64 + u64::from(won.is_some())
    }
}

async fn write(work: &mut Work<'_>, batch: Batch) -> Result<()> {
    let Batch { touches, calls, meetings, leads, tickets, deals } = batch;
    let (rows, kinds): (Vec<_>, Vec<_>) = touches.into_iter().unzip();
    for (row, kind) in work.insert_many::<touchpoint::Entity>(rows).await?.iter().zip(kinds) {
        let payload = Payload::Touch {
            campaign_id: row.campaign_id,
            channel_id: row.channel_id,
            content_asset_id: None,
            is_inbound: row.is_inbound,
        };
        work.record(Event::of::<touchpoint::Entity>(kind, row, payload).at(row.occurred_at));
    }
    let (rows, kinds): (Vec<_>, Vec<_>) = calls.into_iter().unzip();
    for (row, kind) in work.insert_many::<activity::Entity>(rows).await?.iter().zip(kinds) {
        let payload = Payload::Activity { direction: row.direction.as_str().to_owned(), automatic: false };
        work.record(Event::of::<activity::Entity>(kind, row, payload).at(row.occurred_at));
    }
    for row in &work.insert_many::<meeting::Entity>(meetings).await? {
        let payload = Payload::Meeting { kind: row.kind.as_str().to_owned(), starts_at: row.starts_at };
        work.record(Event::of::<meeting::Entity>(EventKind::MeetingHeld, row, payload).at(row.starts_at));
    }
    for row in &work.insert_many::<lead::Entity>(leads).await? {
        let payload = Payload::Lead {
            campaign_id: row.campaign_id,
            score_before: None,
            score_after: row.score,
            opportunity_id: None,
            reason: None,
        };
        work.record(Event::of::<lead::Entity>(EventKind::LeadCreated, row, payload).queue(row.queue_id));
    }
    let mut intervals = Vec::new();
    for row in &work.insert_many::<ticket::Entity>(tickets).await? {
        write_ticket(work, row, &mut intervals);
    }
    let (rows, ways): (Vec<_>, Vec<_>) =
        deals.into_iter().map(|(row, reached, won, began)| (row, (reached, won, began))).unzip();
    let mut snapshots = Vec::new();
    for (row, (reached, won, began)) in work.insert_many::<opportunity::Entity>(rows).await?.iter().zip(ways) {
        write_deal(work, row, reached, won, began, &mut intervals, &mut snapshots);
    }
    work.insert_technical::<stage_interval::Entity>(intervals).await?;
    work.insert_technical::<opportunity_snapshot::Entity>(snapshots).await
}

fn write_ticket(work: &mut Work<'_>, row: &ticket::Model, intervals: &mut Vec<stage_interval::ActiveModel>) {
    let event = |kind, before: Option<TicketStatus>, after: TicketStatus, at| {
        let payload = Payload::Ticket {
            status_before: before.map(|status| status.as_str().to_owned()),
            status_after: Some(after.as_str().to_owned()),
            priority: Some(row.priority.as_str().to_owned()),
            assignee_id: None,
            queue_id: row.queue_id,
        };
        Event::of::<ticket::Entity>(kind, row, payload).queue(row.queue_id).at(at)
    };
    let (Some(answered), Some(solved)) = (row.first_response_at, row.solved_at) else {
        work.record(event(EventKind::TicketCreated, None, TicketStatus::New, work.now()));
        intervals.push(interval(work, StageObject::Ticket, row.id, TicketStatus::New.as_str(), work.now()));
        return;
    };
    let began = answered - Duration::minutes(20);
    work.record(event(EventKind::TicketCreated, None, TicketStatus::New, began));
    work.record(event(EventKind::TicketSolved, Some(TicketStatus::New), TicketStatus::Solved, solved));
    work.record(event(EventKind::TicketClosed, Some(TicketStatus::Solved), TicketStatus::Closed, solved));
    let mut new = interval(work, StageObject::Ticket, row.id, TicketStatus::New.as_str(), began);
    new.exited_at = Set(Some(solved));
    intervals.push(new);
    intervals.push(interval(work, StageObject::Ticket, row.id, TicketStatus::Closed.as_str(), solved));
}

/// A deal walks its way in even steps from its beginning to now.
fn write_deal(
    work: &mut Work<'_>,
    row: &opportunity::Model,
    reached: usize,
    won: Option<bool>,
    began: DateTime<Utc>,
    intervals: &mut Vec<stage_interval::ActiveModel>,
    snapshots: &mut Vec<opportunity_snapshot::ActiveModel>,
) {
    let mut way: Vec<(&str, i32, EventKind)> = WAY[..=reached]
        .iter()
        .enumerate()
        .map(|(nth, (stage, probability))| {
            (
                *stage,
                *probability,
                if nth == 0 { EventKind::OpportunityCreated } else { EventKind::OpportunityStageChanged },
            )
        })
        .collect();
    match won {
        Some(true) => way.push(("CLOSED_WON", 100, EventKind::OpportunityWon)),
        Some(false) => way.push(("CLOSED_LOST", 0, EventKind::OpportunityLost)),
        None => {}
    }
    let step = (work.now() - began) / i32::try_from(way.len()).unwrap_or(1);
    for (nth, (stage, probability, kind)) in way.iter().enumerate() {
        let at = began + step * i32::try_from(nth).unwrap_or(0);
        let end = (nth + 1 < way.len()).then(|| began + step * i32::try_from(nth + 1).unwrap_or(0));
        let payload = Payload::Stage {
            from: nth.checked_sub(1).map(|before| way[before].0.to_owned()),
            to: Some((*stage).to_owned()),
            amount_minor: row.amount_minor,
            currency: row.currency.clone(),
        };
        work.record(Event::of::<opportunity::Entity>(*kind, row, payload).at(at));
        let mut held = interval(work, StageObject::Opportunity, row.id, stage, at);
        held.exited_at = Set(end);
        intervals.push(held);
        let last = end.is_none();
        snapshots.push(opportunity_snapshot::ActiveModel {
            tenant_id: Set(work.tenant()),
            id: Set(work.fresh_id()),
            opportunity_id: Set(row.id),
            stage: Set((*stage).to_owned()),
            amount_minor: Set(row.amount_minor),
            currency: Set(row.currency.clone()),
            close_date: Set(row.close_date),
            probability: Set(Some(*probability)),
            forecast_category: Set(if last { row.forecast_category } else { Some(ForecastCategory::Pipeline) }),
            owner_id: Set(row.owner_id),
            valid_from: Set(at),
            valid_to: Set(end),
        });
    }
}
