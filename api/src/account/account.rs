//! The account: a company that is, was or may become a customer.

use async_graphql::{Context, MaybeUndefined, Object};
use entities::{
    account::{account, account_team_member, colleague, contact, contact_point, industry},
    codes::{SizeBand, StageObject, Tier},
    marketing::{handover, lead, touchpoint},
    sales::{contract, meeting, opportunity, requirement, sales_order},
    service::{asset, survey_answer, ticket},
};
use sea_orm::{ActiveValue::NotSet, ColumnTrait, Set, sea_query::ExprTrait};

use super::{
    colleague::Colleague,
    contact::{Contact, ContactPoint},
    giving::Standing,
    ground,
    industry::Industry,
    team::AccountTeamMember,
};
use crate::{
    custom,
    graph::{
        AnyOf, Cx, Error, GlobalId, Ids, IntFilter, Kind, MAX_LINE, Money, MoneyFilter, MoneyInput, Result, TextFilter,
        UserErrorCode, country, country_patch, line, line_patch, patch, patch_required, remark, remark_patch, text,
    },
    input,
    journey::{
        Removable, Work, attempt,
        history::{self, StageInterval},
        timeline,
    },
    listed,
    marketing::{Handover, Lead, Touchpoint},
    object, payload,
    policy::{Seen, access},
    removal,
    sales::{self, Contract, Meeting, Opportunity, Order, Requirement},
    service::{self, Asset, SurveyAnswer, Ticket},
    teamwork,
};

object! {
    /// A company that is, was or may become a customer. Of an account that your teams do not reach, sales sees name and
    /// industry only.
    Account(account::Entity) as Account, id Account {
        /// The name that colleagues use.
        P name: String = |row| row.name.clone();
        /// The registered name, where it differs.
        P legal_name: String = |row| row.legal_name.clone();
        /// The web domains that belong to it, lower case.
        P domains: Vec<String> = |row| serde_json::from_value::<Vec<String>>(row.domains.clone()).unwrap_or_default();
        /// The web address as it was entered.
        P website: String = |row| row.website.clone();
        /// The number of employees, in classes.
        P size_band: SizeBand = |row| row.size_band;
        /// The number of employees, where it is known exactly.
        P employees: i32 = |row| row.employees.map(|n| i32::try_from(n).unwrap_or(i32::MAX));
        /// The country: ISO 3166 alpha-2 where known, else as the source wrote it.
        P country: String = |row| row.country.clone();
        /// The state or region.
        P region: String = |row| row.region.clone();
        /// How much attention it gets: KEY, A, B or C.
        P tier: Tier = |row| row.tier;
        /// The stage of the customer relation: TARGET, ENGAGED, OPEN_OPPORTUNITY, ONBOARDING, ACTIVE …
        P lifecycle_stage: String = |row| row.lifecycle_stage.clone();
        /// What the company does.
        P description: String = |row| row.description.clone();
        /// The yearly revenue.
        M annual_revenue: Money = |row| {
            row.annual_revenue_minor.map(|minor| Money::from_minor(minor, row.currency.as_deref().unwrap_or("EUR")))
        };
    }
    refs {
        /// The industry; null where none is known.
        P industry: Industry = industry::Entity, |row| row.industry_id;
        /// The colleague who looks after it; null while nobody does.
        P owner: Colleague = colleague::Entity, |row| row.owner_id;
        /// The account that it belongs to; null for a group's head.
        P parent: Account = account::Entity, |row| row.parent_id;
    }
    lists {
        /// The people who work there now, as their primary employer.
        contacts: Contact = contact::Entity, contact::Column::AccountId, Rising;
        /// The company's own phone numbers and addresses.
        contact_points: ContactPoint = contact_point::Entity, contact_point::Column::AccountId, Rising where super::contact::of_company;
        /// The account team, of all disciplines, present and past.
        team: AccountTeamMember = account_team_member::Entity, account_team_member::Column::AccountId, Rising;
        /// Its opportunities, newest first.
        opportunities: Opportunity = opportunity::Entity, opportunity::Column::AccountId, Falling;
        /// Its opportunities that are neither won nor lost, newest first.
        open_opportunities: Opportunity = opportunity::Entity, opportunity::Column::AccountId, Falling where sales::opportunity::is_open;
        /// Its meetings, newest first; `sort: { startsAt: DESC }` for the latest start on top.
        meetings: Meeting = meeting::Entity, meeting::Column::AccountId, Falling;
        /// What it said that it needs, newest first.
        requirements: Requirement = requirement::Entity, requirement::Column::AccountId, Falling;
        /// Its orders, newest first.
        orders: Order = sales_order::Entity, sales_order::Column::AccountId, Falling;
        /// Its contracts, newest first.
        contracts: Contract = contract::Entity, contract::Column::AccountId, Falling;
        /// What customers answered to surveys, newest first.
        survey_answers: SurveyAnswer = survey_answer::Entity, survey_answer::Column::AccountId, Falling;
        /// Its touchpoints, newest first.
        touchpoints: Touchpoint = touchpoint::Entity, touchpoint::Column::AccountId, Falling;
        /// Its leads, newest first.
        leads: Lead = lead::Entity, lead::Column::AccountId, Falling;
        /// Its handovers between the disciplines, newest first.
        handovers: Handover = handover::Entity, handover::Column::AccountId, Falling;
        /// Its installed base, newest first.
        assets: Asset = asset::Entity, asset::Column::AccountId, Falling;
        /// Its tickets, newest first.
        tickets: Ticket = ticket::Entity, ticket::Column::AccountId, Falling;
        /// Its tickets that are neither solved nor closed, newest first.
        open_tickets: Ticket = ticket::Entity, ticket::Column::AccountId, Falling where service::ticket::is_open;
    }
    timeline Account;
    custom_fields Account raw P;
    teamwork Account;
    edges {
        /// The stages of the customer relation, oldest first, at most the first 100. A stage that was entered twice stands here
        /// twice.
        #[graphql(directive = access::apply("Account".into(), "P".into(), false))]
        async fn stage_intervals(&self, ctx: &Context<'_>) -> Result<Vec<StageInterval>> {
            history::stages(Cx::of(ctx), StageObject::Account, self.0.row().id).await
        }
    }
}

