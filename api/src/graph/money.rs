//! Money: kept as integer minor units, shown as a decimal and its currency.

use async_graphql::{InputObject, MaybeUndefined, SimpleObject};
use rust_decimal::Decimal;
use sea_orm::ActiveValue;

use super::error::{Error, Result};

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub struct Money {
    /// The amount in the currency's main unit, exact.
    pub amount: Decimal,
    /// ISO 4217 code.
    pub currency: String,
}

/// An amount of money.
#[derive(Clone, Debug, InputObject)]
pub struct MoneyInput {
    /// The amount in the currency's main unit, with at most as many decimals as the currency has.
    pub amount: Decimal,
    /// ISO 4217 code, such as `EUR`.
    pub currency: String,
}

/// The currencies of ISO 4217 that money is kept in, and those that were given up lately.
const CURRENCIES: &str = "\
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP \
    CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD \
    IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK \
    MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL \
    SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER \
    ZAR ZMW ZWG ZWL";

/// Whether this is the code of a currency, in capitals.
pub fn is_currency(code: &str) -> bool {
    code.len() == 3 && CURRENCIES.split(' ').any(|known| known == code)
}

/// The currencies that money is kept in.
pub fn currencies() -> impl Iterator<Item = &'static str> {
    CURRENCIES.split(' ')
}

/// How many decimals a currency has (ISO 4217).
pub fn decimals(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND" | "VUV"
        | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

impl Money {
    /// From minor units.
    pub fn from_minor(minor: i64, currency: &str) -> Money {
        Money { amount: Decimal::new(minor, decimals(currency)), currency: currency.to_owned() }
    }
}

impl Money {
    /// A sum in minor units; none where it is beyond what a decimal holds.
    pub fn from_sum(minor: i128, currency: &str) -> Option<Money> {
        let amount = Decimal::try_from_i128_with_scale(minor, decimals(currency)).ok()?;
        Some(Money { amount, currency: currency.to_owned() })
    }
}

impl MoneyInput {
    /// In minor units; refuses what would have to be rounded.
    pub fn into_minor(self, path: &str) -> Result<(i64, String)> {
        let currency = self.currency;
        if !is_currency(&currency) {
            return Err(Error::invalid(path, "currency is an ISO 4217 code in capitals, such as EUR"));
        }
        to_minor(self.amount, &currency)
            .map(|minor| (minor, currency))
            .ok_or_else(|| Error::invalid(path, "the amount has more decimals than the currency, or is too large"))
    }

    /// [`MoneyInput::into_minor`] of what something costs or is worth: not negative.
    pub fn into_price(self, path: &str) -> Result<(i64, String)> {
        match self.into_minor(path)? {
            (minor, _) if minor < 0 => Err(Error::invalid(path, "an amount is not negative")),
            price => Ok(price),
        }
    }
}

/// The two columns of an amount, as a patch sets them.
pub type PricePatch = (ActiveValue<Option<i64>>, ActiveValue<Option<String>>);

/// A nullable amount and its currency from a patch: absent leaves, null clears both.
pub fn price_patch(path: &str, value: MaybeUndefined<MoneyInput>) -> Result<PricePatch> {
    match value {
        MaybeUndefined::Undefined => Ok((ActiveValue::NotSet, ActiveValue::NotSet)),
        MaybeUndefined::Null => Ok((ActiveValue::Set(None), ActiveValue::Set(None))),
        MaybeUndefined::Value(money) => {
            let (minor, currency) = money.into_price(path)?;
            Ok((ActiveValue::Set(Some(minor)), ActiveValue::Set(Some(currency))))
        }
    }
}

/// A decimal in minor units, if it fits exactly.
pub fn to_minor(amount: Decimal, currency: &str) -> Option<i64> {
    let scaled = amount.checked_mul(Decimal::from(10_i64.pow(decimals(currency))))?;
    if !scaled.fract().is_zero() {
        return None;
    }
    i64::try_from(scaled.trunc().mantissa() / 10_i128.pow(scaled.trunc().scale())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_exact_or_refused() {
        let euro = |text: &str| MoneyInput { amount: text.parse().expect("decimal"), currency: "EUR".into() };
        assert_eq!(euro("119373.34").into_minor("amount").expect("fits"), (11_937_334, "EUR".to_owned()));
        assert_eq!(euro("-0.10").into_minor("amount").expect("fits"), (-10, "EUR".to_owned()));
        assert!(euro("0.001").into_minor("amount").is_err());
        assert!(euro("99999999999999999999").into_minor("amount").is_err());
        assert_eq!(Money::from_minor(5, "JPY").amount.to_string(), "5");
        assert_eq!(Money::from_minor(12345, "EUR").amount.to_string(), "123.45");
    }
}
