//! How a text becomes pieces that survive a typo: three letters each, of words in lower case without accents.

use std::collections::BTreeSet;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The digits at the end of a phone number that tell it apart, whatever stands before them: +49, 0049 or 0.
const PHONE_DIGITS: usize = 9;

/// Lower case, without accents; umlauts in either spelling become one: Krüger, Krueger and Kruger are the same.
fn folded(text: &str) -> String {
    let plain: String = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .flat_map(|c| match c {
            'ß' => vec!['s', 's'],
            'ø' => vec!['o'],
            'æ' => vec!['a'],
            'œ' => vec!['o'],
            'ł' => vec!['l'],
            c => vec![c],
        })
        .collect();
    plain.replace("ae", "a").replace("oe", "o").replace("ue", "u")
}

/// The pieces of a text: of each word, three letters at a time, with two blanks before it and one behind.
pub fn pieces(text: &str) -> BTreeSet<String> {
    let folded = folded(text);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.flat_map(pieces_of_word).collect()
}

fn pieces_of_word(word: &str) -> Vec<String> {
    let letters: Vec<char> = [' ', ' '].into_iter().chain(word.chars()).chain([' ']).collect();
    letters.windows(3).map(|three| three.iter().collect()).collect()
}

/// The pieces of a phone number, from its last digits; none for what is too short to be one.
pub fn phone_pieces(text: &str) -> BTreeSet<String> {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < 5 {
        return BTreeSet::new();
    }
    let last = &digits[digits.len().saturating_sub(PHONE_DIGITS)..];
    last.windows(3).map(|three| three.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(asked: &str, held: &str) -> f64 {
        let (asked, held) = (pieces(asked), pieces(held));
        asked.intersection(&held).count() as f64 / asked.len() as f64
    }

    #[test]
    fn spellings_of_one_name_are_one() {
        assert_eq!(pieces("Krüger"), pieces("KRUEGER"));
        assert_eq!(pieces("Krüger"), pieces("Kruger"));
        assert_eq!(pieces("Groß & Söhne"), pieces("gross, soehne"));
        assert_eq!(pieces("Élan"), pieces("elan"));
        assert_eq!(phone_pieces("+49 171 2345678"), phone_pieces("0171/2345678"));
        assert_eq!(phone_pieces("0049 (171) 234-5678"), phone_pieces("01712345678"));
        assert!(phone_pieces("12 34").is_empty());
        assert!(pieces(" \u{0}\u{7}%&").is_empty());
    }

    #[test]
    fn a_typo_leaves_most_of_the_pieces() {
        assert!(share("Boltt", "Bolt GmbH") >= 0.5);
        assert!(share("Molkerai", "Molkerei Alpenland AG") >= 0.5);
        assert!(share("Anker", "Bolt GmbH") < 0.5);
    }
}
