//! The deals: one that is won, one that is lost, some that are open today.

use chrono::Duration;

use super::{
    customers::Customers,
    leads::Accepted,
    market::Campaigns,
    teller::{Teller, say},
};
use crate::{
    account::account,
    sales::{activity, contract, deal, meeting, order, progress, requirement, role},
    service::asset,
};

/// Kind, direction, outcome, subject: what is said between the meetings.
type Word = (&'static str, &'static str, &'static str, &'static str);

/// Somebody speaks with a customer, some hours apart.
async fn talk(t: &mut Teller, who: &str, opportunity: &str, contact: &str, words: &[Word]) -> anyhow::Result<()> {
    for (kind, direction, outcome, subject) in words {
        t.wait(95);
        say!(t, who, activity::record, {
            "kind": (*kind), "direction": (*direction), "outcome": (*outcome), "subject": (*subject),
            "opportunityId": opportunity, "contactId": contact,
        });
    }
    Ok(())
}

/// A meeting that is planned, and then held. Gives the meeting.
async fn meet(
    t: &mut Teller,
    who: &str,
    deal: (&str, &str),
    what: (&str, &str, &str),
    people: &[&str],
    colleague: &str,
    days: i64,
) -> anyhow::Result<String> {
    let (account, opportunity) = deal;
    let (kind, title, summary) = what;
    let starts = t.ago(days, 9, 0);
    let ends = starts + Duration::hours(2);
    let people: Vec<String> = people.iter().map(|id| (*id).to_owned()).collect();
    let colleagues: Vec<String> =
        [who, colleague].iter().filter_map(|who| t.cast.colleagues.get(who).cloned()).collect();
    let id = say!(t, who, meeting::schedule, {
        "accountId": account, "opportunityId": opportunity, "title": title, "kind": kind, "startsAt": starts,
        "endsAt": ends, "contactIds": people, "colleagueIds": colleagues,
    });
    t.walk(days, 11, 30).await?;
    if summary.is_empty() {
        say!(t, who, meeting::record_outcome, { "id": (&id), "outcome": "NO_SHOW" });
    } else {
        say!(t, who, meeting::record_outcome, { "id": (&id), "outcome": "HELD", "summary": summary });
    }
    Ok(id)
}

