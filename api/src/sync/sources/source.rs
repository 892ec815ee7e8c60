//! A system that delivers rows. One that delivers before anybody has heard of it is entered by its first batch.

use async_graphql::{Context, MaybeUndefined, Object};
use entities::sync::source_system;
use sea_orm::{ActiveValue, Set};

use crate::{
    graph::{Cx, Error, GlobalId, IntFilter, Kind, Result, TextFilter, name_patch, patch_required, text},
    input,
    journey::{Work, attempt},
    listed, object, payload,
    policy::access,
};

/// The lowest trust: the highest rank.
const MAX_RANK: i32 = 1_000;
/// The rank of a system that nobody has ranked.
const USUAL_RANK: i32 = 100;

object! {
    /// A system that delivers rows: a CRM, a shop, a mail tool.
    SourceSystem(source_system::Entity) as Source, id SourceSystem {
        /// Its short name, unique in the tenant: what batches name as their `source`.
        P code: String = |row| row.code.clone();
        /// What people call it.
        P name: String = |row| row.name.clone();
        /// What sort of system it is, such as SALESFORCE or CSV.
        P kind: String = |row| row.kind.clone();
        /// How far it is trusted: the lower the number, the more.
        P trust_rank: i32 = |row| row.trust_rank;
        /// Whether what it said last is kept beside each record, for `sourceValues`.
        P keeps_values: bool = |row| row.keeps_raw;
    }
}

input! {
    /// A new system.
    CreateSourceSystemInput for Source {
        /// Its short name, at most 100 characters, unique in the tenant. For good.
        P code: String;
        /// What people call it, at most 255 characters.
        P name: String;
        /// What sort of system it is, such as SALESFORCE or CSV, at most 100 characters.
        P kind: String;
        /// How far it is trusted, 0 to 1,000: the lower the number, the more. 100 unless said.
        P trust_rank: Option<i32>;
        /// Whether what it said last is kept beside each record; no unless said.
        P keeps_values: Option<bool>;
    }
}

input! {
    /// A change of a system: absent leaves. Its code never changes.
    UpdateSourceSystemInput for Source {
        /// What people call it.
        P name: MaybeUndefined<String>;
        /// What sort of system it is.
        P kind: MaybeUndefined<String>;
        /// How far it is trusted, 0 to 1,000: the lower the number, the more.
        P trust_rank: MaybeUndefined<i32>;
        /// Whether what it says is kept from now on. What was kept stays until it says something else.
        P keeps_values: MaybeUndefined<bool>;
    }
    plain {
        /// Which system.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `createSourceSystem` answers.
    CreateSourceSystemPayload {
        /// The new system; null if it was refused.
        source_system: SourceSystem
    }
}

payload! {
    /// What `updateSourceSystem` answers.
    UpdateSourceSystemPayload {
        /// The changed system; null if it was refused.
        source_system: SourceSystem
    }
}

/// Enters a system.
pub async fn create(cx: &Cx, input: CreateSourceSystemInput) -> Result<SourceSystem> {
    let written = input.written();
    let CreateSourceSystemInput { code, name, kind, trust_rank, keeps_values } = input;
    let mut work = Work::begin(cx).await?;
    let row = source_system::ActiveModel {
        code: Set(text("code", code, 100)?),
        name: Set(text("name", name, 255)?),
        kind: Set(text("kind", kind, 100)?),
        trust_rank: Set(ranked(trust_rank.unwrap_or(USUAL_RANK))?),
        keeps_raw: Set(keeps_values.unwrap_or_default()),
        ..Default::default()
    };
    let row = work.insert_unique::<source_system::Entity>("code", row).await?;
    let seen = work.reached::<source_system::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(SourceSystem(seen))
}

/// Changes a system.
pub async fn update(cx: &Cx, input: UpdateSourceSystemInput) -> Result<SourceSystem> {
    let written = input.written();
    let UpdateSourceSystemInput { id, if_version, name, kind, trust_rank, keeps_values } = input;
    let id = id.named("id", Kind::SourceSystem)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<source_system::Entity>(id, if_version, &written).await?;
    let row = source_system::ActiveModel {
        name: name_patch("name", name)?,
        kind: match patch_required("kind", kind)? {
            ActiveValue::Set(kind) => Set(text("kind", kind, 100)?),
            other => other,
        },
        trust_rank: match patch_required("trustRank", trust_rank)? {
            ActiveValue::Set(rank) => Set(ranked(rank)?),
            other => other,
        },
        keeps_raw: patch_required("keepsValues", keeps_values)?,
        ..Default::default()
    };
    work.update::<source_system::Entity>(&seen, row).await?;
    let seen = work.reached::<source_system::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(SourceSystem(seen))
}

fn ranked(rank: i32) -> Result<i32> {
    match (0..=MAX_RANK).contains(&rank) {
        true => Ok(rank),
        false => Err(Error::invalid("trustRank", format!("0 to {MAX_RANK}"))),
    }
}

listed! {
    /// One system; null if there is none that you may see.
    source_system,
    /// The systems that deliver rows, oldest first unless sorted.
    source_systems: SourceSystem(source_system::Entity) as Source, id SourceSystem, Rising;
    query SourceSystemQuery, filter SourceSystemFilter, sort SourceSystemSort {
        /// By its short name.
        P code: TextFilter = Code;
        /// By what people call it.
        P name: TextFilter = Name;
        /// By what sort of system it is.
        P kind: TextFilter = Kind;
        /// By how far it is trusted.
        P trust_rank: IntFilter = TrustRank;
        /// By whether what it said last is kept.
        P keeps_values: bool = KeepsRaw;
    }
}

/// Entering systems.
#[derive(Default)]
pub struct SourceSystemMutation;

#[Object]
impl SourceSystemMutation {
    /// Enters a system. DUPLICATE if there is one of this code. Event: `record.created`.
    #[graphql(directive = access::apply("Source".into(), "P".into(), true))]
    async fn create_source_system(
        &self,
        ctx: &Context<'_>,
        input: CreateSourceSystemInput,
    ) -> Result<CreateSourceSystemPayload> {
        let cx = Cx::of(ctx);
        CreateSourceSystemPayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Changes a system. Event: `record.updated`.
    #[graphql(directive = access::apply("Source".into(), "P".into(), true))]
    async fn update_source_system(
        &self,
        ctx: &Context<'_>,
        input: UpdateSourceSystemInput,
    ) -> Result<UpdateSourceSystemPayload> {
        let cx = Cx::of(ctx);
        UpdateSourceSystemPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
