//! The tables of `docs/bi.md`.

use std::fmt::Write;

use super::dataset::{DATASETS, Origin, Source};

/// The datasets and their columns.
pub fn markdown() -> String {
    let mut page = String::new();
    for dataset in DATASETS {
        let whom = match dataset.source {
            Source::Rows { types, .. } => {
                let types: Vec<&str> = types.iter().map(|ty| ty.name()).collect();
                format!("whoever reads {}, its own rows", types.join(" or "))
            }
            Source::Credit => "whoever reads Attribution, of the conversions that it reaches itself; it comes in the order of its keys (no `$orderby`)".to_owned(),
            Source::Days => "everybody".to_owned(),
            Source::Figures => "everybody; small groups are hidden from whoever reads no rows".to_owned(),
        };
        // writing to a String does not fail
        let _ = writeln!(page, "### {}\n\n{}\n\nFor {whom}.", dataset.name, dataset.doc.trim());
        if let Some(dated) = dataset.dated {
            let _ = writeln!(page, "`from` and `to` cut by `{dated}`.");
        }
        page.push_str("\n| Column | Type | |\n|---|---|---|\n");
        for field in dataset.fields {
            let mark = match field.origin {
                Origin::Key => " (key)",
                Origin::Row => "",
                Origin::Made(_) => " (made: neither filtered nor sorted by)",
            };
            let _ = writeln!(page, "| `{}`{mark} | {} | {} |", field.name, field.form.name(), field.doc.trim());
        }
        page.push('\n');
    }
    page
}
