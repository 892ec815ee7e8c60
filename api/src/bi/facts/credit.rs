//! The credit of touches for what was reached, as `analytics.attribution` gives it, row by row.

use uuid::Uuid;

use crate::{
    analytics::credit::{CreditLine, Feed, Place},
    bi::{
        cell::{
            Cell,
            Form::{self, Code, Flag, Id, Integer, Time},
            Row,
        },
        dataset::{Dataset, Field, Make, Origin, Source},
        scene::Scene,
    },
    graph::{Cx, GlobalId, Kind, Result},
};

macro_rules! columns {
    (keys { $($(#[doc = $key_doc:literal])* $key:ident: $key_form:expr;)* } columns { $($(#[doc = $doc:literal])* $name:ident: $form:expr;)* } made { $($(#[doc = $made_doc:literal])* $made:ident: $made_form:expr => $make:expr;)* }) => {
        &[
            $(Field { name: stringify!($key), form: $key_form, doc: concat!($($key_doc),*), origin: Origin::Key },)*
            $(Field { name: stringify!($name), form: $form, doc: concat!($($doc),*), origin: Origin::Row },)*
            $(Field { name: stringify!($made), form: $made_form, doc: concat!($($made_doc),*), origin: Origin::Made($make) },)*
        ]
    };
}

/// What one conversion gives to one touch under one model.
pub const CREDIT: Dataset = Dataset {
    name: "fact_credit",
    doc: " What one conversion gives to one touch under one model: attribution by account, with a look-back of 90 days, row by row. Every model that answers for one conversion (not MARKOV, not CUSTOM); touches that get nothing have no row. The conversions are those that you reach yourself, their credit that of `analytics.attribution`. A conversion whose amount has no exchange rate has no row.",
    fields: columns! {
        keys {
            /// CLOSED_WON, LEAD_CREATED, MQL, OPPORTUNITY_CREATED or ORDER.
            conversion_kind: Code;
            /// The id of the lead, the opportunity or the order, without its prefix.
            conversion_id: Form::Uuid;
            /// The model.
            model: Code;
            /// The place of the touch on the path, from 1; 0 where no touch gets it.
            place: Integer;
        }
        columns {
            /// When it converted.
            converted_at: Time;
            /// The lead that converted; null for other kinds.
            lead_id: Id(Kind::Lead);
            /// The opportunity that converted; null for other kinds.
            opportunity_id: Id(Kind::Opportunity);
            /// The order that converted; null for other kinds.
            order_id: Id(Kind::Order);
            /// The customer.
            account_id: Id(Kind::Account);
            /// The touch of marketing.
            touchpoint_id: Id(Kind::Touchpoint);
            /// The call, mail, chat or visit.
            activity_id: Id(Kind::Activity);
            /// The meeting.
            meeting_id: Id(Kind::Meeting);
            /// When it happened; null where no touch gets it.
            touched_at: Time;
            /// Whether it is a touch of sales; null where no touch gets it.
            is_sales_touch: Flag;
            /// The channel; null where it has none, as UNATTRIBUTED has.
            channel_id: Id(Kind::Channel);
            /// The campaign; of PRIMARY_SOURCE that of the deal.
            campaign_id: Id(Kind::Campaign);
            /// Whether no touch gets it: the row UNATTRIBUTED, where no campaign gets it either.
            is_unattributed: Flag;
            /// What it gets, in the asked currency. Over the rows of a conversion and an additive model it is the conversion's value, to the minor unit.
            value: Form::Decimal;
            /// The asked currency.
            currency: Code;
            /// Which part of the conversion it gets, in billionths: over the rows of a conversion and an additive model 1,000,000,000.
            billionths: Integer;
            /// Whether the rows of the model may be added up; not those of INFLUENCED.
            is_additive: Flag;
        }
        made {
            /// The day on which it converted, or another bucket, by `grain` and `timezone`.
            bucket: Code => Make::Bucket("converted_at");
        }
    },
    dated: Some("converted_at"),
    source: Source::Credit,
};

/// The credit of the scene's period, after a place.
pub fn feed(scene: &Scene, after: Option<&[Cell]>) -> Option<Feed> {
    let after = match after {
        None => None,
        Some([Cell::Text(kind), Cell::Uuid(conversion), Cell::Text(model), Cell::Integer(nth)]) => {
            let place: Place = (kind.clone(), *conversion, model.clone(), *nth);
            Some(place)
        }
        Some(_) => return None,
    };
    let (from, to) = scene.span();
    Some(Feed::of(from, to, scene.currency.clone(), after))
}

/// The next rows, at most `limit`; none at the end.
pub async fn next(cx: &Cx, scene: &Scene, feed: &mut Feed, limit: u64) -> Result<Vec<Row>> {
    let lines = Box::pin(feed.next(cx, limit)).await?;
    Ok(lines.into_iter().map(|line| row(scene, line)).collect())
}

fn row(scene: &Scene, line: CreditLine) -> Row {
    let id = |kind: Kind| Some(line.conversion).filter(|id| id.kind == kind);
    let touch = |kind: Kind| line.touch.filter(|id| id.kind == kind);
    let uuid = |kind: Kind, uuid: Option<Uuid>| uuid.map(|uuid| GlobalId::new(kind, uuid));
    let (kind, conversion, model, place) = line.place;
    // In the order of the fields.
    vec![
        kind.into(),
        conversion.into(),
        model.into(),
        place.into(),
        line.at.into(),
        id(Kind::Lead).into(),
        id(Kind::Opportunity).into(),
        id(Kind::Order).into(),
        uuid(Kind::Account, line.account).into(),
        touch(Kind::Touchpoint).into(),
        touch(Kind::Activity).into(),
        touch(Kind::Meeting).into(),
        line.touched_at.into(),
        line.of_sales.into(),
        uuid(Kind::Channel, line.channel).into(),
        uuid(Kind::Campaign, line.campaign).into(),
        (place == 0 && line.campaign.is_none()).into(),
        line.value.into(),
        scene.currency.as_str().into(),
        line.billionths.into(),
        line.additive.into(),
        scene.label(line.at).into(),
    ]
}
