//! Which of the changed fields of an entry of the feed somebody is shown: those that it reads on every row, by their names in the graph.

use std::{collections::HashMap, sync::Arc};

use entities::codes::CustomEntity;

use super::feed::Entry;
use crate::{
    graph::{Cx, FieldNames, Fields, Result},
    policy::{Class, Held, Rights, Sight, Type, table},
};

/// How the log names a field of the tenant's own.
const OF_THE_TENANT: &str = "custom.";

/// Which fields a caller is shown, by what it may do with every row.
pub struct Shown {
    names: FieldNames,
    custom: Option<Arc<Fields>>,
    held: Held,
    rights: HashMap<Type, Rights>,
}

impl Shown {
    /// What the caller is shown of these entries. The tenant's own fields are read where one of them changed.
    pub async fn of(cx: &Cx, names: FieldNames, entries: &[Entry]) -> Result<Shown> {
        let is_custom = |entry: &Entry| entry.columns.iter().any(|column| column.starts_with(OF_THE_TENANT));
        let custom = match entries.iter().any(is_custom) {
            true => Some(cx.fields().await?),
            false => None,
        };
        Ok(Shown { names, custom, held: (&cx.caller).into(), rights: HashMap::new() })
    }

    /// The changed fields of an entry.
    pub fn fields_of(&mut self, entry: &Entry) -> Vec<String> {
        let (names, custom) = (self.names.clone(), self.custom.clone());
        let mut shown = Vec::new();
        for column in &entry.columns {
            let named = match column.strip_prefix(OF_THE_TENANT) {
                Some(code) => CustomEntity::parse(entry.object.code())
                    .and_then(|entity| custom.as_ref()?.find(entity, code))
                    .filter(|field| self.reads(entry.object.access(), Some(field.class), column))
                    .map(|_| column.as_str()),
                None => names
                    .of_column(entry.object.name(), column)
                    .filter(|(name, mark)| self.reads(mark.of, mark.class, mark.field.as_deref().unwrap_or(*name)))
                    .map(|(name, _)| name),
            };
            // An amount has two columns.
            if let Some(name) = named.filter(|name| !shown.iter().any(|held| held == name)) {
                shown.push(name.to_owned());
            }
        }
        shown
    }

    fn reads(&mut self, of: Type, class: Option<Class>, field: &str) -> bool {
        let held = self.held;
        let rights = self.rights.entry(of).or_insert_with(|| table::everywhere(of, held));
        class.is_none_or(|class| rights.sight(class, field) > Sight::None)
    }
}
