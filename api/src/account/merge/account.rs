//! Two accounts that are one company.

use std::collections::HashSet;

use entities::{
    account::{account, account_team_member, contact_point, employment},
    codes::{AccessLevel, SubjectType},
};
use sea_orm::{
    ColumnTrait, Set,
    sea_query::{Condition, ExprTrait},
};
use uuid::Uuid;

use super::{
    Mergeable,
    choices::{choose, choose_object},
    contact::{identities, points, standing},
    graphql::AccountMergeChoicesInput,
    image::Image,
};
use crate::{graph::Result, journey::Work};

impl Mergeable for account::Entity {
    const SUBJECT: SubjectType = SubjectType::Account;
    const KEYS: &'static str = "account";
    type Choices = AccountMergeChoicesInput;

    async fn settle(
        work: &mut Work<'_>,
        image: &mut Image,
        survivor: &account::Model,
        merged: &account::Model,
    ) -> Result<()> {
        let (to, from) = (survivor.id, merged.id);
        // Of the company itself: a person's ways are the person's.
        let own = |id: Uuid| contact_point::Column::AccountId.eq(id).and(contact_point::Column::ContactId.is_null());
        Box::pin(points(work, image, own(to), own(from))).await?;
        Box::pin(identities(work, image, SubjectType::Account, to, from)).await?;
        Box::pin(team(work, image, to, from)).await?;

        let of = |id: Uuid| {
            Condition::all().add(employment::Column::AccountId.eq(id)).add(employment::Column::ValidTo.is_null())
        };
        let mut ours = standing::<employment::Entity>(work, of(to)).await?;
        for job in standing::<employment::Entity>(work, of(from)).await? {
            let Some(same) = ours.iter_mut().find(|held| held.contact_id == job.contact_id) else { continue };
            image.remove::<employment::Entity>(work, &job).await?;
            if job.is_primary && !same.is_primary {
                let main = employment::ActiveModel { is_primary: Set(true), ..Default::default() };
                *same = image.change::<employment::Entity>(work, same, main).await?;
            }
        }
        // A daughter that takes its mother in belongs to whom the mother belonged to; nobody belongs to itself.
        if survivor.parent_id == Some(from) {
            let above = merged.parent_id.filter(|above| *above != to);
            let row = account::ActiveModel { parent_id: Set(above), ..Default::default() };
            image.change::<account::Entity>(work, survivor, row).await?;
        }
        Ok(())
    }

    fn chosen(
        survivor: &account::Model,
        merged: &account::Model,
        choices: &AccountMergeChoicesInput,
    ) -> account::ActiveModel {
        use account::Column as C;
        let mut row = account::ActiveModel::default();
        for (columns, side) in [
            (&[C::Name][..], choices.name),
            (&[C::LegalName], choices.legal_name),
            (&[C::Domains], choices.domains),
            (&[C::Website], choices.website),
            (&[C::IndustryId], choices.industry),
            (&[C::SizeBand], choices.size_band),
            (&[C::Employees], choices.employees),
            (&[C::AnnualRevenueMinor, C::Currency], choices.annual_revenue),
            (&[C::Country], choices.country),
            (&[C::Region], choices.region),
            (&[C::Tier], choices.tier),
            (&[C::OwnerId], choices.owner),
            (&[C::Description], choices.description),
        ] {
            choose::<account::Entity>(&mut row, survivor, merged, columns, side);
        }
        choose_object::<account::Entity>(&mut row, survivor, merged, C::Custom, choices.custom);
        row
    }

    async fn follow(_: &mut Work<'_>, _: &mut Image, _: &account::Model) -> Result<()> {
        Ok(())
    }

    /// Whoever reached it by owning it or by its industry reaches it through the survivor from now on, or not at all.
    fn alias() -> account::ActiveModel {
        account::ActiveModel { owner_id: Set(None), industry_id: Set(None), ..Default::default() }
    }

    fn is_erased(_: &account::Model) -> bool {
        false
    }
}

/// A colleague who works for both in one discipline has one place on the team, with the higher level of the two in each wing.
async fn team(work: &mut Work<'_>, image: &mut Image, to: Uuid, from: Uuid) -> Result<()> {
    let now = work.now();
    let works =
        |place: &account_team_member::Model| place.valid_from <= now && place.valid_to.is_none_or(|end| end > now);
    let of = |id: Uuid| Condition::all().add(account_team_member::Column::AccountId.eq(id));
    let mut ours: Vec<account_team_member::Model> =
        work.naming_unscoped::<account_team_member::Entity>(of(to)).await?.into_iter().filter(works).collect();
    let mut taken: HashSet<Uuid> = HashSet::new();
    for place in work.naming_unscoped::<account_team_member::Entity>(of(from)).await?.into_iter().filter(works) {
        let same = |held: &&mut account_team_member::Model| {
            held.colleague_id == place.colleague_id && held.discipline == place.discipline
        };
        let Some(held) = ours.iter_mut().find(same) else { continue };
        let row = account_team_member::ActiveModel {
            is_lead: Set(held.is_lead || place.is_lead),
            access_account: Set(higher(held.access_account, place.access_account)),
            access_marketing: Set(higher(held.access_marketing, place.access_marketing)),
            access_sales: Set(higher(held.access_sales, place.access_sales)),
            access_service: Set(higher(held.access_service, place.access_service)),
            // One that ends takes nothing from one that does not.
            valid_to: Set(held.valid_to.zip(place.valid_to).map(|(ours, theirs)| Ord::max(ours, theirs))),
            ..Default::default()
        };
        *held = image.change::<account_team_member::Entity>(work, held, row).await?;
        if taken.insert(place.id) {
            let over = account_team_member::ActiveModel { valid_to: Set(Some(now)), ..Default::default() };
            image.change::<account_team_member::Entity>(work, &place, over).await?;
        }
    }
    Ok(())
}

fn higher(one: AccessLevel, other: AccessLevel) -> AccessLevel {
    let rank = |level| match level {
        AccessLevel::None => 0,
        AccessLevel::Read => 1,
        AccessLevel::Edit => 2,
    };
    if rank(one) >= rank(other) { one } else { other }
}
