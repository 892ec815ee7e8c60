use chrono::{DateTime, Duration, Utc};
use numbers::{
    hours::{Block, BusinessHours, Clock, Revisions, Span},
    response::{Band, LeadResponse, Offer, Touch, Verdict, attainment, lead_response},
    stats::Ratio,
};
use proptest::prelude::*;
use rstest::rstest;
use uuid::Uuid;

use crate::{at, moment};

/// Monday to Friday, 09:00 to 17:00 UTC; 2026-11-27 is a Friday.
fn hours() -> Revisions {
    let day = || vec![Block { from: 540, to: 1020 }];
    let week = [day(), day(), day(), day(), day(), vec![], vec![]];
    Revisions::constant(BusinessHours::new(chrono_tz::UTC, week, []))
}

fn time(text: &str) -> DateTime<Utc> {
    at(&format!("2026-11-{}:00Z", text.replace(' ', "T")))
}

const ANNA: u128 = 1;
const BEN: u128 = 2;
const QUEUE: u128 = 9;

fn offer(when: &str, owner: u128, team: &[u128]) -> Offer {
    Offer {
        moment: moment(time(when), owner),
        owner: Uuid::from_u128(owner),
        team: team.iter().copied().map(Uuid::from_u128).collect(),
    }
}

fn call(when: &str, by: u128) -> Touch {
    Touch { moment: moment(time(when), 100 + by), by: Some(Uuid::from_u128(by)), outbound: true, automatic: false }
}

fn ask(offers: &[Offer], touches: &[Touch]) -> LeadResponse {
    lead_response(offers.to_vec(), touches.to_vec(), time("30 12:00"), &hours()).unwrap()
}

fn took(clock: &Clock) -> (i64, i64, bool) {
    let Span { calendar, business } = clock.span;
    (calendar.num_minutes(), business.unwrap().num_minutes(), clock.stopped.is_some())
}

#[test]
fn the_worked_response() {
    // Offered to the queue on Friday at 16:30, passed on to Ben on Monday at 09:10, who calls at 09:30.
    let offers = [offer("30 09:10", BEN, &[BEN]), offer("27 16:30", QUEUE, &[ANNA, BEN])];
    let got = ask(&offers, &[call("30 09:40", BEN), call("30 09:30", BEN)]);
    let minutes = 2 * 1440 + 17 * 60;
    assert_eq!(took(&got.lead_clock), (minutes, 60, true));
    assert!(!got.pre_offer);
    assert_eq!(got.owner_clocks.iter().map(|own| own.owner.as_u128()).collect::<Vec<_>>(), [QUEUE, BEN]);
    // The queue did not answer in its 40 business minutes; Ben took 20.
    assert_eq!(took(&got.owner_clocks[0].clock), (minutes - 20, 40, false));
    assert_eq!(got.owner_clocks[0].passed_on, Some(time("30 09:10")));
    assert_eq!(took(&got.owner_clocks[1].clock), (20, 20, true));
    assert_eq!(got.owner_clocks[1].passed_on, None);
}

#[test]
fn only_a_human_of_the_team_who_turns_to_the_lead_answers() {
    let offers = [offer("27 10:00", ANNA, &[ANNA])];
    let touches = [
        Touch { automatic: true, ..call("27 10:01", ANNA) },
        Touch { by: None, ..call("27 10:02", ANNA) },
        Touch { outbound: false, ..call("27 10:03", ANNA) },
        call("27 10:04", BEN),
    ];
    let got = ask(&offers, &touches);
    assert_eq!(took(&got.lead_clock), (3 * 1440 + 120, 420 + 180, false));
    assert_eq!(took(&got.owner_clocks[0].clock), took(&got.lead_clock));
    let with_anna = ask(&offers, &[&touches[..], &[call("27 10:05", ANNA)]].concat());
    assert_eq!(took(&with_anna.lead_clock), (5, 5, true));
    // Ben counts where the lead is his as well, or where nobody in particular is to answer.
    assert_eq!(took(&ask(&[offer("27 10:00", QUEUE, &[])], &touches).lead_clock), (4, 4, true));
    let passed_on = [offer("27 10:00", ANNA, &[ANNA]), offer("27 10:03", BEN, &[BEN])];
    assert_eq!(took(&ask(&passed_on, &touches).lead_clock), (4, 4, true));
}

