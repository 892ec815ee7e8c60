//! Who the made-up journeys are about.

use entities::{
    account::{account, account_team_member, colleague, contact, contact_point, employment},
    codes::{
        AccessLevel, CampaignStatus, CampaignType, ContactPointKind, Discipline, Seniority, SizeBand, StageObject, Tier,
    },
    marketing::campaign,
    sales::stage_interval,
    tenant::queue_member,
};
use sea_orm::Set;
use uuid::Uuid;

use super::World;
use crate::{
    graph::Result,
    journey::{Event, EventKind, Journaled, Payload, Work},
};

/// How many accounts one transaction takes.
const AT_ONCE: u64 = 250;

const DISCIPLINES: [Discipline; 4] =
    [Discipline::Sales, Discipline::Marketing, Discipline::Service, Discipline::Technical];
const COUNTRIES: [&str; 6] = ["DE", "DE", "DE", "AT", "GB", "FR"];

impl World {
    /// Colleagues, with the subjects of their tokens, and campaigns.
    pub(super) async fn company(&mut self, seed: u64) -> Result<()> {
        let mut work = Work::begin(&self.cx).await?;
        let others = if seed == 1 { String::new() } else { format!("{seed}-") };
        let colleagues = (1..=24_usize).map(|nth| colleague::ActiveModel {
            subject: Set(Some(format!("colleague-{others}{nth}"))),
            name: Set(format!("Colleague {nth}")),
            email: Set(format!("colleague-{nth}@synthetic.example")),
            department: Set(DISCIPLINES[nth % DISCIPLINES.len()]),
            is_active: Set(true),
            ..Default::default()
        });
        let rows = work.insert_many::<colleague::Entity>(colleagues.collect()).await?;
        self.colleagues = rows.iter().map(|row| row.id).collect();
        let members = rows.iter().filter_map(|row| {
            let queue = match row.department {
                Discipline::Sales => self.inbox,
                Discipline::Service => self.desk,
                _ => None,
            };
            Some(queue_member::ActiveModel {
                queue_id: Set(queue?),
                colleague_id: Set(row.id),
                valid_from: Set(self.begin),
                ..Default::default()
            })
        });
        work.insert_many::<queue_member::Entity>(members.collect()).await?;
        let campaigns = (1..=16_usize).map(|nth| campaign::ActiveModel {
            name: Set(format!("Campaign {nth}")),
            campaign_type: Set(CampaignType::ALL[nth % CampaignType::ALL.len()]),
            status: Set(CampaignStatus::Active),
            owner_id: Set(self.colleagues.get(nth).copied()),
            ..Default::default()
        });
        let rows = work.insert_many::<campaign::Entity>(campaigns.collect()).await?;
        self.campaigns = rows.iter().map(|row| row.id).collect();
        work.commit().await?;
        Ok(())
    }

    /// Accounts with their contacts: the first have many, most have two or three.
    pub(super) async fn people(&mut self, accounts: u64) -> Result<()> {
        let mut done = 0;
        while done < accounts {
            let count = AT_ONCE.min(accounts - done);
            let (cx, mut rows) = (self.cx.clone(), Vec::new());
            let mut work = Work::begin(&cx).await?;
            for nth in done..done + count {
                rows.push(self.account(nth));
            }
            let rows = work.insert_many::<account::Entity>(rows).await?;
            staged::<account::Entity>(&mut work, StageObject::Account, "TARGET", &rows).await?;
            let mut people = Vec::new();
            for (nth, row) in (done..).zip(&rows) {
                self.accounts.push((row.id, u32::try_from(self.contacts.len() + people.len()).unwrap_or(u32::MAX)));
                for _ in 0..(48 / (nth + 1)).clamp(2, 48) + self.dice.below(2) {
                    people.push(self.contact(row));
                }
            }
            let people = work.insert_many::<contact::Entity>(people).await?;
            staged::<contact::Entity>(&mut work, StageObject::Lifecycle, "SUBSCRIBER", &people).await?;
            let begin = self.begin;
            let jobs = people.iter().filter_map(|row| {
                Some(employment::ActiveModel {
                    contact_id: Set(row.id),
                    account_id: Set(row.account_id?),
                    valid_from: Set(Some(begin)),
                    is_primary: Set(true),
                    ..Default::default()
                })
            });
            work.insert_many::<employment::Entity>(jobs.collect()).await?;
            let mails = people.iter().map(|row| contact_point::ActiveModel {
                contact_id: Set(Some(row.id)),
                account_id: Set(row.account_id),
                kind: Set(ContactPointKind::Email),
                value: Set(Some(format!("{}@synthetic.example", row.id.simple()))),
                is_primary: Set(true),
                ..Default::default()
            });
            work.insert_many::<contact_point::Entity>(mails.collect()).await?;
            let teams: Vec<_> = rows.iter().flat_map(|row| self.team(row)).collect();
            work.insert_many::<account_team_member::Entity>(teams).await?;
            self.contacts.extend(people.iter().map(|row| row.id));
            work.commit().await?;
            done += count;
        }
        Ok(())
    }

