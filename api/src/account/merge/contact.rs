//! Two contacts that are one person.

use std::collections::{HashMap, HashSet};

use entities::{
    account::{consent, contact, contact_point, employment, identity},
    codes::{ConsentPurpose, ConsentState, ContactPointKind, SubjectType},
    sales::{meeting_attendee, opportunity_contact},
};
use sea_orm::{ColumnTrait, Set, sea_query::Condition};
use uuid::Uuid;

use super::{
    Mergeable,
    choices::{choose, choose_object},
    graphql::ContactMergeChoicesInput,
    image::Image,
};
use crate::{
    graph::Result,
    journey::{Journaled, Work},
};

impl Mergeable for contact::Entity {
    const SUBJECT: SubjectType = SubjectType::Contact;
    const KEYS: &'static str = "contact";
    type Choices = ContactMergeChoicesInput;

    async fn settle(
        work: &mut Work<'_>,
        image: &mut Image,
        survivor: &contact::Model,
        merged: &contact::Model,
    ) -> Result<()> {
        let (to, from) = (survivor.id, merged.id);
        Box::pin(points(
            work,
            image,
            contact_point::Column::ContactId.eq(to),
            contact_point::Column::ContactId.eq(from),
        ))
        .await?;
        Box::pin(identities(work, image, SubjectType::Contact, to, from)).await?;
        Box::pin(consents(work, image, to, from)).await?;

        let of = |id: Uuid| Condition::all().add(employment::Column::ContactId.eq(id));
        let ours = standing::<employment::Entity>(work, of(to)).await?;
        let employers: HashSet<Uuid> =
            ours.iter().filter(|job| job.valid_to.is_none()).map(|job| job.account_id).collect();
        for job in standing::<employment::Entity>(work, of(from)).await? {
            if job.valid_to.is_none() && employers.contains(&job.account_id) {
                image.remove::<employment::Entity>(work, &job).await?;
            }
        }
        let of = |id: Uuid| Condition::all().add(opportunity_contact::Column::ContactId.eq(id));
        let ours = standing::<opportunity_contact::Entity>(work, of(to)).await?;
        let parts: HashSet<_> = ours.iter().map(|part| (part.opportunity_id, part.role)).collect();
        for part in standing::<opportunity_contact::Entity>(work, of(from)).await? {
            if parts.contains(&(part.opportunity_id, part.role)) {
                image.remove::<opportunity_contact::Entity>(work, &part).await?;
            }
        }
        let of = |id: Uuid| Condition::all().add(meeting_attendee::Column::ContactId.eq(id));
        let ours = standing::<meeting_attendee::Entity>(work, of(to)).await?;
        let meetings: HashSet<Uuid> = ours.iter().map(|guest| guest.meeting_id).collect();
        for guest in standing::<meeting_attendee::Entity>(work, of(from)).await? {
            if meetings.contains(&guest.meeting_id) {
                image.remove::<meeting_attendee::Entity>(work, &guest).await?;
            }
        }
        Ok(())
    }

    fn chosen(
        survivor: &contact::Model,
        merged: &contact::Model,
        choices: &ContactMergeChoicesInput,
    ) -> contact::ActiveModel {
        use contact::Column as C;
        let mut row = contact::ActiveModel::default();
        for (column, side) in [
            (C::GivenName, choices.given_name),
            (C::FamilyName, choices.family_name),
            (C::Salutation, choices.salutation),
            (C::JobTitle, choices.job_title),
            (C::Language, choices.language),
            (C::Seniority, choices.seniority),
            (C::BuyingRole, choices.buying_role),
            (C::OwnerId, choices.owner),
            (C::AccountId, choices.account),
        ] {
            choose::<contact::Entity>(&mut row, survivor, merged, &[column], side);
        }
        choose_object::<contact::Entity>(&mut row, survivor, merged, C::Custom, choices.custom);
        row
    }

    /// One main employer, and the ways to reach the person under the account that the person is under.
    async fn follow(work: &mut Work<'_>, image: &mut Image, survivor: &contact::Model) -> Result<()> {
        let jobs = Condition::all().add(employment::Column::ContactId.eq(survivor.id));
        let mut main: Vec<employment::Model> = standing::<employment::Entity>(work, jobs).await?;
        main.retain(|job| job.is_primary && job.valid_to.is_none());
        let stays = main.iter().find(|job| Some(job.account_id) == survivor.account_id).or(main.first());
        let stays = stays.map(|job| job.id);
        for job in main.iter().filter(|job| Some(job.id) != stays) {
            let second = employment::ActiveModel { is_primary: Set(false), ..Default::default() };
            image.change::<employment::Entity>(work, job, second).await?;
        }
        let ways = Condition::all().add(contact_point::Column::ContactId.eq(survivor.id));
        for point in standing::<contact_point::Entity>(work, ways).await? {
            let under = contact_point::ActiveModel { account_id: Set(survivor.account_id), ..Default::default() };
            image.change::<contact_point::Entity>(work, &point, under).await?;
        }
        Ok(())
    }

