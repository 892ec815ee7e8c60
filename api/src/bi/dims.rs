//! What facts are told apart by.

use entities::{
    account::{account, colleague, industry},
    marketing::{campaign, channel},
};
use sea_orm::ColumnTrait;

use crate::{
    bi::{
        cell::Form::{Amount, Code, Day, Flag, Id, Integer, Text, Time},
        dataset::dataset,
    },
    graph::Kind,
};

dataset! {
    /// A company: target, customer or lost. Of a customer that is not yours there may be the name and the industry only.
    ACCOUNT = "dim_account" of account::Entity as [Account], dated None;
    with caller, line;
    keys {
        /// Its id.
        id: Id(Kind::Account) => account::Column::Id.into_expr();
    }
    columns {
        /// Its name.
        name: Text, P "name" => account::Column::Name.into_expr();
        /// Its industry.
        industry_id: Id(Kind::Industry), P "industry" => account::Column::IndustryId.into_expr();
        /// How large it is.
        size_band: Code, P "sizeBand" => account::Column::SizeBand.into_expr();
        /// How many people it employs.
        employees: Integer, P "employees" => account::Column::Employees.into_expr();
        /// Its country, ISO 3166-1.
        country: Code, P "country" => account::Column::Country.into_expr();
        /// Its region, as the tenant calls it.
        region: Text, P "region" => account::Column::Region.into_expr();
        /// How much it matters.
        tier: Code, P "tier" => account::Column::Tier.into_expr();
        /// The code of its stage.
        lifecycle_stage: Code, P "lifecycleStage" => account::Column::LifecycleStage.into_expr();
        /// Who looks after it.
        owner_id: Id(Kind::Colleague), P "owner" => account::Column::OwnerId.into_expr();
        /// The company that it belongs to.
        parent_id: Id(Kind::Account), P "parent" => caller.seen::<account::Entity>(account::Column::ParentId.into_expr());
        /// Since when we know it.
        created_at: Time, P "createdAt" => account::Column::CreatedAt.into_expr();
        /// What it turns over in a year.
        annual_revenue: Amount("currency"), M "annualRevenue" => account::Column::AnnualRevenueMinor.into_expr();
        /// The currency of its revenue.
        currency: Code, M "annualRevenue" => account::Column::Currency.into_expr();
    }
    made {}
}

dataset! {
    /// A campaign.
    CAMPAIGN = "dim_campaign" of campaign::Entity as [Campaign], dated None;
    with caller, line;
    keys {
        /// Its id.
        id: Id(Kind::Campaign) => campaign::Column::Id.into_expr();
    }
    columns {
        /// The code that the tenant gave it.
        code: Text, P "code" => campaign::Column::Code.into_expr();
        /// Its name.
        name: Text, P "name" => campaign::Column::Name.into_expr();
        /// What sort of campaign it is.
        campaign_type: Code, P "type" => campaign::Column::CampaignType.into_expr();
        /// Where it stands.
        status: Code, P "status" => campaign::Column::Status.into_expr();
        /// The campaign that it is a part of.
        parent_id: Id(Kind::Campaign), P "parent" => campaign::Column::ParentId.into_expr();
        /// Who is responsible.
        owner_id: Id(Kind::Colleague), P "owner" => campaign::Column::OwnerId.into_expr();
        /// Its first day.
        start_date: Day, P "startDate" => campaign::Column::StartDate.into_expr();
        /// Its last day.
        end_date: Day, P "endDate" => campaign::Column::EndDate.into_expr();
        /// What it may cost.
        budget: Amount("currency"), M "budget" => campaign::Column::BudgetMinor.into_expr();
        /// The currency of the budget.
        currency: Code, M "budget" => campaign::Column::Currency.into_expr();
    }
    made {}
}

dataset! {
    /// A channel.
    CHANNEL = "dim_channel" of channel::Entity as [Campaign], dated None;
    with caller, line;
    keys {
        /// Its id.
        id: Id(Kind::Channel) => channel::Column::Id.into_expr();
    }
    columns {
        /// Its code.
        code: Text, P "code" => channel::Column::Code.into_expr();
        /// Its name.
        name: Text, P "name" => channel::Column::Name.into_expr();
        /// PAID, OWNED, EARNED, SALES or PARTNER.
        channel_group: Code, P "group" => channel::Column::ChannelGroup.into_expr();
        /// Whether it stands for people who came by themselves.
        is_direct: Flag, P "isDirect" => channel::Column::IsDirect.into_expr();
    }
    made {}
}

dataset! {
    /// An industry, in a tree.
    INDUSTRY = "dim_industry" of industry::Entity as [Reference], dated None;
    with caller, line;
    keys {
        /// Its id.
        id: Id(Kind::Industry) => industry::Column::Id.into_expr();
    }
    columns {
        /// Its code: NACE, or the tenant's own.
        code: Text, P "code" => industry::Column::Code.into_expr();
        /// Its name.
        name: Text, P "name" => industry::Column::Name.into_expr();
        /// The industry above it; null for a root.
        parent_id: Id(Kind::Industry), P "parent" => industry::Column::ParentId.into_expr();
    }
    made {}
}

dataset! {
    /// A colleague.
    COLLEAGUE = "dim_colleague" of colleague::Entity as [Reference], dated None;
    with caller, line;
    keys {
        /// Its id.
        id: Id(Kind::Colleague) => colleague::Column::Id.into_expr();
    }
    columns {
        /// The name.
        name: Text, N "name" => colleague::Column::Name.into_expr();
        /// The title.
        title: Text, N "title" => colleague::Column::Title.into_expr();
        /// MARKETING, SALES, SERVICE, TECHNICAL or MANAGEMENT.
        department: Code, P "department" => colleague::Column::Department.into_expr();
        /// Whether the colleague still works here.
        is_active: Flag, P "isActive" => colleague::Column::IsActive.into_expr();
    }
    made {}
}