input! {
    /// A new account. Whoever creates it owns it.
    CreateAccountInput for Account {
        /// The name that colleagues use, at most 255 characters.
        P name: String;
        /// The registered name, at most 255 characters.
        P legal_name: Option<String>;
        /// Web domains, such as `acme.com`; at most 100.
        P domains: Option<Vec<String>>;
        /// The web address, at most 255 characters.
        P website: Option<String>;
        /// The industry.
        P industry_id: Option<GlobalId>;
        /// The number of employees, in classes.
        P size_band: Option<SizeBand>;
        /// The number of employees, from 0.
        P employees: Option<i32>;
        /// The country: ISO 3166, such as `DE`.
        P country: Option<String>;
        /// The state or region, at most 255 characters.
        P region: Option<String>;
        /// How much attention it gets.
        P tier: Option<Tier>;
        /// The account that it belongs to.
        P parent_id: Option<GlobalId>;
        /// What the company does, at most 20,000 characters.
        P description: Option<String>;
        /// The yearly revenue, from 0.
        M annual_revenue: Option<MoneyInput>;
    }
}

input! {
    /// A change of an account: absent leaves, null clears.
    UpdateAccountInput for Account {
        /// The name that colleagues use.
        P name: MaybeUndefined<String>;
        /// The registered name.
        P legal_name: MaybeUndefined<String>;
        /// Web domains.
        P domains: MaybeUndefined<Vec<String>>;
        /// The web address.
        P website: MaybeUndefined<String>;
        /// The industry. FORBIDDEN where an industry team would take you further by it than you reach now.
        P industry_id: MaybeUndefined<GlobalId>;
        /// The number of employees, in classes.
        P size_band: MaybeUndefined<SizeBand>;
        /// The number of employees.
        P employees: MaybeUndefined<i32>;
        /// The country.
        P country: MaybeUndefined<String>;
        /// The state or region.
        P region: MaybeUndefined<String>;
        /// How much attention it gets.
        P tier: MaybeUndefined<Tier>;
        /// The stage of the customer relation, one of the tenant's; a new stage writes an interval.
        P lifecycle_stage: MaybeUndefined<String>;
        /// The colleague who looks after it. Its owner hands it over, who leads its team, a manager or an administrator;
        /// nobody takes it who does not edit it in every wing already.
        P owner_id: MaybeUndefined<GlobalId>;
        /// The account that it belongs to.
        P parent_id: MaybeUndefined<GlobalId>;
        /// What the company does.
        P description: MaybeUndefined<String>;
        /// The yearly revenue.
        M annual_revenue: MaybeUndefined<MoneyInput>;
    }
    plain {
        /// Which account.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `createAccount` answers.
    CreateAccountPayload {
        /// The new account; null if it was refused.
        account: Account
    }
}

payload! {
    /// What `updateAccount` answers.
    UpdateAccountPayload {
        /// The changed account; null if it was refused.
        account: Account
    }
}

/// Creates an account.
pub async fn create(cx: &Cx, input: CreateAccountInput) -> Result<Account> {
    let written = input.written();
    let CreateAccountInput {
        name,
        legal_name,
        domains,
        website,
        industry_id,
        size_band,
        employees,
        country: nation,
        region,
        tier,
        parent_id,
        description,
        annual_revenue,
    } = input;
    let revenue = annual_revenue.map(|money| money.into_price("annualRevenue")).transpose()?;
    let (annual_revenue_minor, currency) = revenue.unzip();
    let mut work = Work::begin(cx).await?;
    let row = work
        .insert::<account::Entity>(account::ActiveModel {
            name: Set(text("name", name, 255)?),
            legal_name: Set(line("legalName", legal_name)?),
            domains: Set(normal_domains(domains.unwrap_or_default())?),
            website: Set(line("website", website)?),
            industry_id: Set(work.refer_opt::<industry::Entity>("industryId", industry_id).await?),
            size_band: Set(size_band),
            employees: Set(headcount(employees)?),
            country: Set(country("country", nation)?),
            region: Set(line("region", region)?),
            tier: Set(tier),
            lifecycle_stage: Set("TARGET".to_owned()),
            owner_id: Set(cx.caller.colleague),
            parent_id: Set(work.refer_opt::<account::Entity>("parentId", parent_id).await?),
            description: Set(remark("description", description)?),
            annual_revenue_minor: Set(annual_revenue_minor),
            currency: Set(currency),
            ..Default::default()
        })
        .await?;
    work.enter_stage::<account::Entity>(StageObject::Account, &row, "TARGET", "created", cx.caller.colleague).await?;
    let seen = work.reached::<account::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Account(seen))
}

