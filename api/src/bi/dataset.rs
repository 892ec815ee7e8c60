//! What a dataset is. Each is declared once, by [`dataset!`], and everything else is made of that: statement, header, keys, schema,
//! `$metadata`, docs.

use sea_orm::sea_query::SelectStatement;

use super::{cell::Form, dims, facts};
use crate::policy::{Caller, Type, table};

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name, the same in every format.
    pub name: &'static str,
    /// What it holds.
    pub form: Form,
    /// What it means.
    pub doc: &'static str,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a column comes from.
#[derive(Clone, Copy, Debug)]
pub enum Origin {
    /// It identifies the row, and is never null.
    Key,
    /// The row, as far as the caller reads it.
    Row,
    /// It is worked out of other columns when the row is handed out: it can be neither filtered nor sorted by.
    Made(Make),
}

/// What is worked out of other columns.
#[derive(Clone, Copy, Debug)]
pub enum Make {
    /// The bucket of time that holds a moment or a day, by `grain` and `timezone`.
    Bucket(&'static str),
    /// An amount in the asked currency, by the rate of a day.
    Converted {
        /// The amount.
        amount: &'static str,
        /// The moment or day whose rate counts.
        on: &'static str,
    },
    /// The asked currency, where there is such an amount.
    Currency(&'static str),
}

/// A dataset.
#[derive(Clone, Copy, Debug)]
pub struct Dataset {
    /// Its name in addresses.
    pub name: &'static str,
    /// What a row of it is.
    pub doc: &'static str,
    /// Its columns: the keys first.
    pub fields: &'static [Field],
    /// The column that dates a row, by which a period is cut out.
    pub dated: Option<&'static str>,
    /// Where its rows come from.
    pub source: Source,
}

/// Where rows come from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// A table, under the caller's row rule.
    Rows {
        /// The lines of the access table by which the rows are read; one that the caller reads is enough.
        types: &'static [Type],
        /// The rows.
        select: fn(&Caller) -> SelectStatement,
        /// Whether a row stands for each day at whose end it was so, from its `since` to its `until`.
        daily: bool,
    },
    /// The days of a period.
    Days,
    /// The figures of the engine.
    Figures,
    /// The credit that touches get, conversion by conversion, in the order of its keys.
    Credit,
}

/// All of them, in the order of the docs.
pub const DATASETS: &[Dataset] = &[
    facts::TOUCH,
    facts::LEAD,
    facts::HANDOVER,
    facts::STAGE_INTERVAL,
    facts::OPPORTUNITY,
    facts::OPPORTUNITY_DAILY,
    facts::COST,
    facts::TICKET,
    facts::SLA,
    facts::SURVEY,
    facts::CREDIT,
    dims::ACCOUNT,
    dims::CAMPAIGN,
    dims::CHANNEL,
    dims::INDUSTRY,
    dims::COLLEAGUE,
    super::days::DATE,
    super::figures::METRIC,
];

/// The dataset of a name.
pub fn named(name: &str) -> Option<&'static Dataset> {
    DATASETS.iter().find(|dataset| dataset.name == name)
}

/// Whether the caller reads rows under a line of the access table.
pub fn reads(ty: Type, caller: &Caller) -> bool {
    table::grants(ty, caller.into()).iter().any(|grant| grant.rights.reads())
}

/// The datasets that the caller may have.
pub fn of_caller(caller: &Caller) -> impl Iterator<Item = &'static Dataset> {
    DATASETS.iter().filter(|dataset| dataset.is_for(caller))
}

impl Dataset {
    /// Whether the caller may have it: rows where it reads such rows; credit where it reads attribution row by row; days and figures whoever may count anything.
    pub fn is_for(&self, caller: &Caller) -> bool {
        match self.source {
            Source::Rows { types, .. } => types.iter().any(|ty| reads(*ty, caller)),
            Source::Credit => reads(Type::Attribution, caller),
            Source::Days | Source::Figures => true,
        }
    }

