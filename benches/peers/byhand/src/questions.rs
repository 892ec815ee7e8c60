//! The questions: which rows each takes, and how they are written.

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::{
    App, Bound, Cells, Found, Part, Result, Variables,
    sql::Ask,
    text::{self, Cursor, Out, full_name, happened},
};

const NOBODY: &str = r#"{"data":{"account":null}}"#;

/// A touch that is to be recorded, with its event.
pub struct Touch {
    pub tenant: i64,
    pub id: Uuid,
    pub event: Uuid,
    pub now: DateTime<Utc>,
    pub me: Option<Uuid>,
    pub account: Uuid,
    pub contact: Option<Uuid>,
    pub campaign: Option<Uuid>,
    pub interaction: String,
    pub kind: String,
    pub importance: i32,
    pub page_url: Option<String>,
    pub is_inbound: bool,
}

impl Touch {
    /// Whom it is about; of the account's industry the account tells.
    pub fn subjects(&self, industry: Option<Uuid>) -> Vec<(&'static str, Uuid)> {
        let subjects = [
            ("ACCOUNT", Some(self.account)),
            ("CONTACT", self.contact),
            ("CAMPAIGN", self.campaign),
            ("INDUSTRY", industry),
        ];
        subjects.into_iter().filter_map(|(ty, id)| Some((ty, id?))).collect()
    }

    pub fn payload(&self) -> serde_json::Value {
        json!({
            "t": "touch",
            "campaign_id": self.campaign,
            "channel_id": null,
            "content_asset_id": null,
            "is_inbound": self.is_inbound,
        })
    }
}

pub async fn answer(app: &App, how: &str, question: &str, asked: Variables) -> Result<Vec<u8>> {
    match (how, question) {
        ("json", "timeline") => json_of(app, Ask::PageJson, page_of(app, &asked)?).await,
        ("json", "filtered") => json_of(app, Ask::PageOfKindsJson, kinds_of(app, asked)?).await,
        ("json", "lookup") => json_of(app, Ask::LookupJson, account_of(app, &asked)?).await,
        ("rows", "timeline") => timeline(app, Ask::Page, page_of(app, &asked)?).await,
        ("rows", "filtered") => timeline(app, Ask::PageOfKinds, kinds_of(app, asked)?).await,
        ("rows", "lookup") => lookup(app, account_of(app, &asked)?).await,
        ("rows", "account360") => account360(app, account_of(app, &asked)?).await,
        ("rows", "worklist-sales") => sales(app, me_of(app, &asked)?).await,
        ("rows", "worklist-marketing") => marketing(app).await,
        ("rows", "worklist-service") => service(app, me_of(app, &asked)?).await,
        ("rows", "write") => write(app, asked).await,
        _ => Err(format!("nobody answers {how}/{question}").into()),
    }
}

fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

fn id_of(prefix: &str, text: Option<&str>) -> Result<Uuid> {
    text.and_then(|text| text::uuid_of(prefix, text))
        .ok_or_else(|| format!("an id of type {prefix}_… is missing").into())
}

fn account_of(app: &App, asked: &Variables) -> Result<Vec<Bound>> {
    Ok(vec![Bound::Number(app.tenant), Bound::Id(Some(id_of("acc", asked.id.as_deref())?))])
}

fn page_of(app: &App, asked: &Variables) -> Result<Vec<Bound>> {
    let after = match asked.after.as_deref() {
        Some(cursor) => text::cursor_id(cursor).ok_or("not a cursor of this list")?,
        None => text::TOP,
    };
    let mut bound = account_of(app, asked)?;
    bound.push(Bound::Id(Some(after)));
    Ok(bound)
}

fn kinds_of(app: &App, asked: Variables) -> Result<Vec<Bound>> {
    let mut bound = page_of(app, &asked)?;
    let [one, two] = asked.filter.ok_or("filter: two kinds")?.kinds;
    bound.extend([one, two].map(|kind| Bound::Text(Some(kind))));
    Ok(bound)
}

fn me_of(app: &App, asked: &Variables) -> Result<Vec<Bound>> {
    let me = id_of("col", asked.me.as_deref())?;
    Ok(vec![Bound::Number(app.tenant), Bound::Id(Some(me)), Bound::Time(now())])
}

async fn json_of(app: &App, ask: Ask, bound: Vec<Bound>) -> Result<Vec<u8>> {
    Ok(app.store.text(ask, bound).await?.unwrap_or_else(|| NOBODY.as_bytes().to_vec()))
}

/// A list whose cursors are ids.
fn list(ask: Ask, bound: Vec<Bound>, size: usize, write: fn(&dyn Cells, &mut Out)) -> Part {
    Part { ask, bound, size, write, cursor: |row| Cursor::Id(row.id(0).unwrap_or_default()) }
}

fn nodes(out: &mut Out, name: &str, found: &Found) {
    out.name(name).raw("{\"nodes\":[").part(&found.rows.0).raw("]}");
}

