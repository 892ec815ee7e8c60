//! Every fault that a file can have: a clear word for each row, the rest goes in, nothing hangs and nothing panics.

use std::{
    io::{self, Read},
    sync::Arc,
};

use mappings::{
    Entity, Import, Input, Item, Mapping, Source,
    read::{Limits, csv::Csv, json},
    singer,
};
use proptest::prelude::*;

use crate::{options, take, take_with};

const ONE: &str = "source = \"x\"\n[[file]]\nname = \"f\"\nfiles = [\"*\"]\nkey = \"id\"\nrest = \"ignore\"\n[[file.row]]\nentity = \"ACCOUNT\"\nset.name = \"name\"\n";

fn one(name: &str, content: &[u8]) -> (Vec<(String, String)>, Vec<String>) {
    let taken = take_with(Mapping::load(ONE).unwrap(), vec![Input::bytes(name, content)]);
    let report = &taken.report.files[0];
    assert_eq!(report.records, report.rows + report.refused + report.left + report.again, "every record is told of");
    let name = |row: &&mappings::Row| row.set.get("name").and_then(|name| name.as_str()).unwrap_or_default().to_owned();
    let rows = taken.of(Entity::Account);
    (rows.iter().map(|row| (row.external_id.clone(), name(row))).collect(), taken.told())
}

fn rows(names: &[(&str, &str)]) -> Vec<(String, String)> {
    names.iter().map(|(key, name)| ((*key).to_owned(), (*name).to_owned())).collect()
}

#[test]
fn every_encoding_says_the_same() {
    let text = "id,name\r\n1,Müller €\r\n2,Größe\r\n";
    let wanted = rows(&[("1", "Müller €"), ("2", "Größe")]);
    let utf16 = |big: bool, mark: bool| {
        let units = mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect::<Vec<u8>>()
    };
    let windows = encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    let marked = ["\u{feff}", text].concat().into_bytes();
    for (name, content) in [
        ("utf-8", text.as_bytes().to_vec()),
        ("marked", marked),
        ("utf-16le", utf16(false, true)),
        ("utf-16be", utf16(true, true)),
        ("unmarked", utf16(false, false)),
        ("windows", windows),
    ] {
        assert_eq!(one(name, &content), (wanted.clone(), vec![]), "{name}");
    }
    // One wrong byte among letters that are UTF-8 is a fault of its row, not another encoding.
    let (taken, told) = one("a.csv", b"id,name\n1,M\xc3\xbcller \xc3\xbc\n2,\xff\n3,ok\n");
    assert_eq!(
        (taken, told),
        (rows(&[("1", "Müller ü"), ("3", "ok")]), vec!["a.csv:3: the column name is not UTF-8".to_owned()])
    );
}

#[test]
fn every_delimiter_and_line_end_says_the_same() {
    let wanted = rows(&[("1", "a"), ("2", "b\nc"), ("3", "say \"hi\"")]);
    for delimiter in [",", ";", "\t", "|"] {
        for end in ["\n", "\r\n", "\r"] {
            let text =
                ["id|name", "1|a", "", "2|\"b\nc\"", "3|\"say \"\"hi\"\"\"", ""].join(end).replace('|', delimiter);
            assert_eq!(one("x.csv", text.as_bytes()), (wanted.clone(), vec![]), "{delimiter:?} {end:?}");
        }
    }
    assert_eq!(one("x.csv", b"sep=;\nid;name\n1;a\n").0, rows(&[("1", "a")]));
}

#[test]
fn broken_rows_cost_themselves() {
    let text = "id,name\n1,a\nragged\n2,b,c\n3,nul\0\n,keyless\n4,🙂\n";
    let (taken, told) = one("x.csv", text.as_bytes());
    assert_eq!(taken, rows(&[("1", "a"), ("4", "🙂")]));
    assert_eq!(
        told,
        [
            "x.csv:3: it has 1 columns, the header has 2",
            "x.csv:4: it has 3 columns, the header has 2",
            "x.csv:5: it holds the character U+0000, which text cannot",
            "x.csv:6: it has no key",
        ]
    );
    let long = "k".repeat(10_000);
    let (taken, told) = one("x.csv", format!("id,name\n{long},a\n5,b\n").as_bytes());
    assert_eq!(taken, rows(&[("5", "b")]));
    assert_eq!(told, [format!("x.csv:2 ({}): its key is longer than 500 characters", "k".repeat(40))]);
}

