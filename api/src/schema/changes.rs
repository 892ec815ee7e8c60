//! What has changed between two schemas, and whom it breaks: by the rules and under the names of `findBreakingChanges` and
//! `findDangerousChanges` of graphql-js.

use std::{collections::BTreeMap, fmt};

use async_graphql::{
    Positioned,
    parser::{
        parse_schema,
        types::{
            BaseType, ConstDirective, DirectiveDefinition, FieldDefinition, InputValueDefinition, Type, TypeDefinition,
            TypeKind, TypeSystemDefinition,
        },
    },
};

/// Whom a change concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Harm {
    /// A client that worked may fail.
    Breaking,
    /// A client that worked goes on working, but may meet what it did not know of.
    Dangerous,
    /// No client notices.
    Safe,
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Harm::Breaking => "BREAKING",
            Harm::Dangerous => "DANGEROUS",
            Harm::Safe => "SAFE",
        })
    }
}

macro_rules! kinds {
    ($($harm:ident { $($kind:ident $name:literal,)* })*) => {
        /// What kind of change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the names are those of graphql-js")]
        pub enum Kind { $($($kind,)*)* }

        impl Kind {
            /// All of them.
            pub const ALL: &[Kind] = &[$($(Kind::$kind,)*)*];

            /// Its name in graphql-js.
            pub fn name(self) -> &'static str {
                match self { $($(Kind::$kind => $name,)*)* }
            }

            /// Whom it concerns.
            pub fn harm(self) -> Harm {
                match self { $($(Kind::$kind)|* => Harm::$harm,)* }
            }
        }
    };
}

kinds! {
    Breaking {
        TypeRemoved "TYPE_REMOVED",
        TypeChangedKind "TYPE_CHANGED_KIND",
        TypeRemovedFromUnion "TYPE_REMOVED_FROM_UNION",
        ValueRemovedFromEnum "VALUE_REMOVED_FROM_ENUM",
        RequiredInputFieldAdded "REQUIRED_INPUT_FIELD_ADDED",
        ImplementedInterfaceRemoved "IMPLEMENTED_INTERFACE_REMOVED",
        FieldRemoved "FIELD_REMOVED",
        FieldChangedKind "FIELD_CHANGED_KIND",
        RequiredArgAdded "REQUIRED_ARG_ADDED",
        ArgRemoved "ARG_REMOVED",
        ArgChangedKind "ARG_CHANGED_KIND",
        DirectiveRemoved "DIRECTIVE_REMOVED",
        DirectiveArgRemoved "DIRECTIVE_ARG_REMOVED",
        RequiredDirectiveArgAdded "REQUIRED_DIRECTIVE_ARG_ADDED",
        DirectiveRepeatableRemoved "DIRECTIVE_REPEATABLE_REMOVED",
        DirectiveLocationRemoved "DIRECTIVE_LOCATION_REMOVED",
    }
    Dangerous {
        ValueAddedToEnum "VALUE_ADDED_TO_ENUM",
        TypeAddedToUnion "TYPE_ADDED_TO_UNION",
        OptionalInputFieldAdded "OPTIONAL_INPUT_FIELD_ADDED",
        OptionalArgAdded "OPTIONAL_ARG_ADDED",
        ImplementedInterfaceAdded "IMPLEMENTED_INTERFACE_ADDED",
        ArgDefaultValueChange "ARG_DEFAULT_VALUE_CHANGE",
    }
    Safe {
        TypeAdded "TYPE_ADDED",
        FieldAdded "FIELD_ADDED",
        FieldChangedKindSafe "FIELD_CHANGED_KIND_SAFE",
        ArgChangedKindSafe "ARG_CHANGED_KIND_SAFE",
        ArgDefaultValueAdded "ARG_DEFAULT_VALUE_ADDED",
        InputDefaultValueChanged "INPUT_DEFAULT_VALUE_CHANGED",
        DirectiveAdded "DIRECTIVE_ADDED",
        OptionalDirectiveArgAdded "OPTIONAL_DIRECTIVE_ARG_ADDED",
        DirectiveRepeatableAdded "DIRECTIVE_REPEATABLE_ADDED",
        DirectiveLocationAdded "DIRECTIVE_LOCATION_ADDED",
        DeprecationChanged "DEPRECATION_CHANGED",
        DescriptionChanged "DESCRIPTION_CHANGED",
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What kind of change.
    pub kind: Kind,
    /// Where: `Type`, `Type.field`, `Type.field(argument:)`, `@directive`.
    pub place: String,
    /// What it was and what it is, where the kind does not say it all.
    pub what: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:9} {} {}", self.kind.harm(), self.kind.name(), self.place)?;
        if self.what.is_empty() { Ok(()) } else { write!(f, ": {}", self.what) }
    }
}

