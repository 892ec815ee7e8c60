//! Fields of the tenant's own: an admin declares them for an entity, with a type, labels and a class; from then on records hold
//! values in them, under the access table like every field of the house.

pub mod definition;
pub mod inputs;
pub mod record;
pub mod value;

pub use definition::{
    CustomChoice, CustomField, CustomFieldMutation, CustomFieldQuery, CustomFieldRemoval, LabelLanguage,
};
pub use record::{CustomRecord, CustomValueMutation};
pub use value::{CustomFieldValue, undeclared, values};

/// Declaring fields, and writing values.
#[derive(async_graphql::MergedObject, Default)]
pub struct CustomMutation(CustomFieldMutation, CustomFieldRemoval, CustomValueMutation);
