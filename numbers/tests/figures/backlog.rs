use chrono::{DateTime, Duration, Utc};
use numbers::{
    backlog::{Flow, backlog, flow},
    ticket::{Change, Life, Status},
};
use proptest::prelude::*;

use crate::{at, moment};

fn hour(hour: i64) -> DateTime<Utc> {
    at("2026-11-27T09:00:00Z") + Duration::hours(hour)
}

fn life(created: i64, changes: &[(i64, Status)]) -> Life {
    let changes = changes
        .iter()
        .enumerate()
        .map(|(place, (at, to))| Change { moment: moment(hour(*at), place as u128), to: *to });
    Life { created: hour(created), first: Status::New, changes: changes.collect() }
}

use Status::{Closed, OnHold, Open, PendingCustomer, Solved};

#[test]
fn the_worked_backlog() {
    let tickets = [
        life(0, &[(1, Open)]),
        life(2, &[(4, Solved), (6, Open), (9, Solved), (10, Closed)]),
        life(3, &[(4, PendingCustomer), (5, OnHold)]),
        life(8, &[(8, Closed)]),
        Life { first: Solved, ..life(7, &[]) },
    ];
    let at = |now| backlog(&tickets, hour(now));
    assert_eq!([-1, 0, 2, 3, 4, 5, 6, 8, 9, 20].map(|now| at(now).open), [0, 1, 2, 3, 2, 2, 3, 3, 2, 2]);
    let ages = at(6).age;
    assert_eq!((ages.n, ages.p50, ages.mean), (3, Some(4.0 * 3_600_000.0), Some(15_600_000.0)));
    // After hour 3, up to and in hour 8: created at 7 and 8, solved at 4, 7 and 8, reopened at 6.
    assert_eq!(flow(&tickets, hour(3), hour(8)), Flow { created: 2, solved: 3, reopened: 1 });
    assert_eq!(flow(&tickets, hour(3), hour(8)).net(), 0);
    assert_eq!(flow(&tickets, hour(-1), hour(20)), Flow { created: 5, solved: 4, reopened: 1 });
    assert_eq!(backlog(&[], hour(0)).age.p50, None);
}

proptest! {
    #[test]
    fn the_flow_leads_from_one_backlog_to_the_other(
        tickets in prop::collection::vec(
            (
                0_i64..40,
                any::<bool>(),
                prop::collection::vec(
                    (-5_i64..60, prop::sample::select(vec![Open, PendingCustomer, OnHold, Solved, Closed])),
                    0..8,
                ),
            ),
            0..15,
        ),
        mut moments in prop::collection::vec(-1_i64..70, 3),
    ) {
        let lives: Vec<Life> = tickets
            .iter()
            .map(|(created, solved, changes)| Life {
                first: if *solved { Solved } else { Status::New },
                ..life(*created, changes)
            })
            .collect();
        moments.sort_unstable();
        let [a, b, c] = moments[..] else { unreachable!() };
        // The backlog by looking at each ticket's newest change.
        let open = |now: i64| {
            let waits = |(created, solved, changes): &&(i64, bool, Vec<(i64, Status)>)| {
                let newest = changes
                    .iter()
                    .enumerate()
                    .filter(|(_, (at, _))| (*at).max(*created) <= now)
                    .max_by_key(|(place, (at, _))| (*at, *place));
                *created <= now && !newest.map_or(*solved, |(_, (_, status))| matches!(status, Solved | Closed))
            };
            tickets.iter().filter(waits).count() as u64
        };
        for now in [a, b, c] {
            prop_assert_eq!(backlog(&lives, hour(now)).open, open(now));
        }
        let between = |from: i64, to: i64| flow(&lives, hour(from), hour(to));
        prop_assert_eq!(open(a) as i64 + between(a, c).net(), open(c) as i64);
        let (first, second, whole) = (between(a, b), between(b, c), between(a, c));
        prop_assert_eq!(first.created + second.created, whole.created);
        prop_assert_eq!(first.solved + second.solved, whole.solved);
        prop_assert_eq!(first.reopened + second.reopened, whole.reopened);
        let turned: Vec<Life> = lives.iter().rev().cloned().collect();
        prop_assert_eq!(flow(&turned, hour(a), hour(c)), whole);
        prop_assert_eq!(backlog(&turned, hour(c)), backlog(&lives, hour(c)));
    }
}
