//! Keeping: rows as they are counted, and sums of their days. Whatever has changed is made anew, whole rows and whole days, so that
//! doing it twice does no harm.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

use chrono::NaiveDate;
use entities::{journey::feed_counter, tenant::tenant};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, QueryResult, Statement,
    sea_query::{Expr, ExprTrait, JoinType, OnConflict, Query, SelectStatement},
};
use uuid::Uuid;

use super::{
    State, adds_up, day_of,
    days::civil_day,
    definitions, dimensions, kept, number_of,
    serve::column_of,
    tail::{Changed, Tail, segments},
    watched,
};
use crate::{
    analytics::{
        ask::{Arguments, Ask, GroupByInput},
        dimension::Dimension,
        fact::Fact,
        metric::{Definition, Measure},
        query::{BUCKET, KEYS, Plan, Source},
    },
    clock::Clock,
    graph::{Cx, Error, Result},
    policy::{Basis, Role, RoleSet, Span},
    store::Store,
    tenancy,
};

/// How many changes one step takes.
const STEP: u64 = 2_000;
/// How many ids one statement names.
const MANY: usize = 1_000;
/// Days between two that have changed: fewer of them are made anew with both, rather than asked for separately.
const GAP: u64 = 7;
/// Of so many stretches that have changed all between the first and the last is made anew.
const STRETCHES: usize = 40;
/// A tenant whose feed is longer has its figures kept when somebody asks for it: that takes minutes.
const LARGE: i64 = 500_000;
/// So many changes are waited for, since each question looks at them by itself;
const WAITING: i64 = 500;
/// but not longer than this.
const PATIENCE: Duration = Duration::from_secs(60);
/// What one process holds while it keeps a tenant's figures: "figures" in ASCII.
const LOCK: i32 = 0x0066_6967;

/// What was made anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Rows as they are counted.
    pub rows: u64,
    /// Sums of days.
    pub sums: u64,
    /// How far in the feed they are.
    pub position: i64,
}

/// Keeps the figures of every tenant up to date, until the store is gone.
pub async fn keep(store: Store, clock: Clock) {
    let mut kept: HashMap<i64, Instant> = HashMap::new();
    loop {
        match behind(&store).await {
            Ok(tenants) => {
                for tenant in tenants {
                    let last = kept.get(&tenant.id).map(Instant::elapsed);
                    if tenant.lag.is_some_and(|lag| lag < WAITING) && last.is_some_and(|last| last < PATIENCE) {
                        continue;
                    }
                    // One tenant's trouble is not the others'.
                    if let Err(error) = Box::pin(catch_up(&store, &clock, &tenant)).await {
                        tracing::warn!(?error, tenant = tenant.id, "the kept figures are not up to date");
                    }
                    kept.insert(tenant.id, Instant::now());
                }
            }
            Err(error) => tracing::warn!(?error, "nobody knows whose kept figures are not up to date"),
        }
        tokio::time::sleep(store.poll_interval() * 5).await;
    }
}

/// A tenant whose kept figures are not those of its feed.
struct Behind {
    id: i64,
    /// How many changes they lack; none where they are not kept, or of another zone, currency, or list of definitions.
    lag: Option<i64>,
    /// Whether they were kept once.
    was_kept: bool,
    /// How long its feed is.
    position: i64,
}

/// All tenants that something is to be done for, in one statement however many there are.
async fn behind(store: &Store) -> Result<Vec<Behind>, DbErr> {
    let (c, s, t) = (
        |column: &'static str| Expr::col(("c", column)),
        |column: &'static str| Expr::col(("s", column)),
        |column: &'static str| Expr::col(("t", column)),
    );
    let alike = s("definitions").eq(definitions()).and(s("zone").eq(t("zone"))).and(s("currency").eq(t("currency")));
    let lag: Expr = Expr::case(alike, c("position").sub(s("position"))).into();
    let lacking = Query::select()
        .expr_as(c("tenant_id"), "id")
        .expr_as(c("position"), "position")
        .expr_as(s("position"), "was")
        .expr_as(lag, "lag")
        .from_as("feed_counter", "c")
        .join_as(JoinType::InnerJoin, "tenant", "t", t("id").equals(("c", "tenant_id")))
        .join_as(JoinType::LeftJoin, "figure_state", "s", s("tenant_id").equals(("c", "tenant_id")))
        .to_owned();
    let select = Query::select()
        .columns(["id", "position", "was", "lag"])
        .from_subquery(lacking, "b")
        .and_where(Expr::col("lag").is_null().or(Expr::col("lag").gt(0)))
        .to_owned();
    let row = |row: &QueryResult| {
        Ok(Behind {
            id: row.try_get("", "id")?,
            lag: row.try_get("", "lag")?,
            was_kept: row.try_get::<Option<i64>>("", "was")?.is_some(),
            position: row.try_get("", "position")?,
        })
    };
    store.db().query_all(&select).await?.iter().map(row).collect()
}

