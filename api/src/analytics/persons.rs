//! Who stands behind a figure: how many different persons and accounts, in all of its rows and in each of its parts.

use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, JoinType, Query, SelectStatement};

use super::{
    fact::{Persons, participants},
    metric::Measure,
    query::{BUCKET, Plan, f},
};

/// How many stand behind the parts of a line.
pub const WITNESS: [&str; 6] =
    ["all_contacts", "all_accounts", "hit_contacts", "hit_accounts", "miss_contacts", "miss_accounts"];

impl Plan<'_> {
    /// How many different contacts and accounts stand behind each group, each bucket, or both; and behind the rows of it that pass, and
    /// those that do not. None where the fact counts no persons.
    pub fn persons(&self, by_keys: bool, by_bucket: bool) -> Option<SelectStatement> {
        let mut select = self.counted();
        for key in self.keys().filter(|key| if *key == BUCKET { by_bucket } else { by_keys }) {
            select.column(("f", key)).group_by_col(("f", key));
        }
        let contact = self.contact(&mut select)?;
        for (part, of) in self.parts_of() {
            let of = |value: Expr| -> Expr {
                match &of {
                    None => value,
                    Some(of) => Expr::case(of.clone(), value).into(),
                }
            };
            select
                .expr_as(of(Expr::val(1)).count(), format!("{part}_rows"))
                .expr_as(of(contact.clone()).count_distinct(), format!("{part}_contacts"))
                .expr_as(of(f("account")).count_distinct(), format!("{part}_accounts"));
        }
        Some(select.to_owned())
    }

    /// [`Plan::persons`] of the whole, of at most `most` rows of each part: as many there are at least. A statement for each part that rows
    /// may be of.
    pub fn some_persons(&self, most: u64) -> Option<Vec<SelectStatement>> {
        let some = |(_, of): (&str, Option<Expr>)| {
            let mut rows = self.counted();
            rows.column(("f", Asterisk)).limit(most);
            if let Some(of) = of {
                rows.and_where(of);
            }
            let mut select = Query::select();
            select.from_subquery(rows, "f");
            let contact = self.contact(&mut select)?;
            select
                .expr_as(Expr::val(1).count(), "rows")
                .expr_as(contact.count_distinct(), "contacts")
                .expr_as(f("account").count_distinct(), "accounts");
            Some(select)
        };
        self.parts_of().into_iter().filter(|(part, of)| *part == "all" || of.is_some()).map(some).collect()
    }

    /// The person behind a row of `f`; none where the fact counts no persons.
    fn contact(&self, select: &mut SelectStatement) -> Option<Expr> {
        match self.definition.fact.persons() {
            Persons::Nobody => None,
            Persons::Contact => Some(f("contact")),
            Persons::Opportunity => {
                let joined = Expr::col(("p", "deal")).equals(("f", "id"));
                select.join_subquery(JoinType::LeftJoin, participants(&self.basis.caller), "p", joined);
                Some(Expr::col(("p", "contact")))
            }
            Persons::Account => Some(f("account")),
        }
    }

    /// All rows that count, those that pass, and those that fail.
    fn parts_of(&self) -> [(&'static str, Option<Expr>); 3] {
        let passes = self.passes();
        [("all", None), ("hit", passes.clone()), ("miss", passes.map(|passes| passes.not()))]
    }

    /// How many different contacts and accounts stand behind a line, and behind those of its rows that pass or fail.
    pub(super) fn witness(&self, select: &mut SelectStatement) {
        let contact = match self.definition.fact.persons() {
            Persons::Contact => f("contact"),
            Persons::Account => f("account"),
            // Nobody is named in the row: there are none that are known.
            Persons::Opportunity | Persons::Nobody => return,
        };
        for (part, of) in self.parts_of() {
            if part != "all" && of.is_none() {
                continue;
            }
            let of = |value: Expr| -> Expr {
                match &of {
                    None => value,
                    Some(of) => Expr::case(of.clone(), value).into(),
                }
            };
            select
                .expr_as(of(contact.clone()).count_distinct(), format!("{part}_contacts"))
                .expr_as(of(f("account")).count_distinct(), format!("{part}_accounts"));
        }
    }

    /// The columns of a line that say so.
    pub fn witnesses(&self) -> &'static [&'static str] {
        match (self.definition.fact.persons(), self.passes()) {
            (Persons::Opportunity | Persons::Nobody, _) => &[],
            (_, Some(_)) => &WITNESS,
            (_, None) => &WITNESS[..2],
        }
    }

    /// Which of the rows that count pass; none where the metric tells no two sorts apart.
    fn passes(&self) -> Option<Expr> {
        match self.definition.measure {
            Measure::Share { of, .. } | Measure::MoneyShare { of, .. } => Some(of()),
            Measure::Balance { plus, .. } => Some(plus()),
            Measure::Duration { from, to, zero, .. } => {
                let ended = f(from).is_not_null().and(f(to).is_not_null());
                Some(zero.map_or(ended.clone(), |zero| ended.or(zero())))
            }
            _ => None,
        }
    }
}
