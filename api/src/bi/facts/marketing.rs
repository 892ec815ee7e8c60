//! What marketing does, and hands over.

use entities::{
    account::{account, contact},
    codes::SubjectType,
    marketing::{campaign_cost, handover, lead, touchpoint},
    sales::opportunity,
    service::ticket,
};
use sea_orm::{ColumnTrait, sea_query::Expr};

use super::big;
use crate::{
    bi::{
        cell::Form::{Amount, Code, Day, Decimal, Flag, Id, Integer, Text, Time},
        dataset::{Make, dataset},
    },
    graph::Kind,
};

dataset! {
    /// A touch between the market and the company, online or offline.
    TOUCH = "fact_touch" of touchpoint::Entity as [Touchpoint], dated Some("occurred_at");
    with caller, line;
    keys {
        /// Its id.
        id: Id(Kind::Touchpoint) => touchpoint::Column::Id.into_expr();
    }
    columns {
        /// When it happened.
        occurred_at: Time, P "occurredAt" => touchpoint::Column::OccurredAt.into_expr();
        /// How the person was touched.
        interaction: Code, P "interaction" => touchpoint::Column::Interaction.into_expr();
        /// Whether the person came to us.
        is_inbound: Flag, P "isInbound" => touchpoint::Column::IsInbound.into_expr();
        /// The customer.
        account_id: Id(Kind::Account), P "account" => caller.seen::<account::Entity>(touchpoint::Column::AccountId.into_expr());
        /// The person; null where only a visitor is known.
        contact_id: Id(Kind::Contact), P "contact" => caller.seen::<contact::Entity>(touchpoint::Column::ContactId.into_expr());
        /// The campaign.
        campaign_id: Id(Kind::Campaign), P "campaign" => touchpoint::Column::CampaignId.into_expr();
        /// The channel.
        channel_id: Id(Kind::Channel), P "channel" => touchpoint::Column::ChannelId.into_expr();
        /// What was looked at.
        content_asset_id: Id(Kind::ContentAsset), P "contentAsset" => touchpoint::Column::ContentAssetId.into_expr();
        /// The source that the address named.
        utm_source: Text, P "utmSource" => touchpoint::Column::UtmSource.into_expr();
        /// The medium that the address named.
        utm_medium: Text, P "utmMedium" => touchpoint::Column::UtmMedium.into_expr();
        /// The campaign that the address named.
        utm_campaign: Text, P "utmCampaign" => touchpoint::Column::UtmCampaign.into_expr();
        /// What it cost.
        cost: Amount("currency"), M "cost" => touchpoint::Column::CostMinor.into_expr();
        /// The currency of the cost.
        currency: Code, M "cost" => touchpoint::Column::Currency.into_expr();
    }
    made {
        /// The day on which it happened, or another bucket, by `grain` and `timezone`.
        bucket: Code => Make::Bucket("occurred_at");
        /// The cost in the asked currency, by the rate of the day.
        cost_converted: Decimal => Make::Converted { amount: "cost", on: "occurred_at" };
        /// The asked currency.
        converted_to: Code => Make::Currency("cost");
    }
}

dataset! {
    /// A lead.
    LEAD = "fact_lead" of lead::Entity as [Lead], dated Some("created_at");
    with caller, line;
    keys {
        /// Its id.
        id: Id(Kind::Lead) => lead::Column::Id.into_expr();
    }
    columns {
        /// When it came in.
        created_at: Time, P "createdAt" => lead::Column::CreatedAt.into_expr();
        /// Where it stands now.
        status: Code, P "status" => lead::Column::Status.into_expr();
        /// How well it fits.
        score: Integer, D "score" => big(lead::Column::Score.into_expr());
        /// When it qualified for marketing; null until then.
        mql_at: Time, P "mqlAt" => lead::Column::MqlAt.into_expr();
        /// The customer.
        account_id: Id(Kind::Account), P "account" => caller.seen::<account::Entity>(lead::Column::AccountId.into_expr());
        /// The person.
        contact_id: Id(Kind::Contact), P "contact" => caller.seen::<contact::Entity>(lead::Column::ContactId.into_expr());
        /// The campaign that brought it.
        campaign_id: Id(Kind::Campaign), P "campaign" => lead::Column::CampaignId.into_expr();
        /// The channel that brought it.
        channel_id: Id(Kind::Channel), P "channel" => lead::Column::ChannelId.into_expr();
        /// Who works on it now.
        owner_id: Id(Kind::Colleague), P "owner" => lead::Column::OwnerId.into_expr();
        /// The queue in which it waits now.
        queue_id: Id(Kind::Queue), P "queue" => lead::Column::QueueId.into_expr();
        /// What it became.
        opportunity_id: Id(Kind::Opportunity), P "convertedOpportunity" => caller.seen::<opportunity::Entity>(lead::Column::ConvertedOpportunityId.into_expr());
    }
    made {
        /// The day on which it came in, or another bucket, by `grain` and `timezone`.
        bucket: Code => Make::Bucket("created_at");
    }
}

