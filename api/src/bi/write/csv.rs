//! CSV as RFC 4180 has it: UTF-8, commas, CRLF, quotes doubled. Null is nothing, an empty text is `""`.

use super::Encoder;
use crate::bi::{
    cell::{Cell, Row},
    dataset::Dataset,
};

/// See the module.
pub struct Csv {
    dataset: &'static Dataset,
    has_begun: bool,
}

impl Csv {
    /// Of a dataset.
    pub fn new(dataset: &'static Dataset) -> Csv {
        Csv { dataset, has_begun: false }
    }

    fn header(&mut self) -> String {
        if std::mem::replace(&mut self.has_begun, true) {
            return String::new();
        }
        let names: Vec<&str> = self.dataset.fields.iter().map(|field| field.name).collect();
        format!("{}\r\n", names.join(","))
    }
}

/// A text that somebody else wrote. A spreadsheet takes one that begins like a formula for a formula, and runs it: an apostrophe before
/// it makes it a text again (OWASP, CSV injection).
fn text(out: &mut String, text: &str) {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let is_special = |letter: char| matches!(letter, ',' | '"' | '\r' | '\n');
    if !is_formula && !text.is_empty() && !text.contains(is_special) {
        out.push_str(text);
        return;
    }
    out.push('"');
    if is_formula {
        out.push('\'');
    }
    out.push_str(&text.replace('"', "\"\""));
    out.push('"');
}

impl Encoder for Csv {
    fn rows(&mut self, rows: &[Row]) -> std::io::Result<Vec<u8>> {
        let mut out = self.header();
        for row in rows {
            for (nth, cell) in row.iter().enumerate() {
                if nth > 0 {
                    out.push(',');
                }
                match cell {
                    Cell::Text(said) => text(&mut out, said),
                    other => out.push_str(&other.text().unwrap_or_default()),
                }
            }
            out.push_str("\r\n");
        }
        Ok(out.into_bytes())
    }

    fn end(&mut self) -> std::io::Result<Vec<u8>> {
        Ok(self.header().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(value: &str) -> String {
        let mut out = String::new();
        text(&mut out, value);
        out
    }

    #[test]
    fn texts_are_quoted_where_they_must_be() {
        assert_eq!(said("Bolt"), "Bolt");
        assert_eq!(said(""), "\"\"");
        assert_eq!(said("Bolt, Nut"), "\"Bolt, Nut\"");
        assert_eq!(said("the \"Bolt\""), "\"the \"\"Bolt\"\"\"");
        assert_eq!(said("one\nother"), "\"one\nother\"");
    }

    #[test]
    fn a_formula_becomes_a_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(said(formula), format!("\"'{formula}\""));
        }
        assert_eq!(said("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
    }
}
