//! The macros that make GraphQL types of rows. A field says its class once; the macro makes of it the mark that pruning reads
//! and the reading through [`Seen`](crate::policy::Seen) that masks. So the two cannot disagree.

/// An output type over a seen row.
///
/// ```ignore
/// object! {
///     /// A company that is, was or may become a customer.
///     Account(account) as Account, id Account {
///         /// Its name.
///         P name: String = |row| row.name.clone();
///     }
///     refs {
///         /// The colleague who looks after it.
///         P owner: Colleague = colleague::Entity, |row| row.owner_id;
///     }
///     lists {
///         /// The people who work there.
///         contacts: Contact = contact::Entity, contact::Column::AccountId, Rising;
///         /// The same under another line of the access table than the table's own.
///         notes: TicketNote = ticket_message::Entity, ticket_message::Column::TicketId, Rising under TicketNote;
///         /// Some of them only: `is_open` makes the condition of a `Cx`.
///         open_tickets: Ticket = ticket::Entity, ticket::Column::AccountId, Falling where is_open;
///     }
///     timeline Account; // with `use crate::journey::timeline;`
///     custom_fields Account raw P; // with `use crate::custom;`: `customFields`, and `custom` with what no field declares
///     teamwork Account; // notes and tasks about it; with `use crate::teamwork;`
///     edges {
///         /// …ordinary resolvers
///     }
/// }
/// ```
#[macro_export]
macro_rules! object {
    (@line $table:path,) => { <$table as $crate::policy::Governed>::TYPE };
    (@line $table:path, $line:ident) => { $crate::policy::Type::$line };
    (@only $cx:ident) => { None };
    (@only $cx:ident, $only:path) => { Some($only($cx)) };
    (
        $(#[$meta:meta])*
        $name:ident($table:path) as $ty:ident, id $kind:ident {
            $( $(#[$field_meta:meta])* $class:ident $field:ident : $out:ty = $get:expr; )*
        }
        $(refs { $( $(#[$ref_meta:meta])* $ref_class:ident $ref:ident : $ref_out:ident = $ref_table:path, $ref_get:expr; )* })?
        $(lists { $( $(#[$list_meta:meta])* $list:ident : $list_out:ident = $list_table:path, $list_by:path, $direction:ident $(under $line:ident)? $(where $only:path)?; )* })?
        $(timeline $subject:ident;)?
        $(custom_fields $customized:ident $(raw $raw:ident)?;)?
        $(teamwork $record:ident;)?
        $(edges { $($edges:tt)* })?
    ) => {
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $name(pub $crate::policy::Seen<<$table as sea_orm::EntityTrait>::Model>);

        impl From<$crate::policy::Seen<<$table as sea_orm::EntityTrait>::Model>> for $name {
            fn from(seen: $crate::policy::Seen<<$table as sea_orm::EntityTrait>::Model>) -> Self {
                $name(seen)
            }
        }

        $(#[$meta])*
        #[async_graphql::Object]
        impl $name {
            /// The global id.
            #[graphql(directive = $crate::policy::access::apply(stringify!($ty).into(), "*".into(), false))]
            pub async fn id(&self) -> $crate::graph::GlobalId {
                $crate::graph::GlobalId::new($crate::graph::Kind::$kind, self.0.row().id)
            }

            /// Rises with each change; give it back as `ifVersion` to change only what you have seen.
            #[graphql(directive = $crate::policy::access::apply(stringify!($ty).into(), "*".into(), false))]
            pub async fn version(&self) -> i32 {
                i32::try_from(self.0.row().version).unwrap_or(i32::MAX)
            }

            /// When the record was made (UTC).
            #[graphql(directive = $crate::policy::access::apply(stringify!($ty).into(), "*".into(), false))]
            pub async fn created_at(&self) -> chrono::DateTime<chrono::Utc> {
                self.0.row().created_at
            }

            /// When the record last changed (UTC).
            #[graphql(directive = $crate::policy::access::apply(stringify!($ty).into(), "*".into(), false))]
            pub async fn updated_at(&self) -> chrono::DateTime<chrono::Utc> {
                self.0.row().updated_at
            }

            $(
                $(#[$field_meta])*
                #[graphql(directive = $crate::policy::access::apply(stringify!($ty).into(), stringify!($class).into(), false))]
                pub async fn $field(&self) -> Option<$out> {
                    self.0.read($crate::policy::Class::$class, stringify!($field), $get)
                }
            )*

            $($(
                $(#[$ref_meta])*
                #[graphql(directive = $crate::policy::access::apply(stringify!($ty).into(), stringify!($ref_class).into(), false))]
                pub async fn $ref(&self, ctx: &async_graphql::Context<'_>) -> $crate::graph::Result<Option<$ref_out>> {
                    let id = self.0.read($crate::policy::Class::$ref_class, stringify!($ref), $ref_get);
                    $crate::graph::one::<$ref_table, _>($crate::graph::Cx::of(ctx), id).await
                }
            )*)?

            $($(
                $(#[$list_meta])*
                #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
                #[graphql(
                    directive = $crate::policy::access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn $list(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "Which of them.")] filter: Option<Box<<$list_out as $crate::graph::Listable>::Filter>>,
                    #[graphql(desc = "In which order.")] sort: Option<Box<<$list_out as $crate::graph::Listable>::Sort>>,
                    #[graphql(desc = "The first n, 1 to 100.")] first: Option<i32>,
                    #[graphql(desc = "After this cursor.")] after: Option<String>,
                    #[graphql(desc = "The last n, 1 to 100.")] last: Option<i32>,
                    #[graphql(desc = "Before this cursor.")] before: Option<String>,
                ) -> $crate::graph::Result<$crate::graph::List<$list_out>> {
                    let cx = $crate::graph::Cx::of(ctx);
                    let list = $crate::graph::Children::<$list_table> {
                        name: stringify!($list),
                        line: $crate::object!(@line $list_table, $($line)?),
                        by: $list_by,
                        direction: $crate::graph::Direction::$direction,
                        only: $crate::object!(@only cx $(, $only)?),
                    };
                    let args = $crate::graph::PageArgs::new(first, after, last, before);
                    Box::pin($crate::graph::children::<$list_out>(cx, list, self.0.row().id, filter, sort, args)).await
                }
            )*)?

            $(
                /// What happened around it, newest first.
                #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
                #[graphql(
                    directive = $crate::policy::access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn timeline(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "Which events.")] filter: Option<Box<timeline::TimelineFilter>>,
                    #[graphql(desc = "The newest n, 1 to 100.")] first: Option<i32>,
                    #[graphql(desc = "Older than this cursor.")] after: Option<String>,
                    #[graphql(desc = "The oldest n, 1 to 100.")] last: Option<i32>,
                    #[graphql(desc = "Newer than this cursor.")] before: Option<String>,
                    #[graphql(desc = "Only what had happened by then.")] as_of: Option<chrono::DateTime<chrono::Utc>>,
                    #[graphql(desc = "Only what was known by then.")] known_at: Option<chrono::DateTime<chrono::Utc>>,
                ) -> $crate::graph::Result<timeline::TimelineConnection> {
                    let page = $crate::graph::PageArgs::new(first, after, last, before);
                    let args = timeline::TimelineArgs { filter: filter.map(|filter| *filter), page, as_of, known_at };
                    Box::pin(timeline::of::<$table>(ctx, entities::codes::SubjectType::$subject, self.0.row(), args)).await
                }
            )?

            $(
                /// The tenant's own fields of this record, at most 100, in their declared order, each with its value.
                #[graphql(directive = $crate::policy::access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn custom_fields(&self, ctx: &async_graphql::Context<'_>) -> $crate::graph::Result<Vec<custom::CustomFieldValue>> {
                    let _ = entities::codes::CustomEntity::$customized;
                    custom::values::<$table>($crate::graph::Cx::of(ctx), &self.0).await
                }

                $(
                    /// What a source brought that has neither a column nor a declared field, as it came.
                    #[graphql(directive = $crate::policy::access::apply(stringify!($ty).into(), stringify!($raw).into(), false))]
                    pub async fn custom(&self, ctx: &async_graphql::Context<'_>) -> $crate::graph::Result<Option<async_graphql::Json<serde_json::Value>>> {
                        custom::undeclared::<$table>($crate::graph::Cx::of(ctx), &self.0, $crate::policy::Class::$raw).await
                    }
                )?
            )?

            $(
                /// The notes on it that you may read, newest first.
                #[graphql(
                    directive = $crate::policy::access::apply("Note".into(), "*".into(), false))]
                #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
                pub async fn notes(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "Which of them.")] filter: Option<Box<<teamwork::Note as $crate::graph::Listable>::Filter>>,
                    #[graphql(desc = "In which order.")] sort: Option<Box<<teamwork::Note as $crate::graph::Listable>::Sort>>,
                    first: Option<i32>,
                    after: Option<String>,
                    last: Option<i32>,
                    before: Option<String>,
                ) -> $crate::graph::Result<$crate::graph::List<teamwork::Note>> {
                    let args = $crate::graph::PageArgs::new(first, after, last, before);
                    let _ = entities::codes::RecordType::$record;
                    Box::pin(teamwork::notes_of($crate::graph::Cx::of(ctx), self.0.row().id, filter, sort, args)).await
                }

                /// What is to do about it, open and done, newest first.
                #[graphql(
                    directive = $crate::policy::access::apply("Task".into(), "*".into(), false))]
                #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
                pub async fn tasks(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "Which of them.")] filter: Option<Box<<teamwork::Task as $crate::graph::Listable>::Filter>>,
                    #[graphql(desc = "In which order.")] sort: Option<Box<<teamwork::Task as $crate::graph::Listable>::Sort>>,
                    first: Option<i32>,
                    after: Option<String>,
                    last: Option<i32>,
                    before: Option<String>,
                ) -> $crate::graph::Result<$crate::graph::List<teamwork::Task>> {
                    let args = $crate::graph::PageArgs::new(first, after, last, before);
                    let _ = entities::codes::RecordType::$record;
                    Box::pin(teamwork::tasks_of($crate::graph::Cx::of(ctx), self.0.row().id, filter, sort, args)).await
                }
            )?

            $($($edges)*)?
        }
    };
}

/// An input object whose fields carry the class that they write.
///
/// `create`-like inputs use plain types, patches use `MaybeUndefined`: absent leaves, null clears. `written()` names the
/// classes and fields that are set, for [`require_write`](crate::graph::require_write).
#[macro_export]
macro_rules! input {
    (
        $(#[$meta:meta])*
        $name:ident for $ty:ident {
            $( $(#[$field_meta:meta])* $class:ident $field:ident : $in:ty; )*
        }
        $(plain { $( $(#[$plain_meta:meta])* $plain:ident : $plain_ty:ty; )* })?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, async_graphql::InputObject)]
        pub struct $name {
            $($(
                $(#[$plain_meta])*
                pub $plain: $plain_ty,
            )*)?
            $(
                $(#[$field_meta])*
                #[graphql(directive = $crate::policy::access::apply(stringify!($ty).into(), stringify!($class).into(), true))]
                pub $field: $in,
            )*
        }

        impl $name {
            /// The fields that this input sets, with their classes.
            pub fn written(&self) -> Vec<($crate::policy::Class, &'static str)> {
                #[allow(unused_mut, reason = "an input may have no classed field")]
                let mut written = Vec::new();
                $(
                    if $crate::graph::IsSet::is_set(&self.$field) {
                        written.push(($crate::policy::Class::$class, stringify!($field)));
                    }
                )*
                written
            }
        }
    };
}

/// The payload of a mutation: the changed object, and the refusals.
#[macro_export]
macro_rules! payload {
    ($(#[$meta:meta])* $name:ident { $(#[$field_meta:meta])* $field:ident : $ty:ty }) => {
        $(#[$meta])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            $(#[$field_meta])*
            pub $field: Option<$ty>,
            /// Why nothing was changed; empty after success.
            pub user_errors: Vec<$crate::graph::UserError>,
        }

        impl $name {
            /// An expected refusal becomes data; anything else stays an error.
            pub fn of(result: $crate::graph::Result<$ty>) -> $crate::graph::Result<Self> {
                match result {
                    Ok(object) => Ok($name { $field: Some(object), user_errors: Vec::new() }),
                    Err($crate::graph::Error::User(user_errors)) => Ok($name { $field: None, user_errors }),
                    Err(error) => Err(error),
                }
            }
        }
    };
}