#[test]
fn a_quote_that_never_closes_costs_its_line() {
    let (taken, told) = one("x.csv", b"id,name\n1,a\n2,\"open\n3,c\n4,d\n");
    assert_eq!(
        (taken, told),
        (rows(&[("1", "a"), ("3", "c"), ("4", "d")]), vec!["x.csv:3: a quote is opened and never closed".to_owned()])
    );
    // Also where the rest is longer than what is held: rows that look like rows are no cell.
    let mut text = "id,name\n1,\"open\n".to_owned();
    (2..150_000).for_each(|n| text.push_str(&format!("{n},name {n}\n")));
    let (taken, told) = one("x.csv", text.as_bytes());
    assert_eq!((taken.len(), told), (149_998, vec!["x.csv:2: a quote is opened and never closed".to_owned()]));
}

#[test]
fn forty_megabytes_on_a_line_are_skipped_and_not_held() {
    /// A file that nobody could hold: its bytes are made while they are read.
    struct Endless(u64);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(usize::try_from(self.0).unwrap());
            buffer[..count].fill(b'x');
            self.0 -= count as u64;
            Ok(count)
        }
    }
    let limits = Limits { record: 1 << 16, ..Limits::default() };
    for (begin, end, megabytes) in
        [("id,name\n1,", "\n2,b\n", 40), ("id,name\n1,\"", "\"\n2,b\n", 4), ("id,name\n1,\"a\nb", "\"\n2,b\n", 4)]
    {
        let file = begin.as_bytes().chain(Endless(megabytes << 20)).chain(end.as_bytes());
        let told: Vec<String> = Csv::new(file, b"id,name", limits)
            .unwrap()
            .unwrap()
            .map(|row| {
                row.map_or_else(|fault| format!("{}: {}", fault.line, fault.reason), |row| row.values[1].to_string())
            })
            .collect();
        assert_eq!(told, ["2: it is longer than 65536 bytes", "\"b\""]);
    }
    let list = (&b"[{\"id\":\""[..]).chain(Endless(8 << 20)).chain(&b"\"},{\"id\":2}]"[..]);
    let told: Vec<bool> =
        json::Json::new(list, json::Form::Lists, &[], limits).map(|found| found.record.is_ok()).collect();
    assert_eq!(told, [false, true]);
    let lines = (&b"{\"id\":\""[..]).chain(Endless(40 << 20)).chain(&b"\"}\n{\"id\":2}\n"[..]);
    let told: Vec<bool> =
        json::Json::new(lines, json::Form::Lines, &[], limits).map(|found| found.record.is_ok()).collect();
    assert_eq!(told, [false, true]);
}

#[test]
fn files_with_nothing_in_them() {
    let taken = take(
        Source::Hubspot,
        &[
            ("contacts.csv", ""),
            ("companies.csv", "Record ID,Company name\n"),
            ("deals.json", "{\"results\":[]}"),
            ("tickets.json", " "),
        ],
    );
    assert_eq!((taken.rows.len(), taken.problems.len()), (0, 0));
    let left: Vec<&str> = taken.report.files.iter().flat_map(|file| &file.left_out).map(String::as_str).collect();
    assert_eq!(left, ["it is empty", "it is empty"]);
    let nothing = Import::new(
        Arc::new(Mapping::of(Source::Hubspot).unwrap()),
        vec![Input::bytes("weather.csv", &b"a,b\n1,2\n"[..])],
        &options(),
    );
    assert_eq!(
        nothing.err().map(|error| error.to_string()).as_deref(),
        Some("the mapping hubspot knows none of these files")
    );
    let missing = Import::new(
        Arc::new(Mapping::of(Source::Hubspot).unwrap()),
        vec![Input::file("/nowhere/contacts.csv")],
        &options(),
    );
    assert!(missing.is_err());
}

