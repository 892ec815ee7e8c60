//! What sales does, and how things go through their stages.

use entities::{
    account::account,
    codes::StageObject,
    marketing::lead,
    sales::{opportunity, opportunity_snapshot, stage, stage_interval},
};
use sea_orm::{
    ColumnTrait,
    sea_query::{Alias, Expr, ExprTrait, Query},
};

use super::{big, of};
use crate::{
    bi::{
        cell::Form::{Amount, Code, Day, Decimal, Id, Integer, Text, Time, Uuid},
        dataset::{Make, dataset},
    },
    graph::Kind,
    policy::Caller,
};

/// A stay's object, where the stay is one of that type.
fn stayed(object: StageObject) -> Expr {
    use stage_interval::Column as C;
    Expr::case(C::ObjectType.eq(object), C::ObjectId.into_expr()).into()
}

// `P "status"`: whoever reads where a thing stands reads since when, as in the graph's `stageIntervals`.
dataset! {
    /// A stay of a person, a customer, an opportunity or a ticket in a stage. Exactly one of the four ids is set.
    STAGE_INTERVAL = "fact_stage_interval" of stage_interval::Entity as [Contact, Account, Opportunity, Ticket], dated Some("entered_at");
    with caller, line;
    keys {
        /// Its own id, a bare UUID: the graph has no such object.
        id: Uuid => stage_interval::Column::Id.into_expr();
    }
    columns {
        /// LIFECYCLE, ACCOUNT, OPPORTUNITY or TICKET.
        object_type: Code, P "status" => stage_interval::Column::ObjectType.into_expr();
        /// The person.
        contact_id: Id(Kind::Contact), P "status" => stayed(StageObject::Lifecycle);
        /// The customer.
        account_id: Id(Kind::Account), P "status" => stayed(StageObject::Account);
        /// The opportunity.
        opportunity_id: Id(Kind::Opportunity), P "status" => stayed(StageObject::Opportunity);
        /// The ticket.
        ticket_id: Id(Kind::Ticket), P "status" => stayed(StageObject::Ticket);
        /// The stage's code.
        stage: Code, P "status" => stage_interval::Column::Stage.into_expr();
        /// When it came in.
        entered_at: Time, P "status" => stage_interval::Column::EnteredAt.into_expr();
        /// When it went on; null while it is there.
        exited_at: Time, P "status" => stage_interval::Column::ExitedAt.into_expr();
    }
    made {
        /// The day on which it came in, or another bucket, by `grain` and `timezone`.
        bucket: Code => Make::Bucket("entered_at");
    }
}

/// OPEN, WON or LOST: what a stage says in its pipeline.
fn standing(caller: &Caller, code: Expr, pipeline: Expr) -> Expr {
    let col = |column: stage::Column| Expr::col((Alias::new("at_stage"), column));
    let select = Query::select()
        .expr(
            Expr::case(col(stage::Column::IsOpen).eq(true), "OPEN")
                .case(col(stage::Column::IsWon).eq(true), "WON")
                .finally("LOST"),
        )
        .from_as(stage::Entity, Alias::new("at_stage"))
        .and_where(col(stage::Column::TenantId).eq(caller.tenant))
        .and_where(col(stage::Column::PipelineId).eq(pipeline))
        .and_where(col(stage::Column::Code).eq(code))
        .limit(1)
        .to_owned();
    Expr::SubQuery(None, Box::new(select.into()))
}

dataset! {
    /// An opportunity as it is now.
    OPPORTUNITY = "fact_opportunity" of opportunity::Entity as [Opportunity], dated Some("created_at");
    with caller, line;
    keys {
        /// Its id.
        id: Id(Kind::Opportunity) => opportunity::Column::Id.into_expr();
    }
    columns {
        /// When it was created.
        created_at: Time, P "createdAt" => opportunity::Column::CreatedAt.into_expr();
        /// What people call it.
        name: Text, P "name" => opportunity::Column::Name.into_expr();
        /// The customer.
        account_id: Id(Kind::Account), P "account" => caller.seen::<account::Entity>(opportunity::Column::AccountId.into_expr());
        /// Its pipeline.
        pipeline_id: Id(Kind::Pipeline), P "pipeline" => opportunity::Column::PipelineId.into_expr();
        /// The code of its stage.
        stage: Code, P "stage" => opportunity::Column::Stage.into_expr();
        /// OPEN, WON or LOST.
        standing: Code, P "stage" => standing(caller, opportunity::Column::Stage.into_expr(), opportunity::Column::PipelineId.into_expr());
        /// When it came into that stage: of a closed one when it was closed last.
        stage_since: Time, P "stage" => since(caller);
        /// The day on which it closes, or is to close.
        close_date: Day, P "closeDate" => opportunity::Column::CloseDate.into_expr();
        /// How likely it is won, in percent.
        probability: Integer, P "probability" => big(opportunity::Column::Probability.into_expr());
        /// How sure the forecast is.
        forecast_category: Code, P "forecastCategory" => opportunity::Column::ForecastCategory.into_expr();
        /// Who is responsible.
        owner_id: Id(Kind::Colleague), P "owner" => opportunity::Column::OwnerId.into_expr();
        /// The campaign that it is put down to.
        campaign_id: Id(Kind::Campaign), P "primaryCampaign" => opportunity::Column::PrimaryCampaignId.into_expr();
        /// The lead that it came from.
        lead_id: Id(Kind::Lead), P "lead" => caller.seen::<lead::Entity>(opportunity::Column::LeadId.into_expr());
        /// What it is worth.
        amount: Amount("currency"), M "amount" => opportunity::Column::AmountMinor.into_expr();
        /// The currency of the amount.
        currency: Code, M "amount" => opportunity::Column::Currency.into_expr();
    }
    made {
        /// The day on which it was created, or another bucket, by `grain` and `timezone`.
        bucket: Code => Make::Bucket("created_at");
        /// The amount in the asked currency, by the rate of its close date.
        amount_converted: Decimal => Make::Converted { amount: "amount", on: "close_date" };
        /// The asked currency.
        converted_to: Code => Make::Currency("amount");
    }
}

