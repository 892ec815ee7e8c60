//! How the list of metrics becomes an enum and its definitions.

macro_rules! metrics {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal v $version:literal {
        $formula:literal, $source:literal;
        $unit:ident of $discipline:ident, $fact:ident at $at:literal;
        $(only $only:expr;)?
        is $measure:expr;
        $(excluded [$(($reason:ident, $why:expr)),*];)?
        needs [$($ty:ident $class:ident $($field:literal)?),*]
    })*) => {
        /// A figure that marketing, sales and service mean the same by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enum)]
        pub enum Metric { $($(#[doc = $doc])* #[graphql(name = $code)] $name,)* }

        impl Metric {
            /// Every metric.
            pub const ALL: &[Metric] = &[$(Metric::$name,)*];

            /// Its name in the schema, in files and in docs.
            pub const fn code(self) -> &'static str {
                match self { $(Metric::$name => $code,)* }
            }

            /// What it is, in a sentence.
            pub const fn title(self) -> &'static str {
                match self { $(Metric::$name => concat!($($doc),*),)* }
            }

            /// The metric of a name.
            pub fn parse(code: &str) -> Option<Metric> {
                Metric::ALL.iter().copied().find(|metric| metric.code() == code)
            }

            /// How it is declared.
            pub fn definition(self) -> Definition {
                match self { $(Metric::$name => Definition {
                    metric: self,
                    version: $version,
                    formula: $formula,
                    source: $source,
                    unit: Unit::$unit,
                    discipline: Discipline::$discipline,
                    fact: Fact::$fact,
                    at: $at,
                    only: metrics!(@only $($only)?),
                    measure: $measure,
                    excluded: &[$($((Reason::$reason, $why)),*)?],
                    needs: &[$((Type::$ty, Class::$class, metrics!(@field $($field)?))),*],
                },)* }
            }
        }
    };
    (@only) => { None };
    (@only $only:expr) => { Some($only) };
    (@field) => { "" };
    (@field $field:literal) => { $field };
}

pub(super) use metrics;
