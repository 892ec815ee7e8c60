//! Changing what a ticket is about, and finding out whose it is.

use async_graphql::MaybeUndefined;
use entities::{
    account::{account, contact},
    codes::TicketStatus,
    sales::contract,
    service::{asset, sla_clock, survey_answer, ticket, ticket_message},
};
use sea_orm::{
    ActiveValue::{self, NotSet},
    Set,
};
use uuid::Uuid;

use super::{Ticket, UpdateTicketInput, closed};
use crate::{
    account::ground,
    graph::{Cx, Error, GlobalId, Kind, Result, UserErrorCode, patch, patch_required, text},
    journey::{Journaled, Work},
    policy::Type,
};

/// Changes what a ticket is about. A customer who was not known is known from now on.
pub async fn update(cx: &Cx, input: UpdateTicketInput) -> Result<Ticket> {
    let written = input.written();
    let UpdateTicketInput {
        id,
        if_version,
        subject,
        priority,
        category,
        channel,
        account_id,
        contact_id,
        asset_id,
        contract_id,
    } = input;
    let id = id.named("id", Kind::Ticket)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<ticket::Entity>(id, if_version, &written).await?;
    let before = seen.row();
    if before.status == TicketStatus::Closed {
        return Err(closed("id"));
    }
    let named = work.refer_opt::<account::Entity>("accountId", account_id).await?;
    if before.account_id.is_some() && named.is_some() && named != before.account_id {
        return Err(Error::user(UserErrorCode::StateConflict, "accountId", "the customer of this ticket is known"));
    }
    let contact = referred::<contact::Entity>(&work, "contactId", contact_id).await?;
    let asset = referred::<asset::Entity>(&work, "assetId", asset_id).await?;
    let contract = referred::<contract::Entity>(&work, "contractId", contract_id).await?;
    let account = before
        .account_id
        .or(named)
        .or_else(|| asset.account())
        .or_else(|| contract.account())
        .or_else(|| contact.account());
    let named = [("assetId", asset.account()), ("contractId", contract.account()), ("contactId", contact.account())];
    for (path, of) in named {
        if of.is_some() && of != account {
            return Err(Error::invalid(path, "it belongs to another customer"));
        }
    }
    if account != before.account_id {
        // To find out whose it is puts it under that account, as to open it there does.
        ground::may_stand(&work, Type::Ticket, "accountId", account).await?;
    }
    let row = ticket::ActiveModel {
        subject: match patch_required("subject", subject)? {
            Set(subject) => Set(text("subject", subject, 1000)?),
            other => other,
        },
        priority: patch_required("priority", priority)?,
        category: match patch(category) {
            Set(Some(category)) => Set(Some(text("category", category, 100)?)),
            other => other,
        },
        channel: patch(channel),
        account_id: if account == before.account_id { NotSet } else { Set(account) },
        contact_id: contact.into_column(),
        asset_id: asset.into_column(),
        contract_id: contract.into_column(),
        ..Default::default()
    };
    let row = work.update::<ticket::Entity>(&seen, row).await?;
    if row.account_id != before.account_id {
        follow(&mut work, &row).await?;
    }
    let seen = work.reached::<ticket::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Ticket(seen))
}

/// What a patch says of a reference.
enum Referred {
    Absent,
    Cleared,
    /// The row, and the account that it belongs to.
    To(Uuid, Option<Uuid>),
}

impl Referred {
    fn account(&self) -> Option<Uuid> {
        match self {
            Referred::To(_, account) => *account,
            Referred::Absent | Referred::Cleared => None,
        }
    }

    fn into_column(self) -> ActiveValue<Option<Uuid>> {
        match self {
            Referred::Absent => NotSet,
            Referred::Cleared => Set(None),
            Referred::To(id, _) => Set(Some(id)),
        }
    }
}

async fn referred<E: Journaled>(work: &Work<'_>, path: &str, id: MaybeUndefined<GlobalId>) -> Result<Referred> {
    match id {
        MaybeUndefined::Undefined => Ok(Referred::Absent),
        MaybeUndefined::Null => Ok(Referred::Cleared),
        MaybeUndefined::Value(id) => {
            let seen = work.refer::<E>(path, id).await?;
            Ok(Referred::To(E::id(seen.row()), E::account_id(seen.row())))
        }
    }
}

/// What hangs on a ticket carries its account for the team rule: it belongs to the customer, too, whoever may change it.
async fn follow(work: &mut Work<'_>, ticket: &ticket::Model) -> Result<()> {
    let account_id = Set(ticket.account_id);
    for row in work.following_unscoped::<ticket_message::Entity>(ticket_message::Column::TicketId, ticket.id).await? {
        let moved = ticket_message::ActiveModel { account_id: account_id.clone(), ..Default::default() };
        work.update_row::<ticket_message::Entity>(&row, moved).await?;
    }
    for row in work.following_unscoped::<sla_clock::Entity>(sla_clock::Column::ObjectId, ticket.id).await? {
        let moved = sla_clock::ActiveModel { account_id: account_id.clone(), ..Default::default() };
        work.update_row::<sla_clock::Entity>(&row, moved).await?;
    }
    for row in work.following_unscoped::<survey_answer::Entity>(survey_answer::Column::TicketId, ticket.id).await? {
        let moved = survey_answer::ActiveModel { account_id: account_id.clone(), ..Default::default() };
        work.update_row::<survey_answer::Entity>(&row, moved).await?;
    }
    Ok(())
}
