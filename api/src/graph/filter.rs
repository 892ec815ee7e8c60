//! What a list can be narrowed by: one input type a kind of column. Every comparison is made with the column as the caller
//! sees it; what the caller may not read in clear counts as null.

use async_graphql::InputObject;
use chrono::{DateTime, NaiveDate, Utc};
use entities::codes::Code;
use rust_decimal::Decimal;
use sea_orm::{
    Value,
    sea_query::{Expr, ExprTrait, Func, LikeExpr},
};

use super::{
    error::{Error, Result},
    id::{GlobalId, Kind},
    money::to_minor,
};

/// The most values of one list in a filter.
pub(super) const MAX_VALUES: usize = 100;
/// The longest text in a filter, in characters.
pub(super) const MAX_TEXT: usize = 255;

/// Any of these codes, at most 100; null among them stands for rows without one.
pub type AnyOf<T> = Vec<Option<T>>;
/// Any of these ids, at most 100; null among them stands for rows that refer to nothing.
pub type Ids = Vec<Option<GlobalId>>;

/// By a text. Several conditions must all hold.
#[derive(Clone, Debug, Default, InputObject)]
pub struct TextFilter {
    /// Exactly this.
    pub eq: Option<String>,
    /// Exactly one of these, at most 100.
    #[graphql(name = "in")]
    pub one_of: Option<Vec<String>>,
    /// Holds this, whatever the case of ASCII letters; at most 255 characters.
    pub contains: Option<String>,
    /// Begins with this, whatever the case of ASCII letters; at most 255 characters.
    pub starts_with: Option<String>,
    /// True: only rows without it; false: only rows with it.
    pub is_null: Option<bool>,
}

/// By a whole number. Several conditions must all hold.
#[derive(Clone, Debug, Default, InputObject)]
pub struct IntFilter {
    /// Exactly this.
    pub eq: Option<i32>,
    /// This or more.
    pub gte: Option<i32>,
    /// Less than this.
    pub lt: Option<i32>,
    /// True: only rows without it; false: only rows with it.
    pub is_null: Option<bool>,
}

/// By an amount in one currency; amounts in others are left out, none is converted.
#[derive(Clone, Debug, InputObject)]
pub struct MoneyFilter {
    /// ISO 4217 code, such as `EUR`.
    pub currency: String,
    /// This much or more.
    pub gte: Option<Decimal>,
    /// Less than this.
    pub lt: Option<Decimal>,
}

/// By a moment (UTC). Several conditions must all hold.
#[derive(Clone, Debug, Default, InputObject)]
pub struct TimeFilter {
    /// From this moment on, inclusive.
    pub from: Option<DateTime<Utc>>,
    /// Up to this moment, exclusive.
    pub to: Option<DateTime<Utc>>,
    /// True: only rows without it; false: only rows with it.
    pub is_null: Option<bool>,
}

/// By a civil date. Several conditions must all hold.
#[derive(Clone, Debug, Default, InputObject)]
pub struct DateFilter {
    /// From this day on, inclusive.
    pub from: Option<NaiveDate>,
    /// Up to this day, exclusive.
    pub to: Option<NaiveDate>,
    /// True: only rows without it; false: only rows with it.
    pub is_null: Option<bool>,
}

/// What a test is made against.
pub struct Against {
    /// The filter's field, for the message of a refusal.
    pub path: String,
    /// The column as the caller sees it.
    pub column: Expr,
    /// Whose ids the column holds.
    pub kind: Option<Kind>,
    /// The column of the amount's currency.
    pub currency: Option<Expr>,
    /// PostgreSQL, where text has to be told its order.
    pub postgres: bool,
}

impl Against {
    fn bad(&self, what: impl std::fmt::Display) -> Error {
        Error::BadInput(format!("filter.{}: {what}", self.path))
    }

    fn at_most<T>(&self, values: &[T]) -> Result<()> {
        match values.len() <= MAX_VALUES {
            true => Ok(()),
            false => Err(self.bad(format!("at most {MAX_VALUES} values"))),
        }
    }

    fn null(&self, wanted: Option<bool>) -> Option<Expr> {
        let column = self.column.clone();
        wanted.map(|null| if null { column.is_null() } else { column.is_not_null() })
    }

    /// Any of the values, null among them.
    fn any_of(&self, values: Vec<Option<Value>>) -> Result<Expr> {
        self.at_most(&values)?;
        let null = values.iter().any(Option::is_none);
        let held = self.column.clone().is_in(values.into_iter().flatten());
        Ok(if null { held.or(self.column.clone().is_null()) } else { held })
    }
}

/// A condition that a list can be narrowed by.
pub trait Test {
    /// The codes of the column, in the order of their meaning, by which a list is sorted; none where the column holds something else.
    const CODES: &'static [&'static str] = &[];

    /// The conditions, which must all hold.
    fn test(self, against: &Against) -> Result<Vec<Expr>>;
}