/// The two deals of the fair, side by side. Gives the machine that the won one brings.
pub(super) async fn run(
    t: &mut Teller,
    customers: &Customers,
    campaigns: &Campaigns,
    accepted: &Accepted,
) -> anyhow::Result<String> {
    let (key, andrea) = customers.person("Andrea Huber")?;
    let (_, stefan) = customers.person("Stefan Gruber")?;
    let (_, maria) = customers.person("Maria Steiner")?;
    let (_, lukas) = customers.person("Lukas Bauer")?;
    let (nord, helena) = customers.person("Helena Vogt")?;
    let (_, jan) = customers.person("Jan Petersen")?;

    t.walk(300, 9, 0).await?;
    let close = t.ago(190, 0, 0).date_naive().to_string();
    let won = say!(t, "sam", deal::create, {
        "name": "Linie 3: aseptische Becherlinie", "accountId": (&key.id), "leadId": (&accepted.alpenland), "closeDate": close,
        "amount": { "amount": "890000", "currency": "EUR" }, "nextStep": "Besuch in Rosenheim",
    });
    for (person, role) in [(andrea, "CHAMPION"), (stefan, "DECISION_MAKER"), (maria, "BUYER"), (lukas, "INFLUENCER")] {
        t.wait(4);
        say!(t, "sam", role::add, { "opportunityId": (&won), "contactId": (&person.id), "role": role });
    }
    talk(
        t,
        "sam",
        &won,
        &andrea.id,
        &[
            ("CALL", "OUTBOUND", "CONNECTED", "Termin für den Besuch"),
            ("EMAIL", "INBOUND", "REPLIED", "Hallenplan und Medienanschlüsse"),
        ],
    )
    .await?;
    let visit = ("VISIT", "Besuch in Rosenheim", "Linie 3 ist von 2004, Reinigung dauert fünf Stunden am Tag.");
    let visit = meet(t, "sam", (&key.id, &won), visit, &[&andrea.id, &stefan.id], "tom", 292).await?;
    let mut needs = Vec::new();
    for (category, statement) in [
        ("PERFORMANCE", "24.000 Becher pro Stunde, vier Formate."),
        ("FUNCTION", "Reinigung im Kreislauf unter einer Stunde."),
        ("DELIVERY", "Produktion vor der Sommersaison."),
    ] {
        t.wait(6);
        needs.push(say!(t, "sam", requirement::record, {
            "accountId": (&key.id), "meetingId": (&visit), "opportunityId": (&won), "contactId": (&andrea.id),
            "category": category, "statement": statement,
        }));
    }
    say!(t, "sam", progress::change_stage, { "id": (&won), "stage": "DISCOVERY" });

    t.walk(288, 10, 0).await?;
    let close = t.ago(200, 0, 0).date_naive().to_string();
    let lost = say!(t, "lena", deal::create, {
        "name": "Vial-Linie mit Isolator", "accountId": (&nord.id), "leadId": (&accepted.nordpharma), "closeDate": close,
        "amount": { "amount": "1240000", "currency": "EUR" },
    });
    say!(t, "lena", role::add, { "opportunityId": (&lost), "contactId": (&helena.id), "role": "DECISION_MAKER" });
    say!(t, "lena", role::add, { "opportunityId": (&lost), "contactId": (&jan.id), "role": "CHAMPION" });
    let online = ("ONLINE", "Lastenheft", "");
    meet(t, "lena", (&nord.id, &lost), online, &[&jan.id], "priya", 281).await?;
    talk(
        t,
        "lena",
        &lost,
        &jan.id,
        &[("CALL", "OUTBOUND", "NO_ANSWER", "Nachfassen"), ("EMAIL", "INBOUND", "REPLIED", "Neuer Termin")],
    )
    .await?;
    let demo = ("DEMO", "Vorführung BrandtVial 120", "Isolator gefällt, Validierung dauert Nordpharma zu lange.");
    let demo = meet(t, "lena", (&nord.id, &lost), demo, &[&helena.id, &jan.id], "priya", 270).await?;
    say!(t, "lena", requirement::record, {
        "accountId": (&nord.id), "meetingId": (&demo), "opportunityId": (&lost), "category": "COMPLIANCE",
        "statement": "Annex 1: geschlossener Isolator, Validierung in vier Monaten.",
    });
    say!(t, "lena", progress::change_stage, { "id": (&lost), "stage": "DISCOVERY" });

    let demo = ("DEMO", "Vorführung beim Referenzkunden", "40 Minuten Reinigung vor Augen: Gruber ist überzeugt.");
    meet(t, "sam", (&key.id, &won), demo, &[&andrea.id, &stefan.id, &lukas.id], "tom", 263).await?;
    say!(t, "sam", progress::change_stage, { "id": (&won), "stage": "PROPOSAL" });
    t.walk(255, 14, 0).await?;
    let close = t.ago(0, 0, 0).date_naive() + chrono::Days::new(45);
    let (kestrel, george) = customers.person("George Palmer")?;
    let open = say!(t, "oliver", deal::create, {
        "name": "Oat drink line", "accountId": (&kestrel.id), "leadId": (&accepted.kestrel), "closeDate": (close.to_string()),
        "amount": { "amount": "410000", "currency": "GBP" },
    });
    say!(t, "oliver", role::add, { "opportunityId": (&open), "contactId": (&george.id), "role": "CHAMPION" });
    t.walk(240, 9, 0).await?;
    say!(t, "sam", deal::update, { "id": (&won), "amount": { "amount": "935000", "currency": "EUR" }, "nextStep": "Vertrag" });
    say!(t, "lena", progress::change_stage, { "id": (&lost), "stage": "PROPOSAL" });
    t.walk(228, 16, 0).await?;
    say!(t, "sam", progress::change_stage, { "id": (&won), "stage": "NEGOTIATION" });
    talk(
        t,
        "sam",
        &won,
        &maria.id,
        &[
            ("EMAIL", "INBOUND", "REPLIED", "Zahlungsziel und Skonto"),
            ("CALL", "OUTBOUND", "CONNECTED", "Preisgespräch"),
        ],
    )
    .await?;
    let later = t.ago(180, 0, 0).date_naive().to_string();
    say!(t, "lena", deal::update, { "id": (&lost), "closeDate": later });

    t.walk(205, 15, 0).await?;
    say!(t, "sam", progress::change_stage, { "id": (&won), "stage": "CLOSED_WON", "closeReason": "Reinigung und Liefertermin" });
    t.wait(60);
    let (filler, module) = (t.cast.products.get("BF-3000").cloned(), t.cast.products.get("BL-10").cloned());
    say!(t, "sam", order::place, {
        "accountId": (&key.id), "contactId": (&maria.id), "opportunityId": (&won), "number": "AB-2417", "currency": "EUR",
        "lines": [
            { "productId": (filler.clone()), "quantity": "1", "unitPrice": "850000" },
            { "productId": module, "quantity": "1", "unitPrice": "85000" },
        ],
    });
    let (start, end) = (t.ago(130, 0, 0).date_naive(), t.ago(0, 0, 0).date_naive() + chrono::Days::new(600));
    say!(t, "sam", contract::sign, {
        "accountId": (&key.id), "opportunityId": (&won), "name": "Wartung Linie 3", "number": "W-0533",
        "startDate": (start.to_string()), "endDate": (end.to_string()), "value": { "amount": "64000", "currency": "EUR" },
    });
    for need in &needs {
        say!(t, "sam", requirement::answer, { "id": need, "status": "ANSWERED", "campaignId": (&campaigns.paper) });
    }
    t.walk(182, 11, 0).await?;
    say!(t, "lena", progress::change_stage, {
        "id": (&lost), "stage": "CLOSED_LOST", "closeReason": "Wettbewerber validiert zwei Monate schneller",
    });

    t.walk(130, 9, 0).await?;
    let warranty = (start + chrono::Days::new(730)).to_string();
    let machine = say!(t, "priya", asset::install, {
        "accountId": (&key.id), "productId": filler, "serial": "BF3-0533", "name": "Linie 3, Becher", "warrantyUntil": warranty,
    });
    t.walk(124, 17, 0).await?;
    say!(t, "priya", asset::commission, { "id": (&machine) });
    t.walk(118, 9, 0).await?;
    say!(t, "sam", account::update, { "id": (&key.id), "lifecycleStage": "ACTIVE" });
    say!(t, "oliver", progress::change_stage, { "id": (&open), "stage": "DISCOVERY" });
    Ok(machine)
}

