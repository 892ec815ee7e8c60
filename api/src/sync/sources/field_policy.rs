//! Who wins where systems disagree about a field: at most one rule a field. What a rule means is said in `sync/upsert/policy.rs`.

use async_graphql::{Context, Object};
use entities::{
    codes::FieldRule,
    sync::{field_policy, source_system},
};
use sea_orm::{ColumnTrait, Set};
use uuid::Uuid;

use super::{
    SourceSystem,
    entity::{class_of, object},
};
use crate::{
    graph::{AnyOf, Cx, Error, FieldNames, GlobalId, Ids, Result, TextFilter},
    input,
    journey::{Removable, Watched, Work, attempt},
    listed, object, payload,
    policy::{Seen, access},
    removal,
    sync::upsert::SyncEntity,
};

object! {
    /// Who wins where systems disagree about a field.
    FieldPolicy(field_policy::Entity) as Source, id FieldPolicy {
        /// Whose field it is.
        P entity: SyncEntity = |row| SyncEntity::named(&row.entity);
        /// The field, by its name in the graph; `custom.` and its code for one of the tenant's own.
        P field: String = |row| row.field.clone();
        /// Who wins.
        P rule: FieldRule = |row| row.rule;
    }
    refs {
        /// The system that owns the field; null unless the rule is OWNER.
        P owner_source: SourceSystem = source_system::Entity, |row| row.owner_source_id;
    }
}

input! {
    /// A rule for a field. It takes the place of the one that there is.
    SetFieldPolicyInput for Source {
        /// Whose field it is.
        P entity: SyncEntity;
        /// The field, by its name in the graph; `custom.` and its code for one of the tenant's own.
        P field: String;
        /// Who wins.
        P rule: FieldRule;
        /// The system that owns the field: for OWNER, and only there.
        P owner_source_id: Option<GlobalId>;
    }
    plain {
        /// Change the rule that there is only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `setFieldPolicy` answers.
    SetFieldPolicyPayload {
        /// The rule; null if it was refused.
        field_policy: FieldPolicy
    }
}

/// Sets a rule.
pub async fn set(cx: &Cx, names: &FieldNames, input: SetFieldPolicyInput) -> Result<FieldPolicy> {
    let written = input.written();
    let SetFieldPolicyInput { entity, field, rule, owner_source_id, if_version } = input;
    let mut work = Work::begin(cx).await?;
    // Alone: two rules for one field would be none.
    work.alone_unscoped().await?;
    let fields = work.fields().await?;
    if class_of(names, &fields, entity, &field).is_none() {
        return Err(Error::invalid("field", "records of this kind have no such field"));
    }
    let owner = match (rule, owner_source_id) {
        (FieldRule::Owner, None) => return Err(Error::invalid("ownerSourceId", "say which system owns the field")),
        (FieldRule::Owner, Some(id)) => Some(work.refer::<source_system::Entity>("ownerSourceId", id).await?.row().id),
        (_, Some(_)) => return Err(Error::invalid("ownerSourceId", "only under the rule OWNER a system owns a field")),
        (_, None) => None,
    };
    let standing = cx.caller.rows_to_write::<field_policy::Entity>();
    let standing = standing
        .filter(field_policy::Column::Entity.eq(entity.name()))
        .filter(field_policy::Column::Field.eq(field.as_str()));
    let id = match standing.one(work.tx()).await?.map(|seen| seen.row().id) {
        Some(id) => {
            let seen = work.to_change::<field_policy::Entity>(id, if_version, &written).await?;
            let row = field_policy::ActiveModel { rule: Set(rule), owner_source_id: Set(owner), ..Default::default() };
            work.update::<field_policy::Entity>(&seen, row).await?;
            id
        }
        // There is none any more, or none yet.
        None if if_version.is_some() => return Err(Error::version_conflict(0)),
        None => {
            let row = field_policy::ActiveModel {
                entity: Set(entity.name().to_owned()),
                field: Set(field),
                rule: Set(rule),
                owner_source_id: Set(owner),
                ..Default::default()
            };
            work.insert::<field_policy::Entity>(row).await?.id
        }
    };
    watch(&work, None).await?;
    let seen = work.reached::<field_policy::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(FieldPolicy(seen))
}

/// Who writes the fields of these rules is noted from now on; `gone` is a rule that is being taken away.
async fn watch(work: &Work<'_>, gone: Option<Uuid>) -> Result<()> {
    let mut watched = Watched::new();
    let rows = work.caller().rows::<field_policy::Entity>().filter(field_policy::Column::Rule.ne(FieldRule::Owner));
    for seen in rows.all(work.tx()).await? {
        let row = seen.row();
        let Some(entity) = SyncEntity::named(&row.entity).filter(|_| Some(row.id) != gone) else { continue };
        watched.entry(object(entity).code().to_owned()).or_default().push(row.field.clone());
    }
    work.watch_unscoped(&watched).await
}

impl Removable for field_policy::Entity {
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<field_policy::Model>) -> Result<()> {
        work.alone_unscoped().await?;
        watch(work, Some(seen.row().id)).await
    }
}

listed! {
    /// One rule; null if there is none that you may see.
    field_policy,
    /// The rules of all fields, oldest first unless sorted.
    field_policies: FieldPolicy(field_policy::Entity) as Source, id FieldPolicy, Rising;
    query FieldPolicyQuery, filter FieldPolicyFilter, sort FieldPolicySort {
        /// By whose field it is.
        P entity: AnyOf<SyncEntity> = Entity;
        /// By the field.
        P field: TextFilter = Field;
        /// By who wins.
        P rule: AnyOf<FieldRule> = Rule;
        /// By the system that owns the field.
        P owner_source_id: Ids = OwnerSourceId, of SourceSystem;
    }
}

removal! {
    /// Takes a rule away: then the last word counts. Open conflicts stay, for somebody to decide.
    remove_field_policy: field_policy::Entity as Source, class P rule, checked;
    mutation FieldPolicyRemoval, input RemoveFieldPolicyInput, payload RemoveFieldPolicyPayload;
}

/// Setting rules.
#[derive(Default)]
pub struct FieldPolicyMutation;

#[Object]
impl FieldPolicyMutation {
    /// Says who wins where systems disagree about a field. Event: `record.created` or `record.updated`.
    #[graphql(directive = access::apply("Source".into(), "P".into(), true))]
    async fn set_field_policy(&self, ctx: &Context<'_>, input: SetFieldPolicyInput) -> Result<SetFieldPolicyPayload> {
        let (cx, names) = (Cx::of(ctx), ctx.data_opt::<FieldNames>().cloned().unwrap_or_default());
        SetFieldPolicyPayload::of(attempt(|| set(cx, &names, input.clone())).await)
    }
}