    fn alias() -> contact::ActiveModel {
        contact::ActiveModel { owner_id: Set(None), ..Default::default() }
    }

    fn is_erased(row: &contact::Model) -> bool {
        row.erased_at.is_some()
    }
}

/// The rows that stand, whoever sees them.
pub(super) async fn standing<E: Journaled>(work: &Work<'_>, mut which: Condition) -> Result<Vec<E::Model>> {
    if let Some(deleted) = E::DELETED {
        which = which.add(deleted.is_null());
    }
    work.naming_unscoped::<E>(which).await
}

/// A way that both have is there once, the survivor's; and of each kind one stays the first choice.
pub(super) async fn points(
    work: &mut Work<'_>,
    image: &mut Image,
    to: sea_orm::sea_query::Expr,
    from: sea_orm::sea_query::Expr,
) -> Result<()> {
    let key = |point: &contact_point::Model| {
        let value = point.value_hash.clone().or_else(|| point.value.as_ref().map(|value| value.to_lowercase()))?;
        Some((point.kind, value))
    };
    let ours = standing::<contact_point::Entity>(work, Condition::all().add(to)).await?;
    let held: HashSet<(ContactPointKind, String)> = ours.iter().filter_map(key).collect();
    let first: HashSet<ContactPointKind> =
        ours.iter().filter(|point| point.is_primary).map(|point| point.kind).collect();
    for point in standing::<contact_point::Entity>(work, Condition::all().add(from)).await? {
        if key(&point).is_some_and(|key| held.contains(&key)) {
            image.remove::<contact_point::Entity>(work, &point).await?;
        } else if point.is_primary && first.contains(&point.kind) {
            let second = contact_point::ActiveModel { is_primary: Set(false), ..Default::default() };
            image.change::<contact_point::Entity>(work, &point, second).await?;
        }
    }
    Ok(())
}

/// A value that recognises both counts once.
pub(super) async fn identities(
    work: &mut Work<'_>,
    image: &mut Image,
    ty: SubjectType,
    to: Uuid,
    from: Uuid,
) -> Result<()> {
    let of = |id: Uuid| {
        Condition::all()
            .add(identity::Column::SubjectType.eq(ty))
            .add(identity::Column::SubjectId.eq(id))
            .add(identity::Column::ValidTo.is_null())
    };
    let ours = work.naming_unscoped::<identity::Entity>(of(to)).await?;
    let held: HashSet<_> = ours.iter().map(|value| (value.kind, value.value_hash.clone())).collect();
    for value in work.naming_unscoped::<identity::Entity>(of(from)).await? {
        if held.contains(&(value.kind, value.value_hash.clone())) {
            let over = identity::ActiveModel { valid_to: Set(Some(work.now())), ..Default::default() };
            image.change::<identity::Entity>(work, &value, over).await?;
        }
    }
    Ok(())
}

/// What the person said last counts, whichever of the two said it: a consent of the one ends where the other refused or took it back
/// since.
async fn consents(work: &mut Work<'_>, image: &mut Image, to: Uuid, from: Uuid) -> Result<()> {
    let now = work.now();
    let of = Condition::all().add(consent::Column::ContactId.is_in([to, from]));
    let mut by_use: HashMap<(ConsentPurpose, Option<ContactPointKind>), Vec<consent::Model>> = HashMap::new();
    for row in work.naming_unscoped::<consent::Entity>(of).await? {
        by_use.entry((row.purpose, row.channel)).or_default().push(row);
    }
    for rows in by_use.into_values() {
        let given = |row: &consent::Model| row.state == ConsentState::Given && row.valid_to.is_none_or(|to| to > now);
        let refused = |row: &consent::Model| matches!(row.state, ConsentState::Denied | ConsentState::Withdrawn);
        // A refusal was said when it began; what was taken back, when it ended.
        let said = |row: &consent::Model| match row.state {
            ConsentState::Withdrawn => row.valid_to.unwrap_or(row.valid_from),
            _ => row.valid_from,
        };
        for row in rows.iter().filter(|row| given(row)) {
            let other = |no: &&consent::Model| no.contact_id != row.contact_id && refused(no) && said(no) >= said(row);
            if rows.iter().any(|no| other(&no)) {
                let over = consent::ActiveModel { valid_to: Set(Some(now)), ..Default::default() };
                image.change::<consent::Entity>(work, row, over).await?;
            }
        }
    }
    Ok(())
}
