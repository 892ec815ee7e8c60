//! The statements of a figure: a fact with what it hangs on, cut to the period and told apart; counted by the database, or listed row
//! by row. Both come from one sub-select, so that a list always adds up to its figure.

use chrono::{DateTime, Duration, Utc};
use entities::{
    account::{account, industry_closure},
    marketing::{campaign, channel},
};
use numbers::civil::Bucket;
use sea_orm::{
    ColumnTrait,
    sea_query::{
        Alias, Asterisk, Condition, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement, UnionType,
        WindowStatement,
    },
};
use uuid::Uuid;

use super::{
    ask::{Ask, Fx, Grouping, Value},
    dimension::{Dimension, Place},
    fact::Fact,
    metric::{Dated, Definition, Measure},
    rollup,
};
use crate::policy::{Basis, Class, Column};

/// The bucket's column.
pub const BUCKET: &str = "bucket";
/// The columns of the dimensions.
pub const KEYS: [&str; 4] = ["d0", "d1", "d2", "d3"];
/// What money is summed in: two halves, because neither engine holds the sum of many large amounts.
pub const HALF: i64 = 1_000_000;

/// Where a figure finds its rows.
#[derive(Clone, Copy, Debug, Default)]
pub enum Source<'a> {
    /// The rows themselves.
    #[default]
    Rows,
    /// The rows themselves, of these ids only.
    Only(&'a [Uuid]),
    /// The rows as they are kept, and these as they are.
    Kept(&'a [Uuid]),
    /// The rows as they are kept, of these ids only, if any are named; with the segments of then.
    AsKept(Option<&'a [Uuid]>),
}

/// One metric of a question, ready to be put.
#[derive(Clone)]
pub struct Plan<'a> {
    /// The question.
    pub ask: &'a Ask,
    /// The metric.
    pub definition: &'a Definition,
    /// On whose rows.
    pub basis: &'a Basis,
    /// The industries of a level, where industries are rolled up: descendants come with them.
    pub roots: &'a [Uuid],
    /// Only this group and this bucket, where one figure is explained.
    pub only: Option<(Vec<Option<Value>>, usize)>,
    /// Where it finds its rows.
    pub source: Source<'a>,
    /// Whether lines are of the days of kept rows, whatever the buckets, and say how many different persons and accounts stand behind them.
    pub daily: bool,
}

pub(super) fn f(column: &'static str) -> Expr {
    Expr::col(("f", column))
}

/// `CASE WHEN at < … END`: the place of the bucket that holds a moment, or a day, by halving.
pub fn place<V: Into<Expr>>(at: &Expr, buckets: &[Bucket], first: i32, begin: &impl Fn(&Bucket) -> V) -> Expr {
    if let [_] | [] = buckets {
        return Expr::val(first);
    }
    let middle = buckets.len() / 2;
    let second = first + i32::try_from(middle).unwrap_or(i32::MAX);
    let (before, after) = buckets.split_at(middle);
    Expr::case(at.clone().lt(begin(&after[0])), place(at, before, first, begin))
        .finally(place(at, after, second, begin))
        .into()
}

/// `SELECT 0 AS bucket, … AS moment UNION ALL …`: the last instant of each bucket. What happens at its end belongs to the next one, or it
/// would stand in this and be counted as new in that.
fn moments(buckets: &[Bucket], as_of: DateTime<Utc>) -> SelectStatement {
    let select = |(nth, bucket): (usize, &Bucket)| {
        let last = if bucket.to < as_of { bucket.to - Duration::microseconds(1) } else { as_of };
        Query::select()
            .expr_as(Expr::val(i32::try_from(nth).unwrap_or(i32::MAX)).cast_as(Alias::new("INTEGER")), BUCKET)
            .expr_as(Expr::val(last), "moment")
            .to_owned()
    };
    let selects = buckets.iter().enumerate().map(select);
    selects.reduce(|mut all, one| all.union(UnionType::All, one).to_owned()).unwrap_or_default()
}

impl Plan<'_> {
    fn stands(&self) -> bool {
        matches!(self.definition.measure, Measure::Standing | Measure::StandingMoney { .. })
    }

    fn spreads(&self) -> bool {
        matches!(self.definition.measure, Measure::Spread)
    }

    /// The rows of the fact in the period, with keys and bucket.
    fn rows(&self) -> SelectStatement {
        let Plan { ask, definition, basis, .. } = self;
        let caller = &basis.caller;
        let mut select = Query::select();
        select.column(("f", Asterisk)).from_subquery(self.source(), "f");
        let places = ask.groupings.iter().map(|grouping| grouping.dimension);
        let places: Vec<Place> =
            places.chain(ask.filters.iter().map(|(dimension, _)| *dimension)).map(Dimension::place).collect();
        let hangs = |on: fn(&Place) -> bool| places.iter().any(on);
        if hangs(|place| matches!(place, Place::Account(_))) && !self.is_as_kept() {
            use account::Column as C;
            let columns: Vec<Column> = vec![
                ("id", Class::P, "id", C::Id.into_expr()),
                ("industry", Class::P, "industry", C::IndustryId.into_expr()),
                ("country", Class::P, "country", C::Country.into_expr()),
                ("region", Class::P, "region", C::Region.into_expr()),
                ("size_band", Class::P, "sizeBand", C::SizeBand.into_expr()),
                ("tier", Class::P, "tier", C::Tier.into_expr()),
            ];
            let accounts = caller.rows_even_deleted::<account::Entity>().into_figures(caller, columns);
            select.join_subquery(JoinType::LeftJoin, accounts, "fa", Expr::col(("fa", "id")).equals(("f", "account")));
        }
        if hangs(|place| matches!(place, Place::Campaign(_))) {
            use campaign::Column as C;
            let columns: Vec<Column> = vec![
                ("id", Class::P, "id", C::Id.into_expr()),
                ("campaign_type", Class::P, "type", C::CampaignType.into_expr()),
            ];
            let campaigns = caller.rows_even_deleted::<campaign::Entity>().into_figures(caller, columns);
            select.join_subquery(
                JoinType::LeftJoin,
                campaigns,
                "fm",
                Expr::col(("fm", "id")).equals(("f", "campaign")),
            );
        }
        if hangs(|place| matches!(place, Place::Channel(_))) {
            use channel::Column as C;
            let columns: Vec<Column> = vec![
                ("id", Class::P, "id", C::Id.into_expr()),
                ("channel_group", Class::P, "group", C::ChannelGroup.into_expr()),
            ];
            let channels = caller.rows_even_deleted::<channel::Entity>().into_figures(caller, columns);
            select.join_subquery(JoinType::LeftJoin, channels, "fc", Expr::col(("fc", "id")).equals(("f", "channel")));
        }
        for (nth, grouping) in ask.groupings.iter().enumerate() {
            select.expr_as(self.key(grouping), KEYS[nth]);
        }
        let at = f(definition.at);
        if self.stands() {
            let then = Expr::col(("m", "moment"));
            let held = at.clone().lte(then.clone()).and(f("until").is_null().or(f("until").gt(then)));
            select.join_subquery(JoinType::InnerJoin, moments(&ask.buckets, ask.as_of), "m", held);
            select.column(("m", BUCKET));
            // A bucket that has not begun has no end yet.
            let begun = ask.buckets.iter().filter(|bucket| bucket.from <= ask.as_of).count();
            select.and_where(Expr::col(("m", BUCKET)).lt(i32::try_from(begun).unwrap_or(i32::MAX)));
        } else if self.spreads() {
            let day = |moment: DateTime<Utc>| moment.with_timezone(&ask.calendar.zone).date_naive();
            select.and_where(f("first_day").lte(day(ask.to))).and_where(f("last_day").gte(day(ask.from)));
            select.expr_as(Expr::val(0), BUCKET);
        } else {
            select
                .and_where(at.clone().gte(ask.from))
                .and_where(at.clone().lt(ask.to))
                .and_where(at.clone().lte(ask.as_of));
            let bucket = match self.daily {
                true => rollup::day(definition.at),
                false => place(&at, &ask.buckets, 0, &|bucket| Expr::val(bucket.from)),
            };
            select.expr_as(bucket, BUCKET);
        }
        for (dimension, values) in &ask.filters {
            select.cond_where(self.filtered(*dimension, values));
        }
        if definition.fact == Fact::Answer && !ask.corrected.is_empty() {
            select.and_where(f("id").is_not_in(ask.corrected.iter().copied()));
        }
        select.to_owned()
    }

    fn is_as_kept(&self) -> bool {
        matches!(self.source, Source::AsKept(_))
    }

    /// The rows of the fact.
    fn source(&self) -> SelectStatement {
        let Plan { ask, definition, basis, .. } = self;
        let (fact, caller) = (definition.fact, &basis.caller);
        let of = |ids: &[Uuid]| {
            Query::select()
                .column(("o", Asterisk))
                .from_subquery(fact.select(caller, ask.as_of), "o")
                .and_where(Expr::col(("o", "id")).is_in(ids.iter().copied()))
                .to_owned()
        };
        let kept = |with_segments: bool| rollup::select(fact, caller.tenant, with_segments);
        match self.source {
            Source::Rows => fact.select(caller, ask.as_of),
            Source::Only(ids) => of(ids),
            Source::AsKept(None) => kept(true),
            Source::AsKept(Some(ids)) => kept(true).and_where(Expr::col("id").is_in(ids.iter().copied())).to_owned(),
            Source::Kept([]) => kept(false),
            Source::Kept(changed) => kept(false)
                .and_where(Expr::col("id").is_not_in(changed.iter().copied()))
                .union(UnionType::All, of(changed))
                .to_owned(),
        }
    }

    /// A dimension's column.
    fn column(&self, dimension: Dimension) -> Expr {
        match dimension.place() {
            Place::Account(column) if self.is_as_kept() => rollup::segment(column),
            place => place.expr(),
        }
    }

    fn key(&self, grouping: &Grouping) -> Expr {
        self.rolled_up(grouping, self.column(grouping.dimension))
    }

    /// A dimension's column; industries rolled up.
    pub fn rolled_up(&self, grouping: &Grouping, own: Expr) -> Expr {
        if grouping.level.is_none() {
            return own;
        }
        let up = |column: industry_closure::Column| Expr::col((Alias::new("up"), column));
        let ancestor = Query::select()
            .expr(up(industry_closure::Column::AncestorId))
            .from_as(industry_closure::Entity, Alias::new("up"))
            .and_where(up(industry_closure::Column::TenantId).eq(self.basis.caller.tenant))
            .and_where(up(industry_closure::Column::DescendantId).eq(own))
            .and_where(up(industry_closure::Column::AncestorId).is_in(self.roots.iter().copied()))
            .to_owned();
        Expr::SubQuery(None, Box::new(ancestor.into()))
    }

    fn filtered(&self, dimension: Dimension, values: &[Option<Value>]) -> Condition {
        let own = self.column(dimension);
        let mut any = Condition::any();
        for value in values {
            any = any.add(match value {
                None => own.clone().is_null(),
                Some(Value::Code(code)) => own.clone().eq(code.clone()),
                Some(Value::Row(id)) if dimension == Dimension::Industry => {
                    let below = |column: industry_closure::Column| Expr::col((Alias::new("below"), column));
                    let descendants = Query::select()
                        .expr(below(industry_closure::Column::DescendantId))
                        .from_as(industry_closure::Entity, Alias::new("below"))
                        .and_where(below(industry_closure::Column::TenantId).eq(self.basis.caller.tenant))
                        .and_where(below(industry_closure::Column::AncestorId).eq(*id))
                        .to_owned();
                    own.clone().in_subquery(descendants)
                }
                Some(Value::Row(id)) => own.clone().eq(*id),
            });
        }
        any
    }

    /// The rows that count.
    pub(super) fn counted(&self) -> SelectStatement {
        let mut select = Query::select();
        select.from_subquery(self.rows(), "f");
        if let Some(only) = self.definition.only {
            select.and_where(only());
        }
        if let Some((keys, bucket)) = &self.only {
            for (column, key) in KEYS.iter().zip(keys) {
                select.and_where(match key {
                    None => f(column).is_null(),
                    Some(Value::Row(id)) => f(column).eq(*id),
                    Some(Value::Code(code)) => f(column).eq(code.clone()),
                });
            }
            if !self.spreads() {
                select.and_where(f(BUCKET).eq(i32::try_from(*bucket).unwrap_or(i32::MAX)));
            }
        }
        select
    }

    /// The rows that count, as they are: some columns, the keys and the bucket. In no order.
    pub fn read(&self, columns: &[&'static str]) -> SelectStatement {
        let mut select = self.counted();
        for column in columns.iter().copied().chain(self.keys()) {
            select.column(("f", column));
        }
        select.to_owned()
    }

    /// The first of the rows that count of each account: `account`, `first`.
    pub fn firsts(&self) -> SelectStatement {
        let mut select = self.counted();
        select.column(("f", "account")).group_by_col(("f", "account"));
        select.expr_as(f(self.definition.at).min(), "first").to_owned()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'static str> {
        KEYS[..self.ask.groupings.len()].iter().copied().chain([BUCKET])
    }

    /// The figure's parts: a line for each group and bucket, or finer where parts have to be looked at one by one.
    pub fn parts(&self) -> SelectStatement {
        match self.definition.measure {
            // Each person once, and then counted: `COUNT(DISTINCT …)` would sort all rows.
            Measure::Persons if !self.daily => {
                let mut each = self.counted();
                let mut select = Query::select();
                for key in self.keys() {
                    each.column(("f", key)).group_by_col(("f", key));
                    select.column(("e", key)).group_by_col(("e", key));
                }
                each.column(("f", "person")).group_by_col(("f", "person")).expr_as(Expr::col(Asterisk).count(), "c");
                select
                    .from_subquery(each, "e")
                    .expr_as(Expr::col(("e", "c")).sum().cast_as(Alias::new("BIGINT")), "n")
                    .expr_as(Expr::col(("e", "person")).count(), "sum")
                    .to_owned()
            }
            _ => self.lines(self.counted()),
        }
    }

    /// The rows themselves, oldest first, after one of them: the same lines, each of one row.
    pub fn list(&self, after: Option<(DateTime<Utc>, Uuid)>, limit: u64) -> SelectStatement {
        let mut counted = self.counted();
        if let Measure::Persons = self.definition.measure {
            // Of each person the first row, so that the rows are as many as the persons.
            let mut window = WindowStatement::partition_by(("f", "person"));
            window.order_by(("f", self.definition.at), Order::Asc).order_by(("f", "id"), Order::Asc);
            counted.column(("f", Asterisk)).expr_window_as(Func::cust("ROW_NUMBER"), window, "turn");
            counted = Query::select().from_subquery(counted, "f").and_where(f("turn").eq(1)).to_owned();
        }
        let at = f(self.definition.at);
        if let Some((moment, id)) = after {
            let (later, same) = match self.spreads() {
                true => {
                    let day = moment.with_timezone(&self.ask.calendar.zone).date_naive();
                    (at.clone().gt(day), at.clone().eq(day))
                }
                false => (at.clone().gt(moment), at.clone().eq(moment)),
            };
            counted.and_where(later.or(same.and(f("id").gt(id))));
        }
        let mut select = self.lines(counted);
        for (column, alias) in [("id", "row_id"), (self.definition.at, "dated"), ("account", "of_account")] {
            select.expr_as(f(column), alias).group_by_col(("f", column));
        }
        select.order_by(("f", self.definition.at), Order::Asc).order_by(("f", "id"), Order::Asc).limit(limit).to_owned()
    }

    fn lines(&self, mut select: SelectStatement) -> SelectStatement {
        for key in self.keys() {
            select.column(("f", key)).group_by_col(("f", key));
        }
        select.expr_as(Expr::col(Asterisk).count(), "n");
        if self.daily {
            self.witness(&mut select);
        }
        let passing = |of: Expr| {
            let one: Expr = Expr::case(of, 1).finally(0).into();
            one.sum().cast_as(Alias::new("BIGINT"))
        };
        match self.definition.measure {
            Measure::Count | Measure::Standing | Measure::Derived(_) => {}
            Measure::Persons => {
                select.expr_as(f("person").count_distinct(), "sum");
            }
            Measure::Share { of, open } => {
                select.expr_as(passing(of()), "hit");
                if let Some(open) = open {
                    select.expr_as(passing(open()), "open");
                }
            }
            Measure::Balance { plus, minus } => {
                select.expr_as(passing(plus()), "hit").expr_as(passing(minus()), "miss");
            }
            Measure::Sum(column) | Measure::Mean(column) => {
                select.expr_as(f(column).sum().cast_as(Alias::new("BIGINT")), "sum");
            }
            Measure::Money(dated) | Measure::MoneyMean(dated) => self.money(&mut select, Some(dated)),
            Measure::MoneyShare { of, dated } => {
                select.expr_as(Expr::case(of(), 1).finally(0), "passes").group_by_col("passes");
                self.money(&mut select, Some(dated));
            }
            Measure::StandingMoney { weighted } => {
                if weighted {
                    select.column(("f", "probability")).group_by_col(("f", "probability"));
                }
                self.money(&mut select, None);
            }
            Measure::Spread => {
                for column in ["first_day", "last_day", "minor", "currency"] {
                    select.column(("f", column)).group_by_col(("f", column));
                }
            }
            Measure::Duration { from, to, .. } => {
                for (column, alias) in [(from, "begins"), (to, "ends")] {
                    select.expr_as(f(column), alias).group_by_col(("f", column));
                }
                if let Some(zero) = self.zero() {
                    select.expr_as(zero, "zero").group_by_col("zero");
                }
            }
        }
        // An alias of the select list is a name for GROUP BY on both engines, where it names no column of the rows.
        select.to_owned()
    }

    /// Whether lines of foreign amounts say a day of their own, by whose rate they are worth something.
    pub fn says_day(&self) -> bool {
        let dated = match self.definition.measure {
            Measure::Money(dated) | Measure::MoneyMean(dated) | Measure::MoneyShare { dated, .. } => Some(dated),
            _ => None,
        };
        self.day(dated).is_some_and(|(_, alias)| alias == "day")
    }

    fn zero(&self) -> Option<Expr> {
        match self.definition.measure {
            Measure::Duration { zero: Some(zero), .. } => Some(Expr::case(zero(), 1).finally(0).into()),
            _ => None,
        }
    }

    /// The day by whose rate an amount in another currency is converted; null for amounts in the answer's own.
    fn day(&self, dated: Option<Dated>) -> Option<(Expr, &'static str)> {
        match (self.ask.fx, dated) {
            (Some(Fx::On(_)), _) | (None, None) => None,
            (_, Some(Dated::Day(column))) => Some((f(column), "day")),
            (_, Some(Dated::Moment)) => Some((f(self.definition.at), "moment_of")),
            (Some(Fx::AtEvent), None) => Some((f("close_date"), "day")),
        }
    }

    /// Amounts by currency. Those in another than the answer's come one by one, with the day of their rate: each is converted, and rounded,
    /// alone, so that parts always add up to their whole.
    fn money(&self, select: &mut SelectStatement, dated: Option<Dated>) {
        let half = |half: Expr| half.sum().cast_as(Alias::new("BIGINT"));
        select.column(("f", "currency")).group_by_col(("f", "currency"));
        let foreign = f("currency").ne(self.ask.currency.clone());
        if let Some((day, alias)) = self.day(dated) {
            if alias == "day" {
                // Without a day of its own the row's date says which.
                let dateless = foreign.clone().and(day.clone().is_null());
                let moment: Expr = Expr::case(dateless, f(self.definition.at)).into();
                select.expr_as(moment, "moment_of").group_by_col("moment_of");
            }
            let day: Expr = Expr::case(foreign.clone(), day).into();
            select.expr_as(day, alias).group_by_col(alias);
        }
        let each: Expr = match self.definition.measure {
            Measure::StandingMoney { weighted: true } => f("minor"),
            _ => Expr::case(foreign, f("minor")).into(),
        };
        select
            .expr_as(each, "each")
            .group_by_col("each")
            .expr_as(half(f("minor").div(HALF)), "high")
            .expr_as(half(f("minor").modulo(HALF)), "low")
            .expr_as(f("minor").count(), "said");
    }

    /// How many rows of the period do not count, a column for each reason.
    pub fn left_out(&self) -> Option<SelectStatement> {
        if self.definition.excluded.is_empty() {
            return None;
        }
        let mut select = Query::select();
        select.from_subquery(self.rows(), "f");
        for (nth, (_, why)) in self.definition.excluded.iter().enumerate() {
            let one: Expr = Expr::case(why(), 1).finally(0).into();
            select.expr_as(one.sum().cast_as(Alias::new("BIGINT")), format!("x{nth}"));
        }
        Some(select.to_owned())
    }
}
