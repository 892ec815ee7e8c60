//! How Journey writes ids, times, cursors and money. Only the answers' form: what stands in them comes from the database.

use std::fmt::{Display, Write};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// The largest id: a page that begins at the top is one before it.
pub const TOP: Uuid = Uuid::max();

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The UUID of a global id such as `acc_0198a1b2-…`.
pub fn uuid_of(prefix: &str, text: &str) -> Option<Uuid> {
    Uuid::try_parse(text.strip_prefix(prefix)?.strip_prefix('_')?).ok()
}

/// The moment in an event's id: 48 bits of milliseconds, 12 bits of a millisecond's parts.
pub fn happened(id: Uuid) -> DateTime<Utc> {
    let (high, _) = id.as_u64_pair();
    let micros = (high >> 16) * 1000 + ((high & 0x0fff) * 1000).div_ceil(4096);
    DateTime::from_timestamp_micros(micros.cast_signed()).unwrap_or_default()
}

/// An id of a moment: the `counter`th of its transaction.
pub fn mint(at: DateTime<Utc>, counter: u64) -> Uuid {
    let micros = at.timestamp_micros().cast_unsigned();
    let high = ((micros / 1000) << 16) | 0x7000 | ((micros % 1000) * 4096 / 1000);
    let low = (0b10 << 62) | (counter << 48) | (rand::random::<u64>() & 0xffff_ffff_ffff);
    Uuid::from_u64_pair(high, low)
}

/// The place of a row in its list.
#[derive(Clone, Debug)]
pub enum Cursor {
    /// Of a list that runs by its ids.
    Id(Uuid),
    /// Of a list in an order: its name, the row's value in it, its id.
    Sorted(&'static str, serde_json::Value, Uuid),
}

impl Cursor {
    pub fn write(&self) -> String {
        match self {
            Cursor::Id(id) => base64(id.as_bytes()),
            Cursor::Sorted(name, value, id) => {
                base64(serde_json::json!([name, value.to_string(), id]).to_string().as_bytes())
            }
        }
    }
}

/// Base64 for addresses, without padding.
fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 4 / 3 + 1);
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            text.push(BASE64[(bits >> (18 - 6 * place)) as usize & 63] as char);
        }
    }
    text
}

/// The row that a cursor names, in a list that runs by its ids.
pub fn cursor_id(text: &str) -> Option<Uuid> {
    let mut bits = 0_u128;
    let digits = text.as_bytes();
    // 16 bytes are 21 digits of 6 bits, and one of 2.
    if digits.len() != 22 {
        return None;
    }
    for (place, digit) in digits.iter().enumerate() {
        let value = BASE64.iter().position(|known| known == digit)? as u128;
        bits = if place < 21 { (bits << 6) | value } else { (bits << 2) | (value >> 4) };
    }
    Some(Uuid::from_u128(bits))
}