async fn catch_up(store: &Store, clock: &Clock, tenant: &Behind) -> Result<()> {
    match tenant.lag {
        Some(_) => while Box::pin(fold(store, clock, tenant.id)).await? {},
        None if tenant.was_kept || tenant.position <= LARGE => {
            Box::pin(rebuild(store, clock, tenant.id)).await?;
        }
        None => tracing::debug!(tenant = tenant.id, "figures are not kept: `journey rebuild` begins it"),
    }
    Ok(())
}

/// Takes the next changes of the feed in. Whether there are more.
pub async fn fold(store: &Store, clock: &Clock, tenant: i64) -> Result<bool> {
    let keeper = Keeper::begin(store, clock, tenant).await?;
    let Some(state) = State::read(&keeper.tx, &keeper.tenant).await? else { return Ok(false) };
    let tail = Tail::read(&keeper.tx, tenant, state.position, STEP).await?;
    let Some(last) = tail.last else { return Ok(false) };
    // All of it first: what one fact was tells which rows of another have changed.
    let mut changed = Vec::new();
    for fact in Fact::ALL.iter().copied().filter(|fact| kept::columns(*fact).is_some()) {
        changed.push((fact, tail.changed(&keeper.tx, tenant, fact).await?));
    }
    for (fact, changed) in &changed {
        match changed {
            Changed::Ids(ids) if ids.is_empty() => {}
            Changed::Ids(ids) => Box::pin(keeper.renew(*fact, Some(ids), last)).await.map(drop)?,
            Changed::Any => Box::pin(keeper.renew(*fact, None, last)).await.map(drop)?,
        }
    }
    keeper.stand(last).await?;
    keeper.tx.commit().await?;
    Ok(last >= state.position + i64::try_from(STEP).unwrap_or(i64::MAX))
}

/// Makes everything anew that is kept of a tenant.
pub async fn rebuild(store: &Store, clock: &Clock, tenant: i64) -> Result<Rebuilt> {
    let keeper = Keeper::begin(store, clock, tenant).await?;
    // Whatever comes later is in the tail, and is counted from there though some of it may already be in the rows.
    let position = position(&keeper.tx, tenant).await?;
    let mut rebuilt = Rebuilt { position, ..Rebuilt::default() };
    keeper.clear("figure_day").await?;
    for fact in Fact::ALL.iter().copied().filter(|fact| kept::columns(*fact).is_some()) {
        let (rows, sums) = Box::pin(keeper.renew(fact, None, position)).await?;
        rebuilt.rows += rows;
        rebuilt.sums += sums;
    }
    keeper.stand(position).await?;
    if store.is_postgres() {
        for table in ["figure_row", "figure_day"] {
            keeper.tx.execute_unprepared(&format!("ANALYZE {table}")).await?;
        }
    }
    keeper.tx.commit().await?;
    Ok(rebuilt)
}

async fn position<C: ConnectionTrait>(db: &C, tenant: i64) -> Result<i64> {
    let counter = feed_counter::Entity::find_by_id(tenant).one(db).await?;
    Ok(counter.map_or(0, |counter| counter.position))
}

/// Who keeps a tenant's figures, alone.
struct Keeper {
    tx: DatabaseTransaction,
    cx: Cx,
    tenant: tenant::Model,
}

