//! Time and randomness come in here, and nowhere else: a test sets the clock, and the same inputs give the same rows.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// Where the time comes from.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands until it is set: tests, and loaders that tell a story in the past.
    Set(Arc<Mutex<Hand>>),
}

/// What a standing clock holds.
#[derive(Debug)]
pub struct Hand {
    now: DateTime<Utc>,
    step: TimeDelta,
    state: u64,
}

impl Clock {
    /// A clock that stands at `now`, with the same random numbers each time.
    pub fn at(now: DateTime<Utc>) -> Clock {
        Clock::Set(Arc::new(Mutex::new(Hand { now: now.trunc_subsecs(6), step: TimeDelta::zero(), state: 0 })))
    }

    /// The moment, cut to microseconds: what both engines keep.
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
            Clock::System => Utc::now().trunc_subsecs(6),
            Clock::Set(hand) => {
                let mut hand = hand.lock().unwrap_or_else(PoisonError::into_inner);
                let now = hand.now;
                hand.now = now + hand.step;
                now
            }
        }
    }

    /// Sets a standing clock; the machine's clock cannot be set.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Clock::Set(hand) = self {
            hand.lock().unwrap_or_else(PoisonError::into_inner).now = to.trunc_subsecs(6);
        }
    }

    /// Lets a standing clock run: each look moves it on by `step`, so that two looks in one request differ as they do on a
    /// machine.
    pub fn run(&self, step: TimeDelta) {
        if let Clock::Set(hand) = self {
            hand.lock().unwrap_or_else(PoisonError::into_inner).step = step;
        }
    }

    /// Random bits; on a standing clock the same sequence each time (SplitMix64), so that what it loads is the same, too.
    pub fn random(&self) -> u64 {
        match self {
            Clock::System => rand::random(),
            Clock::Set(hand) => {
                let mut hand = hand.lock().unwrap_or_else(PoisonError::into_inner);
                hand.state = hand.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut bits = hand.state;
                bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                bits ^ (bits >> 31)
            }
        }
    }
}