impl<T: Into<Value> + Code> Test for AnyOf<T> {
    const CODES: &'static [&'static str] = T::CODES;

    fn test(self, against: &Against) -> Result<Vec<Expr>> {
        let values = self.into_iter().map(|value| value.map(Into::into)).collect();
        Ok(vec![against.any_of(values)?])
    }
}

impl Test for Ids {
    fn test(self, against: &Against) -> Result<Vec<Expr>> {
        let id = |id: GlobalId| match against.kind {
            Some(kind) => id.expect(kind).map(Value::from),
            None => Ok(id.uuid.into()),
        };
        let values = self.into_iter().map(|value| value.map(id).transpose()).collect::<Result<_>>()?;
        Ok(vec![against.any_of(values)?])
    }
}

impl Test for bool {
    fn test(self, against: &Against) -> Result<Vec<Expr>> {
        Ok(vec![against.column.clone().eq(self)])
    }
}

impl Test for TextFilter {
    fn test(self, against: &Against) -> Result<Vec<Expr>> {
        let TextFilter { eq, one_of, contains, starts_with, is_null } = self;
        let column = || against.column.clone();
        let mut all: Vec<Expr> = against.null(is_null).into_iter().collect();
        for (part, whole) in [(contains, false), (starts_with, true)] {
            let Some(part) = part else { continue };
            if part.chars().count() > MAX_TEXT {
                return Err(against.bad(format!("at most {MAX_TEXT} characters")));
            }
            all.push(like(column(), &part, whole, against.postgres));
        }
        if let Some(list) = &one_of {
            against.at_most(list)?;
        }
        let exact = eq.map(|text| vec![text]).into_iter().chain(one_of);
        // No stored text holds U+0000, and PostgreSQL refuses even to be asked.
        all.extend(exact.map(|list| column().is_in(list.into_iter().filter(|text| !text.contains('\0')))));
        Ok(all)
    }
}

impl Test for IntFilter {
    fn test(self, against: &Against) -> Result<Vec<Expr>> {
        let IntFilter { eq, gte, lt, is_null } = self;
        let column = || against.column.clone();
        let mut all: Vec<Expr> = against.null(is_null).into_iter().collect();
        all.extend(eq.map(|n| column().eq(i64::from(n))));
        all.extend(gte.map(|n| column().gte(i64::from(n))));
        all.extend(lt.map(|n| column().lt(i64::from(n))));
        Ok(all)
    }
}

impl Test for MoneyFilter {
    fn test(self, against: &Against) -> Result<Vec<Expr>> {
        let MoneyFilter { currency, gte, lt } = self;
        let minor = |amount: Decimal| {
            to_minor(amount, &currency).ok_or_else(|| against.bad("the amount has more decimals than the currency"))
        };
        let mut all = vec![against.column.clone().is_not_null()];
        all.extend(gte.map(|amount| Ok::<_, Error>(against.column.clone().gte(minor(amount)?))).transpose()?);
        all.extend(lt.map(|amount| Ok::<_, Error>(against.column.clone().lt(minor(amount)?))).transpose()?);
        if !currency.contains('\0') {
            all.extend(against.currency.clone().map(|column| column.eq(currency.as_str())));
        }
        Ok(all)
    }
}

impl Test for TimeFilter {
    fn test(self, against: &Against) -> Result<Vec<Expr>> {
        let TimeFilter { from, to, is_null } = self;
        let mut all: Vec<Expr> = against.null(is_null).into_iter().collect();
        all.extend(from.map(|from| against.column.clone().gte(from)));
        all.extend(to.map(|to| against.column.clone().lt(to)));
        Ok(all)
    }
}

impl Test for DateFilter {
    fn test(self, against: &Against) -> Result<Vec<Expr>> {
        let DateFilter { from, to, is_null } = self;
        let mut all: Vec<Expr> = against.null(is_null).into_iter().collect();
        all.extend(from.map(|from| against.column.clone().gte(from)));
        all.extend(to.map(|to| against.column.clone().lt(to)));
        Ok(all)
    }
}

/// A text with the ASCII letters in lower case, the same on both engines: PostgreSQL's own order of letters depends on its
/// installation.
pub fn folded(column: Expr, postgres: bool) -> Expr {
    match postgres {
        true => Expr::cust_with_exprs(r#"LOWER($1 COLLATE "C")"#, [column]),
        false => Func::lower(column).into(),
    }
}

pub(super) fn like(column: Expr, part: &str, from_start: bool, postgres: bool) -> Expr {
    if part.contains('\0') {
        return Expr::val(1).eq(0);
    }
    let escaped: String = part
        .to_ascii_lowercase()
        .chars()
        .flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c]))
        .collect();
    let pattern = if from_start { format!("{escaped}%") } else { format!("%{escaped}%") };
    folded(column, postgres).like(LikeExpr::new(pattern).escape('\\'))
}
