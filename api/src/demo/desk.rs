//! Service: the installed base, a night on which a line stood still, and what waits at the desk today.

use super::{
    cast::MACHINE,
    customers::{Customers, KEY},
    routine::Machine,
    teller::{Teller, say},
};
use crate::service::{asset, message, survey, ticket::service as desk};

/// What was sold before the story begins: company, product, serial, what it is called, who answers for it.
const INSTALLED: &[(&str, &str, &str, &str, &str)] = &[
    (KEY, "BF-3000", "BF3-0417", "Linie 1, Becher", "nico"),
    (KEY, "BP-500", "BP5-1120", "Packer Halle 2", "nico"),
    ("Privatbrauerei Hollenbeck", "BP-500", "BP5-0988", "Kastenpacker", "vera"),
    ("Sauerland Mineralbrunnen GmbH", "BF-3000", "BF3-0388", "Glaslinie", "vera"),
    ("Kestrel Dairy Ltd", "BF-3000", "BF3-0402", "Line 2", "nico"),
    ("Vitalis Pharma AG", "BV-120", "BV1-0061", "Vial line B", "grace"),
    ("Bavaria Biologics GmbH", "BL-10", "BL1-2207", "Inspection", "grace"),
    ("Cheddar Valley Foods Ltd", "BP-500", "BP5-1043", "Case packer", "nico"),
];

/// The machines that stand at customers' already.
pub(super) async fn installed_base(t: &mut Teller, customers: &Customers) -> anyhow::Result<()> {
    for (nth, (company, product, serial, name, agent)) in INSTALLED.iter().enumerate() {
        t.wait(11);
        let customer = customers.company(company)?;
        let installed = t.ago(700 + 37 * nth as i64, 9, 0);
        let warranty = t.ago(340 - 60 * nth as i64, 9, 0).date_naive().to_string();
        let product = t.cast.products.get(product).cloned();
        let asset = say!(t, *agent, asset::install, {
            "accountId": (&customer.id), "productId": product, "serial": (*serial), "name": (*name),
            "installedAt": installed, "warrantyUntil": warranty,
        });
        let contact = customer.people.last().map(|person| person.id.clone()).unwrap_or_default();
        t.noise.routine.machines.push(Machine { asset, account: customer.id.clone(), contact, agent });
    }
    Ok(())
}

