//! The house stands as `docs/architecture.md` says: imports run one way, and rows are read where a scope is.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// The rooms, from the front door down: a room may import rooms of a lower floor, and of its own where it says so.
const FLOORS: &[(&str, u8)] = &[
    ("main", 10),
    ("cli", 10),
    ("app", 8),
    ("http", 7),
    ("schema", 6),
    ("bi", 6),
    ("me", 5),
    ("analytics", 5),
    ("node", 5),
    ("marketing", 4),
    ("sales", 4),
    ("service", 4),
    ("account", 4),
    ("custom", 4),
    ("journey", 4),
    ("teamwork", 4),
    ("search", 4),
    ("files", 4),
    ("tenancy", 4),
    ("tenant", 4),
    ("webhooks", 4),
    ("graph", 2),
    ("policy", 1),
    ("auth", 1),
    ("store", 1),
    ("config", 1),
    ("clock", 0),
    ("telemetry", 0),
    ("lib", 11),
    ("law", 5),
    ("sync", 5),
    ("demo", 9),
];

/// The ways against the current, each with its reason.
const BACK: [(&str, &str, &str); 5] = [
    ("demo", "cli", "the command line's folder, its words for errors and the demo tenant's name"),
    ("config", "auth", "what makes a secret or a key good is said in one place"),
    ("auth", "config", "issuers are made of the configuration"),
    ("auth", "policy", "the claims of a token carry roles"),
    ("node", "sync", "systems and field policies have ids, too"),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/src")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false if path.extension().is_some_and(|extension| extension == "rs") => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

/// The files of the program with the room that each stands in; unit tests are left out.
fn program() -> Vec<(String, PathBuf, String)> {
    files(&source())
        .into_iter()
        .filter_map(|path| {
            let inside = path.strip_prefix(source()).unwrap().to_owned();
            let mut parts = inside.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
            let room = parts.next()?.trim_end_matches(".rs").to_owned();
            if parts.any(|part| part == "tests" || part == "tests.rs") {
                return None;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
            Some((room, inside, code))
        })
        .collect()
}

/// The code without comments.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The rooms that a file names, as `crate::room` or in a group `crate::{room…, room…}`.
fn named(text: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_') {
            continue;
        }
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => rooms.extend(heads(group)),
            None => rooms.push(word(rest)),
        }
    }
    rooms.retain(|room| room.chars().next().is_some_and(char::is_lowercase));
    rooms
}

fn word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// The first word of each item of a group, up to its closing brace.
fn heads(group: &str) -> Vec<String> {
    let (mut depth, mut heads, mut item) = (0, Vec::new(), String::new());
    for letter in group.chars() {
        match letter {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(word(std::mem::take(&mut item).trim())),
            _ if depth == 0 => item.push(letter),
            _ => {}
        }
    }
    heads.push(word(item.trim()));
    heads
}