/// What is open: each in another stage, with a meeting to come.
pub(super) async fn today(t: &mut Teller, customers: &Customers, campaigns: &Campaigns) -> anyhow::Result<()> {
    let close = t.ago(0, 0, 0).date_naive() + chrono::Days::new(60);
    let deals = [
        (37, "sam", "Ulrich Hollenbeck", "Kastenpacker für Halle B", "320000", "NEGOTIATION", Some("DE")),
        (33, "lena", "Daniel Koch", "Inspektion für Linie 2", "180000", "DISCOVERY", None),
        (28, "lena", "Nina Frei", "Zwei Isolatoren nachrüsten", "560000", "PROPOSAL", None),
        (19, "sam", "Petra Hansen", "Gläschenlinie", "740000", "QUALIFICATION", None),
        (16, "sam", "Sabine Kramer", "Glaslinie, zweiter Anlauf", "610000", "DISCOVERY", None),
    ];
    for (days, who, name, what, amount, stage, campaign) in deals {
        t.walk(days, 10, 20).await?;
        let (customer, person) = customers.person(name)?;
        let campaign = campaign.map(|_| campaigns.fair.clone());
        let id = say!(t, who, deal::create, {
            "name": what, "accountId": (&customer.id), "closeDate": (close.to_string()), "primaryCampaignId": campaign,
            "amount": { "amount": amount, "currency": "EUR" }, "nextStep": "Nachfassen",
        });
        say!(t, who, role::add, { "opportunityId": (&id), "contactId": (&person.id), "role": "DECISION_MAKER" });
        talk(t, who, &id, &person.id, &[("CALL", "OUTBOUND", "CONNECTED", "Bedarf geklärt")]).await?;
        for next in ["DISCOVERY", "PROPOSAL", "NEGOTIATION"] {
            if stage == "QUALIFICATION" {
                break;
            }
            t.wait(24 * 60);
            say!(t, who, progress::change_stage, { "id": (&id), "stage": next });
            if next == stage {
                break;
            }
        }
        let starts = t.ago(0, 9, 0) + Duration::days(3 + days % 5);
        let people = [person.id.clone()];
        say!(t, who, meeting::schedule, {
            "accountId": (&customer.id), "opportunityId": (&id), "title": what, "kind": "ONLINE", "startsAt": starts,
            "contactIds": people,
        });
    }
    Ok(())
}
