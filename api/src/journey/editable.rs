//! Creating and changing a plain record, all in one shape: what is entered lands in the column of its name, bounded and checked by
//! its kind; the row and its journal event are one unit of work. A record with a life of its own has its own use cases.

/// The inputs, payloads, use cases and mutations of a plain record.
///
/// ```ignore
/// editable! {
///     /// Adds a channel.
///     create create_channel(CreateChannelInput) -> CreateChannelPayload;
///     /// Changes a channel.
///     update update_channel(UpdateChannelInput) -> UpdateChannelPayload;
///     mutation ChannelMutation of channel: Channel(channel::Entity) as Campaign, id Channel, class P;
///     once {
///         /// Its code, for ever.
///         P code = code: key(100);
///     }
///     fields {
///         /// What people call it.
///         P name = name: name;
///         /// Who owns the stage.
///         P group = channel_group: code(ChannelGroup);
///     }
///     check in_order;
///     unique code;
/// }
/// ```
///
/// Kinds: `key(n)` a code of at most n characters, unique; `name` and `prose` texts that must be there, `line` and `remark` that may;
/// `language` a BCP 47 tag and `percent` a whole number from 0 to 100, that may be there too;
/// `code(T)` a value that must be there, `opt(T)` one that may, `or(T, default)` one with a default; `refer(E)` and `refer_opt(E)` a
/// row that the caller sees. `unique` names the field that a DUPLICATE is about, `code` unless said. `check` is an `async fn(&mut Work, &Model) -> Result<()>` that sees the row as it is after the write.
#[macro_export]
macro_rules! editable {
    (@key) => { "code" };
    (@key $unique:ident) => { stringify!($unique) };

    (@new key $n:literal) => { String };
    (@new name) => { String };
    (@new prose) => { String };
    (@new line) => { Option<String> };
    (@new remark) => { Option<String> };
    (@new language) => { Option<String> };
    (@new percent) => { Option<i32> };
    (@new code $($t:tt)*) => { $($t)* };
    (@new opt $($t:tt)*) => { Option<$($t)*> };
    (@new or $t:ty, $default:expr) => { Option<$t> };
    (@new refer $($t:tt)*) => { $crate::graph::GlobalId };
    (@new refer_opt $($t:tt)*) => { Option<$crate::graph::GlobalId> };

    (@patch name) => { async_graphql::MaybeUndefined<String> };
    (@patch prose) => { async_graphql::MaybeUndefined<String> };
    (@patch line) => { async_graphql::MaybeUndefined<String> };
    (@patch remark) => { async_graphql::MaybeUndefined<String> };
    (@patch language) => { async_graphql::MaybeUndefined<String> };
    (@patch percent) => { async_graphql::MaybeUndefined<i32> };
    (@patch code $($t:tt)*) => { async_graphql::MaybeUndefined<$($t)*> };
    (@patch opt $($t:tt)*) => { async_graphql::MaybeUndefined<$($t)*> };
    (@patch or $t:ty, $default:expr) => { async_graphql::MaybeUndefined<$t> };
    (@patch refer $($t:tt)*) => { async_graphql::MaybeUndefined<$crate::graph::GlobalId> };
    (@patch refer_opt $($t:tt)*) => { async_graphql::MaybeUndefined<$crate::graph::GlobalId> };

    (@set $work:ident $path:expr, $value:expr, key $n:literal) => { $crate::graph::text($path, $value, $n)? };
    (@set $work:ident $path:expr, $value:expr, name) => { $crate::graph::text($path, $value, $crate::graph::MAX_LINE)? };
    (@set $work:ident $path:expr, $value:expr, prose) => { $crate::graph::prose($path, $value, $crate::graph::MAX_PROSE)? };
    (@set $work:ident $path:expr, $value:expr, line) => { $crate::graph::line($path, $value)? };
    (@set $work:ident $path:expr, $value:expr, remark) => { $crate::graph::remark($path, $value)? };
    (@set $work:ident $path:expr, $value:expr, language) => { $crate::graph::language($path, $value)? };
    (@set $work:ident $path:expr, $value:expr, percent) => { $crate::graph::percent($path, $value)? };
    (@set $work:ident $path:expr, $value:expr, code $($t:tt)*) => { $value };
    (@set $work:ident $path:expr, $value:expr, opt $($t:tt)*) => { $value };
    (@set $work:ident $path:expr, $value:expr, or $t:ty, $default:expr) => { $value.unwrap_or($default) };
    (@set $work:ident $path:expr, $value:expr, refer $($t:tt)*) => { $work.refer::<$($t)*>($path, $value).await?.row().id };
    (@set $work:ident $path:expr, $value:expr, refer_opt $($t:tt)*) => { $work.refer_opt::<$($t)*>($path, $value).await? };

    (@change $work:ident $path:expr, $value:expr, name) => { $crate::graph::name_patch($path, $value)? };
    (@change $work:ident $path:expr, $value:expr, prose) => { $crate::graph::prose_patch($path, $value)? };
    (@change $work:ident $path:expr, $value:expr, line) => { $crate::graph::line_patch($path, $value)? };
    (@change $work:ident $path:expr, $value:expr, remark) => { $crate::graph::remark_patch($path, $value)? };
    (@change $work:ident $path:expr, $value:expr, language) => { $crate::graph::language_patch($path, $value)? };
    (@change $work:ident $path:expr, $value:expr, percent) => { $crate::graph::percent_patch($path, $value)? };
    (@change $work:ident $path:expr, $value:expr, code $($t:tt)*) => { $crate::graph::patch_required($path, $value)? };
    (@change $work:ident $path:expr, $value:expr, opt $($t:tt)*) => { $crate::graph::patch($value) };
    (@change $work:ident $path:expr, $value:expr, or $t:ty, $default:expr) => { $crate::graph::patch_required($path, $value)? };
    (@change $work:ident $path:expr, $value:expr, refer $($t:tt)*) => { $work.refer_patch_required::<$($t)*>($path, $value).await? };
    (@change $work:ident $path:expr, $value:expr, refer_opt $($t:tt)*) => { $work.refer_patch::<$($t)*>($path, $value).await? };

    (
        $(#[$create_meta:meta])*
        create $create:ident($create_input:ident) -> $create_payload:ident;
        $(#[$update_meta:meta])*
        update $update:ident($update_input:ident) -> $update_payload:ident;
        mutation $mutation:ident of $payload_field:ident: $out:ident($table:path) as $ty:ident, id $kind:ident, class $class:ident;
        $(once { $( $(#[$once_meta:meta])* $once_class:ident $once:ident = $once_column:ident : $once_kind:ident $(($($once_arg:tt)*))?; )* })?
        fields { $( $(#[$meta:meta])* $field_class:ident $field:ident = $column:ident : $field_kind:ident $(($($arg:tt)*))?; )* }
        $(preset { $( $preset:ident = $preset_value:expr; )* })?
        $(check $check:path;)?
        $(unique $unique:ident;)?
    ) => {
        $crate::input! {
            /// What is entered.
            $create_input for $ty {
                $($( $(#[$once_meta])* $once_class $once: $crate::editable!(@new $once_kind $($($once_arg)*)?); )*)?
                $( $(#[$meta])* $field_class $field: $crate::editable!(@new $field_kind $($($arg)*)?); )*
            }
        }

        $crate::input! {
            /// What is changed: absent leaves, null clears.
            $update_input for $ty {
                $( $(#[$meta])* $field_class $field: $crate::editable!(@patch $field_kind $($($arg)*)?); )*
            }
            plain {
                /// Which one.
                id: $crate::graph::GlobalId;
                /// Change it only if it still has this version.
                if_version: Option<i32>;
            }
        }

        $crate::payload! {
            /// What was made of it.
            $create_payload {
                /// The new record; null if it was refused.
                $payload_field: $out
            }
        }

        $crate::payload! {
            /// What was made of it.
            $update_payload {
                /// The changed record; null if it was refused.
                $payload_field: $out
            }
        }

        $(#[$create_meta])*
        pub async fn $create(cx: &$crate::graph::Cx, input: $create_input) -> $crate::graph::Result<$out> {
            type Model = <$table as sea_orm::EntityTrait>::ActiveModel;
            let written = input.written();
            let $create_input { $($($once,)*)? $($field),* } = input;
            let mut work = $crate::journey::Work::begin(cx).await?;
            #[allow(clippy::needless_update, reason = "a record may have no other column")]
            let row = Model {
                $($( $once_column: sea_orm::Set($crate::editable!(@set work &$crate::graph::camel(stringify!($once)), $once, $once_kind $($($once_arg)*)?)), )*)?
                $( $column: sea_orm::Set($crate::editable!(@set work &$crate::graph::camel(stringify!($field)), $field, $field_kind $($($arg)*)?)), )*
                $($( $preset: sea_orm::Set({ let preset: fn(&$crate::journey::Work<'_>) -> _ = $preset_value; preset(&work) }), )*)?
                ..Default::default()
            };
            let key = $crate::graph::camel($crate::editable!(@key $($unique)?));
            let row = work.insert_unique::<$table>(&key, row).await?;
            $( $check(&mut work, &row).await?; )?
            let seen = work.reached_as::<$table>($crate::policy::Type::$ty, row.id, &written).await?;
            work.commit().await?;
            Ok($out(seen))
        }

        $(#[$update_meta])*
        pub async fn $update(cx: &$crate::graph::Cx, input: $update_input) -> $crate::graph::Result<$out> {
            type Model = <$table as sea_orm::EntityTrait>::ActiveModel;
            let written = input.written();
            let $update_input { id, if_version, $($field),* } = input;
            let id = id.named("id", $crate::graph::Kind::$kind)?;
            let mut work = $crate::journey::Work::begin(cx).await?;
            let seen = work.to_change::<$table>(id, if_version, &written).await?;
            let row = Model {
                $( $column: $crate::editable!(@change work &$crate::graph::camel(stringify!($field)), $field, $field_kind $($($arg)*)?), )*
                ..Default::default()
            };
            #[allow(unused_variables, reason = "read by the check, where there is one")]
            let row = work.update::<$table>(&seen, row).await?;
            $( $check(&mut work, &row).await?; )?
            let seen = work.reached_as::<$table>($crate::policy::Type::$ty, id, &written).await?;
            work.commit().await?;
            Ok($out(seen))
        }

        /// Entering and changing it.
        #[derive(Default)]
        pub struct $mutation;

        #[async_graphql::Object]
        impl $mutation {
            $(#[$create_meta])*
            #[graphql(directive = $crate::policy::access::apply(stringify!($ty).into(), stringify!($class).into(), true))]
            pub async fn $create(
                &self,
                ctx: &async_graphql::Context<'_>,
                input: $create_input,
            ) -> $crate::graph::Result<$create_payload> {
                let cx = $crate::graph::Cx::of(ctx);
                $create_payload::of($crate::journey::attempt(|| $create(cx, input.clone())).await)
            }

            $(#[$update_meta])*
            #[graphql(directive = $crate::policy::access::apply(stringify!($ty).into(), stringify!($class).into(), true))]
            pub async fn $update(
                &self,
                ctx: &async_graphql::Context<'_>,
                input: $update_input,
            ) -> $crate::graph::Result<$update_payload> {
                let cx = $crate::graph::Cx::of(ctx);
                $update_payload::of($crate::journey::attempt(|| $update(cx, input.clone())).await)
            }
        }
    };
}
