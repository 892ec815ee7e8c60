//! What the guard lets through and what it refuses, with exact counts.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::{fmt::Write as _, time::Instant};

use proptest::prelude::*;

use super::*;

fn code_of(text: &str) -> Result<(), (String, String)> {
    check(text, None, &Limits::default())
        .map(|_| ())
        .map_err(|fault| (fault.code().to_owned(), fault.into_error().message))
}

fn exceeded(message: &str) -> Result<(), (String, String)> {
    Err(("COST_EXCEEDED".to_owned(), message.to_owned()))
}

fn doubling(fragments: usize) -> String {
    let mut text = "{ ...f0 }".to_owned();
    for n in 0..fragments {
        let _ = write!(text, " fragment f{n} on Query {{ ...f{0} ...f{0} }}", n + 1);
    }
    let _ = write!(text, " fragment f{fragments} on Query {{ a }}");
    text
}

#[test]
fn fragment_doubling_is_refused_before_it_costs_anything() {
    let text = doubling(29);
    assert!(text.len() < 1_300);
    let begun = Instant::now();
    assert_eq!(code_of(&text), exceeded("The document has too many selections: the limit is 5000."));
    // an expansion would take seconds; this bound only tells the two apart
    assert!(begun.elapsed().as_millis() < 500);
}

#[test]
fn expansion_counts_exactly() {
    // f0 .. f3: 1, 1+2, … : nodes(f3) = 1, nodes(fn) = 2 + 2 × nodes(fn+1); the operation adds its own spread
    let document = parse_query(doubling(3)).unwrap();
    let fragments = expand_fragments(&document).unwrap();
    assert_eq!(fragments.get(&Name::new("f0")).map(|t| (t.nodes, t.depth, t.roots)), Some((22, 4, 8)));
}

#[test]
fn root_fields_count_through_fragments_and_inline_fragments() {
    let text =
        format!("{{ ...r ...on Query {{ ...r }} {} }} fragment r on Query {{ {} }}", "a ".repeat(10), "a ".repeat(10));
    assert_eq!(code_of(&text), Ok(()));
    let text = text.replacen("{ ...r", "{ a ...r", 1);
    assert_eq!(code_of(&text), exceeded("The document has too many fields at the root: the limit is 30."));
}

#[test]
fn each_limit_has_its_words() {
    let many = |count: usize, f: &dyn Fn(usize) -> String| (0..count).map(f).collect::<String>();
    let nested = |depth: usize| format!("{}a{}", "{a".repeat(depth), "}".repeat(depth));
    for (text, what, limit) in [
        (format!("{{ a }} #{}", "x".repeat(64 * 1024)), "bytes", 65_536),
        (format!("{{ {} }}", "a ".repeat(10_000)), "tokens", 10_000),
        (nested(65), "nested brackets", 64),
        (nested(33), "levels", 32),
        (format!("{{ a {{ {} }} }}", many(101, &|n| format!("b{n}: a "))), "aliases", 100),
        (format!("{{ a {} }}", "@skip(if: false) ".repeat(101)), "directives", 100),
        (format!("{{ a }} {}", many(101, &|n| format!("fragment f{n} on Q {{ a }} "))), "fragments", 100),
        (many(21, &|n| format!("query q{n} {{ a }} ")), "operations", 20),
        (format!("query({}) {{ a }}", many(101, &|n| format!("$v{n}: Int "))), "variables", 100),
    ] {
        assert_eq!(code_of(&text), exceeded(&format!("The document has too many {what}: the limit is {limit}.")));
    }
}

#[test]
fn brackets_of_every_kind_are_counted_before_the_parser_recurses() {
    for text in [
        "[".repeat(60_000),
        "{".repeat(60_000),
        format!("{{a(b:{})}}", "[".repeat(60_000)),
        "{a(b:{c:".repeat(5_000),
        "query($a:".to_owned() + &"[".repeat(60_000),
    ] {
        assert_eq!(code_of(&text).unwrap_err().0, "COST_EXCEEDED");
    }
    // the deepest that passes still fits on a small stack
    let deep = format!("{{a(b:{}{})}}", "[".repeat(62), "]".repeat(62));
    let thread = std::thread::Builder::new().stack_size(1024 * 1024).spawn(move || code_of(&deep)).unwrap();
    assert_eq!(thread.join().unwrap(), Ok(()));
}

#[test]
fn brackets_in_strings_and_comments_do_not_count() {
    let line = "[".repeat(100);
    assert_eq!(
        tokens::scan(&format!("{{ a(b: \"\\\"{line}\", c: \"\"\"{line}\\\"\"\"\n{line}\"\"\") # {line}\n }}")).nesting,
        2
    );
    assert_eq!(tokens::scan("{ a(b: \"x\") }").tokens, 8);
}

#[test]
fn cycles_of_fragments_are_refused() {
    for text in [
        "{ ...a } fragment a on Q { ...a }",
        "{ ...a } fragment a on Q { x { ...b } } fragment b on Q { ...a }",
        "{ x } fragment a on Q { ...b } fragment b on Q { ...c } fragment c on Q { ...b }",
    ] {
        let message = "Fragments must not spread themselves, directly or through others.";
        assert_eq!(code_of(text), Err(("BAD_USER_INPUT".to_owned(), message.to_owned())));
    }
}

#[test]
fn the_operation_is_picked_by_name() {
    let text = "query a { x } mutation b { y }";
    let picked =
        |name| check(text, name, &Limits::default()).map(|c| (c.kind, c.name)).map_err(|f| f.into_error().message);
    assert_eq!(picked(Some("b")), Ok((OperationType::Mutation, Some("b".to_owned()))));
    assert_eq!(picked(None), Err("The document has several operations: say which with `operationName`.".to_owned()));
    assert_eq!(picked(Some("c")), Err("The document has no operation named by `operationName`.".to_owned()));
}

proptest! {
    /// Whatever the text, the guard answers; and where it lets a document pass, the executor's own walk is bounded.
    #[test]
    fn it_never_panics(text in "[{}\\[\\]()\"#a-c:.$!@\\\\ \n]{0,200}") {
        let _ = check(&text, None, &Limits::default());
    }

    /// The memoised sum is the size of the written-out document.
    #[test]
    fn sums_equal_the_written_out_document(widths in prop::collection::vec(1u64..4, 1..6)) {
        let mut text = "{ ...f0 }".to_owned();
        for (n, width) in widths.iter().enumerate() {
            let spreads = format!("...f{} ", n + 1).repeat(usize::try_from(*width).unwrap_or(0));
            let _ = write!(text, " fragment f{n} on Q {{ {spreads} }}");
        }
        let _ = write!(text, " fragment f{} on Q {{ a }}", widths.len());
        let document = parse_query(&text).unwrap();
        let expected = widths.iter().rev().fold(1, |inner, width| width + width * inner);
        let fragments = expand_fragments(&document).unwrap();
        prop_assert_eq!(fragments.get(&Name::new("f0")).map(|t| t.nodes), Some(expected));
    }
}