/// Changes an account.
pub async fn update(cx: &Cx, input: UpdateAccountInput) -> Result<Account> {
    let written = input.written();
    let UpdateAccountInput {
        id,
        if_version,
        name,
        legal_name,
        domains,
        website,
        industry_id,
        size_band,
        employees,
        country: nation,
        region,
        tier,
        lifecycle_stage,
        owner_id,
        parent_id,
        description,
        annual_revenue,
    } = input;
    let id = id.named("id", Kind::Account)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<account::Entity>(id, if_version, &written).await?;
    let (annual_revenue_minor, currency) = match annual_revenue {
        MaybeUndefined::Undefined => (NotSet, NotSet),
        MaybeUndefined::Null => (Set(None), Set(None)),
        MaybeUndefined::Value(money) => {
            let (minor, currency) = money.into_price("annualRevenue")?;
            (Set(Some(minor)), Set(Some(currency)))
        }
    };
    let parent_id = work.refer_patch::<account::Entity>("parentId", parent_id).await?;
    if parent_id == Set(Some(id)) {
        return Err(Error::invalid("parentId", "an account cannot belong to itself"));
    }
    let owner_id = ground::owner_patch(&work, "ownerId", seen.row().owner_id, owner_id).await?;
    let industry_id = work.refer_patch::<industry::Entity>("industryId", industry_id).await?;
    let handed_over = matches!(&owner_id, Set(owner) if *owner != seen.row().owner_id);
    let moved = matches!(&industry_id, Set(industry) if *industry != seen.row().industry_id);
    // Both decide who reaches the account, so the caller is judged by what it was before.
    let standing = if handed_over || moved { Some(Standing::on(&work, id).await?) } else { None };
    if handed_over && standing.as_ref().is_some_and(|standing| !standing.disposes(seen.row())) {
        return Err(Error::forbidden("ownerId"));
    }
    let row = account::ActiveModel {
        name: match patch_required("name", name)? {
            Set(name) => Set(text("name", name, 255)?),
            other => other,
        },
        legal_name: line_patch("legalName", legal_name)?,
        domains: match domains {
            MaybeUndefined::Undefined => NotSet,
            MaybeUndefined::Null => Set(normal_domains(Vec::new())?),
            MaybeUndefined::Value(domains) => Set(normal_domains(domains)?),
        },
        website: line_patch("website", website)?,
        industry_id,
        size_band: patch(size_band),
        employees: match employees {
            MaybeUndefined::Value(count) => Set(headcount(Some(count))?),
            none => patch(none.map_value(i64::from)),
        },
        country: country_patch("country", nation)?,
        region: line_patch("region", region)?,
        tier: patch(tier),
        lifecycle_stage: work.stage_patch("lifecycleStage", StageObject::Account, lifecycle_stage).await?,
        owner_id,
        parent_id,
        description: remark_patch("description", description)?,
        annual_revenue_minor,
        currency,
        ..Default::default()
    };
    let row = work.update::<account::Entity>(&seen, row).await?;
    if let Some(before) = standing
        && Standing::on(&work, id).await?.risen_since(&before)
    {
        return Err(Error::forbidden(if handed_over { "ownerId" } else { "industryId" }));
    }
    if row.lifecycle_stage != seen.row().lifecycle_stage {
        work.enter_stage::<account::Entity>(
            StageObject::Account,
            &row,
            &row.lifecycle_stage,
            "changed",
            cx.caller.colleague,
        )
        .await?;
    }
    let seen = work.reached::<account::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Account(seen))
}

