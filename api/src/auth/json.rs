//! JSON objects in which no name stands twice.
//!
//! Of two `"sub"` one parser takes the first, another the last; whoever signs and whoever reads may then mean different people. The
//! specifications let a reader refuse, so this one does.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

pub(super) struct Unique(pub(super) Map<String, Value>);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Unique;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut input: A) -> Result<Unique, A::Error> {
                let mut map = Map::new();
                while let Some((name, value)) = input.next_entry::<String, Value>()? {
                    if map.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name stands twice"));
                    }
                }
                Ok(Unique(map))
            }
        }
        input.deserialize_map(Names)
    }
}