/// From the new line's first night to the thank-you note.
pub(super) async fn serve(t: &mut Teller, customers: &Customers, machine: &str) -> anyhow::Result<()> {
    let key = customers.company(KEY)?;
    let (_, josef) = customers.person("Josef Maier")?;
    let (_, florian) = customers.person("Florian Egger")?;
    let (_, andrea) = customers.person("Andrea Huber")?;
    let queue = t.cast.queues.get("SERVICE_DESK").cloned();

    // The promise for a machine that stands still is one hour. It took three.
    t.walk(96, 3, 12).await?;
    let stop = say!(t, "nico", desk::create, {
        "subject": "Linie 3 steht: Füllventil 7 schließt nicht", "priority": "URGENT", "category": "MECHANICS",
        "accountId": (&key.id), "contactId": (&josef.id), "assetId": machine, "channel": "PHONE", "queueId": (queue.clone()),
    });
    say!(t, "nico", message::add_message, {
        "ticketId": (&stop), "contactId": (&josef.id), "body": "Ventil 7 tropft, die Linie steht seit 3 Uhr. Bitte Rückruf!",
    });
    t.wait(190);
    say!(t, "nico", message::add_message, {
        "ticketId": (&stop), "body": "Guten Morgen, der Rückruf kommt zu spät, das tut uns leid. Bitte die Spindel an Ventil 7 prüfen.",
    });
    say!(t, "nico", desk::change_status, { "id": (&stop), "status": "OPEN" });
    say!(t, "nico", message::add_note, {
        "ticketId": (&stop), "body": "Nachtbereitschaft war nicht besetzt. Spindel hat vermutlich zu viel Spiel, Los 2217.",
    });
    t.wait(70);
    let vera = t.cast.colleagues.get("vera").cloned();
    say!(t, "nico", desk::escalate, { "id": (&stop), "ownerId": vera });
    t.wait(8 * 60);
    say!(t, "vera", message::add_message, {
        "ticketId": (&stop), "body": "Priya Nair fährt mit einer neuen Spindel zu Ihnen und ist morgen um 8 Uhr da.",
    });
    t.walk(95, 13, 5).await?;
    say!(t, "vera", desk::change_status, { "id": (&stop), "status": "SOLVED" });
    t.walk(94, 9, 0).await?;
    say!(t, MACHINE, survey::record, {
        "kind": "CSAT", "scale": 5, "score": 2, "ticketId": (&stop), "contactId": (&josef.id),
        "comment": "Gute Leute, aber drei Stunden ohne Rückruf sind bei uns 70.000 Becher.",
    });

    // It came again, and then it was solved for good.
    t.walk(92, 6, 40).await?;
    say!(t, "nico", desk::change_status, { "id": (&stop), "status": "OPEN" });
    say!(t, "nico", message::add_message, { "ticketId": (&stop), "contactId": (&josef.id), "body": "Ventil 7 tropft wieder." });
    t.wait(240);
    say!(t, "vera", message::add_message, { "ticketId": (&stop), "body": "Wir tauschen alle acht Spindeln des Loses, auf unsere Kosten." });
    say!(t, "vera", desk::change_status, { "id": (&stop), "status": "PENDING_CUSTOMER" });
    t.walk(90, 16, 0).await?;
    say!(t, "vera", desk::change_status, { "id": (&stop), "status": "SOLVED" });
    t.walk(85, 10, 0).await?;
    say!(t, "vera", desk::change_status, { "id": (&stop), "status": "CLOSED" });

    t.walk(61, 11, 0).await?;
    let seals = say!(t, "nico", desk::create, {
        "subject": "Wartungssatz für Linie 3", "priority": "LOW", "category": "SPARE_PARTS", "accountId": (&key.id),
        "contactId": (&florian.id), "assetId": machine, "channel": "PORTAL", "queueId": queue,
    });
    t.wait(45);
    say!(t, "nico", message::add_message, { "ticketId": (&seals), "body": "Der Satz ist unterwegs, Ankunft übermorgen." });
    say!(t, "nico", desk::change_status, { "id": (&seals), "status": "SOLVED" });
    t.walk(58, 9, 0).await?;
    say!(t, MACHINE, survey::record, { "kind": "CSAT", "scale": 5, "score": 5, "ticketId": (&seals) });
    t.walk(40, 9, 0).await?;
    say!(t, MACHINE, survey::record, {
        "kind": "NPS", "scale": 10, "score": 9, "contactId": (&andrea.id),
        "comment": "Nach einem holprigen Start steht die Linie nicht mehr still.",
    });
    let (_, charlotte) = customers.person("Charlotte Evans")?;
    say!(t, MACHINE, survey::record, { "kind": "NPS", "scale": 10, "score": 7, "contactId": (&charlotte.id) });
    Ok(())
}

/// What waits at the desk.
pub(super) async fn today(t: &mut Teller, customers: &Customers) -> anyhow::Result<()> {
    let queue = t.cast.queues.get("SERVICE_DESK").cloned();
    let machine = |t: &Teller, nth: usize| t.noise.routine.machines.get(nth).cloned();
    t.walk(1, 12, 30).await?;
    for (nth, subject, priority, words) in [
        (
            1,
            "Packer verliert Takt bei Kartonwechsel",
            "HIGH",
            "Beim Wechsel auf 12er-Kartons fällt der Takt auf die Hälfte.",
        ),
        (4, "Line 2: CIP valve reports a leak", "URGENT", "The CIP valve reports a leak, we stopped the line."),
        (5, "Request for validation documents", "LOW", "Our audit is in three weeks, please send IQ and OQ."),
    ] {
        let Some(machine) = machine(t, nth) else { continue };
        t.wait(35);
        let id = say!(t, machine.agent, desk::create, {
            "subject": subject, "priority": priority, "accountId": (&machine.account), "contactId": (&machine.contact),
            "assetId": (&machine.asset), "channel": "EMAIL", "queueId": (queue.clone()),
        });
        say!(t, machine.agent, message::add_message, { "ticketId": (&id), "contactId": (&machine.contact), "body": words });
    }
    let anybody = customers.company("Kestrel Dairy Ltd")?;
    t.walk(0, 6, 0).await?;
    say!(t, "vera", desk::create, {
        "subject": "Training for the new shift", "accountId": (&anybody.id), "channel": "PORTAL", "queueId": queue,
    });
    crate::service::clock::breach_due_clocks(&t.by(MACHINE)?).await.map_err(crate::cli::told)?;
    Ok(())
}
