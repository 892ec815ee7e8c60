//! The macros that give a table its lists: filter, order and roots, all in one shape. What they call stands in `listing`.

/// The filter and the order of a type that has no roots of its own: what stands between the braces of [`listed!`](crate::listed).
#[macro_export]
macro_rules! filterable {
    (@kind) => { None };
    (@kind $kind:ident) => { Some($crate::graph::Kind::$kind) };
    (
        $out:ident($table:path) as $ty:ident, id $kind:ident;
        filter $filter:ident, sort $sort:ident $($custom:ident)? {
            $( $(#[$meta:meta])* $class:ident $field:ident : $test:ty = $column:ident $(, of $of:ident)? $(, in $currency:ident)?; )*
        }
    ) => {
        /// Which rows to list: all conditions that are given must hold.
        #[derive(Clone, Debug, Default, async_graphql::InputObject)]
        pub struct $filter {
            /// With these ids.
            pub id: Option<$crate::graph::Ids>,
            /// Made in this period.
            pub created_at: Option<$crate::graph::TimeFilter>,
            /// Last changed in this period.
            pub updated_at: Option<$crate::graph::TimeFilter>,
            $(
                $(#[$meta])*
                #[graphql(directive = $crate::policy::access_clear::apply(stringify!($ty).into(), stringify!($class).into()))]
                pub $field: Option<$test>,
            )*
            $(
                /// By fields of the tenant's own, at most 20: all of them.
                pub $custom: Option<Vec<$crate::graph::CustomFieldFilter>>,
            )?
            /// All of these, at most 20.
            pub and: Option<Vec<$filter>>,
            /// Any of these, at most 20.
            pub or: Option<Vec<$filter>>,
            /// Not this.
            pub not: Option<Box<$filter>>,
        }

        /// The order of the list: exactly one field. Rows without a value come last.
        #[derive(Clone, Debug, Default, async_graphql::InputObject)]
        pub struct $sort {
            /// When the record was made.
            pub created_at: Option<$crate::graph::SortDirection>,
            /// When the record last changed.
            pub updated_at: Option<$crate::graph::SortDirection>,
            $(
                $(#[$meta])*
                #[graphql(directive = $crate::policy::access_clear::apply(stringify!($ty).into(), stringify!($class).into()))]
                pub $field: Option<$crate::graph::SortDirection>,
            )*
            $(
                /// By a field of the tenant's own.
                pub $custom: Option<$crate::graph::CustomFieldSort>,
            )?
        }

        impl $crate::graph::Filter<$table> for $filter {
            fn condition(
                self,
                cx: &$crate::graph::Cx,
                ty: $crate::policy::Type,
                depth: $crate::graph::Depth,
            ) -> $crate::graph::Result<sea_orm::Condition> {
                use sea_orm::ColumnTrait;
                type Column = <$table as sea_orm::EntityTrait>::Column;
                let $filter { id, created_at, updated_at, $($field,)* $($custom,)? and, or, not } = self;
                let mut all = $crate::graph::combine::<$table, $filter>(cx, ty, depth, (and, or, not))?;
                let postgres = cx.store.is_postgres();
                let against = |path: &str, column: sea_orm::sea_query::Expr, kind| $crate::graph::Against {
                    path: $crate::graph::camel(path), column, kind, currency: None, postgres,
                };
                if let Some(id) = id {
                    let against = against("id", Column::Id.into_expr(), Some($crate::graph::Kind::$kind));
                    all = $crate::graph::Test::test(id, &against)?.into_iter().fold(all, sea_orm::Condition::add);
                }
                if let Some(time) = created_at {
                    let against = against("created_at", Column::CreatedAt.into_expr(), None);
                    all = $crate::graph::Test::test(time, &against)?.into_iter().fold(all, sea_orm::Condition::add);
                }
                if let Some(time) = updated_at {
                    let against = against("updated_at", Column::UpdatedAt.into_expr(), None);
                    all = $crate::graph::Test::test(time, &against)?.into_iter().fold(all, sea_orm::Condition::add);
                }
                $(
                    if let Some(test) = $field {
                        let class = $crate::policy::Class::$class;
                        let shown = |column: Column| {
                            cx.caller.shown::<$table>(ty, class, stringify!($field), column.into_expr()).0
                        };
                        let kind = $crate::filterable!(@kind $($of)?);
                        #[allow(unused_mut, reason = "only amounts name a currency")]
                        let mut against = against(stringify!($field), shown(Column::$column), kind);
                        $( against.currency = Some(shown(Column::$currency)); )?
                        all = $crate::graph::Test::test(test, &against)?.into_iter().fold(all, sea_orm::Condition::add);
                    }
                )*
                $( all = $crate::graph::custom_conditions::<$table>(cx, ty, depth, $custom)?.into_iter().fold(all, sea_orm::Condition::add); )?
                Ok(all)
            }

            fn asks_custom(&self) -> bool {
                $( if self.$custom.is_some() { return true; } )?
                let several = self.and.iter().chain(&self.or).flatten();
                several.chain(self.not.as_deref()).any($crate::graph::Filter::asks_custom)
            }
        }

        impl $crate::graph::Sort<$table> for $sort {
            fn key(self) -> $crate::graph::Result<$crate::graph::SortKey<$table>> {
                type Column = <$table as sea_orm::EntityTrait>::Column;
                use $crate::policy::Class;
                let $sort { created_at, updated_at, $($field,)* $($custom,)? } = self;
                let mut chosen = [
                    ("created_at", Class::P, true, Column::CreatedAt, &[] as &'static [&'static str], created_at),
                    ("updated_at", Class::P, true, Column::UpdatedAt, &[], updated_at),
                    $((stringify!($field), Class::$class, false, Column::$column, <$test as $crate::graph::Test>::CODES, $field),)*
                ]
                .into_iter()
                .filter_map(|(name, class, plain, column, codes, direction)| {
                    direction.map(|direction| $crate::graph::SortKey::Column { name, class, plain, column, codes, direction })
                })
                $( .chain($custom.map($crate::graph::SortKey::Custom)) )?;
                match (chosen.next(), chosen.next()) {
                    (Some(key), None) => Ok(key),
                    _ => Err($crate::graph::Error::BadInput("sort: give exactly one field".into())),
                }
            }
        }

        impl $crate::graph::Listable for $out {
            type Table = $table;
            type Filter = $filter;
            type Sort = $sort;
        }
    };
}

/// The filter, the order and the two roots of a table.
///
/// ```ignore
/// listed! {
///     /// One account; null if there is none that you may see.
///     account,
///     /// The accounts that you may see, oldest first unless sorted.
///     accounts: Account(account::Entity) as Account, id Account, Rising;
///     query AccountQuery, filter AccountFilter, sort AccountSort {
///         /// Its name.
///         P name: TextFilter = Name;
///         /// Its owner.
///         P owner_id: Ids = OwnerId, of Colleague;
///         /// The yearly revenue.
///         M annual_revenue: MoneyFilter = AnnualRevenueMinor, in Currency;
///     }
/// }
/// ```
///
/// Every list can be narrowed by `id`, `createdAt` and `updatedAt` and sorted by the two. A field that the caller may not read
/// in clear on a row counts as null there; one that it reads in clear on no row is not offered. With `custom` before the brace,
/// the list can be narrowed and sorted by the tenant's own fields, too.
#[macro_export]
macro_rules! listed {
    (
        $(#[$one_meta:meta])*
        $one:ident,
        $(#[$many_meta:meta])*
        $many:ident: $out:ident($table:path) as $ty:ident, id $kind:ident, $direction:ident;
        query $query:ident, filter $filter:ident, sort $sort:ident $($custom:ident)? { $($fields:tt)* }
    ) => {
        $crate::filterable! {
            $out($table) as $ty, id $kind;
            filter $filter, sort $sort $($custom)? { $($fields)* }
        }

        /// Reading one, and many.
        #[derive(Default)]
        pub struct $query;

        #[async_graphql::Object]
        impl $query {
            $(#[$one_meta])*
            #[graphql(directive = $crate::policy::access::apply(stringify!($ty).into(), "*".into(), false))]
            pub async fn $one(
                &self,
                ctx: &async_graphql::Context<'_>,
                #[graphql(desc = "Which one.")] id: $crate::graph::GlobalId,
            ) -> $crate::graph::Result<Option<$out>> {
                let id = id.expect($crate::graph::Kind::$kind)?;
                let cx = $crate::graph::Cx::of(ctx);
                let found = $crate::graph::one_as::<$table, _>(cx, $crate::policy::Type::$ty, id).await?;
                $crate::graph::or_merged::<$table, _>(cx, $crate::graph::Kind::$kind, id, found).await
            }

            $(#[$many_meta])*
            #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
            #[graphql(
                directive = $crate::policy::access::apply(stringify!($ty).into(), "*".into(), false))]
            pub async fn $many(
                &self,
                ctx: &async_graphql::Context<'_>,
                #[graphql(desc = "Which rows.")] filter: Option<$filter>,
                #[graphql(desc = "In which order.")] sort: Option<$sort>,
                #[graphql(desc = "The first n, 1 to 100.")] first: Option<i32>,
                #[graphql(desc = "After this cursor.")] after: Option<String>,
                #[graphql(desc = "The last n, 1 to 100.")] last: Option<i32>,
                #[graphql(desc = "Before this cursor.")] before: Option<String>,
            ) -> $crate::graph::Result<$crate::graph::List<$out>> {
                let cx = $crate::graph::Cx::of(ctx);
                let rows = cx.caller.rows_as::<$table>($crate::policy::Type::$ty);
                let args = $crate::graph::PageArgs::new(first, after, last, before);
                $crate::graph::listed(cx, rows, filter, sort, args, $crate::graph::Direction::$direction).await
            }
        }
    };
}
