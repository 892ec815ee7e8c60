//! Which questions the views answer.
//!
//! All answers lie in one database at once, for good, and whoever reads them lays them beside each other. What one question hides, another
//! must not tell. So there is one grain; each question tells figures apart by one dimension at most; and no dimension is a coarser
//! one of another. Then the questions about a metric have nothing in common but the totals of buckets, which the engine takes for known
//! anyhow when it hides (`numbers::suppress`). A period is asked about in whole years (months, where buckets are days), because the engine
//! looks at each group beside each.

use std::{collections::HashMap, fmt, str::FromStr};

use chrono::{Datelike, NaiveDate};

use crate::{
    analytics::flat::{Dimension, Grain, Metric, Question},
    bi::scene::Scene,
    graph::{Cx, Result},
};

/// The dimensions of a grant that names none.
pub const DEFAULT_BY: &str = "CAMPAIGN,CHANNEL,INDUSTRY,COUNTRY,PIPELINE,BOUNDARY,REASON,PRIORITY,COST_KIND";

/// Dimensions of which the second follows from the first: what is hidden by one could be computed with the other.
const RELATED: [(Dimension, Dimension); 5] = [
    (Dimension::Campaign, Dimension::CampaignType),
    (Dimension::Channel, Dimension::ChannelGroup),
    (Dimension::Region, Dimension::Country),
    (Dimension::Stage, Dimension::Pipeline),
    (Dimension::Reason, Dimension::Outcome),
];

/// By what figures are told apart, each by itself; beside them stand those that nothing tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By(Vec<Dimension>);

impl FromStr for By {
    type Err = String;

    fn from_str(text: &str) -> Result<By, String> {
        let mut by: Vec<Dimension> = Vec::new();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let Some(dimension) = Dimension::named(name) else {
                let all = Dimension::ALL.iter().filter(|dimension| !dimension.is_personal());
                let all: Vec<String> = all.map(|dimension| dimension.name()).collect();
                return Err(format!("there is no {name}; there are {}", all.join(", ")));
            };
            if dimension.is_personal() {
                return Err(format!("{name} names customers or colleagues, and whoever reads no rows never sees them"));
            }
            if by.contains(&dimension) {
                return Err(format!("{name} twice"));
            }
            by.push(dimension);
        }
        let both = |(one, other): &&(Dimension, Dimension)| by.contains(one) && by.contains(other);
        match RELATED.iter().find(both) {
            Some((one, other)) => Err(format!(
                "either {} or {}: what is hidden in one could be computed with the other",
                one.name(),
                other.name()
            )),
            None => Ok(By(by)),
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(|dimension| dimension.name()).collect();
        f.write_str(&names.join(","))
    }
}

/// The grain of a name: one into which years divide.
///
/// # Errors
/// It is none of them.
pub fn grain(name: &str) -> Result<Grain, String> {
    let grain = Grain::named(name);
    grain.filter(|grain| GRAINS.contains(grain)).ok_or_else(|| "DAY, MONTH, QUARTER or YEAR".to_owned())
}

const GRAINS: [Grain; 4] = [Grain::Day, Grain::Month, Grain::Quarter, Grain::Year];

/// Which questions are answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cuts {
    /// How long a bucket is.
    pub grain: Grain,
    /// By what figures are told apart.
    pub by: By,
    /// About how many years, this one being the last.
    pub years: u32,
}

/// A question about one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The metric.
    pub metric: Metric,
    /// By what it is told apart, beside time.
    pub by: Option<Dimension>,
    /// How long a bucket is.
    pub grain: Grain,
    /// The first day.
    pub from: NaiveDate,
    /// The first day after it.
    pub to: NaiveDate,
}

