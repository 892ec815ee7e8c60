//! The parts that people play in an opportunity: given, changed, taken away.

use async_graphql::{Context, MaybeUndefined, Object};
use entities::{
    account::contact,
    codes::ContactRole,
    sales::{opportunity, opportunity_contact},
};
use sea_orm::{ColumnTrait, Set};

use super::Opportunity;
use crate::{
    account::{Contact, ground},
    graph::{AnyOf, Cx, Error, GlobalId, Ids, Kind, Result, UserErrorCode, patch_required, require_write},
    input,
    journey::{Event, EventKind, Payload, Work, attempt},
    listed,
    marketing::person,
    object, payload,
    policy::{Class, access},
    removal,
};

object! {
    /// A person's part in an opportunity.
    OpportunityContact(opportunity_contact::Entity) as ContactRole, id OpportunityContact {
        /// The part.
        P role: ContactRole = |row| row.role;
        /// Whether this is the main person.
        P is_primary: bool = |row| row.is_primary;
    }
    refs {
        /// The opportunity.
        P opportunity: Opportunity = opportunity::Entity, |row| row.opportunity_id;
        /// The person.
        P contact: Contact = contact::Entity, |row| row.contact_id;
    }
}

input! {
    /// A person's part in an opportunity.
    AddOpportunityContactInput for ContactRole {
        /// The part.
        P role: ContactRole;
        /// Whether this is the main person.
        P is_primary: Option<bool>;
    }
    plain {
        /// The opportunity.
        opportunity_id: GlobalId;
        /// The person.
        contact_id: GlobalId;
    }
}

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
    /// What `addOpportunityContact` answers.
    AddOpportunityContactPayload {
        /// The person's part; null if it was refused.
        opportunity_contact: OpportunityContact
    }
}

payload! {
    /// What `updateOpportunityContact` answers.
    UpdateOpportunityContactPayload {
        /// The changed part; null if it was refused.
        opportunity_contact: OpportunityContact
    }
}

/// Names a person's part in an opportunity.
pub async fn add(cx: &Cx, input: AddOpportunityContactInput) -> Result<OpportunityContact> {
    let written = input.written();
    let AddOpportunityContactInput { opportunity_id, contact_id, role, is_primary } = input;
    let mut work = Work::begin(cx).await?;
    let opportunity = work.refer::<opportunity::Entity>("opportunityId", opportunity_id).await?;
    let customer = Some(opportunity.row().account_id);
    let contact = ground::person(&work, "contactId", contact_id, customer).await?;
    // Who may not change the deal may not change its people either.
    let deal = cx.caller.rows_to_write::<opportunity::Entity>().by_id(opportunity.row().id).one(work.tx()).await?;
    require_write(deal.ok_or_else(|| Error::missing("opportunityId"))?.rights(), &[(Class::P, "contacts")])?;
    let already = cx
        .caller
        .rows::<opportunity_contact::Entity>()
        .filter(opportunity_contact::Column::OpportunityId.eq(opportunity.row().id))
        .filter(opportunity_contact::Column::ContactId.eq(contact.id))
        .filter(opportunity_contact::Column::Role.eq(role));
    if already.count(work.tx()).await? > 0 {
        return Err(Error::user(UserErrorCode::Duplicate, "contactId", "this person has this part already"));
    }
    let row = work
        .insert::<opportunity_contact::Entity>(opportunity_contact::ActiveModel {
            opportunity_id: Set(opportunity.row().id),
            contact_id: Set(contact.id),
            role: Set(role),
            is_primary: Set(is_primary.unwrap_or(false)),
            ..Default::default()
        })
        .await?;
    work.record(added(&row, opportunity.row()));
    // Who is in an open deal is past being a lead.
    person::advance(&mut work, cx, Some(row.contact_id), "OPPORTUNITY", "part in an opportunity").await?;
    let seen = work.reached::<opportunity_contact::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(OpportunityContact(seen))
}

/// That somebody has a part.
pub(crate) fn added(row: &opportunity_contact::Model, opportunity: &opportunity::Model) -> Event {
    let payload = Payload::Record { fields: Vec::new() };
    Event::of::<opportunity_contact::Entity>(EventKind::RecordCreated, row, payload).account(opportunity.account_id)
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
    /// Names a person's part in an opportunity. DUPLICATE if they play that part already.
    #[graphql(directive = access::apply("ContactRole".into(), "P".into(), true))]
    async fn add_opportunity_contact(
        &self,
        ctx: &Context<'_>,
        input: AddOpportunityContactInput,
    ) -> Result<AddOpportunityContactPayload> {
        let cx = Cx::of(ctx);
        AddOpportunityContactPayload::of(attempt(|| add(cx, input.clone())).await)
    }

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
