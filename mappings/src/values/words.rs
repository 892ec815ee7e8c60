//! Text: addresses, names, codes, markup, and Salesforce's ids.

use std::borrow::Cow;

/// Salesforce's reports give ids of 15 characters whose case matters; everything else gives 18, of which the last three spell the case out.
pub fn long_id(id: &str) -> Cow<'_, str> {
    if id.len() != 15
        || !id.bytes().all(|byte| byte.is_ascii_alphanumeric())
        || !id.starts_with(|sign: char| sign.is_ascii_digit() || sign.is_ascii_lowercase())
        || !id[..3].contains(|sign: char| sign.is_ascii_digit())
    {
        return id.into();
    }
    let suffix = id.as_bytes().chunks(5).map(|part| {
        let bits = part
            .iter()
            .enumerate()
            .fold(0, |bits, (place, byte)| bits | usize::from(byte.is_ascii_uppercase()) << place);
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits])
    });
    id.chars().chain(suffix).collect::<String>().into()
}

/// A mail address, tidied; none if it is no address.
pub(crate) fn email(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let text = match (text.rfind('<'), text.strip_suffix('>')) {
        (Some(begin), Some(inside)) => &inside[begin + 1..],
        _ => text,
    };
    let (name, domain) = text.rsplit_once('@')?;
    let bad = |sign: char| sign.is_whitespace() || sign.is_control();
    if name.is_empty() || domain.is_empty() || name.contains('@') || text.contains(bad) {
        return None;
    }
    Some(format!("{name}@{}", domain.to_lowercase()))
}

/// A phone number without what surrounds it; none if it has no digit.
pub(crate) fn phone(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("tel:").unwrap_or(text).trim_start_matches('\'');
    let number = text.split_whitespace().collect::<Vec<_>>().join(" ");
    number.contains(|sign: char| sign.is_ascii_digit()).then_some(number)
}

/// `Closed – won / lost?` becomes `CLOSED_WON_LOST`; none if nothing is left.
pub(crate) fn code(text: &str) -> Option<String> {
    let upper = text.to_uppercase();
    let parts: Vec<&str> = upper.split(|sign: char| !sign.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("_"))
}

/// `Doe, Jane` and `Jane van Doe`: the last word is the family's, unless a comma says otherwise.
fn split_name(text: &str) -> (String, String) {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((family, given)) = text.split_once(',')
        && !family.trim().is_empty()
    {
        return (given.trim().to_owned(), family.trim().to_owned());
    }
    match text.rsplit_once(' ') {
        Some((given, family)) => (given.to_owned(), family.to_owned()),
        None => (String::new(), text),
    }
}

/// The given part of a whole name.
pub(crate) fn given_name(text: &str) -> String {
    split_name(text).0
}

/// The family's part of a whole name.
pub(crate) fn family_name(text: &str) -> String {
    split_name(text).1
}

/// Markup as text: tags go, blocks become lines, entities become what they mean, scripts and styles go whole.
pub(crate) fn plain(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let lower = html.to_ascii_lowercase();
    let last_end = html.rfind('>');
    let mut rest = html;
    while let Some(place) = rest.find(['<', '&']) {
        out.push_str(&rest[..place]);
        rest = &rest[place..];
        if let Some(after) = rest.strip_prefix('&') {
            let (letter, used) = entity(after);
            match letter {
                Some(letter) => {
                    out.push(letter);
                    rest = &after[used..];
                }
                None => {
                    out.push('&');
                    rest = after;
                }
            }
            continue;
        }
        let opens = rest[1..].starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '/' || sign == '!');
        let here = html.len() - rest.len();
        // Where no tag ends any more, none is looked for: text full of `<` takes no longer than other text.
        let end = if opens && last_end.is_some_and(|last| last > here) { rest.find('>') } else { None };
        let Some(end) = end else {
            out.push('<');
            rest = &rest[1..];
            continue;
        };
        let tag = rest[1..end].trim_start_matches('/').to_ascii_lowercase();
        let name = tag.split(|sign: char| !sign.is_ascii_alphanumeric()).next().unwrap_or_default().to_owned();
        let closing = rest[1..].starts_with('/');
        rest = &rest[end + 1..];
        match name.as_str() {
            "br" | "p" | "div" | "li" | "tr" | "h1" | "h2" | "h3" | "h4" | "blockquote" => out.push('\n'),
            "script" | "style" if !closing => {
                let close = format!("</{name}");
                let lower = &lower[html.len() - rest.len()..];
                let skip = lower
                    .find(&close)
                    .map_or(rest.len(), |at| lower[at..].find('>').map_or(rest.len(), |end| at + end + 1));
                rest = &rest[skip..];
            }
            _ => {}
        }
    }
    out.push_str(rest);
    let lines: Vec<&str> = out.lines().map(str::trim).collect();
    let mut text = String::new();
    for line in lines {
        if line.is_empty() && (text.is_empty() || text.ends_with("\n\n")) {
            continue;
        }
        text.push_str(line);
        text.push('\n');
    }
    text.trim().replace("\n\n\n", "\n\n")
}

/// What an entity after `&` means, and how many bytes it takes.
fn entity(after: &str) -> (Option<char>, usize) {
    let Some(end) = after.bytes().take(10).position(|byte| byte == b';') else { return (None, 0) };
    let name = &after[..end];
    let letter = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#');
            let number = number.and_then(|number| match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => number.parse().ok(),
            });
            number.and_then(char::from_u32).filter(|letter| *letter != '\0')
        }
    };
    (letter, end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_15_characters_become_18() {
        assert_eq!(long_id("001D000000IqhSL"), "001D000000IqhSLIAZ");
        assert_eq!(long_id("001D000000IqhSLIAZ"), "001D000000IqhSLIAZ");
        assert_eq!(long_id("a0B50000000ABCd"), "a0B50000000ABCdEAO");
        assert_eq!(long_id("AccountRef1"), "AccountRef1");
        assert_eq!(long_id("AccountRef12345"), "AccountRef12345");
    }

    #[test]
    fn addresses_and_names() {
        assert_eq!(email(" Ada@Example.COM ").as_deref(), Some("Ada@example.com"));
        assert_eq!(email("Ada <mailto:x>"), None);
        assert_eq!(email("Ada L. <ada@example.com>").as_deref(), Some("ada@example.com"));
        assert_eq!(email("n/a"), None);
        assert_eq!(phone("tel:+49  89 123").as_deref(), Some("+49 89 123"));
        assert_eq!(phone("none"), None);
        assert_eq!((given_name("Jane van Doe"), family_name("Jane van Doe")), ("Jane van".into(), "Doe".into()));
        assert_eq!((given_name("Doe, Jane"), family_name("Doe, Jane")), ("Jane".into(), "Doe".into()));
        assert_eq!((given_name("Cher"), family_name("Cher")), (String::new(), "Cher".into()));
        assert_eq!(code("Closed – won / lost?").as_deref(), Some("CLOSED_WON_LOST"));
        assert_eq!(code("🙂"), None);
    }

    #[test]
    fn markup_becomes_text() {
        assert_eq!(plain("<p>Hello&nbsp;<b>you</b> &amp; me</p><p>a &lt; b<br/>c</p>"), "Hello you & me\n\na < b\nc");
        assert_eq!(plain("<style>p { }</style>x<script>alert(1)</script >y"), "xy");
        assert_eq!(plain("1 < 2 & 3 > 2 &unknown; &#128512;"), "1 < 2 & 3 > 2 &unknown; 😀");
        assert_eq!(plain("<script>never ends"), "");
        assert_eq!(plain("é<"), "é<");
    }
}