/// When an opportunity came into the stage in which it is.
fn since(caller: &Caller) -> Expr {
    let col = |column: stage_interval::Column| Expr::col((Alias::new("stay"), column));
    let select = Query::select()
        .expr(col(stage_interval::Column::EnteredAt).max())
        .from_as(stage_interval::Entity, Alias::new("stay"))
        .and_where(col(stage_interval::Column::TenantId).eq(caller.tenant))
        .and_where(col(stage_interval::Column::ObjectType).eq(StageObject::Opportunity))
        .and_where(col(stage_interval::Column::ObjectId).equals((opportunity::Entity, opportunity::Column::Id)))
        .and_where(col(stage_interval::Column::ExitedAt).is_null())
        .to_owned();
    Expr::SubQuery(None, Box::new(select.into()))
}

/// A column of a snapshot's opportunity.
fn of_deal(caller: &Caller, column: opportunity::Column) -> Expr {
    use opportunity::Column as C;
    of::<opportunity::Entity>(
        caller,
        [C::TenantId, C::Id, column],
        opportunity_snapshot::Column::OpportunityId.into_expr(),
    )
}

dataset! {
    /// An opportunity as it was at the end of a day: one row for each day of the period and each opportunity that there was. A day that
    /// has not ended stands as it is now; days to come have no rows. At most 400 days; the last 30 unless said.
    OPPORTUNITY_DAILY = "fact_opportunity_daily" of opportunity_snapshot::Entity as [Opportunity], dated Some("day"), daily;
    with caller, line;
    keys {
        /// The day, in the asked time zone.
        day: Day => Expr::null();
        /// The opportunity.
        opportunity_id: Id(Kind::Opportunity) => opportunity_snapshot::Column::OpportunityId.into_expr();
    }
    columns {
        /// Since when it was so.
        since: Time, P "validFrom" => opportunity_snapshot::Column::ValidFrom.into_expr();
        /// Until when it was so; null while it is.
        until: Time, P "validTo" => opportunity_snapshot::Column::ValidTo.into_expr();
        /// The customer, as of now.
        account_id: Id(Kind::Account), P "account" => caller.seen::<account::Entity>(of_deal(caller, opportunity::Column::AccountId));
        /// Its pipeline, as of now.
        pipeline_id: Id(Kind::Pipeline), P "pipeline" => of_deal(caller, opportunity::Column::PipelineId);
        /// The code of the stage that it was in.
        stage: Code, P "stage" => opportunity_snapshot::Column::Stage.into_expr();
        /// OPEN, WON or LOST.
        standing: Code, P "stage" => standing(caller, opportunity_snapshot::Column::Stage.into_expr(), of_deal(caller, opportunity::Column::PipelineId));
        /// The day on which it was to close.
        close_date: Day, P "closeDate" => opportunity_snapshot::Column::CloseDate.into_expr();
        /// How likely it was, in percent.
        probability: Integer, P "probability" => big(opportunity_snapshot::Column::Probability.into_expr());
        /// How sure the forecast was.
        forecast_category: Code, P "forecastCategory" => opportunity_snapshot::Column::ForecastCategory.into_expr();
        /// Who was responsible.
        owner_id: Id(Kind::Colleague), P "owner" => opportunity_snapshot::Column::OwnerId.into_expr();
        /// What it was worth.
        amount: Amount("currency"), M "amount" => opportunity_snapshot::Column::AmountMinor.into_expr();
        /// The currency of the amount.
        currency: Code, M "amount" => opportunity_snapshot::Column::Currency.into_expr();
    }
    made {
        /// The day, or another bucket, by `grain`.
        bucket: Code => Make::Bucket("day");
        /// The amount in the asked currency, by the rate of the day.
        amount_converted: Decimal => Make::Converted { amount: "amount", on: "day" };
        /// The asked currency.
        converted_to: Code => Make::Currency("amount");
    }
}
