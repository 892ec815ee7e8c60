//! The fields of the graph by the columns behind them: for what tells which fields changed, as the graph calls them and as far as
//! somebody may read them.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use async_graphql::{
    ContextDirective, CustomDirective, CustomDirectiveFactory, ServerError, ServerResult,
    parser::types::Directive,
    registry::{MetaType, Registry},
};

use super::camel;
use crate::policy::Mark;

/// Type, field: the field's mark.
type Marks = HashMap<String, HashMap<String, Mark>>;

/// What a column's name says beside the field's: that it refers to a row, and the unit of a number.
const ENDINGS: [(&str, &str); 6] =
    [("", ""), ("_id", ""), ("_minor", ""), ("_nano", ""), ("_milli", ""), ("_ms", "_seconds")];

/// The marked fields of the whole graph: registered before pruning it reads them; kept in the schema's data it knows them.
#[derive(Clone, Debug, Default)]
pub struct FieldNames(Arc<OnceLock<Marks>>);

impl CustomDirectiveFactory for FieldNames {
    fn name(&self) -> Cow<'static, str> {
        "__names".into()
    }

    fn create(&self, _: &ContextDirective<'_>, _: &Directive) -> ServerResult<Box<dyn CustomDirective>> {
        // The directive is never registered, so no document can name it.
        Err(ServerError::new("unknown directive", None))
    }

    fn register(&self, registry: &mut Registry) {
        let mut marks = Marks::new();
        for (name, ty) in &registry.types {
            let MetaType::Object { fields, .. } = ty else { continue };
            let marked = fields
                .iter()
                .filter_map(|(name, field)| Some((name.clone(), Mark::read(&field.directive_invocations)?)));
            marks.insert(name.clone(), marked.collect());
        }
        let _ = self.0.set(marks);
    }
}

/// A column without what it says beside the field's name.
fn stems(column: &str) -> impl Iterator<Item = String> {
    let column = column.trim_end_matches('_');
    ENDINGS.iter().filter_map(move |(ending, unit)| column.strip_suffix(ending).map(|stem| format!("{stem}{unit}")))
}

/// What a field may be called that a column is a part of.
pub fn columns_names(column: &str) -> impl Iterator<Item = String> {
    stems(column).map(|stem| camel(&stem))
}

impl FieldNames {
    /// A field of a type, by its name, with its mark; none where no field of this name is marked.
    pub fn marked(&self, ty: &str, field: &str) -> Option<&Mark> {
        self.0.get()?.get(ty)?.get(field)
    }

    /// The field of a type that shows a column, with its mark; none where no field does.
    pub fn of_column(&self, ty: &str, column: &str) -> Option<(&str, &Mark)> {
        let fields = self.0.get()?.get(ty)?;
        // `campaign_type` had to say whose type it is; the field stands on its campaign.
        let short = stems(column).filter_map(|stem| stem.split_once('_').map(|(_, rest)| rest.to_owned()));
        let mut names = stems(column).chain(short.filter(|rest| !["id", "version"].contains(&rest.as_str())));
        names.find_map(|name| fields.get_key_value(camel(&name).as_str())).map(|(name, mark)| (name.as_str(), mark))
    }
}
