//! The access table: role × type × class × verb with the row scope. The only source of access: the pruned schemas, the
//! guard of every field, the row condition of every query, the tests and `docs/access.md` all come from here.
//!
//! A cell reads `SCOPE: classes verb, classes verb; SCOPE: …`. Scopes: `A` all in the tenant, `T` the team rule, `Q` own
//! or own queue, `MINE` assigned to, attended by or made by the caller, `CAMPAIGN` of a campaign that the caller owns, `CONSENT`
//! with marketing consent, `DISCIPLINE` of the caller's own discipline, `LEAD` of an account whose team the caller leads,
//! `ONTEAM` an active account-team membership whatever the role, `VISIBLE` by a note's visibility. Verbs: `r` read,
//! `w` write, `m` masked, `h` pseudonym, `a` counted in figures
//! of groups that are large enough, and never read. `{a b}` grants exactly these fields. `-` grants nothing.
//! `*` stands for P N T D, what a verb without classes covers; `+` for all but G and S, what integrator and admin get.

use std::sync::LazyLock;

use super::{
    Held, Role,
    class::{Class, Rights, Sight, Verb},
};

/// The part of the house whose team level counts for a type.
pub use entities::codes::Wing;

macro_rules! types {
    ($($(#[doc = $doc:literal])* $name:ident $wing:ident [$($cell:literal)*];)*) => {
        /// The types that the access table has a line for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, async_graphql::Enum)]
        #[graphql(name = "AccessType")]
        pub enum Type { $($(#[doc = $doc])* $name,)* }

        impl Type {
            /// Every type, in the order of the table.
            pub const ALL: &[Type] = &[$(Type::$name,)*];
            /// The name in the table and in the schema's marks.
            pub const fn name(self) -> &'static str {
                match self { $(Type::$name => stringify!($name),)* }
            }
            /// The wing whose team level counts for rows of this type.
            pub const fn wing(self) -> Wing {
                match self { $(Type::$name => Wing::$wing,)* }
            }
            /// The cells as written, in the order of [`Role::ALL`].
            pub const fn cells(self) -> [&'static str; 8] {
                match self { $(Type::$name => [$($cell),*],)* }
            }
        }
    };
}

// The columns are: marketing, sales, service, technical, manager, analyst, integrator, admin.
types! {
    /// Account. Its description describes a company: class P.
    Account Account ["A: P rw, D r" "T: P rw, M D r; A: {name industry} r" "T: P D r; Q: P D r" "T: P r" "A: P rw, M D r" "A: P a" "A: P M rw" "A: + G S rw"];
    /// Contact and contact point, with employment.
    Contact Account ["CONSENT: P N C rw; A: P N r, C m" "T: P N C rw, S r" "T: P N C r; Q: P N C r" "T: P N r, C r" "A: P N r, C m" "-" "A: P N C S K rw" "A: P N C r"];
    /// Visitor and identity.
    Visitor Account ["A: * h" "T: * r" "-" "-" "A: * h" "-" "A: + rw" "A: + rw"];
    /// Consent.
    Consent Account ["A: P K rw" "T: P K r" "T: P K r" "-" "A: P K r" "A: K a" "A: P K rw" "A: P K rw"];
    /// Campaign, channel, content asset.
    Campaign Marketing ["A: * M rw" "A: P r" "A: P r" "A: P r" "A: * M r" "A: P a" "A: + rw" "A: + rw"];
    /// Campaign cost.
    CampaignCost Marketing ["A: * M rw" "-" "-" "-" "A: * M r" "A: * M a" "A: + rw" "A: + rw"];
    /// Touchpoint.
    Touchpoint Marketing ["A: * rw" "T: * r" "T: {interaction occurredAt campaign} r" "T: {interaction occurredAt} r" "A: * r" "A: * a" "A: + rw" "A: + rw"];
    /// Lead, with score parts and provenance.
    Lead Marketing ["A: * rw" "T: * rw; Q: * rw" "T: P r" "-" "A: * r" "A: * a" "A: + rw" "A: + rw"];
    /// Handover with reason, rating and comment.
    Handover Sales ["A: * r, {offer} w" "T: * rw; Q: * rw" "T: * rw; Q: * rw" "T: * rw; Q: * rw" "A: * r" "A: * a" "A: + r, {expire} w" "A: + r, {expire} w"];
    /// Opportunity, with its history.
    Opportunity Sales ["T: P M r; CAMPAIGN: P M r" "T: P T M rw, G r" "T: P r" "T: P r" "A: * M G r" "A: P M a" "A: + rw" "A: + rw"];
    /// The roles that contacts play in an opportunity.
    ContactRole Sales ["T: * r" "T: * rw" "T: * r" "T: * r" "A: * r" "-" "A: + rw" "A: + rw"];
    /// Meeting and requirement.
    Meeting Sales ["T: P r, {statement} r" "T: * rw" "T: P r" "MINE: * rw; T: P r" "A: P r" "A: P a" "A: + rw" "A: P r"];
    /// Note.
    Note Sales ["VISIBLE: * rw" "VISIBLE: * rw" "VISIBLE: * rw" "VISIBLE: * rw" "ONTEAM: * r" "-" "A: + w" "-"];
    /// Order and contract.
    Order Sales ["T: P r" "T: P T M rw, G r" "T: P r, {entitlements} r" "T: P r, {entitlements} r" "A: * M G r" "A: P M a" "A: + rw" "A: + rw"];
    /// Product.
    Product Sales ["A: P r" "A: P r" "A: * rw" "A: * rw" "A: * r" "A: P a" "A: + rw" "A: + rw"];
    /// Installed asset.
    Asset Service ["A: P r" "T: P r" "T: * rw" "T: * rw" "A: * r" "A: P a" "A: + rw" "A: + rw"];
    /// Ticket header.
    Ticket Service ["T: {status category} r" "T: P r, {subject} r" "T: * rw; Q: * rw" "T: * r; MINE: * w" "A: P r" "A: P a" "A: + rw" "A: + rw"];
    /// Public ticket message.
    TicketMessage Service ["-" "T: * r" "T: * rw; Q: * rw" "T: * r" "ONTEAM: * r" "-" "A: + rw" "-"];
    /// Internal ticket note.
    TicketNote Service ["-" "-" "T: * rw; Q: * rw" "T: * rw" "ONTEAM: * r" "-" "A: + w" "-"];
    /// SLA clock, CSAT and NPS score. Marketing hears what was said without who said it.
    ServiceLevel Service ["T: P T D r" "T: * r" "T: * r; Q: * r" "T: * r" "A: * r" "A: * a" "A: + rw" "A: + rw"];
    /// Survey comment.
    SurveyComment Service ["T: P T r" "T: * r" "T: * r; Q: * r" "T: * r" "A: * r" "-" "A: + rw" "A: + r"];
    /// Attribution.
    Attribution Marketing ["A: * M r" "T: * M r" "-" "-" "A: * M r" "A: * M a" "A: + r" "A: + r"];
    /// The shared scoreboard: one fixed set of tenant figures for everybody.
    Scoreboard Account ["A: * M r" "A: * M r" "A: * M r" "A: * M r" "A: * M r" "A: * M r" "A: * M r" "A: * M r"];
    /// Colleague, industry, pipeline, stage, SLA policy, exchange rate.
    Reference Account ["A: * r" "A: * r" "A: * r" "A: * r" "A: * r" "A: P a" "A: + rw" "A: + rw"];
    /// Queue with its members, business calendar, goal: what a manager may change of the reference data.
    Queue Account ["A: * r" "A: * r" "A: * r" "A: * r" "A: * rw" "-" "A: + rw" "A: + rw"];
    /// The entry of the sales desk: technicians work through it, too; each list obeys its own line.
    SalesDesk Sales ["-" "A: P r" "-" "A: P r" "A: P r" "-" "A: P r" "A: P r"];
    /// Task.
    Task Sales ["T: * rw; Q: * rw" "T: * rw; Q: * rw" "T: * rw; Q: * rw" "T: * rw; Q: * rw" "A: * r" "-" "A: + rw" "A: + r"];
    /// Activity: call, mail, chat, visit.
    Activity Sales ["T: P r" "T: * rw" "T: * rw" "MINE: * rw; T: P r" "A: P r" "A: P a" "A: + rw" "A: P r"];
    /// Lesson.
    Lesson Marketing ["A: * rw" "T: * r" "T: * r" "T: * r" "A: * r" "-" "A: + r" "A: + r"];
    /// A field of the tenant's own, as it is declared: what it is called is public in the tenant.
    CustomField Account ["A: P r" "A: P r" "A: P r" "A: P r" "A: * r" "-" "A: P r" "A: P rw"];
    /// The values of the tenant's own fields: each obeys the line of its record, under the class that its field declares.
    CustomValue Account ["A: P rw" "A: P rw" "A: P rw" "A: P rw" "A: P rw" "-" "A: P rw" "A: P rw"];
    /// The tenant's settings, its definitions and identity rules; merges.
    Settings Account ["-" "-" "-" "-" "A: * r" "-" "A: {merge} w" "A: + rw"];
    /// Account team.
    AccountTeam Account ["T: * r; DISCIPLINE: * w" "T: * r; LEAD: * w" "T: * r" "T: * r" "A: * rw" "-" "A: + rw" "A: + rw"];
    /// Industry team: the same method for target industries; who looks after an industry is public in the tenant.
    IndustryTeam Account ["A: * r" "A: * r" "A: * r" "A: * r" "A: * rw" "-" "A: + rw" "A: + rw"];
    /// Systems that deliver rows, who wins where they disagree, and what they said that was not taken.
    Source Account ["-" "-" "-" "-" "A: * r, {resolve take} w" "-" "A: + rw" "A: + rw"];
    /// The change feed: what has changed of each type of which the caller reads all rows, and how far it is kept.
    Feed Account ["-" "-" "-" "-" "-" "-" "A: P r" "A: P r"];
    /// Webhook: an endpoint and the messages to it. An integrator's are those that it made.
    Webhook Account ["-" "-" "-" "-" "-" "-" "MINE: + rw" "A: + rw"];
    /// Import jobs, and what became of their rows: of whoever brought them.
    Import Account ["-" "-" "-" "-" "-" "-" "MINE: P rw" "A: P r"];
}

impl Type {
    /// Whether its rows are few, rarely change and are looked at by everybody: a process keeps them for a moment.
    pub const fn is_reference(self) -> bool {
        matches!(self, Type::Campaign | Type::Reference | Type::Queue | Type::Product)
    }

    /// Whether its rows say who a caller is.
    pub const fn is_of_callers(self) -> bool {
        matches!(self, Type::Reference | Type::Queue | Type::IndustryTeam | Type::Settings)
    }
}

/// Which rows a grant reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, async_graphql::Enum)]
#[graphql(name = "AccessScope")]
pub enum Scope {
    /// All rows of the tenant.
    All,
    /// The team rule: the row's account is visible to the caller in the row's wing.
    Team,
    /// Own, or in an own queue.
    Queue,
    /// Assigned to, attended by, or made by the caller.
    Mine,
    /// Of a campaign that the caller owns.
    OwnCampaign,
    /// With marketing consent.
    Consent,
    /// A team row of the caller's own discipline, on a visible account.
    Discipline,
    /// Of an account whose team the caller leads.
    Lead,
    /// An active account-team membership, whatever the role.
    OnTeam,
    /// By the visibility that the author chose.
    Visibility,
}

impl Scope {
    fn parse(text: &str) -> Option<Scope> {
        Some(match text {
            "A" => Scope::All,
            "T" => Scope::Team,
            "Q" => Scope::Queue,
            "MINE" => Scope::Mine,
            "CAMPAIGN" => Scope::OwnCampaign,
            "CONSENT" => Scope::Consent,
            "DISCIPLINE" => Scope::Discipline,
            "LEAD" => Scope::Lead,
            "ONTEAM" => Scope::OnTeam,
            "VISIBLE" => Scope::Visibility,
            _ => return None,
        })
    }
}

/// One clause of a cell: a scope, and the rights on the rows that it reaches.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Which rows.
    pub scope: Scope,
    /// What may be done with them.
    pub rights: Rights,
}

struct Table {
    /// `[type][role]`
    cells: Vec<[Vec<Grant>; 8]>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
    cells: Type::ALL.iter().map(|ty| ty.cells().map(|cell| parse_cell(ty.name(), cell))).collect(),
});

/// The grants of one cell.
pub fn cell(ty: Type, role: Role) -> &'static [Grant] {
    &TABLE.cells[ty as usize][role as usize]
}

/// The grants of some roles on a type, those of one scope joined; none on a line that is not held.
pub fn grants(ty: Type, held: Held) -> Vec<Grant> {
    let mut joined: Vec<Grant> = Vec::new();
    if !held.types.contains(ty) {
        return joined;
    }
    for grant in held.roles.iter().flat_map(|role| cell(ty, role)) {
        match joined.iter_mut().find(|held| held.scope == grant.scope) {
            Some(held) => held.rights.join(&grant.rights, true),
            None => joined.push(grant.clone()),
        }
    }
    joined
}

/// The most that some roles may do with any row of a type: what the pruned schema shows.
pub fn most(ty: Type, held: Held) -> Rights {
    let mut most = Rights::default();
    for grant in grants(ty, held) {
        most.join(&grant.rights, true);
    }
    most
}

/// What some roles may do with every row of a type, whichever it is.
pub fn everywhere(ty: Type, held: Held) -> Rights {
    let mut rights = Rights::default();
    for grant in grants(ty, held).iter().filter(|grant| grant.scope == Scope::All) {
        rights.join(&grant.rights, true);
    }
    rights
}

/// A cell that does not parse is a programming error of this file, found by the first test that starts.
#[expect(clippy::panic, reason = "the table is compiled in; a wrong cell must stop the program before it serves")]
fn parse_cell(ty: &str, text: &'static str) -> Vec<Grant> {
    if text == "-" {
        return Vec::new();
    }
    text.split("; ")
        .map(|clause| {
            parse_clause(clause).unwrap_or_else(|| panic!("access table, {ty}: cannot read the clause {clause:?}"))
        })
        .collect()
}

fn parse_clause(clause: &'static str) -> Option<Grant> {
    let (scope, items) = clause.split_once(": ")?;
    let mut rights = Rights::default();
    for item in items.split(", ") {
        let (what, verb) = item.rsplit_once(' ')?;
        let verb = parse_verb(verb)?;
        if let Some(fields) = what.strip_prefix('{') {
            fields.strip_suffix('}')?.split(' ').for_each(|field| rights.grant_field(field, verb));
            continue;
        }
        for word in what.split(' ') {
            match word {
                "*" => "PNTD".chars().filter_map(Class::from_letter).for_each(|c| rights.grant_class(c, verb)),
                "+" => "PNTDCMK".chars().filter_map(Class::from_letter).for_each(|c| rights.grant_class(c, verb)),
                letter => {
                    let mut letters = letter.chars();
                    let class = Class::from_letter(letters.next()?)?;
                    if letters.next().is_some() {
                        return None;
                    }
                    rights.grant_class(class, verb);
                }
            }
        }
    }
    Some(Grant { scope: Scope::parse(scope)?, rights })
}

fn parse_verb(text: &str) -> Option<Verb> {
    Some(match text {
        "r" => Verb { sight: Sight::Clear, ..Verb::default() },
        "rw" => Verb { sight: Sight::Clear, write: true, ..Verb::default() },
        "w" => Verb { write: true, ..Verb::default() },
        "m" => Verb { sight: Sight::Masked, ..Verb::default() },
        "h" => Verb { sight: Sight::Pseudonym, ..Verb::default() },
        "a" => Verb { aggregate: true, ..Verb::default() },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::RoleSet;

    #[test]
    fn every_cell_parses_and_the_analyst_reads_no_row_type() {
        for ty in Type::ALL {
            for role in Role::ALL {
                let grants = cell(*ty, role);
                assert_eq!(grants.is_empty(), ty.cells()[role as usize] == "-");
                if role == Role::Analyst && *ty != Type::Scoreboard {
                    let row = |grant: &Grant| grant.rights.reads() || grant.rights.writes();
                    assert!(!grants.iter().any(row), "{ty:?}");
                }
            }
        }
    }

    #[test]
    fn reading_is_a_ladder_and_writing_a_separate_bit() {
        let marketing = most(Type::Contact, Role::Marketing.into());
        assert_eq!(marketing.on(Class::C, "email"), Verb { sight: Sight::Clear, write: true, aggregate: false });
        let manager = most(Type::Contact, Role::Manager.into());
        assert_eq!(manager.on(Class::C, "email"), Verb { sight: Sight::Masked, ..Verb::default() });
        let note = most(Type::TicketNote, Role::Integrator.into());
        assert_eq!(note.on(Class::T, "body"), Verb { write: true, ..Verb::default() });
    }

    #[test]
    fn a_listed_field_is_granted_alone() {
        let foreign = &cell(Type::Account, Role::Sales)[1];
        assert_eq!(foreign.scope, Scope::All);
        assert_eq!(foreign.rights.sight(Class::P, "name"), Sight::Clear);
        assert_eq!(foreign.rights.sight(Class::P, "country"), Sight::None);
        assert_eq!(foreign.rights.sight(Class::M, "annualRevenue"), Sight::None);
    }

    #[test]
    fn roles_add_up() {
        let both: RoleSet = [Role::Marketing, Role::Sales].into_iter().collect();
        let scopes: Vec<Scope> = grants(Type::Opportunity, both.into()).into_iter().map(|grant| grant.scope).collect();
        assert_eq!(scopes, [Scope::Team, Scope::OwnCampaign]);
    }
}
