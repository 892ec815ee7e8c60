//! The closed vocabularies. One list makes the type in Rust, the text in the column and the name in GraphQL and JSON, so that the three never drift apart.
//!
//! Open vocabularies (stages, channels, event kinds, ticket categories) are a tenant's data and plain text.

mod account;
mod custom;
mod imports;
mod journey;
mod marketing;
mod sales;
mod service;
mod sync;
mod webhooks;

pub use account::*;
pub use custom::*;
pub use imports::*;
pub use journey::*;
pub use marketing::*;
pub use sales::*;
pub use service::*;
pub use sync::*;
pub use webhooks::*;

/// A closed list of codes.
pub trait Code {
    /// Every code as it stands in columns, in the order of the list, which is that of their meaning: LOW before HIGH, OPEN before CLOSED.
    const CODES: &'static [&'static str];
}

/// Makes an enum out of a list of codes.
macro_rules! codes {
    (
        $(#[doc = $doc:literal])+
        $name:ident { $( $(#[doc = $vdoc:literal])+ $variant:ident = $code:tt, )+ }
    ) => {
        $(#[doc = $doc])+
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash,
            sea_orm::EnumIter, sea_orm::DeriveActiveEnum,
            async_graphql::Enum,
            serde::Serialize, serde::Deserialize,
        )]
        #[sea_orm(rs_type = "String", db_type = "Text")]
        pub enum $name {
            $(
                $(#[doc = $vdoc])+
                #[sea_orm(string_value = $code)]
                #[graphql(name = $code)]
                #[serde(rename = $code)]
                $variant,
            )+
        }

        impl $name {
            /// Every code, in the order of the list.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The code as it stands in columns, GraphQL and JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// The variant of a code; none for an unknown one.
            #[must_use]
            pub fn parse(code: &str) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl $crate::codes::Code for $name {
            const CODES: &'static [&'static str] = &[$($code),+];
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
use codes;