/// Every difference between two schemas as text, the worst first.
pub fn changes(before: &str, after: &str) -> Result<Vec<Change>, async_graphql::parser::Error> {
    let (before, after) = (Definitions::read(before)?, Definitions::read(after)?);
    let mut found = Found::default();
    for (name, before, after) in pairs(&before.types, &after.types) {
        found.of_type(name, before, after);
    }
    for (name, before, after) in pairs(&before.directives, &after.directives) {
        found.of_directive(&format!("@{name}"), before, after);
    }
    found.0.sort();
    Ok(found.0)
}

#[derive(Default)]
struct Definitions {
    types: BTreeMap<String, TypeDefinition>,
    directives: BTreeMap<String, DirectiveDefinition>,
}

impl Definitions {
    fn read(text: &str) -> Result<Definitions, async_graphql::parser::Error> {
        let mut read = Definitions::default();
        for definition in parse_schema(text)?.definitions {
            match definition {
                // the names of the roots are types, which are compared
                TypeSystemDefinition::Schema(_) => {}
                TypeSystemDefinition::Type(ty) => _ = read.types.insert(ty.node.name.node.to_string(), ty.node),
                TypeSystemDefinition::Directive(mut directive) => {
                    directive.node.is_repeatable = is_repeatable(text, &directive.node.name.node);
                    read.directives.insert(directive.node.name.node.to_string(), directive.node);
                }
            }
        }
        Ok(read)
    }
}

/// The parser takes every directive for a repeatable one.
fn is_repeatable(text: &str, name: &str) -> bool {
    let declared = text.split("directive @").skip(1).find(|rest| {
        rest.strip_prefix(name).is_some_and(|rest| rest.starts_with(|letter: char| !letter.is_alphanumeric()))
    });
    let mut words = declared.unwrap_or_default().split_whitespace().take_while(|word| *word != "on");
    words.any(|word| word == "repeatable")
}

type Named<T> = BTreeMap<String, T>;

fn named<T>(items: &[Positioned<T>], name: impl Fn(&T) -> &str) -> Named<&T> {
    items.iter().map(|item| (name(&item.node).to_owned(), &item.node)).collect()
}

/// The items of both sides by name.
fn pairs<'a, T>(before: &'a Named<T>, after: &'a Named<T>) -> Vec<(&'a str, Option<&'a T>, Option<&'a T>)> {
    let names: std::collections::BTreeSet<&str> = before.keys().chain(after.keys()).map(String::as_str).collect();
    names.into_iter().map(|name| (name, before.get(name), after.get(name))).collect()
}

/// Whether arguments stand at a field or at a directive: their changes have names of their own.
#[derive(Clone, Copy)]
enum At {
    Field,
    Directive,
}

#[derive(Default)]
struct Found(Vec<Change>);

impl Found {
    fn push(&mut self, kind: Kind, place: &str, what: impl Into<String>) {
        self.0.push(Change { kind, place: place.to_owned(), what: what.into() });
    }

    fn of_type(&mut self, place: &str, before: Option<&TypeDefinition>, after: Option<&TypeDefinition>) {
        let (before, after) = match (before, after) {
            (Some(before), Some(after)) => (before, after),
            (Some(_), None) => return self.push(Kind::TypeRemoved, place, ""),
            (None, _) => return self.push(Kind::TypeAdded, place, ""),
        };
        self.words(place, (&before.description, &after.description), (&before.directives, &after.directives));
        match (&before.kind, &after.kind) {
            (TypeKind::Scalar, TypeKind::Scalar) => {}
            (TypeKind::Object(before), TypeKind::Object(after)) => {
                self.implements(place, &before.implements, &after.implements);
                self.fields(place, &before.fields, &after.fields);
            }
            (TypeKind::Interface(before), TypeKind::Interface(after)) => {
                self.implements(place, &before.implements, &after.implements);
                self.fields(place, &before.fields, &after.fields);
            }
            (TypeKind::Union(before), TypeKind::Union(after)) => {
                let kinds = (Kind::TypeRemovedFromUnion, Kind::TypeAddedToUnion);
                self.members(place, &before.members, &after.members, kinds);
            }
            (TypeKind::Enum(before), TypeKind::Enum(after)) => {
                let (before, after) =
                    (named(&before.values, |it| &it.value.node), named(&after.values, |it| &it.value.node));
                for (name, before, after) in pairs(&before, &after) {
                    let place = format!("{place}.{name}");
                    match (before, after) {
                        (Some(before), Some(after)) => self.words(
                            &place,
                            (&before.description, &after.description),
                            (&before.directives, &after.directives),
                        ),
                        (Some(_), None) => self.push(Kind::ValueRemovedFromEnum, &place, ""),
                        (None, _) => self.push(Kind::ValueAddedToEnum, &place, ""),
                    }
                }
            }
            (TypeKind::InputObject(before), TypeKind::InputObject(after)) => {
                self.input_fields(place, &before.fields, &after.fields);
            }
            (before, after) => {
                self.push(Kind::TypeChangedKind, place, format!("{} became {}", kind(before), kind(after)));
            }
        }
    }

