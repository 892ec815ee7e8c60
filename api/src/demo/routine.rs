//! What the desks do every week, story or not: leads are offered and decided, tickets come in and are solved.

use super::{
    cast::MACHINE,
    teller::{Teller, say},
};
use crate::{
    cli::told,
    marketing::{decide, lead, offer, qualify},
    service::{clock, message, survey, ticket::service as desk},
};

/// A machine at a customer's.
#[derive(Clone)]
pub(super) struct Machine {
    /// The asset.
    pub(super) asset: String,
    /// The account.
    pub(super) account: String,
    /// Who calls when it stops.
    pub(super) contact: String,
    /// Who answers.
    pub(super) agent: &'static str,
}

/// What is left over from last week.
#[derive(Default)]
pub(super) struct Routine {
    /// How many weeks there were.
    weeks: usize,
    /// The machines that tickets are about.
    pub(super) machines: Vec<Machine>,
    offered: Option<(String, &'static str)>,
    open: Option<(String, Machine)>,
}

/// What may be wrong with a machine: subject, category, the customer's words, the answer.
const TROUBLES: &[(&str, &str, &str, &str)] = &[
    (
        "Etiketten laufen schief",
        "MECHANICS",
        "Seit heute Morgen sitzen die Etiketten schief.",
        "Bitte Rolle 4 nachstellen.",
    ),
    (
        "Error 217 after restart",
        "CONTROLS",
        "The panel shows error 217 after each restart.",
        "Please update to firmware 4.2.",
    ),
    ("Ersatzteil Dichtung DN40", "SPARE_PARTS", "Wir brauchen zehn Dichtungen DN40.", "Sind heute verschickt."),
    (
        "Format change takes too long",
        "TRAINING",
        "Changing the format takes 50 minutes.",
        "We show your team how, on Tuesday.",
    ),
    (
        "Sensor Füllstand ungenau",
        "SENSORS",
        "Der Füllstand schwankt um zwei Millimeter.",
        "Kalibrierung per Fernwartung erledigt.",
    ),
    ("Frage zur Wartung", "MAINTENANCE", "Wann ist die nächste Wartung fällig?", "In sechs Wochen, Termin folgt."),
];
const REASONS: [&str; 4] = ["NO_TIMING", "NO_BUDGET", "UNREACHABLE", "WRONG_REGION"];

/// The week is over: what was begun in the last one is brought to its end, something new begins.
pub(super) async fn week(t: &mut Teller) -> anyhow::Result<()> {
    t.noise.routine.weeks += 1;
    clock::breach_due_clocks(&t.by(MACHINE)?).await.map_err(told)?;
    decide_lead(t).await?;
    solve(t).await?;
    // Every third week nothing new begins: what tells the story is worth its time, and the demo shall be ready in seconds.
    match t.noise.routine.weeks % 3 {
        0 => offer_lead(t).await,
        1 => call_the_desk(t).await,
        _ => Ok(()),
    }
}

async fn offer_lead(t: &mut Teller) -> anyhow::Result<()> {
    if t.noise.campaigns.is_empty() {
        return Ok(());
    }
    let campaign = &t.noise.campaigns[t.dice(t.noise.campaigns.len())];
    let Some(reader) = t.reader(campaign, "EMAIL").cloned() else { return Ok(()) };
    let (campaign, score) = (campaign.id.clone(), 40 + t.dice(55) as i32);
    let lead = say!(t, "katrin", lead::create, { "contactId": (&reader.contact), "campaignId": campaign });
    say!(t, "katrin", qualify::score, {
        "id": (&lead), "score": score, "parts": { "fit": (score / 2), "interest": (score - score / 2) },
    });
    if score < 55 {
        return Ok(());
    }
    say!(t, "katrin", qualify::qualify, { "id": (&lead) });
    let queue = t.cast.queues.get("SALES_INBOX").cloned();
    let handover = say!(t, "katrin", offer::offer, { "subjectId": (&lead), "toQueueId": queue });
    t.noise.routine.offered = Some((handover, reader.owner));
    Ok(())
}

async fn decide_lead(t: &mut Teller) -> anyhow::Result<()> {
    let Some((id, owner)) = t.noise.routine.offered.take() else { return Ok(()) };
    match t.dice(5) {
        0 | 1 => {
            let reason = REASONS[t.dice(REASONS.len())];
            say!(t, owner, decide::reject, { "id": id, "reasonCode": reason, "rating": 2 });
        }
        more => {
            say!(t, owner, decide::accept, { "id": id, "rating": (more as i32 + 1) });
        }
    }
    Ok(())
}

async fn call_the_desk(t: &mut Teller) -> anyhow::Result<()> {
    if t.noise.routine.machines.is_empty() {
        return Ok(());
    }
    let machine = t.noise.routine.machines[t.dice(t.noise.routine.machines.len())].clone();
    let (subject, category, words, answer) = TROUBLES[t.dice(TROUBLES.len())];
    let queue = t.cast.queues.get("SERVICE_DESK").cloned();
    let agent = machine.agent;
    let id = say!(t, agent, desk::create, {
        "subject": subject, "category": category, "accountId": (&machine.account), "contactId": (&machine.contact),
        "assetId": (&machine.asset), "channel": "EMAIL", "queueId": queue,
    });
    say!(t, agent, message::add_message, { "ticketId": (&id), "body": words, "contactId": (&machine.contact) });
    t.wait(20 + t.dice(300) as i64);
    say!(t, agent, message::add_message, { "ticketId": (&id), "body": answer });
    say!(t, agent, desk::change_status, { "id": (&id), "status": "OPEN" });
    t.wait(240);
    if t.dice(4) > 0 {
        say!(t, agent, desk::change_status, { "id": (&id), "status": "SOLVED" });
    }
    t.noise.routine.open = Some((id, machine));
    Ok(())
}

async fn solve(t: &mut Teller) -> anyhow::Result<()> {
    let Some((id, machine)) = t.noise.routine.open.take() else { return Ok(()) };
    say!(t, machine.agent, desk::change_status, { "id": (&id), "status": "CLOSED" });
    let score = [5, 5, 4, 4, 3][t.dice(5)];
    say!(t, MACHINE, survey::record, {
        "kind": "CSAT", "scale": 5, "score": score, "ticketId": (&id), "contactId": (&machine.contact),
    });
    Ok(())
}