impl Asked {
    /// As `/bi/v1/bi_metric` takes it, in the order of an address.
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        let mut arguments = vec![("metrics", self.metric.code().to_owned())];
        arguments.extend(self.by.map(|by| ("by", by.name())));
        arguments.extend([("grain", self.grain.name()), ("from", self.from.to_string()), ("to", self.to.to_string())]);
        arguments
    }

    /// The same as the arguments of an address.
    pub fn address(&self) -> String {
        let said: Vec<String> = self.arguments().into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        said.join("&")
    }

    /// The same for [`Scene::of`].
    pub fn named(&self) -> HashMap<String, String> {
        self.arguments().into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

fn first_of(year: i32, month: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, 1).unwrap_or_default()
}

impl Cuts {
    /// The periods, each of which is asked about by itself.
    fn periods(&self, today: NaiveDate) -> Vec<(NaiveDate, NaiveDate)> {
        let last = today.year();
        let first = last.saturating_sub_unsigned(self.years.max(1) - 1);
        let months = |year: i32| (1..=12).map(move |month| (first_of(year, month), next_month(year, month)));
        match self.grain {
            Grain::Day => (first..=last).flat_map(months).filter(|(from, _)| *from <= today).collect(),
            _ => (first..=last).map(|year| (first_of(year, 1), first_of(year + 1, 1))).collect(),
        }
    }

    /// Every question that the caller may ask.
    pub fn questions(&self, cx: &Cx, scene: &Scene) -> Result<Vec<Asked>> {
        let mut asked = Vec::new();
        for by in std::iter::once(None).chain(self.by.0.iter().copied().map(Some)) {
            let all = Question {
                metrics: Vec::new(),
                by: by.into_iter().collect(),
                grain: self.grain,
                from: scene.now,
                to: scene.now,
                timezone: scene.calendar.zone.name().to_owned(),
                currency: scene.currency.clone(),
            };
            for metric in all.metrics(cx)? {
                for (from, to) in self.periods(scene.calendar.date_of(scene.now)) {
                    asked.push(Asked { metric, by, grain: self.grain, from, to });
                }
            }
        }
        Ok(asked)
    }
}

fn next_month(year: i32, month: u32) -> NaiveDate {
    match month {
        12 => first_of(year + 1, 1),
        _ => first_of(year, month + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_give_away_what_is_hidden_is_refused() {
        let by: By = DEFAULT_BY.parse().unwrap();
        assert_eq!(by.to_string(), DEFAULT_BY);
        assert_eq!(" COUNTRY, ,TIER ".parse::<By>().unwrap().to_string(), "COUNTRY,TIER");
        assert_eq!("".parse::<By>().unwrap(), By(Vec::new()));
        for (text, says) in [
            ("LUCK", "there is no LUCK; there are INDUSTRY, COUNTRY"),
            ("ACCOUNT", "never sees them"),
            ("CHANNEL,OWNER", "never sees them"),
            ("TIER,TIER", "TIER twice"),
            ("CAMPAIGN_TYPE,TIER,CAMPAIGN", "either CAMPAIGN or CAMPAIGN_TYPE"),
            ("PIPELINE,STAGE", "either STAGE or PIPELINE"),
        ] {
            let message = text.parse::<By>().unwrap_err();
            assert!(message.contains(says), "{text}: {message}");
        }
        assert_eq!(grain("QUARTER"), Ok(Grain::Quarter));
        for name in ["HOUR", "WEEK", "FISCAL_YEAR", "month", ""] {
            assert_eq!(grain(name), Err("DAY, MONTH, QUARTER or YEAR".to_owned()), "{name}");
        }
    }

    #[test]
    fn periods_are_whole_years_or_months_up_to_now() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let periods = |grain, years| Cuts { grain, by: By(Vec::new()), years }.periods(day("2026-02-28"));
        assert_eq!(
            periods(Grain::Month, 2),
            [(day("2025-01-01"), day("2026-01-01")), (day("2026-01-01"), day("2027-01-01"))]
        );
        let months = periods(Grain::Day, 2);
        assert_eq!(months.len(), 14);
        assert_eq!(
            months[11..],
            [
                (day("2025-12-01"), day("2026-01-01")),
                (day("2026-01-01"), day("2026-02-01")),
                (day("2026-02-01"), day("2026-03-01"))
            ]
        );
    }
}
