//! Accounts.

use async_graphql::MaybeUndefined;
use entities::{
    account::{account, industry, industry_closure},
    codes::{SizeBand, StageObject, Tier},
};
use sea_orm::{ActiveValue, ActiveValue::NotSet, ColumnTrait, Set, sea_query::ExprTrait};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

use super::{
    super::{Followed, Known, New, Scene, plain},
    stages::Stages,
    ways::{self, ContactPointSetInput, Owner},
};
use crate::{
    account::account::normal_domains,
    graph::{Error, Result, country_patch, line_patch, name_patch, remark_patch},
    journey::Work,
    synced,
};

synced! {
    /// What a source says of an account: absent leaves, null clears.
    Accounts of Account: account::Entity as Account;
    set AccountSetInput, row UpsertAccountRowInput, input UpsertAccountsInput;
    /// Creates and updates accounts, each known by its key in a source. A new one has no owner unless a row names one.
    mutation UpsertAccounts, upsert_accounts, class P;
    fields {
        /// The name that colleagues use, at most 255 characters. A new account needs it.
        P name: String = name by name_patch;
        /// The registered name, at most 255 characters.
        P legal_name: String = legal_name by line_patch;
        /// Web domains, such as `acme.com`; at most 100.
        P domains: Vec<String> = domains by domains;
        /// The web address, at most 255 characters.
        P website: String = website by line_patch;
        /// The number of employees, in classes.
        P size_band: SizeBand = size_band by plain;
        /// The number of employees, from 0.
        P employees: i32 = employees by headcount;
        /// The country: ISO 3166, such as `DE`.
        P country: String = country by country_patch;
        /// The state or region, at most 255 characters.
        P region: String = region by line_patch;
        /// How much attention it gets.
        P tier: Tier = tier by plain;
        /// The stage of the customer relation, by code or name; a new stage writes an interval. TARGET unless said.
        P lifecycle_stage: String = lifecycle_stage by name_patch;
        /// What the company does, at most 20,000 characters.
        P description: String = description by remark_patch;
    }
    money {
        /// The yearly revenue, from 0.
        M annual_revenue = annual_revenue_minor, currency;
    }
    beside {
        /// The industry, by its code or its name.
        P industry: String;
        /// Ways to reach the company itself, at most 100.
        P contact_points: Vec<ContactPointSetInput>;
    }
    relations AccountRelationsInput {
        /// The colleague who looks after it.
        P owner: Colleague = owner_id;
        /// The account that it belongs to.
        P parent: Account = parent_id;
    }
    require ["name"];
    lookup Lookup;
    removable;
}

/// What a batch of accounts looks up.
pub struct Lookup {
    stages: Stages,
    /// By code and by name.
    industries: HashMap<String, Uuid>,
}

fn domains(path: &str, value: MaybeUndefined<Vec<String>>) -> Result<ActiveValue<serde_json::Value>> {
    match value {
        MaybeUndefined::Undefined => Ok(NotSet),
        MaybeUndefined::Null => Ok(Set(serde_json::json!([]))),
        MaybeUndefined::Value(domains) => {
            normal_domains(domains).map(Set).map_err(|error| error.moved("domains", path))
        }
    }
}

fn headcount(path: &str, value: MaybeUndefined<i32>) -> Result<ActiveValue<Option<i64>>> {
    match value {
        MaybeUndefined::Value(count) if count < 0 => Err(Error::invalid(path, "a number of people is not below 0")),
        value => Ok(crate::graph::patch(value.map_value(i64::from))),
    }
}

impl Accounts {
    async fn prepare(work: &mut Work<'_>, scene: &Scene<'_>, sets: &[&AccountSetInput]) -> Result<Lookup> {
        let stages =
            Stages::load(work, scene, StageObject::Account, sets.iter().map(|set| &set.lifecycle_stage)).await?;
        let named: BTreeSet<&String> = sets.iter().filter_map(|set| set.industry.value()).collect();
        let named: Vec<String> = named.into_iter().filter(|name| !name.contains('\0')).cloned().collect();
        let mut industries = HashMap::new();
        for chunk in named.chunks(500) {
            let either = industry::Column::Code.is_in(chunk).or(industry::Column::Name.is_in(chunk));
            for seen in work.caller().rows::<industry::Entity>().filter(either).all(work.tx()).await? {
                let row = seen.row();
                industries.entry(row.name.clone()).or_insert(row.id);
                industries.insert(row.code.clone(), row.id);
            }
        }
        // What undo brings back is named by its id.
        let ids: Vec<Uuid> = named.iter().filter_map(|name| name.parse().ok()).collect();
        for seen in work.caller().rows::<industry::Entity>().by_ids(ids).all(work.tx()).await? {
            industries.insert(seen.row().id.to_string(), seen.row().id);
        }
        if scene.lenient {
            let unknown = named.into_iter().filter(|name| !industries.contains_key(name)).collect::<Vec<_>>();
            for name in unknown.into_iter().filter(|name| fits(name)) {
                let id = found_industry(work, &name).await?;
                industries.insert(name, id);
            }
        }
        Ok(Lookup { stages, industries })
    }

