//! Codes that the world has agreed on: countries and languages.

use async_graphql::MaybeUndefined;
use sea_orm::ActiveValue;

use super::{
    error::{Error, Result},
    input::patch_text,
};

/// The countries and territories (ISO 3166-1 alpha-2), and XK, which everybody uses for Kosovo.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY \
    BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD \
    GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN \
    KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE \
    NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM \
    SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE \
    YT ZA ZM ZW";

/// A country that may be left out; blank counts as left out.
pub fn country(path: &str, code: Option<String>) -> Result<Option<String>> {
    let code = code.filter(|code| !code.trim().is_empty());
    match code.as_ref().is_none_or(|code| COUNTRIES.split_ascii_whitespace().any(|known| known == code)) {
        true => Ok(code),
        false => Err(Error::invalid(path, "a country is an ISO 3166 code of two capitals, such as DE")),
    }
}

/// [`country`] from a patch: absent leaves, null and blank clear.
pub fn country_patch(path: &str, code: MaybeUndefined<String>) -> Result<ActiveValue<Option<String>>> {
    patch_text(code, |code| country(path, code))
}

/// A language that may be left out, as BCP 47 writes it; blank counts as left out.
pub fn language(path: &str, tag: Option<String>) -> Result<Option<String>> {
    let tag = tag.filter(|tag| !tag.trim().is_empty());
    match tag.as_deref().is_none_or(is_language) {
        true => Ok(tag),
        false => Err(Error::invalid(path, "a language is a BCP 47 tag, such as de or pt-BR")),
    }
}

/// [`language`] from a patch: absent leaves, null and blank clear.
pub fn language_patch(path: &str, tag: MaybeUndefined<String>) -> Result<ActiveValue<Option<String>>> {
    patch_text(tag, |tag| language(path, tag))
}

/// Two or three letters, then script, region and variants: well-formed, be it registered or not.
pub fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    tag.len() <= 35
        && (2..=3).contains(&first.len())
        && first.bytes().all(|letter| letter.is_ascii_lowercase())
        && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|letter| letter.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_known_or_refused() {
        for (tag, is) in [
            ("de", true),
            ("pt-BR", true),
            ("zh-Hant-TW", true),
            ("d", false),
            ("de_DE", false),
            ("Deutsch", false),
            ("de-", false),
        ] {
            assert_eq!(is_language(tag), is, "{tag}");
        }
        assert!(country("country", Some("DE".to_owned())).is_ok_and(|code| code.as_deref() == Some("DE")));
        assert!(country("country", Some(" ".to_owned())).is_ok_and(|code| code.is_none()));
        assert!(country("country", Some("XQ".to_owned())).is_err());
    }
}
