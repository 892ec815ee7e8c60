//! What figures stand on. A figure counts the rows that its caller reads, with one exception for each of two lines of the access
//! table: the verb `a` counts rows that nobody shows, in groups that are large enough; and the shared scoreboard is one fixed set of
//! figures over the whole tenant, the same for everybody.

use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};

use super::{
    Caller, Class, Grants, Rights, Role, Scope, Sight, Type,
    governed::Governed,
    scope::Rows,
    table::{self, Grant},
};

/// Which rows a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, async_graphql::Enum)]
#[graphql(name = "FigureScope")]
pub enum Span {
    /// What is yours, or lies in your queues.
    Mine,
    /// What the teams reach that you are on.
    Team,
    /// The whole tenant.
    All,
}

/// A class of a type that a figure counts, or one field of it that a cell may list by name.
pub type Need = (Type, Class, &'static str);

/// On whose rows a figure stands, and how far it may say what it counted.
#[derive(Clone, Debug)]
pub struct Basis {
    /// Whose rows are counted.
    pub caller: Caller,
    /// How far they reach.
    pub span: Span,
    /// Whether nobody reads these rows: groups that are too small are hidden, and no row is ever listed.
    pub grouped: bool,
}

impl Caller {
    /// What a figure stands on that counts these classes of these types; none where the caller's roles allow no such figure.
    pub fn basis(&self, needs: &[Need]) -> Option<Basis> {
        let reads = |(ty, class, field): &Need| table::most(*ty, self.into()).sight(*class, field) == Sight::Clear;
        if needs.iter().all(reads) {
            let spans = needs.iter().map(|(ty, class, field)| span(&table::grants(*ty, self.into()), *class, field));
            let span = spans.min().unwrap_or(Span::All);
            return Some(Basis { caller: self.clone(), span, grouped: false });
        }
        let counts = |(ty, class, field): &Need| table::most(*ty, self.into()).on(*class, field).aggregate;
        needs.iter().all(|need| reads(need) || counts(need)).then(|| Basis {
            caller: self.standing_in("figures of groups"),
            span: Span::All,
            grouped: true,
        })
    }

    /// [`Caller::basis`] for a line of the table that says by itself how far its figures reach, whatever the caller reads of the rows
    /// behind them: where it reaches the whole tenant, the house counts.
    pub fn basis_beyond(&self, needs: &[Need]) -> Option<Basis> {
        let basis = self.basis(needs)?;
        Some(match (basis.grouped, basis.span) {
            (false, Span::All) => Basis { caller: self.standing_in("figures of the whole tenant"), ..basis },
            _ => basis,
        })
    }

    /// Who judges what is derived of a row (class D), where the caller may read it: the house, so that it is the same for everybody.
    pub fn for_derived(&self, rights: &Rights, field: &str) -> Option<Caller> {
        (rights.sight(Class::D, field) == Sight::Clear).then(|| self.standing_in("what is derived of a row"))
    }

    /// What the shared scoreboard stands on: the tenant's rows, whoever asks. None for a caller without a role.
    pub fn shared_basis(&self) -> Option<Basis> {
        let may = table::most(Type::Scoreboard, self.into()).sight(Class::M, "") == Sight::Clear;
        may.then(|| Basis { caller: self.standing_in("the shared scoreboard"), span: Span::All, grouped: true })
    }

    /// Whether no row and no column of what figures count is kept from the caller: then a figure may be read from what the house has
    /// counted for itself.
    pub fn counts_all(&self) -> bool {
        use Type::{
            Account, Activity, Campaign, Contact, Handover, Lead, Meeting, Opportunity, Order, Reference, Ticket,
            Touchpoint,
        };
        let rows = [
            Account,
            Contact,
            Campaign,
            Touchpoint,
            Lead,
            Handover,
            Opportunity,
            Order,
            Meeting,
            Activity,
            Ticket,
            Reference,
        ];
        let needs = rows.map(|ty| (ty, Class::P)).into_iter().chain([(Opportunity, Class::M), (Order, Class::M)]);
        let mut reach = needs.map(|(ty, class)| span(&table::grants(ty, self.into()), class, ""));
        reach.all(|span| span == Span::All)
    }

    /// The house in this caller's place, in its tenant and at its moment: for figures, never for a row that is shown.
    fn standing_in(&self, reason: &'static str) -> Caller {
        Caller {
            roles: Role::Admin.into(),
            // The caller was judged by what it holds; the house holds everything.
            grants: Grants::default(),
            colleague: None,
            discipline: None,
            in_industries: false,
            queues: Vec::new(),
            levels: super::Known::default(),
            reason: Some(reason),
            ..self.clone()
        }
    }
}

impl Caller {
    /// The id of another row, where the caller reaches that row: what a row refers to is told as far as the graph would show it.
    pub fn seen<E: Governed>(&self, id: Expr) -> Expr {
        let all = |grant: &Grant| grant.scope == Scope::All && grant.rights.reads();
        if table::grants(E::TYPE, self.into()).iter().any(all) {
            return id;
        }
        Expr::case(id.clone().in_subquery(self.rows::<E>().into_ids()), id).into()
    }
}

/// How far the grants reach that read a class in clear.
fn span(grants: &[Grant], class: Class, field: &str) -> Span {
    let clear = grants.iter().filter(|grant| grant.rights.sight(class, field) == Sight::Clear);
    let reach = clear.map(|grant| match grant.scope {
        Scope::All => Span::All,
        Scope::Team | Scope::OnTeam | Scope::Lead | Scope::Discipline | Scope::Visibility => Span::Team,
        Scope::Queue | Scope::Mine | Scope::OwnCampaign | Scope::Consent => Span::Mine,
    });
    reach.max().unwrap_or(Span::Mine)
}

/// One column of the rows that a figure counts: its name there, the class and the field by which the caller reads it, and what it is.
pub type Column = (&'static str, Class, &'static str, Expr);

impl<E: Governed> Rows<E> {
    /// The rows as a sub-select to count: like [`Rows::into_fields`], where a column may be made of several, or of what belongs
    /// to the row.
    pub fn into_figures(self, caller: &Caller, columns: Vec<Column>) -> SelectStatement {
        let ty = self.line();
        let columns = columns.into_iter().map(|(alias, class, name, value)| {
            // Whoever reaches a row knows which one it is.
            let value = if name == "id" { value } else { caller.shown::<E>(ty, class, name, value).0 };
            (alias, value)
        });
        self.into_columns(columns)
    }

    /// The rows as a sub-select to hand out, `keys` and then `columns`. Whoever reaches a row reads its key, as it reads the `id` of an
    /// object in the graph; every other column is null where the caller may not read it in clear.
    pub fn into_listed(
        self,
        caller: &Caller,
        keys: Vec<(&'static str, Expr)>,
        columns: Vec<Column>,
    ) -> SelectStatement {
        let ty = self.line();
        let columns =
            columns.into_iter().map(|(alias, class, name, value)| (alias, caller.shown::<E>(ty, class, name, value).0));
        self.into_columns(keys.into_iter().chain(columns))
    }
}
