//! What an admin declares: a field of an entity, with its type, its labels and the class of its values.

use async_graphql::{Context, Enum, MaybeUndefined, Object};
use entities::{
    codes::{CustomEntity, CustomFieldType},
    tenant::custom_field,
};
use sea_orm::{ActiveValue::NotSet, Set};

use super::{
    inputs::{self, CreateCustomFieldInput, UpdateCustomFieldInput},
    record,
};
use crate::{
    graph::{
        AnyOf, Cx, Error, IntFilter, Kind, MAX_LINE, Result, TextFilter, UserErrorCode, line, line_patch, name_patch,
        patch_required, text,
    },
    journey::{Removable, Work, attempt},
    listed, object, payload,
    policy::{Class, Seen, access},
    removal,
};

/// The most fields of one entity.
const MAX_FIELDS: usize = 100;

/// A language of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum LabelLanguage {
    /// German.
    De,
    /// English.
    En,
}

/// Something that can be chosen.
pub struct CustomChoice(serde_json::Value);

impl CustomChoice {
    fn part(&self, name: &str) -> String {
        self.0[name].as_str().unwrap_or_default().to_owned()
    }
}

/// Something that can be chosen in a field of type CHOICE.
#[Object]
impl CustomChoice {
    /// Its name for machines: what records hold.
    #[graphql(directive = access::apply("CustomField".into(), "P".into(), false))]
    async fn code(&self) -> String {
        self.part("code")
    }

    /// What people call it.
    #[graphql(directive = access::apply("CustomField".into(), "P".into(), false))]
    async fn label(&self, #[graphql(desc = "In which language.")] language: LabelLanguage) -> String {
        match language {
            LabelLanguage::De => self.part("de"),
            LabelLanguage::En => self.part("en"),
        }
    }
}

object! {
    /// A field that the tenant has added to one of the house's entities.
    CustomField(custom_field::Entity) as CustomField, id CustomField {
        /// Whose field it is.
        P entity: CustomEntity = |row| row.entity;
        /// Its name for machines, unique among the entity's fields.
        P code: String = |row| row.code.clone();
        /// What it holds.
        P r#type: CustomFieldType = |row| row.field_type;
        /// What people call it in German.
        P label_de: String = |row| row.label_de.clone();
        /// What people call it in English.
        P label_en: String = |row| row.label_en.clone();
        /// What it is for; null where unsaid.
        P description: String = |row| row.description.clone();
        /// The class of its values: who may read and write them on a record is in the access table.
        P class: Class = |row| row.class.chars().next().and_then(Class::from_letter);
        /// What can be chosen, at most 200; empty unless the type is CHOICE.
        P choices: Vec<CustomChoice> = |row| {
            row.choices.as_array().into_iter().flatten().cloned().map(CustomChoice).collect::<Vec<_>>()
        };
        /// Whether a value can not be cleared. Records that were made without one may lack it.
        P required: bool = |row| row.is_required;
        /// Its place among the entity's fields, rising.
        P position: i32 = |row| row.position;
    }
    edges {
        /// What people call it.
        #[graphql(directive = access::apply("CustomField".into(), "P".into(), false))]
        async fn label(&self, #[graphql(desc = "In which language.")] language: LabelLanguage) -> Option<String> {
            self.0.read(Class::P, "label", |row| match language {
                LabelLanguage::De => row.label_de.clone(),
                LabelLanguage::En => row.label_en.clone(),
            })
        }
    }
}

payload! {
    /// What `createCustomField` answers.
    CreateCustomFieldPayload {
        /// The new field; null if it was refused.
        custom_field: CustomField
    }
}

payload! {
    /// What `updateCustomField` answers.
    UpdateCustomFieldPayload {
        /// The changed field; null if it was refused.
        custom_field: CustomField
    }
}

