//! An event's id is a UUID v7 of the moment when it happened: 48 bits of milliseconds, 12 bits of sub-millisecond, 14 bits that
//! count up inside the transaction, 48 random bits. So the key is the order of the timeline, and within one transaction
//! cause comes before effect.

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

/// How many events of one microsecond keep their order before the next microsecond is taken.
const COUNTED: u64 = 1 << 14;

/// The id of the `counter`th event of a transaction.
pub fn mint(occurred_at: DateTime<Utc>, counter: u64, random: u64) -> Uuid {
    let micros = (occurred_at + Duration::microseconds((counter / COUNTED).cast_signed()))
        .timestamp_micros()
        .max(0)
        .cast_unsigned();
    let (millis, micros) = (micros / 1000, micros % 1000);
    // 1000 steps over 12 bits, rounded up on the way back: every microsecond survives.
    let fraction = micros * 4096 / 1000;
    let high = (millis << 16) | 0x7000 | fraction;
    let low = (0b10 << 62) | ((counter % COUNTED) << 48) | (random & 0xffff_ffff_ffff);
    Uuid::from_u64_pair(high, low)
}

/// The moment in an id, to the microsecond.
pub fn occurred_at(id: Uuid) -> DateTime<Utc> {
    let (high, _) = id.as_u64_pair();
    let (millis, fraction) = (high >> 16, high & 0x0fff);
    let micros = millis * 1000 + (fraction * 1000).div_ceil(4096);
    DateTime::from_timestamp_micros(micros.cast_signed()).unwrap_or_default()
}

/// The smallest id of a moment: the bound of a half-open range of time.
pub fn floor(moment: DateTime<Utc>) -> Uuid {
    let (high, _) = mint(moment, 0, 0).as_u64_pair();
    Uuid::from_u64_pair(high, 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_microsecond_survives_and_order_is_kept(a in 0_i64..4_000_000_000_000_000, b in 0_i64..4_000_000_000_000_000, r: u64, s: u64) {
            let at = |micros| DateTime::from_timestamp_micros(micros).expect("in range");
            let (x, y) = (mint(at(a), 0, r), mint(at(b), 0, s));
            prop_assert_eq!(occurred_at(x), at(a));
            prop_assert_eq!(x.get_version_num(), 7);
            if a != b {
                prop_assert_eq!(a < b, x < y);
            }
            prop_assert!(floor(at(a)) <= x);
            prop_assert!(a == 0 || floor(at(a)) > mint(at(a - 1), 16_383, u64::MAX));
        }

        #[test]
        fn cause_comes_before_effect(micros in 0_i64..4_000_000_000_000_000, counter in 0_u64..100_000, r: u64, s: u64) {
            let at = DateTime::from_timestamp_micros(micros).expect("in range");
            prop_assert!(mint(at, counter, r) < mint(at, counter + 1, s));
        }
    }
}
