//! The parts that people play in an opportunity: read, changed, taken out. Adding one is a use case of the deal.

use async_graphql::{Context, MaybeUndefined, Object};
use entities::{codes::ContactRole, sales::opportunity_contact};
use sea_orm::{ColumnTrait, Set};

use super::OpportunityContact;
use crate::{
    graph::{AnyOf, Cx, GlobalId, Ids, Kind, Result, patch_required},
    input,
    journey::{Work, attempt},
    listed, payload,
    policy::access,
    removal,
};

input! {
    /// A change of somebody's part: absent leaves.
    UpdateOpportunityContactInput for ContactRole {
        /// The part.
        P role: MaybeUndefined<ContactRole>;
        /// True makes it the first of all; the others step back.
        P is_primary: MaybeUndefined<bool>;
    }
    plain {
        /// Which one.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `updateOpportunityContact` answers.
    UpdateOpportunityContactPayload {
        /// The changed part; null if it was refused.
        opportunity_contact: OpportunityContact
    }
}

/// Changes somebody's part. DUPLICATE if they play that part already.
pub async fn update(cx: &Cx, input: UpdateOpportunityContactInput) -> Result<OpportunityContact> {
    let written = input.written();
    let UpdateOpportunityContactInput { id, if_version, role, is_primary } = input;
    let id = id.named("id", Kind::OpportunityContact)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<opportunity_contact::Entity>(id, if_version, &written).await?;
    let row = opportunity_contact::ActiveModel {
        role: patch_required("role", role)?,
        is_primary: patch_required("isPrimary", is_primary)?,
        ..Default::default()
    };
    let row =
        work.update::<opportunity_contact::Entity>(&seen, row).await.map_err(|error| error.duplicate_at("role"))?;
    if row.is_primary {
        let others = cx
            .caller
            .rows_to_write::<opportunity_contact::Entity>()
            .filter(opportunity_contact::Column::OpportunityId.eq(row.opportunity_id))
            .filter(opportunity_contact::Column::IsPrimary.eq(true))
            .filter(opportunity_contact::Column::Id.ne(row.id));
        for other in others.all(work.tx()).await? {
            let second = opportunity_contact::ActiveModel { is_primary: Set(false), ..Default::default() };
            work.update::<opportunity_contact::Entity>(&other, second).await?;
        }
    }
    let seen = work.reached::<opportunity_contact::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(OpportunityContact(seen))
}

listed! {
    /// One part in an opportunity; null if there is none that you may see.
    opportunity_contact,
    /// The parts in opportunities that you may see, oldest first unless sorted.
    opportunity_contacts: OpportunityContact(opportunity_contact::Entity) as ContactRole, id OpportunityContact, Rising;
    query OpportunityContactQuery, filter OpportunityContactFilter, sort OpportunityContactSort {
        /// By opportunity.
        P opportunity_id: Ids = OpportunityId, of Opportunity;
        /// By person.
        P contact_id: Ids = ContactId, of Contact;
        /// By part.
        P role: AnyOf<ContactRole> = Role;
        /// By whether it is the first of all.
        P is_primary: bool = IsPrimary;
    }
}

removal! {
    /// Takes somebody out of a deal.
    delete_opportunity_contact: opportunity_contact::Entity as ContactRole, class P role;
    mutation OpportunityContactRemoval, input DeleteOpportunityContactInput, payload DeleteOpportunityContactPayload;
}

/// Changing parts.
#[derive(Default)]
pub struct RoleMutation;

#[Object]
impl RoleMutation {
    /// Changes the part that somebody plays. DUPLICATE if they play that part already.
    #[graphql(directive = access::apply("ContactRole".into(), "P".into(), true))]
    async fn update_opportunity_contact(
        &self,
        ctx: &Context<'_>,
        input: UpdateOpportunityContactInput,
    ) -> Result<UpdateOpportunityContactPayload> {
        let cx = Cx::of(ctx);
        UpdateOpportunityContactPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