    /// The place of a column.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The places of the columns that identify a row, in the order of the rows.
    pub fn keys(&self) -> impl Iterator<Item = usize> {
        self.fields.iter().enumerate().filter(|(_, field)| matches!(field.origin, Origin::Key)).map(|(nth, _)| nth)
    }

    /// Whether a row stands for each day.
    pub fn is_daily(&self) -> bool {
        matches!(self.source, Source::Rows { daily: true, .. })
    }
}

/// Declares a dataset of rows.
///
/// ```ignore
/// dataset! {
///     /// A touch between the market and the company.
///     TOUCH = "fact_touch" of touchpoint::Entity as [Touchpoint], dated Some("occurred_at");
///     with caller, line;
///     keys {
///         /// Its id.
///         id: Id(Kind::Touchpoint) = C::Id.into_expr();
///     }
///     columns {
///         /// The customer. `P "account"` is the class and the field of the access table that the value obeys.
///         account_id: Id(Kind::Account), P "account" = C::AccountId.into_expr();
///     }
///     made {
///         /// Its day, or another bucket.
///         bucket: Code = Make::Bucket("occurred_at");
///     }
/// }
/// ```
macro_rules! dataset {
    (
        $(#[doc = $doc:literal])*
        $constant:ident = $name:literal of $entity:ty as [$($ty:ident),*], dated $dated:expr $(, $daily:ident)?;
        with $caller:ident, $line:ident;
        keys { $($(#[doc = $key_doc:literal])* $key:ident: $key_form:expr => $key_value:expr;)* }
        columns { $($(#[doc = $field_doc:literal])* $field:ident: $form:expr, $class:ident $policy:literal => $value:expr;)* }
        made { $($(#[doc = $made_doc:literal])* $made:ident: $made_form:expr => $make:expr;)* }
    ) => {
        $(#[doc = $doc])*
        pub const $constant: $crate::bi::dataset::Dataset = {
            use $crate::bi::dataset::{Dataset, Field, Origin, Source, reads};
            use $crate::policy::{Class, Type};
            const TYPES: &[Type] = &[$(Type::$ty),*];
            fn select($caller: &$crate::policy::Caller) -> sea_orm::sea_query::SelectStatement {
                let lines = TYPES.iter().copied().filter(|ty| reads(*ty, $caller)).map(|$line| {
                    let _ = $line;
                    let keys = vec![$((stringify!($key), $key_value)),*];
                    let columns = vec![$((stringify!($field), Class::$class, $policy, $value)),*];
                    $caller.rows_as::<$entity>($line).into_listed($caller, keys, columns)
                });
                lines
                    .reduce(|mut all, one| all.union(sea_orm::sea_query::UnionType::All, one).to_owned())
                    .unwrap_or_default()
            }
            Dataset {
                name: $name,
                doc: concat!($($doc),*),
                fields: &[
                    $(Field { name: stringify!($key), form: $key_form, doc: concat!($($key_doc),*), origin: Origin::Key },)*
                    $(Field { name: stringify!($field), form: $form, doc: concat!($($field_doc),*), origin: Origin::Row },)*
                    $(Field { name: stringify!($made), form: $made_form, doc: concat!($($made_doc),*), origin: Origin::Made($make) },)*
                ],
                dated: $dated,
                source: Source::Rows { types: TYPES, select, daily: dataset!(@daily $($daily)?) },
            }
        };
    };
    (@daily daily) => { true };
    (@daily) => { false };
}
pub(super) use dataset;

/// The columns of a dataset that is no table's: `Key` or `Row`, name and form, each with what it means.
macro_rules! columns {
    ($($(#[doc = $doc:literal])* $origin:ident $name:ident: $form:expr;)*) => {
        &[$($crate::bi::dataset::Field {
            name: stringify!($name),
            form: $form,
            doc: concat!($($doc),*),
            origin: $crate::bi::dataset::Origin::$origin,
        },)*]
    };
}
pub(super) use columns;
