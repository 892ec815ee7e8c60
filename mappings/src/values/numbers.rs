//! Numbers, money, yes and no.

use rust_decimal::{Decimal, RoundingStrategy};

/// How many digits a currency has after the point (ISO 4217).
pub fn decimals(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND" | "VUV"
        | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// A number with a point, or with a comma where the mapping says so. The other sign groups thousands, and only thousands.
pub(crate) fn decimal(text: &str, comma: bool) -> Option<Decimal> {
    let text: String = text
        .chars()
        .filter(|sign| !matches!(sign, '€' | '$' | '£' | '¥' | '%' | '\'' | '\u{a0}' | '\u{202f}' | ' ' | '\t'))
        .map(|sign| if sign == '\u{2212}' { '-' } else { sign })
        .collect();
    let (point, group) = if comma { (',', '.') } else { ('.', ',') };
    let (text, negative) = match text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        Some(inner) => (inner.to_owned(), true),
        None => (text, false),
    };
    let (whole, rest) = match text.find(point) {
        Some(place) => (&text[..place], &text[place + 1..]),
        None => (text.as_str(), ""),
    };
    if rest.contains(group) || rest.contains(point) {
        return None;
    }
    if whole.contains(group) {
        let mut parts = whole.trim_start_matches(['-', '+']).split(group);
        let first = parts.next().unwrap_or_default();
        if first.is_empty() || first.len() > 3 || parts.any(|part| part.len() != 3) {
            return None;
        }
    }
    let whole: String = whole.chars().filter(|sign| *sign != group).collect();
    let plain = if rest.is_empty() { whole } else { format!("{whole}.{rest}") };
    let number = plain.parse::<Decimal>().or_else(|_| Decimal::from_scientific(&plain)).ok()?;
    Some(if negative { -number } else { number })
}

/// An amount with the digits of its currency, rounded half away from zero.
pub(crate) fn amount(number: Decimal, currency: &str) -> String {
    let digits = decimals(currency);
    let mut rounded = number.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(digits);
    rounded.to_string()
}

/// A whole number; `12.0` is one.
pub(crate) fn int(text: &str, comma: bool) -> Option<i64> {
    let number = decimal(text, comma)?;
    if !number.fract().is_zero() {
        return None;
    }
    number.trunc().to_string().parse().ok()
}

/// Yes or no.
pub(crate) fn yes(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "t" | "1" | "yes" | "y" | "ja" | "wahr" | "x" => Some(true),
        "false" | "f" | "0" | "no" | "n" | "nein" | "falsch" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_mapping_says_and_not_guessed() {
        let read = |text| decimal(text, false).map(|number| number.to_string());
        assert_eq!(read("1,234.50").as_deref(), Some("1234.50"));
        assert_eq!(read("$ 1,234,567").as_deref(), Some("1234567"));
        assert_eq!(read("(12.5)").as_deref(), Some("-12.5"));
        assert_eq!(read("1.5E3").as_deref(), Some("1500"));
        assert_eq!(read("12,5"), None, "a comma for a point is not guessed");
        assert_eq!(read("1.234,50"), None);
        assert_eq!(read("n/a"), None);
        assert_eq!(read(""), None);
        let german = |text| decimal(text, true).map(|number| number.to_string());
        assert_eq!(german("1.234,50 €").as_deref(), Some("1234.50"));
        assert_eq!(german("12,5").as_deref(), Some("12.5"));
        assert_eq!(german("1.5"), None);
    }

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        let read = |text, currency| amount(decimal(text, false).unwrap(), currency);
        assert_eq!(read("119373.345", "EUR"), "119373.35");
        assert_eq!(read("-2.005", "EUR"), "-2.01");
        assert_eq!(read("12.5", "EUR"), "12.50");
        assert_eq!(read("12.5", "JPY"), "13");
        assert_eq!(read("1", "KWD"), "1.000");
        assert_eq!(int("12.0", false), Some(12));
        assert_eq!(int("12.5", false), None);
        assert_eq!(int("99999999999999999999", false), None);
        assert_eq!((yes("TRUE"), yes("nein"), yes("maybe")), (Some(true), Some(false), None));
    }
}