    fn fill(
        lookup: &Lookup,
        _: &Scene<'_>,
        set: &AccountSetInput,
        held: Option<&account::Model>,
        row: &mut account::ActiveModel,
    ) -> Result<()> {
        if let Set(stage) = &row.lifecycle_stage {
            row.lifecycle_stage = Set(lookup.stages.code("set.lifecycleStage", stage)?);
        }
        match &set.industry {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => row.industry_id = Set(None),
            MaybeUndefined::Value(name) => {
                let found = lookup.industries.get(name);
                let found = found.ok_or_else(|| Error::invalid("set.industry", "there is no such industry"))?;
                row.industry_id = Set(Some(*found));
            }
        }
        if let Some(ways) = set.contact_points.value() {
            ways::checked(ways)?;
        }
        if held.is_none() {
            if row.lifecycle_stage.is_not_set() {
                row.lifecycle_stage = Set("TARGET".to_owned());
            }
            if row.domains.is_not_set() {
                row.domains = Set(serde_json::json!([]));
            }
        }
        Ok(())
    }

    async fn after(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        _: &Lookup,
        new: &[New<Accounts>],
        known: &[Known<Accounts>],
    ) -> Result<Followed> {
        let staged: Vec<_> = new.iter().map(|new| (new.row.clone(), new.row.lifecycle_stage.clone())).collect();
        work.begin_stages::<account::Entity>(StageObject::Account, &staged, "imported").await?;
        let moved = known.iter().filter(|known| known.rows.before.lifecycle_stage != known.rows.after.lifecycle_stage);
        let moved: Vec<_> =
            moved.map(|known| (known.rows.after.clone(), known.rows.after.lifecycle_stage.clone())).collect();
        if !moved.is_empty() {
            work.enter_stages::<account::Entity>(StageObject::Account, &moved, "imported").await?;
        }
        let said = |place: usize, set: &AccountSetInput, account: Uuid, is_new: bool| {
            let ways = ways::checked(set.contact_points.value()?).ok()?;
            Some((place, Owner { contact: None, account: Some(account), is_new }, ways))
        };
        let owners = new
            .iter()
            .filter_map(|new| said(new.place, &new.set, new.row.id, true))
            .chain(known.iter().filter_map(|known| said(known.place, &known.set, known.rows.after.id, false)))
            .collect();
        let mut changed = ways::bring(work, scene, owners).await?;
        for Known { place, rows, .. } in known.iter().filter(|k| k.rows.before.industry_id != k.rows.after.industry_id)
        {
            let before = rows.before.industry_id.map_or(serde_json::Value::Null, |id| id.to_string().into());
            changed.entry(*place).or_default().insert("industry".to_owned(), before);
        }
        Ok(Followed { refused: Vec::new(), changed })
    }
}

fn fits(name: &str) -> bool {
    !name.trim().is_empty() && name.chars().count() <= 255 && !name.chars().any(char::is_control)
}

/// A source's industry becomes one of the tenant's own; its name is kept byte for byte.
async fn found_industry(work: &mut Work<'_>, name: &str) -> Result<Uuid> {
    let id = work.fresh_id();
    let row = industry::ActiveModel {
        id: Set(id),
        // The name may be anything; a code made of the id collides with nothing.
        code: Set(format!("X-{}", id.simple())),
        name: Set(name.to_owned()),
        ..Default::default()
    };
    work.insert::<industry::Entity>(row).await?;
    let own = industry_closure::ActiveModel {
        tenant_id: NotSet,
        ancestor_id: Set(id),
        descendant_id: Set(id),
        depth: Set(0),
    };
    work.insert_technical::<industry_closure::Entity>(vec![own]).await?;
    Ok(id)
}
