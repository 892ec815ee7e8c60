//! What a masked or pseudonymous value looks like.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// `jane@acme.com` → `j•••@acme.com`: enough to recognise, too little to write to.
pub fn email(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{}•••@{domain}", local.chars().take(1).collect::<String>()),
        None => "•••".to_owned(),
    }
}

/// The last two digits of a phone number.
pub fn phone(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    match digits.len() {
        // Of a number this short, two digits would be most of it.
        0..=4 => "•••".to_owned(),
        n => format!("•••{}", digits[n - 2..].iter().collect::<String>()),
    }
}

/// The first letter of each word.
pub fn initials(name: &str) -> String {
    name.split_whitespace().filter_map(|word| word.chars().next()).map(|letter| format!("{letter}.")).collect()
}

/// Nothing of the value but that there is one.
pub fn hidden() -> String {
    "•••".to_owned()
}

/// A keyed hash: the same value gives the same pseudonym within the tenant, and no table of guesses undoes it.
pub fn pseudonym(tenant_key: &[u8], value: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(tenant_key) else { return hidden() };
    mac.update(value.as_bytes());
    mac.finalize().into_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The keyed hash by which a contact point or identity is found again, whatever its case and blanks.
pub fn value_hash(tenant_key: &[u8], kind: &str, value: &str) -> String {
    let normal: String = value.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase).collect();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(tenant_key) else { return String::new() };
    mac.update(kind.as_bytes());
    mac.update(b"\0");
    mac.update(normal.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_keep_little() {
        assert_eq!(email("jane@acme.com"), "j•••@acme.com");
        assert_eq!(email("no address"), "•••");
        assert_eq!(email("@x.de"), "•••@x.de");
        assert_eq!(phone("+49 711 1234-567"), "•••67");
        assert_eq!(phone("112"), "•••");
        assert_eq!(initials("Anna Maria Öz"), "A.M.Ö.");
        assert_eq!(pseudonym(b"key", "a").len(), 16);
        assert_ne!(pseudonym(b"key", "a"), pseudonym(b"other", "a"));
    }
}
