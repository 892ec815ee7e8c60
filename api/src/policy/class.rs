//! What a cell of the access table is made of: classes of fields, the ladder of reading, and the rights on one row.

use std::fmt;

/// The class of a field. Roles hold rights on classes, never on single columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, async_graphql::Enum)]
#[graphql(name = "FieldClass")]
pub enum Class {
    /// Public in the tenant: ids, account names, stages, status.
    P,
    /// A person's name and title.
    N,
    /// Contact data: mail, phone, address.
    C,
    /// Sensitive remark.
    S,
    /// Money.
    M,
    /// Margin, cost price.
    G,
    /// Free text: summaries, notes, message bodies.
    T,
    /// Consent.
    K,
    /// Derived: score, health.
    D,
}

impl Class {
    /// Every class, in the order of the docs.
    pub const ALL: [Class; 9] =
        [Class::P, Class::N, Class::C, Class::S, Class::M, Class::G, Class::T, Class::K, Class::D];

    /// The letter that the access table uses.
    pub const fn letter(self) -> char {
        match self {
            Class::P => 'P',
            Class::N => 'N',
            Class::C => 'C',
            Class::S => 'S',
            Class::M => 'M',
            Class::G => 'G',
            Class::T => 'T',
            Class::K => 'K',
            Class::D => 'D',
        }
    }

    /// What the class holds, for the docs.
    pub const fn meaning(self) -> &'static str {
        match self {
            Class::P => "public in the tenant (ids, account names, stages, status)",
            Class::N => "a person's name and title",
            Class::C => "contact data (mail, phone, address)",
            Class::S => "sensitive remark",
            Class::M => "money",
            Class::G => "margin, cost price",
            Class::T => "free text (summaries, notes, message bodies)",
            Class::K => "consent",
            Class::D => "derived (score, health)",
        }
    }

    /// The class of a letter.
    pub fn from_letter(letter: char) -> Option<Class> {
        Class::ALL.into_iter().find(|class| class.letter() == letter)
    }
}

/// The ladder of reading: each step shows more than the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, async_graphql::Enum)]
pub enum Sight {
    /// Nothing: the field reads null.
    #[default]
    None,
    /// A stable pseudonym.
    Pseudonym,
    /// Masked: `j•••@acme.com`.
    Masked,
    /// In clear.
    Clear,
}

/// Reading and writing, as one letter group of a cell grants it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verb {
    /// How far reading goes.
    pub sight: Sight,
    /// Whether writing is granted.
    pub write: bool,
    /// Whether it counts in figures of groups that are large enough, though nobody reads it.
    pub aggregate: bool,
}

impl Verb {
    fn join(self, other: Verb) -> Verb {
        Verb {
            sight: self.sight.max(other.sight),
            write: self.write || other.write,
            aggregate: self.aggregate || other.aggregate,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.sight {
            Sight::None => "",
            Sight::Pseudonym => "h",
            Sight::Masked => "m",
            Sight::Clear => "r",
        })?;
        f.write_str(if self.write { "w" } else { "" })?;
        f.write_str(if self.aggregate { "a" } else { "" })
    }
}

/// `occurredAt` in the table and in GraphQL is `occurred_at` in Rust.
fn same_field(left: &str, right: &str) -> bool {
    let letters = |name: &str| {
        name.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase()).collect::<Vec<_>>()
    };
    left == right || letters(left) == letters(right)
}

/// What a caller may do with one row, or at most with any row of a type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    classes: [Verb; Class::ALL.len()],
    fields: Vec<(&'static str, Verb)>,
}

impl Rights {
    /// The right on a field, by its class or by its own name where a cell lists it.
    pub fn on(&self, class: Class, field: &str) -> Verb {
        let by_class = self.classes[class as usize];
        self.fields
            .iter()
            .filter(|(name, _)| same_field(name, field))
            .fold(by_class, |verb, (_, more)| verb.join(*more))
    }

    /// How far the caller sees a field.
    pub fn sight(&self, class: Class, field: &str) -> Sight {
        self.on(class, field).sight
    }

    /// Whether the caller may write a field.
    pub fn may_write(&self, class: Class, field: &str) -> bool {
        self.on(class, field).write
    }

    /// Whether a row may be neither read nor written, whatever figures may count of it.
    pub fn is_empty(&self) -> bool {
        !self.reads() && !self.writes()
    }

    /// Whether anything can be seen.
    pub fn reads(&self) -> bool {
        self.classes.iter().any(|verb| verb.sight > Sight::None)
            || self.fields.iter().any(|(_, verb)| verb.sight > Sight::None)
    }

    /// Whether a whole class can be seen, not just fields that are granted by name.
    pub fn reads_a_class(&self) -> bool {
        self.classes.iter().any(|verb| verb.sight > Sight::None)
    }

    /// Whether anything can be written.
    pub fn writes(&self) -> bool {
        self.classes.iter().any(|verb| verb.write) || self.fields.iter().any(|(_, verb)| verb.write)
    }

    /// The fields that are granted by name, whatever their class.
    pub fn named_fields(&self) -> impl Iterator<Item = (&'static str, Verb)> {
        self.fields.iter().copied()
    }

    pub(super) fn grant_class(&mut self, class: Class, verb: Verb) {
        let held = &mut self.classes[class as usize];
        *held = held.join(verb);
    }

    pub(super) fn grant_field(&mut self, field: &'static str, verb: Verb) {
        self.fields.push((field, verb));
    }

    /// Joins the rights of another grant that reaches the same row.
    pub(crate) fn join(&mut self, other: &Rights, keep_write: bool) {
        let cut = |verb: Verb| Verb { write: verb.write && keep_write, ..verb };
        for (held, more) in self.classes.iter_mut().zip(other.classes) {
            *held = held.join(cut(more));
        }
        self.fields.extend(other.fields.iter().map(|(name, verb)| (*name, cut(*verb))));
    }
}