fn page(out: &mut Out, name: &str, found: &Found) {
    out.name(name).raw("{\"nodes\":[").part(&found.rows.0).raw("],\"pageInfo\":{");
    let end = found.end.as_ref().map(Cursor::write);
    out.bare("hasNextPage", Some(found.more)).text("endCursor", end.as_deref()).raw("}}");
}

fn event(row: &dyn Cells, out: &mut Out) {
    let id = row.id(0).unwrap_or_default();
    out.open().id("evt", id).text("kind", row.text(1)).text("domain", row.text(2)).time("occurredAt", happened(id));
    out.named("contact", "con", row.id(3), full_name(row.text(4), row.text(5)).as_deref());
    out.named("campaign", "cmp", row.id(6), row.text(7)).close();
}

async fn timeline(app: &App, ask: Ask, bound: Vec<Bound>) -> Result<Vec<u8>> {
    let account: fn(&dyn Cells, &mut Out) = |row, out| {
        out.raw("{").id("acc", row.id(0).unwrap_or_default()).text("name", row.text(1));
    };
    let head = list(Ask::Account, bound[..2].to_vec(), 1, account);
    let [head, events] = app.store.parts([head, list(ask, bound, 50, event)]).await?;
    if head.count == 0 {
        return Ok(NOBODY.as_bytes().to_vec());
    }
    let mut out = Out::new();
    out.raw("{\"data\":{\"account\":").part(&head.rows.0);
    page(&mut out, "timeline", &events);
    out.raw("}}}");
    Ok(out.0)
}

async fn lookup(app: &App, bound: Vec<Bound>) -> Result<Vec<u8>> {
    let [found] = app.store.parts([list(Ask::Lookup, bound, 1, account)]).await?;
    let mut out = Out::new();
    match found.count {
        0 => out.raw(NOBODY),
        _ => out.raw("{\"data\":{\"account\":").part(&found.rows.0).raw("}}"),
    };
    Ok(out.0)
}

fn account(row: &dyn Cells, out: &mut Out) {
    out.open().id("acc", row.id(0).unwrap_or_default()).text("name", row.text(1)).text("tier", row.text(2));
    out.text("country", row.text(3)).text("lifecycleStage", row.text(4)).close();
}

fn deal<'a>(row: &dyn Cells, out: &'a mut Out) -> &'a mut Out {
    out.open().id("opp", row.id(0).unwrap_or_default()).text("name", row.text(1)).text("stage", row.text(2));
    out.bare("probability", row.number(3)).date("closeDate", row.date(4)).money("amount", row.number(5), row.text(6))
}

async fn account360(app: &App, bound: Vec<Bound>) -> Result<Vec<u8>> {
    let head: fn(&dyn Cells, &mut Out) = |row, out| {
        out.raw("{").id("acc", row.id(0).unwrap_or_default()).text("name", row.text(1)).text("tier", row.text(2));
        out.text("sizeBand", row.text(3)).text("country", row.text(4)).text("lifecycleStage", row.text(5));
        out.named("owner", "col", row.id(6), row.text(7));
    };
    let member: fn(&dyn Cells, &mut Out) = |row, out| {
        out.open()
            .id("atm", row.id(0).unwrap_or_default())
            .text("discipline", row.text(1))
            .bare("isLead", Some(row.truth(2)));
        out.named("colleague", "col", row.id(3), row.text(4)).close();
    };
    let person: fn(&dyn Cells, &mut Out) = |row, out| {
        let name = full_name(row.text(1), row.text(2));
        out.open().id("con", row.id(0).unwrap_or_default()).text("name", name.as_deref());
        out.text("jobTitle", row.text(3)).text("seniority", row.text(4)).close();
    };
    let open_deal: fn(&dyn Cells, &mut Out) = |row, out| {
        deal(row, out).close();
    };
    let meeting: fn(&dyn Cells, &mut Out) = |row, out| {
        out.open().id("mtg", row.id(0).unwrap_or_default()).text("kind", row.text(1)).text("title", row.text(2));
        out.time("startsAt", row.time(3).unwrap_or_default()).text("outcome", row.text(4)).close();
    };
    let ticket: fn(&dyn Cells, &mut Out) = |row, out| {
        out.open().id("tic", row.id(0).unwrap_or_default()).text("subject", row.text(1)).text("status", row.text(2));
        out.text("priority", row.text(3)).time("createdAt", row.time(4).unwrap_or_default()).close();
    };
    let mut first_page = bound.clone();
    first_page.push(Bound::Id(Some(text::TOP)));
    let [head, team, people, deals, meetings, tickets, events] = app
        .store
        .parts([
            list(Ask::Whole, bound.clone(), 1, head),
            list(Ask::Team, bound.clone(), 10, member),
            list(Ask::People, bound.clone(), 10, person),
            list(Ask::Deals, bound.clone(), 20, open_deal),
            list(Ask::Meetings, bound.clone(), 5, meeting),
            list(Ask::Tickets, bound, 20, ticket),
            list(Ask::Events, first_page, 20, event),
        ])
        .await?;
    if head.count == 0 {
        return Ok(NOBODY.as_bytes().to_vec());
    }
    let mut out = Out::new();
    out.raw("{\"data\":{\"account\":").part(&head.rows.0);
    for (name, found) in [
        ("team", team),
        ("contacts", people),
        ("openOpportunities", deals),
        ("meetings", meetings),
        ("openTickets", tickets),
    ] {
        nodes(&mut out, name, &found);
    }
    page(&mut out, "timeline", &events);
    out.raw("}}}");
    Ok(out.0)
}