/// The most domains of an account.
const MAX_DOMAINS: usize = 100;

/// Lower case, without blanks and repetitions.
pub fn normal_domains(domains: Vec<String>) -> Result<serde_json::Value> {
    if domains.len() > MAX_DOMAINS {
        return Err(Error::invalid("domains", format!("at most {MAX_DOMAINS} domains")));
    }
    let named = domains.iter().map(|domain| domain.trim().to_lowercase()).filter(|domain| !domain.is_empty());
    let mut normal = named.map(|domain| text("domains", domain, MAX_LINE)).collect::<Result<Vec<String>>>()?;
    normal.sort();
    normal.dedup();
    Ok(normal.into())
}

/// How many people work there.
fn headcount(count: Option<i32>) -> Result<Option<i64>> {
    match count {
        Some(count) if count < 0 => Err(Error::invalid("employees", "a number of people is not below 0")),
        count => Ok(count.map(i64::from)),
    }
}

listed! {
    /// One account; null if there is none that you may see.
    account,
    /// The accounts that you may see, oldest first unless sorted.
    accounts: Account(account::Entity) as Account, id Account, Rising;
    query AccountQuery, filter AccountFilter, sort AccountSort custom {
        /// By name.
        P name: TextFilter = Name;
        /// By registered name.
        P legal_name: TextFilter = LegalName;
        /// By industry.
        P industry_id: Ids = IndustryId, of Industry;
        /// By the number of employees, in classes.
        P size_band: AnyOf<SizeBand> = SizeBand;
        /// By the number of employees.
        P employees: IntFilter = Employees;
        /// By country.
        P country: TextFilter = Country;
        /// By state or region.
        P region: TextFilter = Region;
        /// By tier.
        P tier: AnyOf<Tier> = Tier;
        /// By the stage of the customer relation.
        P lifecycle_stage: TextFilter = LifecycleStage;
        /// By the colleague who looks after it.
        P owner_id: Ids = OwnerId, of Colleague;
        /// By the account that it belongs to.
        P parent_id: Ids = ParentId, of Account;
        /// By the yearly revenue.
        M annual_revenue: MoneyFilter = AnnualRevenueMinor, in Currency;
    }
}

impl Removable for account::Entity {
    /// A customer with work under way is not taken away.
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<account::Model>) -> Result<()> {
        let id = seen.row().id;
        // Only to who may take it away the refusal tells of work under way, which others may not see.
        if !Standing::on(work, id).await?.disposes(seen.row()) {
            return Err(Error::forbidden("id"));
        }
        let open = opportunity::Column::AccountId.eq(id).and(sales::opportunity::is_open(work.cx()));
        let open = work.tally_unscoped::<opportunity::Entity>(open);
        let unsolved = ticket::Column::AccountId.eq(id).and(service::ticket::is_open(work.cx()));
        let unsolved = work.tally_unscoped::<ticket::Entity>(unsolved);
        match (open.await?, unsolved.await?) {
            (0, 0) => Ok(()),
            _ => {
                Err(Error::user(UserErrorCode::StateConflict, "id", "there are open opportunities or unsolved tickets"))
            }
        }
    }
}

removal! {
    /// Takes an account out of the lists: its owner does, who leads its team, a manager or an administrator. STATE_CONFLICT while it
    /// has open opportunities or unsolved tickets. Its history stays.
    delete_account: account::Entity as Account, class P name, checked;
    mutation AccountRemoval, input DeleteAccountInput, payload DeleteAccountPayload;
}

/// Changing accounts.
#[derive(Default)]
pub struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Creates an account. Needs the right to write accounts; whoever creates it owns it.
    #[graphql(directive = access::apply("Account".into(), "P".into(), true))]
    async fn create_account(&self, ctx: &Context<'_>, input: CreateAccountInput) -> Result<CreateAccountPayload> {
        let cx = Cx::of(ctx);
        CreateAccountPayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Changes an account that you may change.
    #[graphql(directive = access::apply("Account".into(), "P".into(), true))]
    async fn update_account(&self, ctx: &Context<'_>, input: UpdateAccountInput) -> Result<UpdateAccountPayload> {
        let cx = Cx::of(ctx);
        UpdateAccountPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