    fn implements(
        &mut self,
        place: &str,
        before: &[Positioned<async_graphql::Name>],
        after: &[Positioned<async_graphql::Name>],
    ) {
        let kinds = (Kind::ImplementedInterfaceRemoved, Kind::ImplementedInterfaceAdded);
        self.members(place, before, after, kinds);
    }

    fn members(
        &mut self,
        place: &str,
        before: &[Positioned<async_graphql::Name>],
        after: &[Positioned<async_graphql::Name>],
        (removed, added): (Kind, Kind),
    ) {
        for (name, before, after) in pairs(&named(before, |name| name), &named(after, |name| name)) {
            match (before, after) {
                (Some(_), None) => self.push(removed, place, name),
                (None, Some(_)) => self.push(added, place, name),
                _ => {}
            }
        }
    }

    fn fields(&mut self, of: &str, before: &[Positioned<FieldDefinition>], after: &[Positioned<FieldDefinition>]) {
        let (before, after) = (named(before, |field| &field.name.node), named(after, |field| &field.name.node));
        for (name, before, after) in pairs(&before, &after) {
            let place = format!("{of}.{name}");
            let (before, after) = match (before, after) {
                (Some(before), Some(after)) => (before, after),
                (Some(_), None) => {
                    self.push(Kind::FieldRemoved, &place, "");
                    continue;
                }
                (None, _) => {
                    self.push(Kind::FieldAdded, &place, "");
                    continue;
                }
            };
            let kinds = (Kind::FieldChangedKind, Kind::FieldChangedKindSafe);
            self.ty(&place, &before.ty.node, &after.ty.node, is_safe_output, kinds);
            self.words(&place, (&before.description, &after.description), (&before.directives, &after.directives));
            self.arguments(&place, &before.arguments, &after.arguments, At::Field);
        }
    }

    fn input_fields(
        &mut self,
        of: &str,
        before: &[Positioned<InputValueDefinition>],
        after: &[Positioned<InputValueDefinition>],
    ) {
        let (before, after) = (named(before, |field| &field.name.node), named(after, |field| &field.name.node));
        for (name, before, after) in pairs(&before, &after) {
            let place = format!("{of}.{name}");
            match (before, after) {
                (Some(before), Some(after)) => {
                    let kinds = (Kind::FieldChangedKind, Kind::FieldChangedKindSafe);
                    self.ty(&place, &before.ty.node, &after.ty.node, is_safe_input, kinds);
                    if default(before) != default(after) {
                        let what = change(default(before), default(after));
                        self.push(Kind::InputDefaultValueChanged, &place, what);
                    }
                    self.words(
                        &place,
                        (&before.description, &after.description),
                        (&before.directives, &after.directives),
                    );
                }
                (Some(_), None) => self.push(Kind::FieldRemoved, &place, ""),
                (None, Some(after)) if is_required(after) => self.push(Kind::RequiredInputFieldAdded, &place, ""),
                (None, _) => self.push(Kind::OptionalInputFieldAdded, &place, ""),
            }
        }
    }

    fn arguments(
        &mut self,
        of: &str,
        before: &[Positioned<InputValueDefinition>],
        after: &[Positioned<InputValueDefinition>],
        at: At,
    ) {
        let (removed, required, optional) = match at {
            At::Field => (Kind::ArgRemoved, Kind::RequiredArgAdded, Kind::OptionalArgAdded),
            At::Directive => {
                (Kind::DirectiveArgRemoved, Kind::RequiredDirectiveArgAdded, Kind::OptionalDirectiveArgAdded)
            }
        };
        let (before, after) = (named(before, |arg| &arg.name.node), named(after, |arg| &arg.name.node));
        for (name, before, after) in pairs(&before, &after) {
            let place = format!("{of}({name}:)");
            match (before, after) {
                (Some(before), Some(after)) => {
                    let kinds = (Kind::ArgChangedKind, Kind::ArgChangedKindSafe);
                    self.ty(&place, &before.ty.node, &after.ty.node, is_safe_input, kinds);
                    match (default(before), default(after)) {
                        (before, after) if before == after => {}
                        (None, after) => self.push(Kind::ArgDefaultValueAdded, &place, change(None, after)),
                        (before, after) => self.push(Kind::ArgDefaultValueChange, &place, change(before, after)),
                    }
                    self.words(
                        &place,
                        (&before.description, &after.description),
                        (&before.directives, &after.directives),
                    );
                }
                (Some(_), None) => self.push(removed, &place, ""),
                (None, Some(after)) if is_required(after) => self.push(required, &place, ""),
                (None, _) => self.push(optional, &place, ""),
            }
        }
    }