impl Keeper {
    async fn begin(store: &Store, clock: &Clock, tenant: i64) -> Result<Keeper> {
        let roles: RoleSet = Role::Admin.into();
        let caller = tenancy::system_caller(store, tenant, clock.now(), roles, "figures are kept").await?;
        let cx = Cx::new(caller, store.clone(), clock.clone());
        let model = tenancy::tenant(store, tenant).await?;
        let tx = store.begin().await?;
        if store.is_postgres() {
            // On SQLite the transaction is the lock.
            let text = "SELECT pg_advisory_xact_lock($1, $2)";
            let key = i32::try_from(tenant).unwrap_or(0);
            tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, text, [LOCK.into(), key.into()]))
                .await?;
        }
        Ok(Keeper { tx, cx, tenant: model })
    }

    async fn clear(&self, table: &'static str) -> Result<(), DbErr> {
        let delete = Query::delete().from_table(table).and_where(self.ours()).to_owned();
        self.tx.execute(&delete).await.map(drop)
    }

    fn ours(&self) -> Expr {
        Expr::col("tenant_id").eq(self.tenant.id)
    }

    async fn stand(&self, position: i64) -> Result<(), DbErr> {
        self.clear("figure_state").await?;
        let insert = Query::insert()
            .into_table("figure_state")
            .columns(["tenant_id", "position", "zone", "currency", "definitions"])
            .values_panic([
                self.tenant.id.into(),
                position.into(),
                self.tenant.zone.clone().into(),
                self.tenant.currency.clone().into(),
                definitions().into(),
            ])
            .to_owned();
        self.tx.execute(&insert).await.map(drop)
    }

    /// Keeps some rows of a fact anew, or all, and the sums of their days. How many rows and sums that were.
    async fn renew(&self, fact: Fact, ids: Option<&[Uuid]>, position: i64) -> Result<(u64, u64)> {
        let dates: BTreeSet<&'static str> =
            watched().filter(|definition| definition.fact == fact).map(|definition| definition.at).collect();
        let mut days: BTreeMap<&'static str, BTreeSet<NaiveDate>> = BTreeMap::new();
        self.see_days(fact, ids, &dates, &mut days).await?;
        let mut rows = 0;
        match ids {
            None => {
                self.forget(fact, None).await?;
                rows += self.take(fact, None).await?;
            }
            Some(ids) => {
                for ids in ids.chunks(MANY) {
                    self.forget(fact, Some(ids)).await?;
                    rows += self.take(fact, Some(ids)).await?;
                }
            }
        }
        self.see_days(fact, ids, &dates, &mut days).await?;
        let mut sums = 0;
        for definition in watched().filter(|definition| definition.fact == fact) {
            let Some(days) = days.get(definition.at) else { continue };
            for (first, last) in stretches(days) {
                if adds_up(&definition) {
                    sums += Box::pin(self.sum_up(&definition, first, last)).await?;
                }
            }
            match ids {
                Some(_) => self.mark(&definition, days, position).await?,
                None => self.mark_all(&definition, position).await?,
            }
        }
        Ok((rows, sums))
    }

    /// The civil days on which the kept rows are dated; of all rows every day between the first and the last.
    async fn see_days(
        &self,
        fact: Fact,
        ids: Option<&[Uuid]>,
        dates: &BTreeSet<&'static str>,
        days: &mut BTreeMap<&'static str, BTreeSet<NaiveDate>>,
    ) -> Result<()> {
        let rows = |ids: Option<&[Uuid]>| {
            let mut select = Query::select();
            select.from("figure_row").and_where(self.ours()).and_where(Expr::col("fact").eq(kept::name(fact)));
            if let Some(ids) = ids {
                select.and_where(kept::among(Expr::col("id"), ids));
            }
            select
        };
        for (date, day) in kept::DAYS.into_iter().filter(|(date, _)| dates.contains(date)) {
            let seen = days.entry(date).or_default();
            match ids {
                Some(ids) => {
                    for ids in ids.chunks(MANY) {
                        let select = rows(Some(ids)).column(day).distinct().to_owned();
                        for row in self.tx.query_all(&select).await? {
                            seen.extend(row.try_get::<Option<i32>>("", day)?.map(day_of));
                        }
                    }
                }
                None => {
                    let mut select = rows(None);
                    select.expr_as(Expr::col(day).min(), "first").expr_as(Expr::col(day).max(), "last");
                    let Some(row) = self.tx.query_one(&select).await? else { continue };
                    let ends: (Option<i32>, Option<i32>) = (row.try_get("", "first")?, row.try_get("", "last")?);
                    if let (Some(first), Some(last)) = ends {
                        seen.extend((first..=last).map(day_of));
                    }
                }
            }
        }
        Ok(())
    }

    fn calendar(&self) -> Result<numbers::civil::Calendar> {
        crate::analytics::ask::calendar(&self.tenant, None, None, None)
    }

    async fn forget(&self, fact: Fact, ids: Option<&[Uuid]>) -> Result<(), DbErr> {
        let mut delete = Query::delete();
        delete.from_table("figure_row").and_where(self.ours()).and_where(Expr::col("fact").eq(kept::name(fact)));
        if let Some(ids) = ids {
            delete.and_where(kept::among(Expr::col("id"), ids));
        }
        self.tx.execute(&delete).await.map(drop)
    }

    /// Keeps rows as they are counted now.
    async fn take(&self, fact: Fact, ids: Option<&[Uuid]>) -> Result<u64> {
        let columns = kept::columns(fact).unwrap_or_default();
        let mut select = Query::select();
        select.expr(Expr::val(self.tenant.id)).expr(Expr::val(kept::name(fact)));
        for column in columns {
            select.column(("f", *column));
        }
        for column in kept::SEGMENTS {
            select.column(("fa", column));
        }
        let calendar = self.calendar()?;
        let days = kept::DAYS.into_iter().filter(|(date, _)| columns.contains(date));
        for (date, _) in days.clone() {
            select.expr(civil_day(&calendar, Expr::col(("f", date)), self.cx.store.is_postgres()));
        }
        select.from_subquery(fact.select(&self.cx.caller, self.cx.caller.now()), "f").join_subquery(
            JoinType::LeftJoin,
            segments(self.tenant.id),
            "fa",
            Expr::col(("fa", "id")).equals(("f", "account")),
        );
        if let Some(ids) = ids {
            select.and_where(kept::among(Expr::col(("f", "id")), ids));
        }
        let names = ["tenant_id", "fact"].into_iter().chain(columns.iter().copied()).chain(kept::SEGMENTS);
        let names = names.chain(days.map(|(_, day)| day));
        self.insert("figure_row", names, select.to_owned()).await
    }

    async fn insert(
        &self,
        table: &'static str,
        columns: impl IntoIterator<Item = &'static str>,
        select: SelectStatement,
    ) -> Result<u64> {
        let mut insert = Query::insert();
        insert.into_table(table).columns(columns);
        insert.select_from(select).map_err(|error| Error::from(DbErr::Custom(error.to_string())))?;
        Ok(self.tx.execute(&insert).await?.rows_affected())
    }

    /// Makes the sums of a stretch of days anew.
    async fn sum_up(&self, definition: &Definition, first: NaiveDate, last: NaiveDate) -> Result<u64> {
        let delete = Query::delete()
            .from_table("figure_day")
            .and_where(self.ours())
            .and_where(Expr::col("metric").eq(definition.metric.code()))
            .and_where(Expr::col("day").between(number_of(first), number_of(last)))
            .to_owned();
        self.tx.execute(&delete).await?;
        let mut sums = 0;
        for dimension in dimensions(definition) {
            sums += Box::pin(self.sum_by(definition, dimension, first, last)).await?;
        }
        Ok(sums)
    }

    async fn sum_by(
        &self,
        definition: &Definition,
        dimension: Option<Dimension>,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<u64> {
        let zone = self.calendar()?;
        let by = dimension.map(|dimension| GroupByInput { dimension: Some(dimension), grain: None, level: None });
        let end = zone.start_of_day(last.succ_opt().unwrap_or(last));
        let arguments = Arguments {
            metrics: vec![definition.metric],
            group_by: by.into_iter().collect(),
            from: zone.start_of_day(first),
            to: end,
            // What is dated later than now is in the sum of its day, which nobody asks for before.
            as_of: Some(end),
            ..Arguments::default()
        };
        let ask = Ask::of_tenant(self.tenant.clone(), self.cx.caller.now(), arguments)?;
        let basis = Basis { caller: self.cx.caller.clone(), span: Span::All, grouped: false };
        let plan = Plan {
            ask: &ask,
            definition,
            basis: &basis,
            roots: &[],
            only: None,
            source: Source::AsKept(None),
            daily: true,
        };
        let mut select = Query::select();
        select
            .expr(Expr::val(self.tenant.id))
            .expr(Expr::val(definition.metric.code()))
            .expr(Expr::val(dimension.map(Dimension::name).unwrap_or_default()))
            .column(("p", BUCKET))
            .column(("p", "n"));
        let mut columns = vec!["tenant_id", "metric", "dimension", "day", "n"];
        if let Some(dimension) = dimension {
            select.column(("p", KEYS[0]));
            columns.push(column_of(dimension));
        }
        let more: &[&'static str] = match definition.measure {
            Measure::Share { open: Some(_), .. } => &["hit", "open"],
            Measure::Share { open: None, .. } => &["hit"],
            Measure::Balance { .. } => &["hit", "miss"],
            Measure::Sum(_) | Measure::Mean(_) => &["sum"],
            Measure::Money(_) | Measure::MoneyMean(_) => &["currency", "each", "high", "low", "said"],
            Measure::MoneyShare { .. } => &["currency", "each", "high", "low", "said", "passes"],
            _ => &[],
        };
        for column in more {
            select.column(("p", *column));
            columns.push(column);
        }
        if more.contains(&"each") && plan.says_day() {
            select.column(("p", "day"));
            columns.push("rate_day");
        }
        for column in plan.witnesses() {
            select.column(("p", *column));
            columns.push(column);
        }
        let select = select.from_subquery(plan.parts(), "p").to_owned();
        self.insert("figure_day", columns, select).await
    }

    /// [`Keeper::mark`] for every day that has rows, or had.
    async fn mark_all(&self, definition: &Definition, position: i64) -> Result<()> {
        let update = Query::update()
            .table("figure_bucket")
            .value("position", position)
            .and_where(self.ours())
            .and_where(Expr::col("metric").eq(definition.metric.code()))
            .to_owned();
        self.tx.execute(&update).await?;
        let day = kept::DAYS.into_iter().find(|(date, _)| *date == definition.at).map_or("at_day", |(_, day)| day);
        let select = Query::select()
            .distinct()
            .expr(Expr::val(self.tenant.id))
            .expr(Expr::val(definition.metric.code()))
            .column(day)
            .expr(Expr::val(position))
            .from("figure_row")
            .and_where(self.ours())
            .and_where(Expr::col("fact").eq(kept::name(definition.fact)))
            .and_where(Expr::col(day).is_not_null())
            .to_owned();
        let mut insert = Query::insert();
        insert.into_table("figure_bucket").columns(["tenant_id", "metric", "day", "position"]);
        insert.select_from(select).map_err(|error| Error::from(DbErr::Custom(error.to_string())))?;
        let known = OnConflict::columns(["tenant_id", "metric", "day"]).do_nothing().to_owned();
        self.tx.execute(insert.on_conflict(known)).await?;
        Ok(())
    }

    /// Notes that the figures of days may be others from a position of the feed on.
    async fn mark(&self, definition: &Definition, days: &BTreeSet<NaiveDate>, position: i64) -> Result<()> {
        let days: Vec<NaiveDate> = days.iter().copied().collect();
        for days in days.chunks(MANY / 4) {
            let mut insert = Query::insert();
            insert.into_table("figure_bucket").columns(["tenant_id", "metric", "day", "position"]);
            for day in days {
                insert.values_panic([
                    self.tenant.id.into(),
                    definition.metric.code().into(),
                    number_of(*day).into(),
                    position.into(),
                ]);
            }
            let newer = OnConflict::columns(["tenant_id", "metric", "day"]).update_column("position").to_owned();
            self.tx.execute(insert.on_conflict(newer)).await?;
        }
        Ok(())
    }
}

