//! The fair and its leads: some become deals, one is refused with a reason that marketing learns from, some wait today.

use chrono::Duration;

use super::{
    customers::Customers,
    market::Campaigns,
    teller::{Teller, said, say},
};
use crate::{
    account::contact,
    cli::told,
    marketing::{decide, lead, lesson, offer, qualify, record},
};

/// The leads that sales took.
pub(super) struct Accepted {
    /// The key account's.
    pub(super) alpenland: String,
    /// The one that is lost later.
    pub(super) nordpharma: String,
    /// The one that is open still.
    pub(super) kestrel: String,
}

/// A touch, then a lead out of it, scored and qualified. Gives the lead.
async fn made(
    t: &mut Teller,
    who: &str,
    person: &str,
    campaign: &str,
    how: [&str; 3],
    score: i32,
) -> anyhow::Result<String> {
    let [interaction, channel, words] = how;
    let channel = t.cast.channels.get(channel).cloned();
    let touch = said(async_graphql::value!({
        "interaction": interaction, "campaignId": campaign, "channelId": (channel.clone()), "contactId": person,
    }))?;
    let touch = record::one(&t.by(who)?, touch).await.map_err(told)?;
    let touch = super::teller::id(&touch.0);
    t.wait(5);
    let lead = say!(t, who, lead::create, {
        "contactId": person, "campaignId": campaign, "channelId": channel, "description": words,
        "touches": [{ "touchpointId": (&touch), "role": "CREATED" }],
    });
    let (fit, interest) = (score * 3 / 5, score - score * 3 / 5);
    say!(t, who, qualify::score, { "id": (&lead), "score": score, "parts": { "fit": fit, "interest": interest } });
    say!(t, who, qualify::qualify, { "id": (&lead), "touchpointId": touch });
    t.wait(5);
    Ok(lead)
}

/// Offers a lead to the inbox of sales. Gives the handover.
async fn offered(t: &mut Teller, who: &str, lead: &str) -> anyhow::Result<String> {
    let queue = t.cast.queues.get("SALES_INBOX").cloned();
    let due = t.now() + Duration::days(3);
    Ok(say!(t, who, offer::offer, { "subjectId": lead, "toQueueId": queue, "dueAt": due }))
}

/// interpack: four days of talks, a stack of leads, and what sales says to them.
pub(super) async fn fair(t: &mut Teller, customers: &Customers, campaigns: &Campaigns) -> anyhow::Result<Accepted> {
    let booth = |words| ["TRADEFAIR_BOOTH_SCANNED", "TRADE_FAIR", words];
    let mut handovers = Vec::new();
    for (days, who, name, words, score) in [
        (340, "mia", "Andrea Huber", "Sucht Ersatz für Linie 3, 24.000 Becher pro Stunde, Budget ist beantragt.", 92),
        (340, "mia", "George Palmer", "Wants to see a reference for oat drinks.", 78),
        (339, "jonas", "Jan Petersen", "Vial-Linie mit Isolator, Lastenheft kommt.", 81),
        (339, "jonas", "Tim Lorenz", "Fragte nach Prospekten.", 56),
        (338, "mia", "Sabine Kramer", "Glaslinie, Projekt frühestens nächstes Jahr.", 63),
        (338, "mia", "Ulrich Hollenbeck", "Will den BrandtPack sehen.", 70),
    ] {
        t.walk(days, 10 + handovers.len() as u32, 15).await?;
        let (_, person) = customers.person(name)?;
        let lead = made(t, who, &person.id, &campaigns.fair, booth(words), score).await?;
        handovers.push((offered(t, who, &lead).await?, lead));
    }
    let [andrea, george, jan, tim, sabine, ulrich] =
        <[_; 6]>::try_from(handovers).map_err(|_| anyhow::anyhow!("there are six leads of the fair"))?;

    t.walk(336, 8, 30).await?;
    say!(t, "sam", decide::accept, { "id": (andrea.0), "rating": 5, "comment": "Genau so: Bedarf, Budget, Zeitpunkt." });
    say!(t, "oliver", decide::accept, { "id": (george.0), "rating": 4 });
    say!(t, "lena", decide::accept, { "id": (jan.0), "rating": 4, "comment": "Projekt ist echt, Wettbewerb ist dran." });
    t.wait(25);
    say!(t, "lena", decide::reject, {
        "id": (tim.0), "reasonCode": "WRONG_PERSONA", "rating": 1,
        "comment": "Werkstudent ohne Einfluss auf Beschaffung. Bitte Funktion am Stand abfragen.",
    });
    say!(t, "sam", decide::accept, { "id": (sabine.0), "rating": 3 });
    say!(t, "sam", decide::accept, { "id": (ulrich.0), "rating": 4 });
    t.walk(329, 15, 0).await?;
    say!(t, "sam", decide::give_back_to_sender, {
        "id": (sabine.0), "reasonCode": "NO_TIMING", "comment": "Projekt ruht bis zum nächsten Geschäftsjahr.",
    });

    t.walk(305, 9, 0).await?;
    say!(t, "mia", lesson::create, {
        "campaignId": (&campaigns.fair), "appliedToCampaignId": (&campaigns.annex), "reasonCodes": ["WRONG_PERSONA"],
        "text": "Am Stand wurde nicht nach der Funktion gefragt. Das Webinar fragt sie bei der Anmeldung ab und wirbt nur um Leitende.",
    });
    Ok(Accepted { alpenland: andrea.1, nordpharma: jan.1, kestrel: george.1 })
}