#[test]
fn an_answer_before_the_offer_took_no_time() {
    let offers = [offer("27 10:00", ANNA, &[ANNA]), offer("27 11:00", BEN, &[BEN])];
    let got = ask(&offers, &[call("27 09:50", ANNA), call("27 11:30", BEN)]);
    assert!(got.pre_offer);
    assert_eq!(took(&got.lead_clock), (0, 0, true));
    assert_eq!(took(&got.owner_clocks[0].clock), (0, 0, true));
    assert_eq!(took(&got.owner_clocks[1].clock), (30, 30, true), "what Anna did is no answer of Ben's");
    let at_once = ask(&offers, &[call("27 10:00", ANNA)]);
    assert_eq!((at_once.pre_offer, took(&at_once.lead_clock)), (false, (0, 0, true)));
}

#[test]
fn what_is_not_known_yet_is_left_out() {
    let offers = vec![offer("27 10:00", ANNA, &[]), offer("27 12:00", BEN, &[])];
    assert_eq!(lead_response(offers.clone(), vec![], time("27 09:59"), &hours()), None);
    let early = lead_response(offers, vec![call("27 11:30", ANNA)], time("27 11:00"), &hours()).unwrap();
    assert_eq!((took(&early.lead_clock), early.owner_clocks.len()), ((60, 60, false), 1));
    assert_eq!(early.owner_clocks[0].passed_on, None);
}

#[rstest]
#[case(Some(Duration::minutes(5)), Band::FiveMinutes)]
#[case(Some(Duration::minutes(5) + Duration::milliseconds(1)), Band::Hour)]
#[case(Some(Duration::hours(1)), Band::Hour)]
#[case(Some(Duration::hours(1) + Duration::milliseconds(1)), Band::FourHours)]
#[case(Some(Duration::hours(4)), Band::FourHours)]
#[case(Some(Duration::hours(4) + Duration::milliseconds(1)), Band::BusinessDay)]
#[case(Some(Duration::hours(8)), Band::BusinessDay)]
#[case(Some(Duration::hours(8) + Duration::seconds(1)), Band::Later)]
#[case(None, Band::NoneYet)]
fn times_fall_in_bands(#[case] took: Option<Duration>, #[case] band: Band) {
    let day = hours().at(time("27 10:00")).unwrap().business_day();
    assert_eq!(Band::of(took, day), band);
}

#[test]
fn without_a_calendar_a_business_day_is_a_day() {
    assert_eq!(Band::of(Some(Duration::hours(24)), None), Band::BusinessDay);
    assert_eq!(Band::of(Some(Duration::hours(25)), None), Band::Later);
    assert!(Band::ALL.is_sorted());
}

#[test]
fn a_promise_is_met_up_to_its_last_instant() {
    let clock = |stopped: Option<&str>| Clock::of(time("27 16:30"), stopped.map(time), time("30 09:30"), &hours());
    let hour = Duration::hours(1);
    let verdict = |stopped| Verdict::of(&clock(stopped), hour, true);
    assert_eq!(verdict(Some("30 09:30")), Verdict::Met);
    assert_eq!(verdict(Some("30 09:31")), Verdict::Breached);
    assert_eq!(verdict(None), Verdict::Running);
    assert_eq!(Verdict::of(&clock(None), hour - Duration::seconds(1), true), Verdict::Breached);
    assert_eq!(Verdict::of(&clock(Some("27 17:31")), hour, false), Verdict::Breached);
    // Without a business calendar there is one clock only.
    let bare = Clock::of(time("27 16:30"), Some(time("27 17:30")), time("30 09:30"), &Revisions::default());
    assert_eq!(Verdict::of(&bare, hour, true), Verdict::Met);
    let all = [Verdict::Met, Verdict::Breached, Verdict::Running, Verdict::Met];
    assert_eq!(attainment(all), Ratio::of(2, 3));
    assert_eq!(attainment([Verdict::Running]).value(), None);
}

