use chrono::{DateTime, Utc};
use entities::journey::journey_event;
use sea_orm::{EntityTrait, QueryOrder};

use super::{guide::QUERIES, *};
use crate::{
    auth::Claims,
    config::{Config, Purpose, Sources},
    graph::Cx,
    journey::verify,
    policy::{Grants, Role},
    schema,
    store::{Options, Store},
};

async fn told_at(file: &std::path::Path, now: DateTime<Utc>) -> Store {
    let store = Store::connect(&Options::new(format!("sqlite://{}", file.display()))).await.unwrap();
    migration::up(store.db()).await.unwrap();
    assert!(!cast::was_told(&store).await.unwrap());
    load(&store, now).await.unwrap();
    assert!(cast::was_told(&store).await.unwrap());
    store
}

#[tokio::test]
async fn the_story_is_sound_the_same_each_time_and_answers_what_the_guide_asks() {
    let folder = tempfile::tempdir().unwrap();
    let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
    let files = [folder.path().join("a.sqlite"), folder.path().join("b.sqlite")];
    let (one, two) = tokio::join!(told_at(&files[0], now), told_at(&files[1], now));

    for check in verify::tenant(&one, 1).await.unwrap() {
        assert_eq!(check.findings, [], "{}", check.name);
    }
    let events = async |store: &Store| {
        journey_event::Entity::find().order_by_asc(journey_event::Column::Id).all(store.db()).await.unwrap()
    };
    let story = events(&one).await;
    assert_eq!(story, events(&two).await);
    assert!(story.len() > 3000 && story.iter().all(|event| event.recorded_at <= now));
    for kind in [
        "handover.rejected",
        "handover.accepted",
        "handover.offered",
        "meeting.held",
        "meeting.no_show",
        "demo.given",
        "requirement.recorded",
        "opportunity.won",
        "opportunity.lost",
        "order.placed",
        "contract.signed",
        "asset.commissioned",
        "ticket.escalated",
        "ticket.reopened",
        "sla.breached",
        "csat.answered",
        "nps.answered",
        "team.member_added",
        "consent.given",
        "tradefair.booth_scanned",
    ] {
        assert!(story.iter().any(|event| event.kind == kind), "{kind}");
    }

    let limits = Config::load(&Sources::default(), Purpose::Tool).unwrap().limits;
    assert_eq!(QUERIES.iter().map(|(role, ..)| *role).collect::<Vec<_>>(), Role::ALL);
    for (role, _, query) in QUERIES {
        let claims = Claims {
            subject: cast::subject_of(*role).to_owned(),
            tenant: DEMO_TENANT.to_owned(),
            roles: (*role).into(),
            grants: Grants::default(),
            expires_at: now,
        };
        let caller = tenancy::resolve(&one, &claims, now).await.unwrap().unwrap();
        let request = async_graphql::Request::new(*query).data(Cx::new(caller, one.clone(), Clock::at(now)));
        let answer = schema::build((*role).into(), &limits).execute(request).await;
        assert_eq!(answer.errors, [], "{role}");
        let text = answer.data.into_json().unwrap().to_string();
        assert!(!text.contains("\"nodes\":[]"), "{role} is told of nothing: {text}");
    }
}
