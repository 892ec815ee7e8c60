//! What runs for every request, or for every row of it. `cargo bench -p benches` compares with the run before.

#![allow(clippy::unwrap_used, missing_docs, reason = "a tool that stops at the first surprise")]

use std::hint::black_box;

use api::{
    graph::{GlobalId, Kind, RowCursor},
    http::{Limits, guard},
    journey::event_id,
    policy::{Role, RoleSet},
    schema,
};
use async_graphql::connection::CursorType;
use benches::{House, QUESTIONS};
use criterion::{Criterion, criterion_group, criterion_main};
use uuid::Uuid;

fn documents(c: &mut Criterion) {
    let limits = Limits::default();
    let (_, _, timeline) = QUESTIONS[0];
    c.bench_function("document/parse and judge", |b| {
        b.iter(|| guard::check(black_box(timeline), None, &limits).unwrap())
    });
    let known = guard::Documents::default();
    c.bench_function("document/known", |b| b.iter(|| known.check(black_box(timeline), None, &limits).unwrap()));
}

fn ids(c: &mut Criterion) {
    let id = Uuid::from_u128(0x0190_1234_5678_7abc_8def_0123_4567_89ab);
    let text = GlobalId::new(Kind::Account, id).to_string();
    c.bench_function("id/write", |b| b.iter(|| GlobalId::new(Kind::Account, black_box(id)).to_string()));
    c.bench_function("id/read", |b| b.iter(|| GlobalId::parse(black_box(&text)).unwrap()));
    let cursor = RowCursor::Id(id);
    let written = cursor.encode_cursor();
    c.bench_function("cursor/write", |b| b.iter(|| black_box(&cursor).encode_cursor()));
    c.bench_function("cursor/read", |b| b.iter(|| RowCursor::decode_cursor(black_box(&written)).unwrap()));
    let at = chrono::DateTime::from_timestamp(1_760_000_000, 0).unwrap();
    c.bench_function("event id/mint", |b| b.iter(|| event_id::mint(black_box(at), 7, 42)));
    c.bench_function("event id/read", |b| b.iter(|| event_id::occurred_at(black_box(id))));
}

fn schemas(c: &mut Criterion) {
    let mut group = c.benchmark_group("schema");
    group.sample_size(10);
    group.bench_function("build for sales", |b| b.iter(|| schema::unlimited(RoleSet::from(Role::Sales))));
    group.finish();
}

/// From the token to the last byte, on SQLite, without a socket.
fn requests(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("journeys.sqlite").display());
    let house = runtime.block_on(House::open(&url, 60, 3_000));
    let mut group = c.benchmark_group("request");
    for (name, role, query) in QUESTIONS.iter().filter(|(name, ..)| *name != "write") {
        let token = house.token(*role);
        let account = runtime.block_on(house.accounts(&token)).swap_remove(0);
        let variables = House::variables(name, &account);
        group.bench_function(*name, |b| b.iter(|| runtime.block_on(house.ask(&token, query, &variables))));
    }
    group.finish();
}

criterion_group!(hot, documents, ids, schemas, requests);
criterion_main!(hot);