#[test]
fn a_column_that_stands_twice_gives_its_first_value() {
    let taken = take_with(
        Mapping::load(ONE).unwrap(),
        vec![Input::bytes("x.csv", &b"id,name,name,Name\n1,,b,c\n2,a,b,c\n"[..])],
    );
    let names: Vec<&str> = taken.rows.iter().filter_map(|row| row.set["name"].as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    assert_eq!(taken.report.files[0].twice, ["name"]);
}

#[test]
fn json_in_all_its_forms_and_with_all_its_faults() {
    let wanted = rows(&[("1", "a"), ("2", "b")]);
    for text in [
        r#"[{"id":1,"name":"a"},{"id":2,"name":"b"}]"#,
        r#"{"meta":{"x":[1,{"results":[{"id":9}]}]},"results":[{"id":1,"name":"a"},{"id":2,"name":"b"}],"after":null}"#,
        "{\"results\":[{\"id\":1,\"name\":\"a\"}]}\n{\"results\":[{\"id\":2,\"name\":\"b\"}]}\n",
        "{\"id\":1,\"name\":\"a\"}\r\n\r\n{\"id\":2,\"name\":\"b\"}",
        "{\n  \"id\": 1,\n  \"name\": \"a\"\n}\n{\n  \"id\": 2, \"name\": \"b\"\n}\n",
        "\u{feff}[{\"id\":1,\"name\":\"a\"},{\"id\":2,\"name\":\"b\"}]",
    ] {
        assert_eq!(one("x.json", text.as_bytes()), (wanted.clone(), vec![]), "{text}");
    }
    let (taken, told) = one(
        "x.json",
        b"[{\"id\":1,\"name\":\"a\"},\n{\"id\":oops},\n5, \"text\", [1],\n{\"id\":2,\"name\":\"b\"},{\"id\":3",
    );
    assert_eq!(taken, wanted);
    assert_eq!(
        told,
        [
            "x.json:2: it is no JSON object",
            "x.json:3: it is no JSON object",
            "x.json:3: it is no JSON object",
            "x.json:3: it is no JSON object",
            "x.json:4: the file ends inside it",
        ]
    );
    let (taken, told) = one(
        "x.ndjson",
        b"{\"id\":1,\"name\":\"a\"}\n{\"id\":\nnull\n{\"id\":2,\"name\":\"b\"}\n{\"id\":3,\"name\":\"\\u0000\"}\n",
    );
    assert_eq!(taken, wanted);
    assert_eq!(told.len(), 3);
    let deep = format!("[{}1{},{{\"id\":1,\"name\":\"a\"}}]", "{\"a\":".repeat(5_000), "}".repeat(5_000));
    assert_eq!(
        one("x.json", deep.as_bytes()),
        (rows(&[("1", "a")]), vec!["x.json:1: it is no JSON object".to_owned()])
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_cell_survives_byte_for_byte(name in "[^\0]+", quote in any::<bool>()) {
        let cell = if quote || name.contains(['"', ',', '\n', '\r', ';', '\t', '|']) { format!("\"{}\"", name.replace('"', "\"\"")) } else { name.clone() };
        let text = format!("id,name\n1,{cell}\n");
        let (taken, told) = one("x.csv", text.as_bytes());
        prop_assert_eq!(told, Vec::<String>::new());
        prop_assert_eq!(&taken[0].1, &name);
    }

    #[test]
    fn rows_and_problems_are_the_lines(lines in prop::collection::vec("[a-z0-9,]{1,12}", 0..40)) {
        let text = format!("id,name\n{}\n", lines.join("\n"));
        let (taken, told) = one("x.csv", text.as_bytes());
        let again = lines.len() - taken.len() - told.len();
        let mut seen = std::collections::HashSet::new();
        let twice = lines.iter().filter(|line| line.matches(',').count() == 1 && !line.starts_with(',') && !seen.insert(line.as_str())).count();
        prop_assert!(again <= twice, "{} lines, {} rows, {} problems", lines.len(), taken.len(), told.len());
    }

    #[test]
    fn no_bytes_harm_any_reader(content in prop::collection::vec(any::<u8>(), 0..600), begin in 0..6_usize) {
        let begin = [&b""[..], b"id,name\n", b"{\"results\":[", b"[{\"id\":1,", b"{\"id\":", b"\xff\xfe"][begin];
        let content = [begin, &content].concat();
        for name in ["contacts.csv", "tickets.json", "deal_contact_data.csv"] {
            for source in Source::ALL {
                let mapping = Arc::new(Mapping::of(source).unwrap());
                if let Ok(import) = Import::new(mapping, vec![Input::bytes(name, content.clone())], &options()) {
                    prop_assert!(import.take(100_000).count() < 100_000);
                }
            }
        }
        let mapping = Arc::new(Mapping::of(Source::Hubspot).unwrap());
        prop_assert!(singer::Reader::new(&content[..], mapping, &options()).take(100_000).count() < 100_000);
        let _ = mappings::draft::draft(&content[..], "x.csv");
    }

    #[test]
    fn no_text_harms_a_mapping(text in "[a-z\\[\\]=\"{} \n.]{0,200}") {
        let _ = Mapping::load(&text);
    }

    #[test]
    fn structured_nonsense_is_told_of(cells in prop::collection::vec(("[\"a,\n0-9;]{0,8}", "[\"a,\n0-9;]{0,8}"), 0..30)) {
        let text: String = cells.iter().map(|(key, name)| format!("{key},{name}\n")).collect();
        let taken = one("x.csv", format!("id,name\n{text}").as_bytes());
        prop_assert!(taken.0.len() + taken.1.len() <= text.matches('\n').count() + 1);
    }
}

#[test]
fn an_import_is_an_iterator_that_ends() {
    let mut import = Import::new(
        Arc::new(Mapping::load(ONE).unwrap()),
        vec![Input::bytes("x.csv", &b"id,name\n1,a\n"[..])],
        &options(),
    )
    .unwrap();
    assert!(matches!(import.next(), Some(Item::Row(_))));
    assert_eq!(import.next(), None);
    assert_eq!(import.next(), None);
}