/// What a desk's list begins with.
fn desk(name: &str) -> Out {
    let mut out = Out::new();
    out.raw("{\"data\":{\"").raw(name).raw("\":{");
    out
}

async fn sales(app: &App, bound: Vec<Bound>) -> Result<Vec<u8>> {
    let my_deal: fn(&dyn Cells, &mut Out) = |row, out| {
        deal(row, out)
            .named("account", "acc", row.id(7), row.text(8))
            .named("owner", "col", row.id(9), row.text(10))
            .close();
    };
    let deals = Part {
        cursor: |row| {
            Cursor::Sorted("close_date", row.date(4).map(|day| day.to_string()).into(), row.id(0).unwrap_or_default())
        },
        ..list(Ask::MyDeals, bound.clone(), 20, my_deal)
    };
    let [accounts, deals] = app.store.parts([list(Ask::MyAccounts, bound, 10, account), deals]).await?;
    let mut out = desk("sales");
    page(&mut out, "myAccounts", &accounts);
    page(&mut out, "pipeline", &deals);
    out.raw("}}}");
    Ok(out.0)
}

async fn marketing(app: &App) -> Result<Vec<u8>> {
    let lead: fn(&dyn Cells, &mut Out) = |row, out| {
        out.open().id("lea", row.id(0).unwrap_or_default()).text("status", row.text(1)).bare("score", row.number(2));
        out.time("createdAt", row.time(3).unwrap_or_default()).named("account", "acc", row.id(4), row.text(5));
        out.named("contact", "con", row.id(6), full_name(row.text(7), row.text(8)).as_deref());
        out.named("campaign", "cmp", row.id(9), row.text(10)).close();
    };
    let [leads] = app.store.parts([list(Ask::NewLeads, vec![Bound::Number(app.tenant)], 20, lead)]).await?;
    let mut out = desk("marketing");
    page(&mut out, "leads", &leads);
    out.raw("}}}");
    Ok(out.0)
}

async fn service(app: &App, bound: Vec<Bound>) -> Result<Vec<u8>> {
    let ticket: fn(&dyn Cells, &mut Out) = |row, out| {
        out.open().id("tic", row.id(0).unwrap_or_default()).bare("number", row.number(1)).text("subject", row.text(2));
        out.text("status", row.text(3))
            .text("priority", row.text(4))
            .time("createdAt", row.time(5).unwrap_or_default());
        out.named("account", "acc", row.id(6), row.text(7));
        out.named("contact", "con", row.id(8), full_name(row.text(9), row.text(10)).as_deref());
        out.named("queue", "que", row.id(11), row.text(12)).close();
    };
    let waiting = Part {
        cursor: |row| {
            let place = ["LOW", "NORMAL", "HIGH", "URGENT"].iter().position(|known| Some(*known) == row.text(4));
            Cursor::Sorted("-priority", place.into(), row.id(0).unwrap_or_default())
        },
        ..list(Ask::MyQueue, bound, 20, ticket)
    };
    let [waiting] = app.store.parts([waiting]).await?;
    let mut out = desk("service");
    page(&mut out, "queue", &waiting);
    out.raw("}}}");
    Ok(out.0)
}

async fn write(app: &App, asked: Variables) -> Result<Vec<u8>> {
    let input = asked.input.ok_or("input: a touchpoint")?;
    let now = now();
    let other = |prefix: &str, id: Option<String>| id.map(|id| id_of(prefix, Some(&id))).transpose();
    let kind = match input.interaction.as_str() {
        "PAGE_VIEWED" => "page.viewed",
        "AD_CLICKED" => "ad.clicked",
        "EMAIL_CLICKED" => "email.clicked",
        other => return Err(format!("touches such as {other} are not recorded here").into()),
    };
    let touch = Touch {
        tenant: app.tenant,
        id: text::mint(now, 1),
        event: text::mint(now, 0),
        now,
        me: other("col", asked.me)?,
        account: id_of("acc", Some(&input.account_id))?,
        contact: other("con", input.contact_id)?,
        campaign: other("cmp", input.campaign_id)?,
        kind: kind.to_owned(),
        importance: 1,
        is_inbound: input.is_inbound.unwrap_or(true),
        interaction: input.interaction,
        page_url: input.page_url,
    };
    let mut out = Out::new();
    out.raw("{\"data\":{\"recordTouchpoint\":{\"touchpoint\":{").id("tch", touch.id);
    out.text("interaction", touch.interaction.as_str())
        .time("occurredAt", now)
        .bare("isInbound", Some(touch.is_inbound));
    out.text("pageUrl", touch.page_url.as_deref()).raw("},\"userErrors\":[]}}}");
    app.store.write(touch).await?;
    Ok(out.0)
}
