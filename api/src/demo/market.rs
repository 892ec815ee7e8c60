//! The campaigns: what the market is told, what that costs, and how people meet it.

use chrono::Duration;

use super::{
    customers::Customers,
    noise::{Reader, Running},
    teller::{Teller, say},
};
use crate::marketing::{content, cost, planning};

/// The campaigns of the story, by what they are.
pub(super) struct Campaigns {
    pub(super) fair: String,
    pub(super) paper: String,
    pub(super) annex: String,
    pub(super) calls: String,
    pub(super) ads: String,
}

type Ways = &'static [(&'static str, &'static str, &'static str)];

const PAPER: Ways = &[
    ("PAGE_VIEWED", "SEO", "/wissen/hygienic-design"),
    ("PAGE_VIEWED", "CONTENT", "/maschinen/brandtfill-3000"),
    ("PAGE_VIEWED", "EMAIL", "/wissen/oee-abfuelllinien"),
    ("CONTENT_DOWNLOADED", "CONTENT", "/wissen/hygienic-design/download"),
    ("EMAIL_SENT", "EMAIL", ""),
    ("EMAIL_SENT", "EMAIL", ""),
    ("EMAIL_CLICKED", "EMAIL", "/wissen/hygienic-design"),
];
const ADS: Ways = &[
    ("AD_CLICKED", "ONLINE_ADS", "/aktion/linie-in-12-wochen"),
    ("AD_CLICKED", "ONLINE_ADS", "/en/line-in-12-weeks"),
    ("PAGE_VIEWED", "ONLINE_ADS", "/maschinen/brandtpack-500"),
    ("SOCIAL_ENGAGED", "SOCIAL", ""),
    ("FORM_SUBMITTED", "ONLINE_ADS", "/kontakt"),
];
const CALLS: Ways = &[
    ("CALL_ATTEMPTED", "COLD_CALL", ""),
    ("CALL_ATTEMPTED", "COLD_CALL", ""),
    ("CALL_CONNECTED", "COLD_CALL", ""),
    ("RESEARCH_FOUND", "LEAD_RESEARCH", ""),
];
const FAIR: Ways = &[
    ("TRADEFAIR_BOOTH_SCANNED", "TRADE_FAIR", ""),
    ("TRADEFAIR_BOOTH_SCANNED", "TRADE_FAIR", ""),
    ("EVENT_ATTENDED", "TRADE_FAIR", ""),
    ("REFERRAL_RECEIVED", "REFERRAL", ""),
];
const WEBINAR: Ways = &[
    ("WEBINAR_REGISTERED", "EMAIL", "/webinar/annex-1"),
    ("WEBINAR_ATTENDED", "CONTENT", "/webinar/annex-1"),
    ("EMAIL_SENT", "EMAIL", ""),
    ("EMAIL_CLICKED", "EMAIL", "/webinar/annex-1"),
    ("PAGE_VIEWED", "SOCIAL", "/en/machines/brandtvial-120"),
    ("CONTENT_DOWNLOADED", "CONTENT", "/wissen/annex-1-checkliste"),
];

/// A campaign to plan: who, name, type, code, problem, message, begin and end in days ago, budget, industries, ways.
struct Plan {
    who: &'static str,
    name: &'static str,
    kind: &'static str,
    code: &'static str,
    problem: &'static str,
    message: &'static str,
    days: (i64, i64),
    budget: &'static str,
    industries: &'static [&'static str],
    aim: &'static str,
    ways: Ways,
    channel: &'static str,
}

