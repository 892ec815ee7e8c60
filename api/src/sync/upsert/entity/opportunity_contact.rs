//! The parts that people play in opportunities.

use std::collections::{BTreeSet, HashMap};

use entities::{
    codes::{ContactRole, StageObject},
    sales::{opportunity, opportunity_contact},
};
use sea_orm::{ColumnTrait, Condition, Set};
use uuid::Uuid;

use super::{
    super::{Followed, Known, New, Scene, SyncEntity},
    columns::{at, stays, unless_said, will_be},
    stages::Stages,
};
use crate::{
    account::ground,
    graph::{Error, Result, patch_required, require_write},
    journey::Work,
    marketing::person,
    policy::{Class, Seen, Type},
    sales::role::added,
    synced,
};

synced! {
    /// What a source says of a person's part in an opportunity: absent leaves.
    OpportunityContacts of OpportunityContact: opportunity_contact::Entity as ContactRole;
    set OpportunityContactSetInput, row UpsertOpportunityContactRowInput, input UpsertOpportunityContactsInput;
    /// Creates and updates the parts that people play in opportunities, each known by its key in a source. Who gets a part in an open
    /// one is past being a lead; who has one in a won one is a customer.
    mutation UpsertOpportunityContacts, upsert_opportunity_contacts, class P;
    fields {
        /// The part. A new one needs it; a person has each part of an opportunity once.
        P role: ContactRole = role by patch_required;
        /// Whether this is the main person; false unless said. True makes the others of the opportunity step back.
        P is_primary: bool = is_primary by patch_required;
    }
    relations OpportunityContactRelationsInput {
        /// The opportunity. A new part needs it; it stays.
        P opportunity: Opportunity = opportunity_id required;
        /// The person. A new part needs them; they stay.
        P contact: Contact = contact_id required;
    }
    require ["role"];
    lookup Lookup;
    removable;
}

/// What a batch of parts looks up.
pub struct Lookup {
    stages: Stages,
    deals: HashMap<Uuid, Seen<opportunity::Model>>,
    persons: HashMap<Uuid, Seen<entities::account::contact::Model>>,
}

impl OpportunityContacts {
    async fn prepare(work: &mut Work<'_>, scene: &Scene<'_>, _: &[&OpportunityContactSetInput]) -> Result<Lookup> {
        let stages = Stages::load(work, scene, StageObject::Opportunity, std::iter::empty()).await?;
        let deals = scene.ids(SyncEntity::Opportunity);
        let deals = work.many_reached::<opportunity::Entity>(Type::Opportunity, &deals).await?;
        let persons = ground::persons(work, &scene.ids(SyncEntity::Contact)).await?;
        Ok(Lookup { stages, deals, persons })
    }

    fn fill(
        lookup: &Lookup,
        _: &Scene<'_>,
        _: &OpportunityContactSetInput,
        held: Option<&opportunity_contact::Model>,
        row: &mut opportunity_contact::ActiveModel,
    ) -> Result<()> {
        let (deal, person) = (held.map(|held| &held.opportunity_id), held.map(|held| &held.contact_id));
        stays(&row.opportunity_id, deal, "relations.opportunity", "a part stays in its opportunity")?;
        stays(&row.contact_id, person, "relations.contact", "a part stays with its person")?;
        if held.is_some() {
            return Ok(());
        }
        unless_said(&mut row.is_primary, false);
        let (Some(deal), Some(person)) = (will_be(&row.opportunity_id, None), will_be(&row.contact_id, None)) else {
            return Ok(());
        };
        // Who may not change the deal may not change its people either.
        let path = "relations.opportunity";
        let deal = lookup.deals.get(&deal).ok_or_else(|| Error::missing(path))?;
        require_write(deal.rights(), &[(Class::P, "contacts")]).map_err(|error| at(error, path))?;
        ground::may_name(&lookup.persons, "relations.contact", person, Some(deal.row().account_id))
    }

    async fn after(
        work: &mut Work<'_>,
        _: &Scene<'_>,
        lookup: &Lookup,
        new: &[New<OpportunityContacts>],
        known: &[Known<OpportunityContacts>],
    ) -> Result<Followed> {
        let (mut open, mut won) = (BTreeSet::new(), BTreeSet::new());
        for New { row, .. } in new {
            let Some(deal) = lookup.deals.get(&row.opportunity_id).map(Seen::row) else { continue };
            work.record(added(row, deal));
            let at = |stage: &&entities::sales::stage::Model| {
                stage.pipeline_id == deal.pipeline_id && stage.code == deal.stage
            };
            match lookup.stages.known.iter().find(at).map(|stage| (stage.is_open, stage.is_won)) {
                Some((_, true)) => drop(won.insert(row.contact_id)),
                Some((false, false)) => {}
                Some((true, false)) | None => drop(open.insert(row.contact_id)),
            }
        }
        person::advance_many(work, open.into_iter().map(|person| (person, "OPPORTUNITY")), "part in an opportunity")
            .await?;
        person::advance_many(work, won.into_iter().map(|person| (person, "CUSTOMER")), "part in a won opportunity")
            .await?;
        step_back(work, new, known).await?;
        Ok(Followed::default())
    }
}

/// Beside who became the main person the others step back; those of the batch as their rows say.
async fn step_back(
    work: &mut Work<'_>,
    new: &[New<OpportunityContacts>],
    known: &[Known<OpportunityContacts>],
) -> Result<()> {
    let came = new.iter().map(|new| &new.row).filter(|row| row.is_primary);
    let became = known.iter().filter(|known| !known.rows.before.is_primary && known.rows.after.is_primary);
    let first: BTreeSet<Uuid> =
        came.chain(became.map(|known| &known.rows.after)).map(|row| row.opportunity_id).collect();
    if first.is_empty() {
        return Ok(());
    }
    let said = new.iter().filter(|new| new.set.is_primary.value().is_some()).map(|new| new.row.id);
    let said = said.chain(known.iter().filter(|k| k.set.is_primary.value().is_some()).map(|k| k.rows.after.id));
    let said: BTreeSet<Uuid> = said.collect();
    let first: Vec<Uuid> = first.into_iter().collect();
    let primary = Condition::all().add(opportunity_contact::Column::IsPrimary.eq(true));
    let of_deal = opportunity_contact::Column::OpportunityId;
    let others = work.following_those_unscoped::<opportunity_contact::Entity>(of_deal, &first, primary).await?;
    let back = others.into_iter().filter(|other| !said.contains(&other.id));
    let back =
        back.map(|other| (other, opportunity_contact::ActiveModel { is_primary: Set(false), ..Default::default() }));
    let back = back.collect();
    work.update_many::<opportunity_contact::Entity>(back).await?;
    Ok(())
}