/// What waits in the inboxes today.
pub(super) async fn today(t: &mut Teller, customers: &Customers, campaigns: &Campaigns) -> anyhow::Result<()> {
    t.walk(3, 9, 20).await?;
    // Somebody new came by form, with consent, and is a lead at once.
    let company = customers.company("Lindenhof Naturjoghurt")?;
    let new = say!(t, "emily", contact::create, {
        "givenName": "Franziska", "familyName": "Lindner", "jobTitle": "Betriebsleiterin", "language": "de",
        "seniority": "MANAGER", "buyingRole": "DECISION_MAKER", "accountId": (&company.id),
        "contactPoints": [{ "kind": "EMAIL", "value": "f.lindner@lindenhof.example" }],
        "marketingConsent": { "channels": ["EMAIL"], "legalBasis": "CONSENT", "source": "form on the site" },
    });
    let form = ["FORM_SUBMITTED", "CONTENT", "Möchte ein Angebot für eine Becherlinie, 6.000 pro Stunde."];
    let lead = made(t, "emily", &new, &campaigns.paper, form, 84).await?;
    offered(t, "emily", &lead).await?;

    t.walk(2, 13, 40).await?;
    let (_, nina) = customers.person("Nina Frei")?;
    let webinar = ["WEBINAR_ATTENDED", "CONTENT", "Fragte nach Nachrüstung von zwei Isolatoren."];
    let lead = made(t, "jonas", &nina.id, &campaigns.annex, webinar, 77).await?;
    offered(t, "jonas", &lead).await?;

    t.walk(1, 10, 5).await?;
    let (_, petra) = customers.person("Petra Hansen")?;
    let ad = ["AD_CLICKED", "ONLINE_ADS", "Kam über LinkedIn, will die Linie in zwölf Wochen."];
    let lead = made(t, "jonas", &petra.id, &campaigns.ads, ad, 71).await?;
    let sam = t.cast.colleagues.get("sam").cloned();
    let due = t.now() + Duration::days(4);
    say!(t, "jonas", offer::offer, { "subjectId": (&lead), "toColleagueId": sam, "dueAt": due });

    // Qualified, not offered yet: the work of marketing today.
    let (_, daniel) = customers.person("Daniel Koch")?;
    let call = ["CALL_CONNECTED", "COLD_CALL", "Rückruf nächste Woche."];
    made(t, "katrin", &daniel.id, &campaigns.calls, call, 66).await?;
    Ok(())
}
