//! Writing values into records, of whatever entity, in one shape.

use std::collections::HashSet;

use async_graphql::{Context, InputObject, Json as JsonScalar, MaybeUndefined, Object, SimpleObject, Union};
use entities::{
    account::{account, contact},
    codes::CustomEntity,
    marketing::{campaign, lead, touchpoint},
    sales::{activity, contract, meeting, opportunity, product, sales_order},
    service::{asset, ticket},
};
use sea_orm::{ActiveModelTrait, ModelTrait, Value};
use serde_json::Value as Json;

use super::value::{CustomFieldValue, values};
use crate::{
    account::{Account, Contact},
    graph::{Cx, Error, Field, GlobalId, Kind, Result, UserError, custom_column},
    journey::{Journaled, Work, attempt},
    marketing::{Campaign, Lead, Touchpoint},
    policy::{Seen, access},
    sales::{Activity, Contract, Meeting, Opportunity, Order, Product},
    service::{Asset, Ticket},
};

/// The most values of one call.
const MAX_VALUES: usize = 100;

/// A value to set.
#[derive(Clone, Debug, InputObject)]
pub struct CustomValueInput {
    /// The field's code.
    pub code: String,
    /// The value: a text (one line, at most 2,000 characters), a number, true or false, a date as `2026-11-23`, the code of a
    /// choice. Null clears.
    pub value: MaybeUndefined<JsonScalar<Json>>,
}

/// Values to set on one record.
#[derive(Clone, Debug, InputObject)]
pub struct SetCustomFieldsInput {
    /// Which record.
    pub id: GlobalId,
    /// Change it only if it still has this version.
    pub if_version: Option<i32>,
    /// What to set, 1 to 100, each field once. Fields that are not named stay as they are.
    #[graphql(directive = access::apply("CustomValue".into(), "P".into(), true))]
    pub values: Vec<CustomValueInput>,
}

/// What `setCustomFields` answers.
#[derive(Default, SimpleObject)]
pub struct SetCustomFieldsPayload {
    /// The changed record; null if it was refused.
    pub record: Option<CustomRecord>,
    /// Its version now; null if it was refused.
    pub version: Option<i32>,
    /// Its own fields now, at most 100; null if it was refused.
    pub custom_fields: Option<Vec<CustomFieldValue>>,
    /// Why nothing was changed; empty after success.
    pub user_errors: Vec<UserError>,
}

macro_rules! records {
    ($($name:ident $table:ident;)*) => {
        /// A record that can have fields of the tenant's own.
        #[derive(Clone, Union)]
        #[expect(missing_docs, reason = "each is the type of its name")]
        pub enum CustomRecord { $($name($name),)* }

        /// Takes into the index what records hold under the name of a new field already.
        pub(super) async fn adopt(work: &mut Work<'_>, field: &Field) -> Result<()> {
            match field.entity {
                // One future of thirteen: each in a place of its own, or the stack holds them all.
                $(CustomEntity::$name => Box::pin(work.adopt_values::<$table::Entity>(field)).await,)*
            }
        }

        async fn set(cx: &Cx, input: SetCustomFieldsInput) -> Result<SetCustomFieldsPayload> {
            match input.id.kind {
                $(Kind::$name => {
                    let seen = attempt(|| set_values::<$table::Entity>(cx, input.clone())).await?;
                    Ok(SetCustomFieldsPayload {
                        version: Some(i32::try_from(seen.row().version).unwrap_or(i32::MAX)),
                        custom_fields: Some(values::<$table::Entity>(cx, &seen).await?),
                        record: Some(CustomRecord::$name($name(seen))),
                        user_errors: Vec::new(),
                    })
                })*
                _ => Err(Error::invalid("id", "records of this type have no fields of the tenant's own")),
            }
        }
    };
}

records! {
    Account account;
    Contact contact;
    Campaign campaign;
    Touchpoint touchpoint;
    Lead lead;
    Opportunity opportunity;
    Meeting meeting;
    Activity activity;
    Product product;
    Order sales_order;
    Contract contract;
    Asset asset;
    Ticket ticket;
}

/// Sets values on a record that the caller may change: all of them, or none.
async fn set_values<E: Journaled>(cx: &Cx, input: SetCustomFieldsInput) -> Result<Seen<E::Model>> {
    let SetCustomFieldsInput { id, if_version, values } = input;
    let Some((entity, column)) = custom_column::<E>() else { return Err(Error::NotFound) };
    if values.is_empty() || values.len() > MAX_VALUES {
        return Err(Error::invalid("values", format!("1 to {MAX_VALUES} values")));
    }
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<E>(id.uuid, if_version, &[]).await?;
    let fields = work.fields().await?;
    let mut custom = match seen.row().get(column) {
        Value::Json(Some(custom)) => custom.as_object().cloned().unwrap_or_default(),
        _ => serde_json::Map::new(),
    };
    let (mut refused, mut named) = (Vec::new(), HashSet::new());
    for (place, CustomValueInput { code, value }) in values.into_iter().enumerate() {
        let path = |field: &str| format!("values.{place}.{field}");
        let set = (|| {
            let field = fields.find(entity, &code).ok_or_else(|| Error::missing(&path("code")))?;
            if !named.insert(field.id) {
                return Err(Error::invalid(&path("code"), "this field stands twice"));
            }
            if !seen.rights().may_write(field.class, &field.path()) {
                return Err(Error::forbidden(&path("value")));
            }
            match value {
                MaybeUndefined::Undefined => Err(Error::invalid(&path("value"), "give a value, or null to clear it")),
                MaybeUndefined::Null | MaybeUndefined::Value(JsonScalar(Json::Null)) if field.is_required => {
                    Err(Error::invalid(&path("value"), "this cannot be cleared"))
                }
                MaybeUndefined::Null | MaybeUndefined::Value(JsonScalar(Json::Null)) => {
                    custom.shift_remove(&code);
                    Ok(())
                }
                MaybeUndefined::Value(JsonScalar(value)) => {
                    custom.insert(code, field.checked(&path("value"), value)?.json());
                    Ok(())
                }
            }
        })();
        match set {
            Ok(()) => {}
            Err(Error::User(errors)) => refused.extend(errors),
            Err(error) => return Err(error),
        }
    }
    if !refused.is_empty() {
        return Err(Error::User(refused));
    }
    let mut row = <E::ActiveModel as ActiveModelTrait>::default();
    row.set(column, Json::Object(custom).into());
    work.update::<E>(&seen, row).await?;
    let seen = work.reached::<E>(id.uuid, &[]).await?;
    work.commit().await?;
    Ok(seen)
}

/// Writing values.
#[derive(Default)]
pub struct CustomValueMutation;

#[Object]
impl CustomValueMutation {
    /// Sets values of the tenant's own fields on a record that you may change, each under the class of its field: all of them, or
    /// none.
    #[graphql(directive = access::apply("CustomValue".into(), "P".into(), true))]
    async fn set_custom_fields(
        &self,
        ctx: &Context<'_>,
        input: SetCustomFieldsInput,
    ) -> Result<SetCustomFieldsPayload> {
        match set(Cx::of(ctx), input).await {
            Err(Error::User(user_errors)) => Ok(SetCustomFieldsPayload { user_errors, ..Default::default() }),
            other => other,
        }
    }
}
