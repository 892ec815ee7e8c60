//! The declaration of a kind of record that other systems hold: one list of fields makes the inputs of the graph, the reading of JSON,
//! the columns, and the way back.

/// Declares a kind of record for upserts.
///
/// ```ignore
/// synced! {
///     /// What a source says of a channel: absent leaves, null clears.
///     Channels of Channel: channel::Entity as Campaign;
///     set ChannelSetInput, row UpsertChannelRowInput, input UpsertChannelsInput;
///     /// Creates and updates channels, known by their keys in a source.
///     mutation UpsertChannels, upsert_channels, class P;
///     fields {
///         /// What people call it.
///         P name: String = name by name_patch;
///     }
///     money { /** What it cost. */ M cost = cost_minor, currency; }
///     beside { /** Ways to reach them. */ C contact_points: Vec<ContactPointSetInput>; }
///     relations ChannelRelationsInput { /** Its parent. */ P parent: Channel = parent_id; }
///     require ["name"];
///     lookup ();
///     removable;
/// }
/// ```
///
/// `removable` records are taken away when their source says that they are gone; `lasting` ones are not. The type has three functions of
/// its own: `prepare` (looks up what a batch needs), `fill` (completes a row), `after` (what follows). Where the end says `shapes check`,
/// `check` sees all complete rows at once with what they refer to; `adopts find` names the records that rows with unknown keys are.
///
/// `by` names a function from the path and the patched value to the column. `beside` fields have no column: `follow` takes them.
#[macro_export]
macro_rules! synced {
    (@remove removable $table:path, $work:ident, $seen:ident) => {{
        <$table as $crate::journey::Removable>::before_removal($work, $seen).await?;
        $work.remove::<$table>($seen).await
    }};
    (@remove lasting $table:path, $work:ident, $seen:ident) => {{
        let _ = ($work, $seen);
        Err($crate::graph::Error::user($crate::graph::UserErrorCode::StateConflict, "deleted", "this is not taken away; close it"))
    }};
    (@required) => { false };
    (@required required) => { true };
    (
        $(#[$set_meta:meta])*
        $name:ident of $entity:ident : $table:path as $ty:ident;
        set $set:ident, row $row:ident, input $input:ident;
        $(#[$mutation_meta:meta])*
        mutation $mutation:ident, $upsert:ident, class $class:ident;
        fields { $( $(#[$meta:meta])* $field_class:ident $field:ident : $in:ty = $column:ident by $by:path; )* }
        $(money { $( $(#[$money_meta:meta])* $money_class:ident $money:ident = $minor:ident, $currency:ident; )* })?
        $(beside { $( $(#[$beside_meta:meta])* $beside_class:ident $beside:ident : $beside_in:ty; )* })?
        $(relations $relations:ident { $( $(#[$rel_meta:meta])* $rel_class:ident $rel:ident : $to:ident = $rel_column:ident $($required:ident)?; )* })?
        require [$($needed:literal),*];
        lookup $lookup:ty;
        $removal:ident;
        $(adopts $adopt:ident;)?
        $(shapes $shape:ident;)?
    ) => {
        $crate::input! {
            $(#[$set_meta])*
            $set for $ty {
                $( $(#[$meta])* $field_class $field: async_graphql::MaybeUndefined<$in>; )*
                $($( $(#[$money_meta])* $money_class $money: async_graphql::MaybeUndefined<$crate::graph::MoneyInput>; )*)?
                $($( $(#[$beside_meta])* $beside_class $beside: async_graphql::MaybeUndefined<$beside_in>; )*)?
            }
            plain {
                /// Values of the tenant's own fields, by code, each under the class of its field: null clears, absent leaves.
                #[graphql(directive = $crate::policy::access::apply("CustomValue".into(), "P".into(), true))]
                custom: Option<async_graphql::Json<serde_json::Map<String, serde_json::Value>>>;
            }
        }

        impl Default for $set {
            fn default() -> Self {
                $set {
                    custom: None,
                    $( $field: async_graphql::MaybeUndefined::Undefined, )*
                    $($( $money: async_graphql::MaybeUndefined::Undefined, )*)?
                    $($( $beside: async_graphql::MaybeUndefined::Undefined, )*)?
                }
            }
        }

        $($crate::input! {
            /// The records that it refers to: absent leaves, null clears.
            $relations for $ty {
                $( $(#[$rel_meta])* $rel_class $rel: async_graphql::MaybeUndefined<$crate::sync::upsert::ReferenceInput>; )*
            }
        })?

        /// One row.
        #[derive(Clone, Debug, async_graphql::InputObject)]
        pub struct $row {
            /// The record's key in its system: 1 to 255 characters, none of them a control character.
            pub external_id: String,
            /// Change it only if it still has this version; else the row is a CONFLICT.
            pub if_version: Option<i32>,
            /// When it changed in its system (UTC); now unless said. Decides where the field policy says NEWEST.
            pub changed_at: Option<chrono::DateTime<chrono::Utc>>,
            /// Whether it is gone in its system: then it is taken away here, too, and the rest of the row says nothing.
            #[graphql(default)]
            pub deleted: bool,
            /// What it says: absent leaves, null clears.
            pub set: Option<$set>,
            /// What it says beside, if it is new here.
            pub on_create: Option<$set>,
            /// What it says beside, if it is known here.
            pub on_update: Option<$set>,
            $(
                /// The records that it refers to.
                pub relations: Option<$relations>,
            )?
        }

        /// A batch.
        #[derive(Clone, Debug, async_graphql::InputObject)]
        pub struct $input {
            /// The code of the system that the rows come from, at most 100 characters: letters, digits, `-`, `_` and `.`.
            pub source: String,
            /// What happens to known and unknown keys.
            #[graphql(default)]
            pub mode: $crate::sync::upsert::UpsertMode,
            /// What happens when a row fails.
            #[graphql(default)]
            pub error_policy: $crate::sync::upsert::ErrorPolicy,
            /// What happens when the field policy refuses a field.
            #[graphql(default)]
            pub conflict: $crate::sync::upsert::ConflictRule,
            /// What happens when a row refers to a record that is not known.
            #[graphql(default)]
            pub orphans: $crate::sync::upsert::OrphanRule,
            /// Tell what would happen, and change nothing.
            #[graphql(default)]
            pub dry_run: bool,
            /// The same key with the same batch answers what was answered then, for 24 hours; with another one it is refused. At most
            /// 255 characters.
            pub idempotency_key: Option<String>,
            /// The rows, 1 to 1,000.
            pub rows: Vec<$row>,
        }

        #[doc = concat!("Batches of ", stringify!($entity), ".")]
        pub struct $name;

        impl $name {
            fn incoming(row: $row) -> $crate::sync::upsert::Incoming<$name> {
                #[allow(unused_mut, reason = "a record may refer to nothing")]
                let (mut named, mut referring) = (Vec::new(), Vec::new());
                $(
                    if let Some(relations) = row.relations {
                        referring = relations.written();
                        let $relations { $($rel),* } = relations;
                        $(
                            if let Some(reference) = $crate::sync::upsert::reference($rel) {
                                named.push((stringify!($rel_column), reference));
                            }
                        )*
                    }
                )?
                let $row { external_id, if_version, changed_at, deleted, set, on_create, on_update, .. } = row;
                $crate::sync::upsert::Incoming {
                    external_id,
                    if_version,
                    changed_at,
                    deleted,
                    set: set.unwrap_or_default(),
                    on_create,
                    on_update,
                    relations: named,
                    referring,
                    refused: Vec::new(),
                }
            }
        }

        #[async_trait::async_trait]
        impl $crate::sync::upsert::Synced for $name {
            type Table = $table;
            type Set = $set;
            type Lookup = $lookup;
            const ENTITY: $crate::sync::upsert::SyncEntity = $crate::sync::upsert::SyncEntity::$entity;
            const LINE: $crate::policy::Type = $crate::policy::Type::$ty;
            const FIELDS: &'static [$crate::sync::upsert::FieldSpec] = &[
                $( $crate::sync::upsert::FieldSpec {
                    name: stringify!($field), class: $crate::policy::Class::$field_class, columns: &[stringify!($column)],
                }, )*
                $($( $crate::sync::upsert::FieldSpec {
                    name: stringify!($money), class: $crate::policy::Class::$money_class,
                    columns: &[stringify!($minor), stringify!($currency)],
                }, )*)?
                $($( $crate::sync::upsert::FieldSpec {
                    name: stringify!($beside), class: $crate::policy::Class::$beside_class, columns: &[],
                }, )*)?
            ];
            const RELATIONS: &'static [$crate::sync::upsert::RelationSpec] = &[
                $($( $crate::sync::upsert::RelationSpec {
                    name: stringify!($rel),
                    class: $crate::policy::Class::$rel_class,
                    column: stringify!($rel_column),
                    to: $crate::sync::upsert::SyncEntity::$to,
                    required: $crate::synced!(@required $($required)?),
                }, )*)?
            ];
            const REQUIRED: &'static [&'static str] = &[$($needed),*];

            fn over(set: $set, other: $set) -> $set {
                use async_graphql::MaybeUndefined;
                fn above<T>(below: MaybeUndefined<T>, over: MaybeUndefined<T>) -> MaybeUndefined<T> {
                    if over.is_undefined() { below } else { over }
                }
                $set {
                    custom: match (set.custom, other.custom) {
                        (Some(mut below), Some(over)) => {
                            below.0.extend(over.0);
                            Some(below)
                        }
                        (below, over) => over.or(below),
                    },
                    $( $field: above(set.$field, other.$field), )*
                    $($( $money: above(set.$money, other.$money), )*)?
                    $($( $beside: above(set.$beside, other.$beside), )*)?
                }
            }

            fn written(set: &$set) -> Vec<($crate::policy::Class, &'static str)> {
                set.written()
            }

            fn custom(set: &$set) -> Option<$crate::sync::upsert::Fields> {
                set.custom.as_ref().map(|custom| custom.0.clone())
            }

            fn columns(
                set: &$set,
            ) -> std::result::Result<<$table as sea_orm::EntityTrait>::ActiveModel, Vec<$crate::graph::UserError>> {
                let set = set.clone();
                let mut row = <<$table as sea_orm::EntityTrait>::ActiveModel as sea_orm::ActiveModelTrait>::default();
                #[allow(unused_mut, reason = "a record may have no field that can be wrong")]
                let mut errors: Vec<$crate::graph::UserError> = Vec::new();
                $(
                    match $by(&format!("set.{}", $crate::graph::camel(stringify!($field))), set.$field) {
                        Ok(value) => row.$column = value,
                        Err($crate::graph::Error::User(wrong)) => errors.extend(wrong),
                        Err(_) => {}
                    }
                )*
                $($(
                    match $crate::graph::price_patch(&format!("set.{}", $crate::graph::camel(stringify!($money))), set.$money) {
                        Ok((minor, currency)) => {
                            row.$minor = minor;
                            row.$currency = currency;
                        }
                        Err($crate::graph::Error::User(wrong)) => errors.extend(wrong),
                        Err(_) => {}
                    }
                )*)?
                match errors.is_empty() {
                    true => Ok(row),
                    false => Err(errors),
                }
            }

            fn before(row: &<$table as sea_orm::EntityTrait>::Model, columns: &[&str]) -> $crate::sync::upsert::Fields {
                #[allow(unused_imports, reason = "a record may have no amounts")]
                use sea_orm::ModelTrait;
                type Column = <$table as sea_orm::EntityTrait>::Column;
                let mut before = $crate::sync::upsert::Fields::new();
                $(
                    if columns.contains(&stringify!($column))
                        && let Ok(column) = <Column as std::str::FromStr>::from_str(stringify!($column))
                    {
                        before.insert($crate::graph::camel(stringify!($field)), $crate::sync::upsert::json_of(row.get(column)));
                    }
                )*
                $($(
                    if columns.contains(&stringify!($minor)) || columns.contains(&stringify!($currency)) {
                        let amount = row.$minor.map(|minor| $crate::graph::Money::from_minor(minor, row.$currency.as_deref().unwrap_or("EUR")));
                        let amount = amount.map(|money| serde_json::json!({ "amount": money.amount.to_string(), "currency": money.currency }));
                        before.insert($crate::graph::camel(stringify!($money)), amount.unwrap_or(serde_json::Value::Null));
                    }
                )*)?
                before
            }

            async fn look_up(
                work: &mut $crate::journey::Work<'_>,
                scene: &$crate::sync::upsert::Scene<'_>,
                sets: &[&$set],
            ) -> $crate::graph::Result<$lookup> {
                Box::pin($name::prepare(work, scene, sets)).await
            }

            $(
                async fn adopt(
                    work: &mut $crate::journey::Work<'_>,
                    scene: &$crate::sync::upsert::Scene<'_>,
                    rows: &[(usize, $set)],
                ) -> $crate::graph::Result<std::collections::HashMap<usize, uuid::Uuid>> {
                    Box::pin($name::$adopt(work, scene, rows)).await
                }
            )?

            $(
                async fn shape(
                    work: &mut $crate::journey::Work<'_>,
                    scene: &$crate::sync::upsert::Scene<'_>,
                    lookup: &$lookup,
                    rows: &mut [$crate::sync::upsert::Shaped<'_, $name>],
                ) -> $crate::graph::Result<()> {
                    Box::pin($name::$shape(work, scene, lookup, rows)).await
                }
            )?

            fn complete(
                lookup: &$lookup,
                scene: &$crate::sync::upsert::Scene<'_>,
                set: &$set,
                held: Option<&<$table as sea_orm::EntityTrait>::Model>,
                row: &mut <$table as sea_orm::EntityTrait>::ActiveModel,
            ) -> $crate::graph::Result<()> {
                $name::fill(lookup, scene, set, held, row)
            }

            async fn follow(
                work: &mut $crate::journey::Work<'_>,
                scene: &$crate::sync::upsert::Scene<'_>,
                lookup: &$lookup,
                new: &[$crate::sync::upsert::New<$name>],
                known: &[$crate::sync::upsert::Known<$name>],
            ) -> $crate::graph::Result<$crate::sync::upsert::Followed> {
                Box::pin($name::after(work, scene, lookup, new, known)).await
            }

            async fn remove(
                work: &mut $crate::journey::Work<'_>,
                seen: &$crate::policy::Seen<<$table as sea_orm::EntityTrait>::Model>,
            ) -> $crate::graph::Result<()> {
                $crate::synced!(@remove $removal $table, work, seen)
            }
        }

        #[doc = concat!("Upserting ", stringify!($entity), ".")]
        #[derive(Default)]
        pub struct $mutation;

        #[async_graphql::Object]
        impl $mutation {
            $(#[$mutation_meta])*
            #[graphql(
                directive = $crate::policy::access::apply(stringify!($ty).into(), stringify!($class).into(), true),
                directive = $crate::policy::access::apply("Source".into(), "P".into(), true),
            )]
            pub async fn $upsert(
                &self,
                ctx: &async_graphql::Context<'_>,
                input: $input,
            ) -> $crate::graph::Result<$crate::sync::upsert::UpsertPayload> {
                let $input { source, mode, error_policy, conflict, orphans, dry_run, idempotency_key, rows } = input;
                let ask = $crate::sync::upsert::Ask {
                    entity: $crate::sync::upsert::SyncEntity::$entity,
                    source, mode, error_policy, conflict, orphans, dry_run, idempotency_key, resolving: false,
                };
                let rows = rows.into_iter().map($name::incoming).collect();
                let cx = $crate::graph::Cx::of(ctx);
                let taken = Box::pin($crate::sync::upsert::take::<$name>(cx, &ask, rows, &())).await;
                $crate::sync::upsert::UpsertPayload::of(taken)
            }
        }
    };
}
