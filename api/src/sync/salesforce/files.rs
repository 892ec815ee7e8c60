//! Which file holds what: by the type that a tree names, by the file's name, by its columns.

use std::path::{Path, PathBuf};

use super::super::{
    Group, ImportError, Kind, Refusal, Report,
    read::{self, Read, ReadError, normal},
};
use super::long_id;

/// Parents come first, whatever the order of the arguments.
const ORDER: [Kind; 4] = [Kind::Account, Kind::Contact, Kind::Campaign, Kind::Opportunity];

/// The rows of some files and folders, in the order in which they can be taken.
pub fn groups(paths: &[PathBuf], report: &mut Report) -> Result<Vec<Group>, ImportError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(folder(path, report)?);
        } else {
            files.push(path.clone());
        }
    }
    let mut groups = Vec::new();
    for file in files {
        let content = read::bytes(&file)?;
        if let Some(parts) = plan(&content) {
            let beside = file.parent().unwrap_or(Path::new(""));
            for part in parts {
                let part = beside.join(&part);
                match read::bytes(&part) {
                    Ok(content) => groups.extend(group(&part, &content, report)),
                    Err(error) => report.note(format!("left out: {error}")),
                }
            }
        } else {
            groups.extend(group(&file, &content, report));
        }
    }
    if groups.is_empty() {
        return Err(ImportError::Nothing(
            "there are no accounts, contacts, campaigns or opportunities in these files".into(),
        ));
    }
    groups.sort_by_key(|group| ORDER.iter().position(|kind| *kind == group.kind));
    Ok(groups)
}

/// The files of a folder. Where a tree and a CSV tell of the same objects, the tree is taken: it has keys.
fn folder(path: &Path, report: &mut Report) -> Result<Vec<PathBuf>, ImportError> {
    let mut files = read::files(&[path.to_owned()], &["csv", "json"])?;
    let all = files.clone();
    files.retain(|file| {
        let tree = file.with_extension("json");
        let twice = file.extension().is_some_and(|ending| ending == "csv") && all.contains(&tree);
        if twice {
            report.note(format!(
                "{} is left out: {} holds the same records with their keys",
                file.display(),
                tree.display()
            ));
        }
        !twice
    });
    // A plan names files that stand in the folder anyway.
    files.retain(|file| std::fs::read(file).map(|content| plan(&content).is_none()).unwrap_or(true));
    Ok(files)
}

/// The files that a data plan names, in its order.
fn plan(content: &[u8]) -> Option<Vec<String>> {
    let value: serde_json::Value = serde_json::from_slice(content).ok()?;
    // A list of records is a list, too.
    let parts: Vec<_> = value.as_array()?.iter().filter_map(|part| part.get("files")?.as_array()).collect();
    let files: Vec<String> = parts.into_iter().flatten().filter_map(|file| file.as_str().map(str::to_owned)).collect();
    (!files.is_empty()).then_some(files)
}

/// The rows of one file. A file that cannot be read is one refusal; the others go in.
fn group(file: &Path, content: &[u8], report: &mut Report) -> Option<Group> {
    read_group(file, content, report).unwrap_or_else(|error| {
        let refusal = Refusal { file: file.to_owned(), line: 1, external_id: None, reason: error.to_string() };
        report.refuse("file", refusal);
        None
    })
}

fn read_group(file: &Path, content: &[u8], report: &mut Report) -> Result<Option<Group>, ReadError> {
    let is_tree = matches!(content.trim_ascii_start().first(), Some(b'{' | b'['));
    let (kind, rows) = if is_tree {
        let (object, rows) = read::tree(file, content)?;
        (object.as_deref().and_then(by_name).or_else(|| by_file(file)), rows)
    } else {
        let (header, rows) = read::csv(file, content)?;
        (by_file(file).or_else(|| by_columns(&header).filter(|_| !is_another(file))), rows)
    };
    let Some(kind) = kind else {
        report.note(format!(
            "{} is left out: it holds neither accounts, contacts, campaigns nor opportunities",
            file.display()
        ));
        return Ok(None);
    };
    let rows = rows.into_iter().filter_map(|row| kept(row, report)).collect();
    Ok(Some(Group { kind, file: file.to_owned(), rows }))
}

/// Long keys; without what the source has deleted.
fn kept(row: Read, report: &mut Report) -> Option<Read> {
    let Ok(mut record) = row else { return Some(row) };
    if record.get("isdeleted").is_some_and(|deleted| deleted.eq_ignore_ascii_case("true") || deleted == "1") {
        report.note("rows that the source has deleted are left out");
        return None;
    }
    record.key = record.key.map(|key| long_id(&key).into_owned());
    Some(Ok(record))
}

fn by_name(name: &str) -> Option<Kind> {
    match normal(name).trim_end_matches('s') {
        "account" => Some(Kind::Account),
        "contact" => Some(Kind::Contact),
        "campaign" => Some(Kind::Campaign),
        "opportunity" | "opportunitie" => Some(Kind::Opportunity),
        _ => None,
    }
}

fn by_file(file: &Path) -> Option<Kind> {
    let stem = file.file_stem()?.to_str()?.to_lowercase();
    let stem = stem.strip_prefix("sf_").unwrap_or(&stem);
    by_name(stem.strip_suffix("_data").unwrap_or(stem))
}

/// Other objects share columns with ours; their files say what they are.
fn is_another(file: &Path) -> bool {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_lowercase();
    ["history", "user", "lead", "task", "event", "order", "product", "line", "case", "role"]
        .iter()
        .any(|name| stem.contains(name))
}

fn by_columns(header: &[String]) -> Option<Kind> {
    let has = |name: &str| header.iter().any(|column| normal(column) == name);
    if has("stagename") {
        Some(Kind::Opportunity)
    } else if has("lastname") && !has("company") {
        Some(Kind::Contact)
    } else if has("budgetedcost") || has("actualcost") {
        Some(Kind::Campaign)
    } else if has("name") && (has("industry") || has("website") || has("billingstreet")) {
        Some(Kind::Account)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_name_and_columns() {
        let kind = |name: &str| by_file(Path::new(name));
        assert_eq!(kind("Accounts.csv"), Some(Kind::Account));
        assert_eq!(kind("sf_opportunity_data.csv"), Some(Kind::Opportunity));
        assert_eq!(kind("Opportunities.json"), Some(Kind::Opportunity));
        assert_eq!(kind("sf_account_history_data.csv"), None);
        let columns = |text: &str| by_columns(&text.split(',').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(columns("Id,StageName,Amount"), Some(Kind::Opportunity));
        assert_eq!(columns("Id,Last Name"), Some(Kind::Contact));
        assert_eq!(columns("a,b"), None);
    }
}