const PLANS: [Plan; 5] = [
    Plan {
        who: "emily",
        name: "Whitepaper: Hygienic design pays",
        kind: "CONTENT",
        code: "wp-hygiene",
        problem: "Cleaning stops a filling line for five hours a day",
        message: "Cleaned in place in 40 minutes",
        days: (398, 5),
        budget: "48000",
        industries: &["C10", "C11"],
        aim: "C1",
        ways: PAPER,
        channel: "CONTENT",
    },
    Plan {
        who: "jonas",
        name: "LinkedIn and search: a line in twelve weeks",
        kind: "ADVERTISING",
        code: "line-12",
        problem: "New lines take a year to arrive",
        message: "From order to first bottle in twelve weeks",
        days: (392, 0),
        budget: "96000",
        industries: &["C10", "C11", "C21"],
        aim: "C",
        ways: ADS,
        channel: "ONLINE_ADS",
    },
    Plan {
        who: "katrin",
        name: "Cold calls: pharma mid-cap",
        kind: "OUTBOUND",
        code: "calls-pharma",
        problem: "Small series are filled by hand",
        message: "Vials from 500 pieces, validated",
        days: (378, 60),
        budget: "30000",
        industries: &["C21"],
        aim: "C21",
        ways: CALLS,
        channel: "COLD_CALL",
    },
    Plan {
        who: "mia",
        name: "interpack",
        kind: "TRADE_FAIR",
        code: "interpack",
        problem: "Engineers want to see a machine run",
        message: "Touch it: BrandtFill 3000, live in hall 6",
        days: (345, 335),
        budget: "185000",
        industries: &["C10", "C11", "C21"],
        aim: "C",
        ways: FAIR,
        channel: "TRADE_FAIR",
    },
    Plan {
        who: "jonas",
        name: "Webinar: Annex 1 for heads of production",
        kind: "WEBINAR",
        code: "annex-1",
        problem: "Annex 1 asks for barriers that old lines do not have",
        message: "Retrofit or replace: decide in one hour",
        days: (290, 20),
        budget: "36000",
        industries: &["C21"],
        aim: "C21",
        ways: WEBINAR,
        channel: "CONTENT",
    },
];

/// Plans the campaigns, early enough for all of them, and lets the market meet them.
pub(super) async fn prepare(t: &mut Teller, customers: &Customers) -> anyhow::Result<Campaigns> {
    // The key account first and the small ones last: a few are met far more often than the others.
    t.noise.readers = customers
        .0
        .iter()
        .flat_map(|customer| customer.people.iter().map(move |person| (customer, person)))
        .map(|(customer, person)| Reader {
            contact: person.id.clone(),
            owner: customer.owner,
            industry: customer.industry,
            consented: person.consented,
        })
        .collect();
    let mut ids = Vec::new();
    for plan in &PLANS {
        // Planned before they begin, so that the calendar shows them.
        t.wait(45);
        ids.push(plan_one(t, plan).await?);
    }
    let [paper, ads, calls, fair, annex] =
        <[String; 5]>::try_from(ids).map_err(|_| anyhow::anyhow!("there are five plans"))?;
    Ok(Campaigns { fair, paper, annex, calls, ads })
}

async fn plan_one(t: &mut Teller, plan: &Plan) -> anyhow::Result<String> {
    let (from, to) = (t.ago(plan.days.0, 8, 0), t.ago(plan.days.1, 18, 0));
    let (begin, end) = (from.date_naive().to_string(), to.date_naive().to_string());
    let industries: Vec<String> =
        plan.industries.iter().filter_map(|code| t.cast.industries.get(code).cloned()).collect();
    let channel = t.cast.channels.get(plan.channel).cloned();
    let id = say!(t, plan.who, planning::create, {
        "name": (plan.name), "type": (plan.kind), "code": (plan.code), "status": "ACTIVE",
        "marketProblem": (plan.problem), "message": (plan.message), "startDate": (&begin), "endDate": (&end),
        "targetIndustryIds": industries, "budget": { "amount": (plan.budget), "currency": "EUR" },
    });
    let (title, kind) = match plan.kind {
        "CONTENT" => ("Hygienic design pays: 32 pages", "WHITEPAPER"),
        "WEBINAR" => ("Annex 1: the checklist", "DATASHEET"),
        "TRADE_FAIR" => ("BrandtFill 3000: brochure", "BROCHURE"),
        _ => ("A line in twelve weeks", "PAGE"),
    };
    let content = say!(t, plan.who, content::create_content_asset, {
        "title": title, "kind": kind, "campaignId": (&id), "language": "de",
        "url": (format!("https://www.brandt-maschinenbau.example/wissen/{}", plan.code)),
    });
    let budget: i64 = plan.budget.parse()?;
    for (share, kind) in [(55, "MEDIA"), (25, "PRODUCTION"), (12, "STAFF")] {
        let amount = (budget * share / 100).to_string();
        say!(t, plan.who, cost::add, {
            "campaignId": (&id), "channelId": (channel.clone()), "dateFrom": (&begin), "dateTo": (&end), "kind": kind,
            "amount": { "amount": amount, "currency": "EUR" },
        });
    }
    let to = to + Duration::days(1);
    let (code, ways, industry) = (plan.code, plan.ways, plan.aim);
    t.noise.campaigns.push(Running { id: id.clone(), code, from, to, ways, content: Some(content), industry });
    Ok(id)
}