/// How many decimals a currency has.
fn decimals(currency: &str) -> usize {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND" | "VUV"
        | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// A cell by cell written JSON text.
#[derive(Default)]
pub struct Out(pub Vec<u8>);

impl Out {
    /// Room for a page.
    pub fn new() -> Out {
        Out(Vec::with_capacity(12_288))
    }

    /// As it is.
    pub fn raw(&mut self, text: &str) -> &mut Out {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// What another has written.
    pub fn part(&mut self, part: &[u8]) -> &mut Out {
        self.0.extend_from_slice(part);
        self
    }

    /// Begins an object, in a list or under a name.
    pub fn open(&mut self) -> &mut Out {
        if self.0.last() == Some(&b'}') {
            self.0.push(b',');
        }
        self.raw("{")
    }

    /// Ends an object.
    pub fn close(&mut self) -> &mut Out {
        self.raw("}")
    }

    /// The name of a field, after a comma unless it is the first.
    pub fn name(&mut self, name: &str) -> &mut Out {
        if self.0.last() != Some(&b'{') {
            self.0.push(b',');
        }
        self.raw("\"").raw(name).raw("\":")
    }

    /// A text.
    pub fn text<'a>(&mut self, name: &str, value: impl Into<Option<&'a str>>) -> &mut Out {
        self.name(name);
        match value.into() {
            // A text is always JSON.
            Some(value) => drop(serde_json::to_writer(&mut self.0, value)),
            None => drop(self.raw("null")),
        }
        self
    }

    /// What needs no escaping: numbers and truths.
    pub fn bare(&mut self, name: &str, value: Option<impl Display>) -> &mut Out {
        self.name(name);
        match value {
            Some(value) => self.show(value),
            None => self.raw("null"),
        }
    }

    fn show(&mut self, value: impl Display) -> &mut Out {
        struct Bytes<'a>(&'a mut Vec<u8>);
        impl Write for Bytes<'_> {
            fn write_str(&mut self, text: &str) -> std::fmt::Result {
                self.0.extend_from_slice(text.as_bytes());
                Ok(())
            }
        }
        // A vector takes whatever is written.
        let _ = write!(Bytes(&mut self.0), "{value}");
        self
    }

    /// A global id.
    pub fn id(&mut self, prefix: &str, id: Uuid) -> &mut Out {
        let mut digits = Uuid::encode_buffer();
        self.name("id").raw("\"").raw(prefix).raw("_").raw(id.as_hyphenated().encode_lower(&mut digits)).raw("\"")
    }

    /// A moment.
    pub fn time(&mut self, name: &str, at: DateTime<Utc>) -> &mut Out {
        self.text(name, at.to_rfc3339().as_str())
    }

    /// A day.
    pub fn date(&mut self, name: &str, day: Option<NaiveDate>) -> &mut Out {
        let text = day.map(|day| day.to_string());
        self.text(name, text.as_deref())
    }

    /// An object of an id and a name, or null.
    pub fn named(&mut self, name: &str, prefix: &str, id: Option<Uuid>, called: Option<&str>) -> &mut Out {
        self.name(name);
        match id {
            Some(id) => self.raw("{").id(prefix, id).text("name", called).close(),
            None => self.raw("null"),
        }
    }

    /// An amount in minor units, or null.
    pub fn money(&mut self, name: &str, minor: Option<i64>, currency: Option<&str>) -> &mut Out {
        self.name(name);
        let Some(minor) = minor else { return self.raw("null") };
        let currency = currency.unwrap_or("EUR");
        let decimals = decimals(currency);
        let digits = format!("{:0width$}", minor.unsigned_abs(), width = decimals + 1);
        let (whole, parts) = digits.split_at(digits.len() - decimals);
        let (sign, point) = (if minor < 0 { "-" } else { "" }, if decimals > 0 { "." } else { "" });
        let amount = format!("{sign}{whole}{point}{parts}");
        self.raw("{").text("amount", amount.as_str()).text("currency", currency).close()
    }
}

/// Given and family name together; none where there is neither.
pub fn full_name(given: Option<&str>, family: Option<&str>) -> Option<String> {
    match (given, family) {
        (Some(given), Some(family)) => Some(format!("{given} {family}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_times_cursors_and_money_read_as_journey_writes_them() {
        let id = Uuid::from_u128(0x0190_1234_5678_7abc_8def_0123_4567_89ab);
        assert_eq!(uuid_of("acc", &format!("acc_{id}")), Some(id));
        assert_eq!(uuid_of("acc", &format!("con_{id}")), None);
        assert_eq!(base64(id.as_bytes()), "AZASNFZ4eryN7wEjRWeJqw");
        assert_eq!(cursor_id("AZASNFZ4eryN7wEjRWeJqw"), Some(id));
        assert_eq!(base64(b"[1]"), "WzFd");
        assert_eq!(base64(b"[12]"), "WzEyXQ");
        for micros in [0, 1, 999, 1_000, 1_704_067_200_000_001] {
            let at = DateTime::from_timestamp_micros(micros).unwrap();
            assert_eq!(happened(mint(at, 3)), at);
        }
        let mut out = Out::default();
        out.open()
            .money("a", Some(-5), Some("EUR"))
            .money("b", Some(12_345), Some("JPY"))
            .money("c", None, None)
            .close();
        let written = r#"{"a":{"amount":"-0.05","currency":"EUR"},"b":{"amount":"12345","currency":"JPY"},"c":null}"#;
        assert_eq!(String::from_utf8(out.0).unwrap(), written);
    }
}