/// Days as few stretches, each from its first to its last day.
fn stretches(days: &BTreeSet<NaiveDate>) -> Vec<(NaiveDate, NaiveDate)> {
    let mut stretches: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    for day in days {
        match stretches.last_mut() {
            Some((_, last)) if (*day - *last).num_days().unsigned_abs() <= GAP => *last = *day,
            _ => stretches.push((*day, *day)),
        }
    }
    if stretches.len() > STRETCHES
        && let (Some((first, _)), Some((_, last))) = (stretches.first(), stretches.last())
    {
        return vec![(*first, *last)];
    }
    stretches
}

#[cfg(test)]
mod tests {
    use chrono::Days;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn near_days_are_one_stretch_and_far_ones_are_two() {
        let days = ["2026-01-01", "2026-01-08", "2026-01-16"].map(day).into_iter().collect();
        assert_eq!(stretches(&days), [(day("2026-01-01"), day("2026-01-08")), (day("2026-01-16"), day("2026-01-16"))]);
    }

    #[test]
    fn too_many_stretches_become_one() {
        let first = day("2020-01-01");
        let days: BTreeSet<NaiveDate> = (0..100).map(|nth| first + Days::new(nth * 10)).collect();
        assert_eq!(stretches(&days), [(first, first + Days::new(990))]);
    }
}