    /// One colleague of sales, one of marketing and one of service look after an account: each of the house's reaches a sixth of all.
    fn team(&mut self, account: &account::Model) -> Vec<account_team_member::ActiveModel> {
        let member = |place: usize, discipline: Discipline, colleague: Uuid| account_team_member::ActiveModel {
            account_id: Set(account.id),
            colleague_id: Set(colleague),
            discipline: Set(discipline),
            is_lead: Set(place == 0),
            access_account: Set(AccessLevel::Edit),
            access_marketing: Set(AccessLevel::Edit),
            access_sales: Set(AccessLevel::Edit),
            access_service: Set(AccessLevel::Edit),
            valid_from: Set(self.begin),
            valid_to: Set(None),
            ..Default::default()
        };
        let of_discipline = self.colleagues.len() / DISCIPLINES.len();
        let picked: Vec<usize> =
            (0..3).map(|_| usize::try_from(self.dice.below(of_discipline as u64)).unwrap_or(0)).collect();
        // The nth of the house, counted from 1, is of the discipline n mod 4.
        let colleague =
            |place: usize, nth: usize| self.colleagues.get(nth * DISCIPLINES.len() + (place + 3) % 4).copied();
        let team = DISCIPLINES.into_iter().zip(picked).enumerate();
        team.filter_map(|(place, (discipline, nth))| Some(member(place, discipline, colleague(place, nth)?))).collect()
    }

    fn account(&mut self, nth: u64) -> account::ActiveModel {
        let (tier, size) = match nth {
            0..5 => (Tier::Key, SizeBand::Enterprise),
            5..50 => (Tier::A, SizeBand::Large),
            50..500 => (Tier::B, SizeBand::Medium),
            _ => (Tier::C, SizeBand::Small),
        };
        account::ActiveModel {
            name: Set(format!("Account {}", nth + 1)),
            domains: Set(serde_json::json!([format!("account-{}.example", nth + 1)])),
            country: Set(self.dice.one_of(&COUNTRIES).map(str::to_owned)),
            tier: Set(Some(tier)),
            size_band: Set(Some(size)),
            lifecycle_stage: Set("TARGET".to_owned()),
            owner_id: Set(self.dice.one_of(&self.colleagues.clone())),
            ..Default::default()
        }
    }

    fn contact(&mut self, account: &account::Model) -> contact::ActiveModel {
        let given = self.dice.one_of(&["Anna", "Ben", "Clara", "David", "Emma", "Felix", "Grace", "Henry"]);
        let family = self.dice.one_of(&["Adler", "Brown", "Clark", "Dorn", "Evans", "Fuchs", "Green", "Huber"]);
        contact::ActiveModel {
            given_name: Set(given.map(str::to_owned)),
            family_name: Set(family.map(str::to_owned)),
            seniority: Set(self.dice.one_of(Seniority::ALL)),
            lifecycle_stage: Set("SUBSCRIBER".to_owned()),
            account_id: Set(Some(account.id)),
            ..Default::default()
        }
    }
}

/// The first stage of new rows, in one statement.
async fn staged<E: Journaled>(
    work: &mut Work<'_>,
    object_type: StageObject,
    stage: &str,
    rows: &[E::Model],
) -> Result<()> {
    let mut intervals = Vec::new();
    for row in rows {
        intervals.push(interval(work, object_type, E::id(row), stage, work.now()));
        let payload = Payload::Lifecycle {
            object_type: object_type.as_str().to_owned(),
            stage: stage.to_owned(),
            entered_at: None,
        };
        work.record(Event::of::<E>(EventKind::StageEntered, row, payload));
    }
    work.insert_technical::<stage_interval::Entity>(intervals).await
}

/// An interval that is open still.
pub(super) fn interval(
    work: &mut Work<'_>,
    object_type: StageObject,
    object_id: Uuid,
    stage: &str,
    entered_at: chrono::DateTime<chrono::Utc>,
) -> stage_interval::ActiveModel {
    stage_interval::ActiveModel {
        tenant_id: Set(work.tenant()),
        id: Set(work.fresh_id()),
        object_type: Set(object_type),
        object_id: Set(object_id),
        stage: Set(stage.to_owned()),
        entered_at: Set(entered_at),
        exited_at: Set(None),
        actor_id: Set(None),
        cause: Set(Some("generated".to_owned())),
        recorded_at: Set(work.now()),
    }
}
