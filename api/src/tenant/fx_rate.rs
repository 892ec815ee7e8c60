//! The exchange rate: what one currency was worth in another on one day. Conversions take the latest rate on or before their day.

use async_graphql::{Context, Object};
use chrono::{Datelike, NaiveDate};
use entities::sync::fx_rate;
use rust_decimal::Decimal;
use sea_orm::Set;

use crate::{
    graph::{Cx, DateFilter, Error, GlobalId, Kind, Result, TextFilter, is_currency},
    input,
    journey::{Work, attempt},
    listed, object, payload,
    policy::access,
    removal,
};

/// How many decimals a rate has: the row holds it in billionths, because SQLite has no exact decimals.
const DECIMALS: u32 = 9;

object! {
    /// What one currency was worth in another on one day.
    FxRate(fx_rate::Entity) as Reference, id FxRate {
        /// The currency of which one unit is priced, ISO 4217.
        P base: String = |row| row.base.clone();
        /// The currency of the price, ISO 4217.
        P quote: String = |row| row.quote.clone();
        /// The day.
        P date: NaiveDate = |row| row.rate_date;
        /// Units of `quote` for one `base`, exact, with at most 9 decimals.
        P rate: Decimal = |row| Decimal::new(row.rate_nano, DECIMALS).normalize();
    }
}

input! {
    /// A new rate.
    CreateFxRateInput for Reference {
        /// The currency of which one unit is priced, ISO 4217.
        P base: String;
        /// The currency of the price, another one.
        P quote: String;
        /// The day, from 1970 on. There is one rate of a pair a day.
        P date: NaiveDate;
        /// Units of `quote` for one `base`: above 0, at most 9 decimals, below 9 billion.
        P rate: Decimal;
    }
}

input! {
    /// A correction of a rate. Another pair or day is another rate.
    UpdateFxRateInput for Reference {
        /// Units of `quote` for one `base`: above 0, at most 9 decimals, below 9 billion.
        P rate: Decimal;
    }
    plain {
        /// Which rate.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `createFxRate` answers.
    CreateFxRatePayload {
        /// The new rate; null if it was refused.
        fx_rate: FxRate
    }
}

payload! {
    /// What `updateFxRate` answers.
    UpdateFxRatePayload {
        /// The corrected rate; null if it was refused.
        fx_rate: FxRate
    }
}

/// Enters a rate.
pub async fn create(cx: &Cx, input: CreateFxRateInput) -> Result<FxRate> {
    let written = input.written();
    let CreateFxRateInput { base, quote, date, rate } = input;
    for (path, code) in [("base", &base), ("quote", &quote)] {
        if !is_currency(code) {
            return Err(Error::invalid(path, "an ISO 4217 code in capitals, such as EUR"));
        }
    }
    if base == quote {
        return Err(Error::invalid("quote", "a currency is always worth itself"));
    }
    if !(1970..=9999).contains(&date.year()) {
        return Err(Error::invalid("date", "a day from 1970 on"));
    }
    let mut work = Work::begin(cx).await?;
    let row = fx_rate::ActiveModel {
        base: Set(base),
        quote: Set(quote),
        rate_date: Set(date),
        rate_nano: Set(billionths(rate)?),
        ..Default::default()
    };
    let row = work.insert_unique::<fx_rate::Entity>("date", row).await?;
    let seen = work.reached::<fx_rate::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(FxRate(seen))
}

/// Corrects a rate.
pub async fn update(cx: &Cx, input: UpdateFxRateInput) -> Result<FxRate> {
    let written = input.written();
    let UpdateFxRateInput { id, if_version, rate } = input;
    let id = id.named("id", Kind::FxRate)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<fx_rate::Entity>(id, if_version, &written).await?;
    let row = fx_rate::ActiveModel { rate_nano: Set(billionths(rate)?), ..Default::default() };
    work.update::<fx_rate::Entity>(&seen, row).await?;
    let seen = work.reached::<fx_rate::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(FxRate(seen))
}

fn billionths(rate: Decimal) -> Result<i64> {
    let whole = rate.checked_mul(Decimal::from(10_i64.pow(DECIMALS))).filter(|whole| whole.fract().is_zero());
    let nano = whole.and_then(|whole| i64::try_from(whole.normalize().trunc().mantissa()).ok());
    nano.filter(|nano| *nano > 0).ok_or_else(|| Error::invalid("rate", "above 0, at most 9 decimals, below 9 billion"))
}

listed! {
    /// One exchange rate; null if there is none that you may see.
    fx_rate,
    /// The exchange rates, oldest entry first unless sorted.
    fx_rates: FxRate(fx_rate::Entity) as Reference, id FxRate, Rising;
    query FxRateQuery, filter FxRateFilter, sort FxRateSort {
        /// By the currency that is priced.
        P base: TextFilter = Base;
        /// By the currency of the price.
        P quote: TextFilter = Quote;
        /// By day.
        P date: DateFilter = RateDate;
    }
}

removal! {
    /// Takes a wrong rate away: conversions go back to the one before it.
    delete_fx_rate: fx_rate::Entity as Reference, class P rate;
    mutation FxRateRemoval, input DeleteFxRateInput, payload DeleteFxRatePayload;
}

/// Entering exchange rates.
#[derive(Default)]
pub struct FxRateMutation;

#[Object]
impl FxRateMutation {
    /// Enters the rate of a pair of currencies on a day. DUPLICATE if there is one. Event: `record.created`.
    #[graphql(directive = access::apply("Reference".into(), "P".into(), true))]
    async fn create_fx_rate(&self, ctx: &Context<'_>, input: CreateFxRateInput) -> Result<CreateFxRatePayload> {
        let cx = Cx::of(ctx);
        CreateFxRatePayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Corrects a rate. Event: `record.updated`.
    #[graphql(directive = access::apply("Reference".into(), "P".into(), true))]
    async fn update_fx_rate(&self, ctx: &Context<'_>, input: UpdateFxRateInput) -> Result<UpdateFxRatePayload> {
        let cx = Cx::of(ctx);
        UpdateFxRatePayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