    fn ty(
        &mut self,
        place: &str,
        before: &Type,
        after: &Type,
        is_safe: fn(&Type, &Type) -> bool,
        (breaking, safe): (Kind, Kind),
    ) {
        if before != after {
            let kind = if is_safe(before, after) { safe } else { breaking };
            self.push(kind, place, format!("{before} became {after}"));
        }
    }

    /// Descriptions, and the directives that only say something.
    fn words(
        &mut self,
        place: &str,
        (before, after): (&Option<Positioned<String>>, &Option<Positioned<String>>),
        (marks_before, marks_after): (&[Positioned<ConstDirective>], &[Positioned<ConstDirective>]),
    ) {
        let text = |text: &Option<Positioned<String>>| text.as_ref().map(|text| text.node.clone());
        if text(before) != text(after) {
            self.push(Kind::DescriptionChanged, place, "");
        }
        let (before, after) = (deprecation(marks_before), deprecation(marks_after));
        if before != after {
            self.push(Kind::DeprecationChanged, place, change(before, after));
        }
    }

    fn of_directive(&mut self, place: &str, before: Option<&DirectiveDefinition>, after: Option<&DirectiveDefinition>) {
        let (before, after) = match (before, after) {
            (Some(before), Some(after)) => (before, after),
            (Some(_), None) => return self.push(Kind::DirectiveRemoved, place, ""),
            (None, _) => return self.push(Kind::DirectiveAdded, place, ""),
        };
        self.arguments(place, &before.arguments, &after.arguments, At::Directive);
        self.words(place, (&before.description, &after.description), (&[], &[]));
        match (before.is_repeatable, after.is_repeatable) {
            (true, false) => self.push(Kind::DirectiveRepeatableRemoved, place, ""),
            (false, true) => self.push(Kind::DirectiveRepeatableAdded, place, ""),
            _ => {}
        }
        let locations = |of: &DirectiveDefinition| -> BTreeMap<String, ()> {
            of.locations.iter().map(|location| (format!("{:?}", location.node), ())).collect()
        };
        for (location, before, after) in pairs(&locations(before), &locations(after)) {
            match (before, after) {
                (Some(_), None) => self.push(Kind::DirectiveLocationRemoved, place, location),
                (None, Some(_)) => self.push(Kind::DirectiveLocationAdded, place, location),
                _ => {}
            }
        }
    }
}

fn kind(kind: &TypeKind) -> &'static str {
    match kind {
        TypeKind::Scalar => "a scalar",
        TypeKind::Object(_) => "an object",
        TypeKind::Interface(_) => "an interface",
        TypeKind::Union(_) => "a union",
        TypeKind::Enum(_) => "an enum",
        TypeKind::InputObject(_) => "an input",
    }
}

/// Whoever read the old type can read the new one.
fn is_safe_output(before: &Type, after: &Type) -> bool {
    (before.nullable || !after.nullable) && is_same_base(before, after, is_safe_output)
}

/// Whatever was given for the old type can be given for the new one.
fn is_safe_input(before: &Type, after: &Type) -> bool {
    (after.nullable || !before.nullable) && is_same_base(before, after, is_safe_input)
}

fn is_same_base(before: &Type, after: &Type, is_safe: fn(&Type, &Type) -> bool) -> bool {
    match (&before.base, &after.base) {
        (BaseType::Named(before), BaseType::Named(after)) => before == after,
        (BaseType::List(before), BaseType::List(after)) => is_safe(before, after),
        _ => false,
    }
}

fn is_required(value: &InputValueDefinition) -> bool {
    !value.ty.node.nullable && value.default_value.is_none()
}

fn default(value: &InputValueDefinition) -> Option<String> {
    value.default_value.as_ref().map(|value| value.node.to_string())
}

/// The reason of a deprecation; `No longer supported` where it gives none, as the specification has it.
fn deprecation(marks: &[Positioned<ConstDirective>]) -> Option<String> {
    let mark = marks.iter().find(|mark| mark.node.name.node == "deprecated")?;
    let reason = mark.node.get_argument("reason").map(|reason| reason.node.clone());
    match reason {
        Some(async_graphql::Value::String(reason)) => Some(reason),
        _ => Some("No longer supported".to_owned()),
    }
}

fn change(before: Option<String>, after: Option<String>) -> String {
    let word = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
    format!("{} became {}", word(before), word(after))
}