/// Declares a field. What sources have brought under its name becomes its values, as far as it is of its type.
pub async fn create(cx: &Cx, input: CreateCustomFieldInput) -> Result<CustomField> {
    let written = input.written();
    let CreateCustomFieldInput {
        entity,
        code,
        r#type,
        label_de,
        label_en,
        description,
        class,
        choices,
        required,
        position,
    } = input;
    let mut work = Work::begin(cx).await?;
    let fields = work.fields().await?;
    if fields.of(entity).count() >= MAX_FIELDS {
        let message = format!("an entity has at most {MAX_FIELDS} fields");
        return Err(Error::user(UserErrorCode::StateConflict, "entity", message));
    }
    let last = fields.of(entity).map(|field| field.seen.row().position).max();
    let row = custom_field::ActiveModel {
        entity: Set(entity),
        code: Set(inputs::code(code)?),
        field_type: Set(r#type),
        label_de: Set(text("labelDe", label_de, MAX_LINE)?),
        label_en: Set(text("labelEn", label_en, MAX_LINE)?),
        description: Set(line("description", description)?),
        class: Set(class.letter().to_string()),
        choices: Set(inputs::choices(r#type, choices)?),
        is_required: Set(required.unwrap_or_default()),
        position: Set(inputs::position(position.unwrap_or(last.map_or(0, |last| last.saturating_add(1))))?),
        ..Default::default()
    };
    let row = work.insert_unique::<custom_field::Entity>("code", row).await?;
    work.forget_fields();
    if let Some(field) = work.fields().await?.find(entity, &row.code) {
        record::adopt(&mut work, field).await?;
    }
    let seen = work.reached::<custom_field::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(CustomField(seen))
}

/// Changes what a field is called, where it stands, what can be chosen and who sees its values.
pub async fn update(cx: &Cx, input: UpdateCustomFieldInput) -> Result<CustomField> {
    let written = input.written();
    let UpdateCustomFieldInput { id, if_version, label_de, label_en, description, class, choices, required, position } =
        input;
    let id = id.named("id", Kind::CustomField)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<custom_field::Entity>(id, if_version, &written).await?;
    let kind = seen.row().field_type;
    let row = custom_field::ActiveModel {
        label_de: name_patch("labelDe", label_de)?,
        label_en: name_patch("labelEn", label_en)?,
        description: line_patch("description", description)?,
        class: match class {
            MaybeUndefined::Undefined => NotSet,
            MaybeUndefined::Null => return Err(Error::invalid("class", "this cannot be cleared")),
            MaybeUndefined::Value(class) => Set(class.letter().to_string()),
        },
        choices: match choices {
            MaybeUndefined::Undefined => NotSet,
            MaybeUndefined::Null => Set(inputs::choices(kind, None)?),
            MaybeUndefined::Value(choices) => Set(inputs::choices(kind, Some(choices))?),
        },
        is_required: patch_required("required", required)?,
        position: match position {
            MaybeUndefined::Undefined => NotSet,
            MaybeUndefined::Null => return Err(Error::invalid("position", "this cannot be cleared")),
            MaybeUndefined::Value(position) => Set(inputs::position(position)?),
        },
        ..Default::default()
    };
    work.update::<custom_field::Entity>(&seen, row).await?;
    work.forget_fields();
    let seen = work.reached::<custom_field::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(CustomField(seen))
}

impl Removable for custom_field::Entity {
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<custom_field::Model>) -> Result<()> {
        work.forget_values(seen.row()).await
    }
}

listed! {
    /// One field of the tenant's own; null if there is none.
    custom_field,
    /// The fields of the tenant's own, oldest first unless sorted.
    custom_fields: CustomField(custom_field::Entity) as CustomField, id CustomField, Rising;
    query CustomFieldQuery, filter CustomFieldsFilter, sort CustomFieldsSort {
        /// By whose field it is.
        P entity: AnyOf<CustomEntity> = Entity;
        /// By its name for machines.
        P code: TextFilter = Code;
        /// By what it holds.
        P r#type: AnyOf<CustomFieldType> = FieldType;
        /// By what people call it in German.
        P label_de: TextFilter = LabelDe;
        /// By what people call it in English.
        P label_en: TextFilter = LabelEn;
        /// By the class of its values, a letter.
        P class: TextFilter = Class;
        /// By whether a value can not be cleared.
        P required: bool = IsRequired;
        /// By its place among the entity's fields.
        P position: IntFilter = Position;
    }
}

removal! {
    /// Takes a field away. Records keep what they hold in it, but nobody is shown it any more, and its code stays taken.
    delete_custom_field: custom_field::Entity as CustomField, class P code, checked;
    mutation CustomFieldRemoval, input DeleteCustomFieldInput, payload DeleteCustomFieldPayload;
}

/// Declaring fields.
#[derive(Default)]
pub struct CustomFieldMutation;

#[Object]
impl CustomFieldMutation {
    /// Declares a field of the tenant's own. DUPLICATE if the entity has, or had, one of this code.
    #[graphql(directive = access::apply("CustomField".into(), "P".into(), true))]
    async fn create_custom_field(
        &self,
        ctx: &Context<'_>,
        input: CreateCustomFieldInput,
    ) -> Result<CreateCustomFieldPayload> {
        let cx = Cx::of(ctx);
        CreateCustomFieldPayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Changes a field of the tenant's own.
    #[graphql(directive = access::apply("CustomField".into(), "P".into(), true))]
    async fn update_custom_field(
        &self,
        ctx: &Context<'_>,
        input: UpdateCustomFieldInput,
    ) -> Result<UpdateCustomFieldPayload> {
        let cx = Cx::of(ctx);
        UpdateCustomFieldPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