/// The subject of a handover, where it is of a type.
fn offered(ty: SubjectType) -> Expr {
    Expr::case(handover::Column::SubjectType.eq(ty), handover::Column::SubjectId.into_expr()).into()
}

dataset! {
    /// An offer from one discipline to the next: a lead that was offered twice is two.
    HANDOVER = "fact_handover" of handover::Entity as [Handover], dated Some("offered_at");
    with caller, line;
    keys {
        /// Its id.
        id: Id(Kind::Handover) => handover::Column::Id.into_expr();
    }
    columns {
        /// When it was offered.
        offered_at: Time, P "offeredAt" => handover::Column::OfferedAt.into_expr();
        /// Between which disciplines.
        boundary: Code, P "boundary" => handover::Column::Boundary.into_expr();
        /// Until when it was to be decided; null where nothing was promised.
        due_at: Time, P "dueAt" => handover::Column::DueAt.into_expr();
        /// When it was decided; null until then.
        decided_at: Time, P "decidedAt" => handover::Column::DecidedAt.into_expr();
        /// What became of it; null while it is open.
        outcome: Code, P "outcome" => handover::Column::Outcome.into_expr();
        /// Why it was rejected or returned.
        reason_code: Code, P "reasonCode" => handover::Column::ReasonCode.into_expr();
        /// How good the receiver found it, 1 to 5.
        rating: Integer, D "rating" => big(handover::Column::Rating.into_expr());
        /// Whether nobody but the clock decided.
        automatic: Flag, P "automatic" => handover::Column::Automatic.into_expr();
        /// The offered lead.
        lead_id: Id(Kind::Lead), P "subject" => caller.seen::<lead::Entity>(offered(SubjectType::Lead));
        /// The offered opportunity.
        opportunity_id: Id(Kind::Opportunity), P "subject" => caller.seen::<opportunity::Entity>(offered(SubjectType::Opportunity));
        /// The offered ticket.
        ticket_id: Id(Kind::Ticket), P "subject" => caller.seen::<ticket::Entity>(offered(SubjectType::Ticket));
        /// The customer.
        account_id: Id(Kind::Account), P "account" => caller.seen::<account::Entity>(handover::Column::AccountId.into_expr());
        /// The campaign behind it.
        campaign_id: Id(Kind::Campaign), P "campaign" => handover::Column::CampaignId.into_expr();
        /// Who offered it.
        from_id: Id(Kind::Colleague), P "from" => handover::Column::FromId.into_expr();
        /// To whom, if to somebody.
        to_colleague_id: Id(Kind::Colleague), P "toColleague" => handover::Column::ToColleagueId.into_expr();
        /// To which queue, if to one.
        to_queue_id: Id(Kind::Queue), P "toQueue" => handover::Column::ToQueueId.into_expr();
        /// Who decided.
        decided_by_id: Id(Kind::Colleague), P "decidedBy" => handover::Column::DecidedById.into_expr();
    }
    made {
        /// The day on which it was offered, or another bucket, by `grain` and `timezone`.
        bucket: Code => Make::Bucket("offered_at");
    }
}

dataset! {
    /// Money spent on a campaign, over one day or several. A period takes those whose first day lies in it.
    COST = "fact_cost" of campaign_cost::Entity as [CampaignCost], dated Some("date_from");
    with caller, line;
    keys {
        /// Its id.
        id: Id(Kind::CampaignCost) => campaign_cost::Column::Id.into_expr();
    }
    columns {
        /// The first day that it was spent for.
        date_from: Day, P "dateFrom" => campaign_cost::Column::DateFrom.into_expr();
        /// The last day that it was spent for.
        date_to: Day, P "dateTo" => campaign_cost::Column::DateTo.into_expr();
        /// What it was spent on.
        kind: Code, P "kind" => campaign_cost::Column::Kind.into_expr();
        /// The campaign.
        campaign_id: Id(Kind::Campaign), P "campaign" => campaign_cost::Column::CampaignId.into_expr();
        /// The channel; null where it is of the whole campaign.
        channel_id: Id(Kind::Channel), P "channel" => campaign_cost::Column::ChannelId.into_expr();
        /// How much.
        amount: Amount("currency"), M "amount" => campaign_cost::Column::AmountMinor.into_expr();
        /// Its currency.
        currency: Code, M "amount" => campaign_cost::Column::Currency.into_expr();
    }
    made {
        /// The first day, or another bucket, by `grain`.
        bucket: Code => Make::Bucket("date_from");
        /// The amount in the asked currency, by the rate of the first day.
        amount_converted: Decimal => Make::Converted { amount: "amount", on: "date_from" };
        /// The asked currency.
        converted_to: Code => Make::Currency("amount");
    }
}
