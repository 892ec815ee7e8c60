//! Salesforce's accounts.

use entities::{
    account::{account, contact_point, industry, industry_closure},
    codes::{ContactPointKind, StageObject},
};
use sea_orm::{ColumnTrait, Set};
use uuid::Uuid;

use super::{
    super::{Context, Item, Taken, read::Record},
    cell, custom, minor, number,
    points::{self, Owner, Point},
    required, words,
};
use crate::{graph::Result, journey::Work};

const MAPPED: [&str; 19] = [
    "id",
    "name",
    "phone",
    "fax",
    "website",
    "industry",
    "numberofemployees",
    "annualrevenue",
    "description",
    "billingstreet",
    "billingcity",
    "billingstate",
    "billingpostalcode",
    "billingcountry",
    "shippingstreet",
    "shippingcity",
    "shippingstate",
    "shippingpostalcode",
    "shippingcountry",
];

struct Parsed {
    name: String,
    employees: Option<i64>,
    revenue: Option<i64>,
    stage: &'static str,
    points: Vec<Point>,
}

fn parse(record: &Record, currency: &str) -> std::result::Result<Parsed, String> {
    let points = [
        points::single(record, "phone", ContactPointKind::Phone, "phone"),
        points::single(record, "fax", ContactPointKind::Phone, "fax"),
        points::address(record, "billing", "billing"),
        points::address(record, "shipping", "shipping"),
    ];
    let is_customer = record.get("type").is_some_and(|kind| kind.to_lowercase().contains("customer"));
    Ok(Parsed {
        name: required(record, "name")?,
        employees: number(record, "numberofemployees")?,
        revenue: minor(record, "annualrevenue", currency)?,
        stage: if is_customer { "ACTIVE" } else { "TARGET" },
        points: points.into_iter().flatten().collect(),
    })
}

fn row(context: &Context<'_>, record: &Record, parsed: &Parsed, industry: Option<Uuid>) -> account::ActiveModel {
    account::ActiveModel {
        name: Set(parsed.name.clone()),
        website: words(record, "website"),
        industry_id: cell(record, "industry", industry),
        employees: cell(record, "numberofemployees", parsed.employees),
        annual_revenue_minor: cell(record, "annualrevenue", parsed.revenue),
        currency: cell(record, "annualrevenue", parsed.revenue.map(|_| context.currency.clone())),
        country: words(record, "billingcountry"),
        region: words(record, "billingstate"),
        description: words(record, "description"),
        custom: Set(custom(record, &MAPPED)),
        source_id: Set(Some(context.source)),
        ..Default::default()
    }
}

/// Takes accounts.
pub async fn accounts(context: &mut Context<'_>, work: &mut Work<'_>, items: &[Item]) -> Result<Taken> {
    let mut taken = Taken::default();
    let (mut new, mut stages, mut reach) = (Vec::new(), Vec::new(), Vec::new());
    for (place, item) in items.iter().enumerate() {
        let parsed = match parse(&item.record, &context.currency) {
            Ok(parsed) => parsed,
            Err(reason) => {
                taken.refused.push((place, reason));
                continue;
            }
        };
        let industry = match item.record.get("industry") {
            Some(name) => Some(industry_of(context, work, name).await?),
            None => None,
        };
        let mut row = row(context, &item.record, &parsed, industry);
        match item.known {
            Some(id) => {
                let seen = context.cx.caller.rows_to_write::<account::Entity>().by_id(id).one(work.tx()).await?;
                let Some(seen) = seen else {
                    taken.refused.push((place, "its account is gone".to_owned()));
                    continue;
                };
                let mut row = row;
                work.keep_custom::<account::Entity>(seen.row(), &mut row).await?;
                work.update::<account::Entity>(&seen, row).await?;
                points::update(context.cx, work, Owner::Account(id), parsed.points).await?;
                taken.objects.push((place, id));
            }
            None => {
                let id = work.fresh_id();
                row.id = Set(id);
                row.domains = Set(serde_json::json!([]));
                row.lifecycle_stage = Set(parsed.stage.to_owned());
                reach.extend(points::rows(context.cx, Owner::Account(id), parsed.points));
                new.push(row);
                stages.push(parsed.stage.to_owned());
                taken.objects.push((place, id));
            }
        }
    }
    let rows = work.insert_many::<account::Entity>(new).await?;
    work.insert_many::<contact_point::Entity>(reach).await?;
    let staged: Vec<_> = rows.into_iter().zip(stages).collect();
    work.begin_stages::<account::Entity>(StageObject::Account, &staged, "imported").await?;
    Ok(taken)
}

/// The industry of a name, found or made. A source's name is kept byte for byte; its code is made of it.
async fn industry_of(context: &mut Context<'_>, work: &mut Work<'_>, name: &str) -> Result<Uuid> {
    let key = ("industry", name.to_owned());
    if let Some(id) = context.names.get(&key) {
        return Ok(*id);
    }
    let found = context.cx.caller.rows::<industry::Entity>().filter(industry::Column::Name.eq(name));
    let id = match found.one(work.tx()).await? {
        Some(seen) => seen.row().id,
        None => {
            let id = work.fresh_id();
            let row = industry::ActiveModel {
                id: Set(id),
                // The name may be anything; a code made of the id collides with nothing.
                code: Set(format!("X-{}", id.simple())),
                name: Set(name.to_owned()),
                ..Default::default()
            };
            work.insert::<industry::Entity>(row).await?;
            let own = industry_closure::ActiveModel {
                tenant_id: sea_orm::ActiveValue::NotSet,
                ancestor_id: Set(id),
                descendant_id: Set(id),
                depth: Set(0),
            };
            work.insert_technical::<industry_closure::Entity>(vec![own]).await?;
            id
        }
    };
    context.names.insert(key, id);
    Ok(id)
}