proptest! {
    #[test]
    fn a_plain_search_agrees_in_any_order(
        offers in prop::collection::vec((0_i64..500, 0_u128..3), 1..5),
        touches in prop::collection::vec((0_i64..600, 0_u128..3, any::<bool>(), any::<bool>()), 0..12),
    ) {
        let start = time("23 09:00");
        let minute = |minute: i64| start + Duration::minutes(minute);
        let offers: Vec<Offer> = offers
            .iter()
            .enumerate()
            .map(|(place, (when, owner))| Offer {
                moment: moment(minute(*when), place as u128),
                owner: Uuid::from_u128(*owner),
                team: vec![Uuid::from_u128(*owner)],
            })
            .collect();
        let touches: Vec<Touch> = touches
            .iter()
            .enumerate()
            .map(|(place, (when, by, outbound, automatic))| Touch {
                moment: moment(minute(*when), 1000 + place as u128),
                by: Some(Uuid::from_u128(*by)),
                outbound: *outbound,
                automatic: *automatic,
            })
            .collect();
        let as_of = minute(550);
        let got = lead_response(offers.clone(), touches.clone(), as_of, &hours()).unwrap();
        let turned = lead_response(
            offers.iter().rev().cloned().collect(),
            touches.iter().rev().copied().collect(),
            as_of,
            &hours(),
        );
        prop_assert_eq!(turned, Some(got.clone()));
        // Whose the lead is at a moment, and who answers first, minute by minute.
        let mut by_time = offers.clone();
        by_time.sort_by_key(|offer| offer.moment);
        let mut answer = None;
        for touch in &touches {
            let mut owner = by_time[0].owner;
            for offer in &by_time {
                if offer.moment.at <= touch.moment.at && offer.moment <= touch.moment {
                    owner = offer.owner;
                }
            }
            let counts = touch.outbound && !touch.automatic && touch.by == Some(owner) && touch.moment.at <= as_of;
            if counts && answer.is_none_or(|before| touch.moment.at < before) {
                answer = Some(touch.moment.at);
            }
        }
        let offered = by_time[0].moment.at;
        prop_assert_eq!(got.lead_clock.since, offered);
        prop_assert_eq!(got.lead_clock.stopped, answer.map(|answer| answer.max(offered)));
        prop_assert_eq!(got.pre_offer, answer.is_some_and(|answer| answer < offered));
        // The lead is answered as soon as one of its owners answers it.
        let owners = got.owner_clocks.iter().filter_map(|own| own.clock.stopped).min();
        prop_assert_eq!(owners, got.lead_clock.stopped);
        prop_assert_eq!(got.owner_clocks.len(), offers.len());
    }
}

proptest! {
    #[test]
    fn each_clock_falls_into_one_band_and_a_longer_one_into_no_earlier_band(
        seconds in prop::collection::vec(prop::option::of(0_i64..200_000), 0..40),
        day in prop::option::of(14_401_i64..86_400),
    ) {
        let day = day.map(Duration::seconds);
        let band = |took: &Option<i64>| Band::of(took.map(Duration::seconds), day);
        let counts = Band::ALL.map(|wanted| seconds.iter().filter(|took| band(took) == wanted).count());
        prop_assert_eq!(counts.iter().sum::<usize>(), seconds.len(), "they add up to the clocks");
        let mut stopped: Vec<Option<i64>> = seconds.iter().copied().filter(Option::is_some).collect();
        stopped.sort_unstable();
        prop_assert!(stopped.iter().map(band).is_sorted());
        prop_assert_eq!(counts[5], seconds.len() - stopped.len(), "none yet are those that run");
    }
}
