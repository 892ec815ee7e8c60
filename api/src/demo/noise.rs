//! What goes on in the market without anybody of the company doing it: clicks, visits, downloads, mails that are opened. A week
//! at a time, in one batch, as the web tracking delivers it.

use async_graphql::Value;
use chrono::{DateTime, Duration, Utc};

use super::{
    cast::MACHINE,
    routine::Routine,
    teller::{Teller, said},
};
use crate::{cli::told, marketing::record};

/// How many touches a week has.
const A_WEEK: usize = 36;

/// A campaign that runs, and how people meet it.
pub(super) struct Running {
    /// The campaign.
    pub(super) id: String,
    /// The code that its links carry.
    pub(super) code: &'static str,
    /// From when.
    pub(super) from: DateTime<Utc>,
    /// Until when.
    pub(super) to: DateTime<Utc>,
    /// Interaction, channel and page, as often as they are listed.
    pub(super) ways: &'static [(&'static str, &'static str, &'static str)],
    /// What is downloaded.
    pub(super) content: Option<String>,
    /// The industry whose people it aims at: the beginning of its code.
    pub(super) industry: &'static str,
}

/// Whom a touch may be with.
#[derive(Clone)]
pub(super) struct Reader {
    /// The contact.
    pub(super) contact: String,
    /// The colleague who looks after the company.
    pub(super) owner: &'static str,
    /// The code of the company's industry.
    pub(super) industry: &'static str,
    /// Whether mails may go there.
    pub(super) consented: bool,
}

/// What goes on.
pub(super) struct Noise {
    week: DateTime<Utc>,
    /// The campaigns.
    pub(super) campaigns: Vec<Running>,
    /// The people, those who are met more often first.
    pub(super) readers: Vec<Reader>,
    /// What is left over from last week.
    pub(super) routine: Routine,
}

impl Noise {
    pub(super) fn new(begin: DateTime<Utc>) -> Noise {
        Noise {
            week: begin + Duration::days(7),
            campaigns: Vec::new(),
            readers: Vec::new(),
            routine: Routine::default(),
        }
    }

    /// The end of the next week that is over at `to`.
    pub(super) fn next_week(&mut self, to: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let week = self.week;
        (week <= to).then(|| {
            self.week = week + Duration::days(7);
            week
        })
    }
}

impl Teller {
    /// Records the touches of the week that is over.
    pub(super) async fn noise_of_week(&self) -> anyhow::Result<()> {
        let end = self.noise.week - Duration::days(7);
        let running: Vec<&Running> =
            self.noise.campaigns.iter().filter(|one| one.from < end && end < one.to + Duration::days(7)).collect();
        if running.is_empty() || self.noise.readers.is_empty() {
            return Ok(());
        }
        let mut touches = Vec::new();
        for nth in 0..A_WEEK {
            let campaign = running[self.dice(running.len())];
            let (interaction, channel, page) = campaign.ways[self.dice(campaign.ways.len())];
            let Some(reader) = self.reader(campaign, interaction) else { continue };
            // Working hours, mostly.
            let at = end - Duration::days(1 + self.dice(6) as i64) + Duration::minutes(self.dice(600) as i64);
            let Some(touch) = self.touch(campaign, interaction, channel, page, at) else { continue };
            let Value::Object(mut touch) = touch else { continue };
            // Every twelfth is somebody whose name nobody knows.
            let visitor = &self.cast.visitors[self.dice(self.cast.visitors.len())];
            match nth % 12 {
                0 if page.starts_with('/') => {
                    touch.insert(async_graphql::Name::new("visitorId"), visitor.clone().into())
                }
                _ => touch.insert(async_graphql::Name::new("contactId"), reader.contact.clone().into()),
            };
            touches.push(Value::Object(touch));
        }
        let cx = self.by(MACHINE)?;
        let input = said(async_graphql::value!({ "touchpoints": touches }))?;
        record::many(&cx, input).await.map_err(told)?;
        Ok(())
    }

    /// Somebody whom the campaign may have met. A few are met far more often than the others.
    pub(super) fn reader(&self, campaign: &Running, interaction: &str) -> Option<&Reader> {
        (0..20).find_map(|_| {
            let among = 1 + self.dice(self.noise.readers.len());
            let reader = self.noise.readers.get(self.dice(among))?;
            let by_mail = interaction.starts_with("EMAIL");
            (reader.industry.starts_with(campaign.industry) && (reader.consented || !by_mail)).then_some(reader)
        })
    }

    fn touch(
        &self,
        campaign: &Running,
        interaction: &str,
        channel: &str,
        page: &str,
        at: DateTime<Utc>,
    ) -> Option<Value> {
        let channel_id = self.cast.channels.get(channel)?;
        let content = (interaction == "CONTENT_DOWNLOADED").then_some(campaign.content.as_deref()).flatten();
        let page = (!page.is_empty()).then(|| format!("https://www.brandt-maschinenbau.example{page}"));
        let utm = page.is_some().then_some(campaign.code);
        Some(async_graphql::value!({
            "interaction": interaction, "occurredAt": at, "campaignId": (&campaign.id), "channelId": channel_id,
            "contentAssetId": content, "pageUrl": page, "utmCampaign": utm, "utmSource": (channel.to_lowercase()),
        }))
    }
}
