//! Contacts.

use entities::{
    account::{contact, employment},
    codes::{BuyingRole, Seniority, StageObject},
};
use sea_orm::Set;
use uuid::Uuid;

use super::{
    super::{Followed, Known, New, Scene, plain},
    stages::Stages,
    ways::{self, ContactPointSetInput, Owner},
};
use crate::{
    graph::{Error, Result, language_patch, line_patch},
    journey::Work,
    synced,
};

synced! {
    /// What a source says of a contact: absent leaves, null clears.
    Contacts of Contact: contact::Entity as Contact;
    set ContactSetInput, row UpsertContactRowInput, input UpsertContactsInput;
    /// Creates and updates contacts, each known by its key in a source. Another `account` ends the old employment and begins a new one.
    mutation UpsertContacts, upsert_contacts, class N;
    fields {
        /// The given name, at most 255 characters.
        N given_name: String = given_name by line_patch;
        /// The family name, at most 255 characters. A new contact needs a family name, a given name or a way to be reached.
        N family_name: String = family_name by line_patch;
        /// How they wish to be addressed, at most 255 characters.
        N salutation: String = salutation by line_patch;
        /// The job title, at most 255 characters.
        N job_title: String = job_title by line_patch;
        /// The language that they prefer: BCP 47, such as `de`.
        P language: String = language by language_patch;
        /// How senior they are.
        P seniority: Seniority = seniority by plain;
        /// Their part in buying.
        P buying_role: BuyingRole = buying_role by plain;
        /// The stage of the person, by code or name; a new stage writes an interval. SUBSCRIBER unless said.
        P lifecycle_stage: String = lifecycle_stage by crate::graph::name_patch;
    }
    beside {
        /// Ways to reach them, at most 100.
        C contact_points: Vec<ContactPointSetInput>;
    }
    relations ContactRelationsInput {
        /// Where they work.
        P account: Account = account_id;
        /// The colleague who looks after them.
        P owner: Colleague = owner_id;
    }
    require [];
    lookup Stages;
    removable;
}

impl Contacts {
    async fn prepare(work: &mut Work<'_>, scene: &Scene<'_>, sets: &[&ContactSetInput]) -> Result<Stages> {
        Stages::load(work, scene, StageObject::Lifecycle, sets.iter().map(|set| &set.lifecycle_stage)).await
    }

    fn fill(
        stages: &Stages,
        _: &Scene<'_>,
        set: &ContactSetInput,
        held: Option<&contact::Model>,
        row: &mut contact::ActiveModel,
    ) -> Result<()> {
        if held.is_some_and(|held| held.erased_at.is_some()) {
            return Err(Error::user(
                crate::graph::UserErrorCode::StateConflict,
                "externalId",
                "this person was erased; nothing may be written about them",
            ));
        }
        if let Set(stage) = &row.lifecycle_stage {
            row.lifecycle_stage = Set(stages.code("set.lifecycleStage", stage)?);
        }
        let ways = set.contact_points.value().map(|ways| ways::checked(ways)).transpose()?.unwrap_or_default();
        if held.is_none() {
            let named = [&row.given_name, &row.family_name].into_iter().any(|name| matches!(name, Set(Some(_))));
            if !named && ways.iter().all(|way| way.value.is_none()) {
                return Err(Error::invalid("set.familyName", "a new contact needs a name or a way to be reached"));
            }
            if row.lifecycle_stage.is_not_set() {
                row.lifecycle_stage = Set("SUBSCRIBER".to_owned());
            }
        }
        Ok(())
    }

    async fn after(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        _: &Stages,
        new: &[New<Contacts>],
        known: &[Known<Contacts>],
    ) -> Result<Followed> {
        let staged: Vec<_> = new.iter().map(|new| (new.row.clone(), new.row.lifecycle_stage.clone())).collect();
        work.begin_stages::<contact::Entity>(StageObject::Lifecycle, &staged, "imported").await?;
        let entered =
            known.iter().filter(|known| known.rows.before.lifecycle_stage != known.rows.after.lifecycle_stage);
        let entered: Vec<_> =
            entered.map(|known| (known.rows.after.clone(), known.rows.after.lifecycle_stage.clone())).collect();
        if !entered.is_empty() {
            work.enter_stages::<contact::Entity>(StageObject::Lifecycle, &entered, "imported").await?;
        }
        let moved = known.iter().filter(|known| known.rows.before.account_id != known.rows.after.account_id);
        let moved: Vec<&contact::Model> = moved.map(|known| &known.rows.after).collect();
        change_employers(work, &moved).await?;
        // Since when a source's contact works there, nobody said.
        let jobs = new.iter().filter_map(|new| job(&new.row, None));
        let jobs = jobs.collect();
        work.insert_many::<employment::Entity>(jobs).await?;
        let said = |place: usize, set: &ContactSetInput, row: &contact::Model, is_new: bool| {
            let ways = ways::checked(set.contact_points.value()?).ok()?;
            Some((place, Owner { contact: Some(row.id), account: row.account_id, is_new }, ways))
        };
        let owners = new
            .iter()
            .filter_map(|new| said(new.place, &new.set, &new.row, true))
            .chain(known.iter().filter_map(|known| said(known.place, &known.set, &known.rows.after, false)))
            .collect();
        Ok(Followed { refused: Vec::new(), changed: ways::bring(work, scene, owners).await? })
    }
}

fn job(row: &contact::Model, since: Option<chrono::DateTime<chrono::Utc>>) -> Option<employment::ActiveModel> {
    Some(employment::ActiveModel {
        contact_id: Set(row.id),
        account_id: Set(row.account_id?),
        title: Set(row.job_title.clone()),
        valid_from: Set(since),
        is_primary: Set(true),
        ..Default::default()
    })
}

/// What was ends, what is begins; the ways to reach the people go along. Past events stay where they happened.
async fn change_employers(work: &mut Work<'_>, moved: &[&contact::Model]) -> Result<()> {
    if moved.is_empty() {
        return Ok(());
    }
    let now = work.now();
    let people: Vec<Uuid> = moved.iter().map(|row| row.id).collect();
    let jobs = work.following_many_unscoped::<employment::Entity>(employment::Column::ContactId, &people).await?;
    let over = jobs.into_iter().filter(|job| job.is_primary && job.valid_to.is_none()).map(|job| {
        let ended = employment::ActiveModel { valid_to: Set(Some(now)), is_primary: Set(false), ..Default::default() };
        (job, ended)
    });
    let over = over.collect();
    work.update_many::<employment::Entity>(over).await?;
    let pairs: Vec<(Uuid, Option<Uuid>)> = moved.iter().map(|row| (row.id, row.account_id)).collect();
    ways::move_along(work, &pairs).await?;
    let begun = moved.iter().filter_map(|row| job(row, Some(now))).collect();
    work.insert_many::<employment::Entity>(begun).await?;
    Ok(())
}