#[test]
fn imports_run_one_way() {
    let floors: BTreeMap<&str, u8> = FLOORS.iter().copied().collect();
    // Macros at the crate's root, and the error file that everybody goes back through.
    let macros = ["object", "input", "payload", "listed", "filterable", "removal", "editable", "synced"];
    let mut wrong = Vec::new();
    for (room, file, text) in program() {
        let floor = *floors.get(room.as_str()).unwrap_or_else(|| panic!("{room} has no floor: add it to FLOORS"));
        for named in named(&code(&text)) {
            if named == room || macros.contains(&named.as_str()) {
                continue;
            }
            let Some(other) = floors.get(named.as_str()) else {
                panic!("{}: {named} has no floor: add it to FLOORS", file.display())
            };
            let back = BACK.iter().any(|(from, to, _)| (*from, *to) == (room.as_str(), named.as_str()));
            // The wings and the corridor stand on one floor: who enters by which door is the next test's.
            let same = floor == 4 && *other == 4;
            if *other >= floor && !same && !back {
                wrong.push(format!("{}: {room} imports {named}", file.display()));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "against the current: {wrong:#?}");
}

#[test]
fn machinery_knows_no_wing() {
    for (room, file, text) in program() {
        if !["store", "http", "auth", "config", "clock", "graph", "policy"].contains(&room.as_str()) {
            continue;
        }
        for named in named(&code(&text)) {
            assert!(
                !["account", "marketing", "sales", "service", "journey", "tenancy"].contains(&named.as_str()),
                "{}: {room} knows {named}",
                file.display()
            );
        }
        if ["store", "http", "auth", "config", "clock"].contains(&room.as_str()) {
            assert!(!code(&text).contains("entities::"), "{}: {room} knows a table", file.display());
        }
    }
}

/// A wing is entered by what its `mod.rs` hands out, or by a module that it declares public.
#[test]
fn wings_do_not_reach_into_each_other() {
    let wings = ["account", "marketing", "sales", "service"];
    for (room, file, text) in program() {
        let text = code(&text);
        for wing in wings.iter().filter(|wing| **wing != room) {
            let front = std::fs::read_to_string(source().join(wing).join("mod.rs")).unwrap();
            let path = format!("crate::{wing}::");
            for (at, _) in text.match_indices(&path) {
                let next = word(&text[at + path.len()..]);
                let is_module = next.chars().next().is_some_and(char::is_lowercase);
                let is_public = front.contains(&format!("pub mod {next};"));
                assert!(!is_module || is_public, "{}: {path}{next} is that wing's own", file.display());
            }
        }
    }
}

/// Reading rows without a scope is for those who make scopes, for the journal, and for what stands before any caller. The
/// number of such places is counted, so that a new one is seen.
#[test]
fn rows_are_read_through_scopes() {
    let holes: BTreeMap<&str, usize> = HOLES.iter().copied().collect();
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for (_, file, text) in program() {
        let text = code(&text);
        let n = [
            "::find()",
            "::find_by_id(",
            "find_with_related(",
            "::update_many()",
            "::delete_many()",
            "::insert_many(",
            "::delete_by_id(",
            "Statement::from_",
        ]
        .iter()
        .map(|trait_call| text.matches(trait_call).count())
        .sum::<usize>();
        if n > 0 {
            found.insert(file.display().to_string(), n);
        }
    }
    let expected: BTreeMap<String, usize> = holes.into_iter().map(|(file, n)| (file.to_owned(), n)).collect();
    assert_eq!(found, expected, "a query without a scope came or went: if it must be, count it in HOLES");
}

/// File, and how many unscoped queries and writes it holds.
const HOLES: &[(&str, usize)] = &[
    ("analytics/rollup/fold.rs", 2),
    ("bi/views/ground.rs", 1),
    ("demo/cast.rs", 5),
    ("files/door.rs", 1),
    ("journey/commit.rs", 3),
    ("journey/correction.rs", 2),
    ("journey/custom.rs", 2),
    ("journey/follow.rs", 5),
    ("journey/graft.rs", 19),
    ("journey/many.rs", 5),
    ("journey/reader.rs", 1),
    ("journey/refer.rs", 2),
    ("journey/retention.rs", 3),
    ("journey/since.rs", 2),
    ("journey/stages.rs", 3),
    ("journey/tenant.rs", 2),
    ("journey/verify/feed.rs", 8),
    ("journey/verify/merges.rs", 4),
    ("journey/verify/money.rs", 1),
    ("journey/verify/snapshots.rs", 2),
    ("journey/verify/stages.rs", 2),
    ("journey/verify/subjects.rs", 4),
    ("journey/work.rs", 3),
    ("journey/writers.rs", 3),
    ("policy/link.rs", 1),
    ("policy/scope.rs", 1),
    ("store/mod.rs", 1),
    ("sync/bulk/undo.rs", 1),
    ("sync/refs.rs", 3),
    ("sync/sources/conflict.rs", 1),
    ("sync/sources/raw.rs", 1),
    ("sync/upsert/idempotency.rs", 3),
    ("sync/upsert/policy.rs", 5),
    ("tenancy.rs", 5),
    ("webhooks/rows.rs", 10),
    ("webhooks/sender/make.rs", 1),
];
