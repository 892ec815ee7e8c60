use numbers::{
    health::{Breadth, Engagement, Health, Inputs, Kind, NextSteps, Renewal, Satisfaction, Service, Weights, health},
    stats::Ratio,
};
use proptest::prelude::*;
use rstest::rstest;

#[rstest]
#[case(10, 30, 50.0)]
#[case(20, 30, 100.0)]
#[case(50, 30, 100.0)]
#[case(5, 30, 25.0)]
#[case(0, 30, 0.0)]
#[case(3, 0, 100.0)]
#[case(0, 0, 0.0)]
fn engagement_is_the_pace(#[case] recent: u64, #[case] before: u64, #[case] score: f64) {
    assert_eq!(Engagement { recent, before }.score(), score);
}

#[test]
fn each_part_goes_from_0_to_100() {
    let service = |urgent, breaches| Service { urgent, breaches }.score();
    assert_eq!([service(0, 0), service(1, 2), service(9, 0), service(u64::MAX, 1)], [100.0, 60.0, 0.0, 0.0]);
    let said = |csat, nps| Satisfaction { csat, nps }.score();
    assert_eq!(said(Ratio::of(3, 4), None), Some(75.0));
    assert_eq!(said(Ratio::of(0, 0), Some(-50.0)), Some(25.0));
    assert_eq!(said(Ratio::of(3, 4), Some(-50.0)), Some(50.0));
    assert_eq!(said(Ratio::of(0, 0), None), None);
    let renewal = |days| Renewal { days }.score();
    assert_eq!([renewal(-3), renewal(0), renewal(90), renewal(180), renewal(999)], [0.0, 0.0, 50.0, 100.0, 100.0]);
    assert_eq!([0, 1, 4, 7].map(|roles| Breadth { roles }.score()), [0.0, 25.0, 100.0, 100.0]);
    assert_eq!([0, 1, 4, 7].map(|overdue| NextSteps { overdue }.score()), [100.0, 75.0, 0.0, 0.0]);
}

fn inputs() -> Inputs {
    Inputs {
        engagement: Some(Engagement { recent: 5, before: 30 }),
        service: Some(Service { urgent: 1, breaches: 2 }),
        satisfaction: None,
        renewal: Some(Renewal { days: 90 }),
        breadth: Some(Breadth { roles: 2 }),
        next_steps: Some(NextSteps { overdue: 1 }),
    }
}

const WEIGHTS: Weights =
    Weights { engagement: 30.0, service: 20.0, satisfaction: 20.0, renewal: 10.0, breadth: 10.0, next_steps: 10.0 };

#[test]
fn the_worked_account() {
    // Known are 80 of 100: 30 × 25 + 20 × 60 + 10 × 50 + 10 × 50 + 10 × 75 = 3,700; / 80 = 46.25.
    let got = health(&inputs(), &WEIGHTS);
    assert!((got.score.unwrap() - 46.25).abs() < 1e-12);
    assert!((got.confidence - 0.8).abs() < 1e-12);
    let kinds: Vec<Kind> = got.parts.iter().map(|part| part.kind).collect();
    assert!(kinds.len() == 6 && kinds.is_sorted());
    let said = got.parts[2];
    assert_eq!((said.kind, said.score, said.weight, said.share), (Kind::Satisfaction, None, 0.2, 0.0));
    assert_eq!((got.parts[0].score, got.parts[0].weight, got.parts[0].share), (Some(25.0), 0.3, 0.375));
    // With it: 3,700 + 20 × 75 = 5,200; / 100.
    let satisfaction = Some(Satisfaction { csat: Ratio::of(3, 4), nps: None });
    let whole = health(&Inputs { satisfaction, ..inputs() }, &WEIGHTS);
    assert!((whole.score.unwrap() - 52.0).abs() < 1e-12);
    assert!((whole.confidence - 1.0).abs() < 1e-12);
}

#[test]
fn nothing_known_is_not_zero() {
    let Health { score, confidence, parts } = health(&Inputs::default(), &Weights::default());
    assert_eq!((score, confidence, parts.len()), (None, 0.0, 6));
    assert!(parts.iter().all(|part| part.weight == 1.0 / 6.0), "unless weighed, all count alike");
    let none =
        Weights { engagement: 0.0, service: -1.0, satisfaction: f64::NAN, renewal: 0.0, breadth: 0.0, next_steps: 0.0 };
    assert_eq!(health(&inputs(), &none).score, None);
    let only = health(&inputs(), &Weights { renewal: 3.0, ..none });
    assert_eq!((only.score, only.confidence), (Some(50.0), 1.0));
    let missing = health(&inputs(), &Weights { satisfaction: 3.0, ..none });
    assert_eq!((missing.score, missing.confidence), (None, 0.0));
}

prop_compose! {
    fn some_inputs()(
        engagement in prop::option::of((0_u64..99, 0_u64..99)),
        service in prop::option::of((0_u64..9, 0_u64..9)),
        renewal in prop::option::of(-99_i64..400),
        roles in prop::option::of(0_u64..9),
        overdue in prop::option::of(0_u64..9),
        nps in prop::option::of(-100.0..=100.0),
    ) -> Inputs {
        Inputs {
            engagement: engagement.map(|(recent, before)| Engagement { recent, before }),
            service: service.map(|(urgent, breaches)| Service { urgent, breaches }),
            satisfaction: nps.map(|nps| Satisfaction { csat: Ratio::default(), nps: Some(nps) }),
            renewal: renewal.map(|days| Renewal { days }),
            breadth: roles.map(|roles| Breadth { roles }),
            next_steps: overdue.map(|overdue| NextSteps { overdue }),
        }
    }
}

proptest! {
    #[test]
    fn health_is_the_weighted_mean_of_what_is_known(
        inputs in some_inputs(),
        weights in prop::array::uniform6(0_u32..50),
        factor in 0.001..9.0,
    ) {
        let weigh = |factor: f64| {
            let [engagement, service, satisfaction, renewal, breadth, next_steps] =
                weights.map(|weight| f64::from(weight) * factor);
            Weights { engagement, service, satisfaction, renewal, breadth, next_steps }
        };
        let got = health(&inputs, &weigh(1.0));
        let known: Vec<(f64, f64)> =
            got.parts.iter().zip(weights).filter_map(|(part, weight)| Some((part.score?, f64::from(weight)))).collect();
        prop_assert!(known.iter().all(|(score, _)| (0.0..=100.0).contains(score)));
        let total: f64 = known.iter().map(|(_, weight)| weight).sum();
        let all: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
        match got.score {
            None => prop_assert_eq!(total, 0.0),
            Some(score) => {
                let want = known.iter().map(|(score, weight)| score * weight).sum::<f64>() / total;
                prop_assert!((score - want).abs() < 1e-9);
                prop_assert!((got.confidence - total / all).abs() < 1e-12);
                let shares: f64 = got.parts.iter().map(|part| part.share).sum();
                prop_assert!((shares - 1.0).abs() < 1e-9);
                let scaled = health(&inputs, &weigh(factor));
                prop_assert!((scaled.score.unwrap() - score).abs() < 1e-9, "the unit of weights does not matter");
            }
        }
    }
}
