//! A JSON object a line, every column in each. Decimals are numbers with all their digits: whoever reads them as binary numbers rounds
//! them.

use super::Encoder;
use crate::bi::{
    cell::{Cell, Row},
    dataset::{Dataset, Field},
};

/// See the module.
pub struct Ndjson(pub &'static Dataset);

/// A text as JSON.
pub fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn value(out: &mut String, cell: &Cell) {
    match cell {
        Cell::Integer(_) | Cell::Decimal(_) | Cell::Float(_) | Cell::Flag(_) => {
            out.push_str(cell.text().as_deref().unwrap_or("null"));
        }
        other => match other.text() {
            Some(text) => out.push_str(&json(&text)),
            None => out.push_str("null"),
        },
    }
}

/// A row as a JSON object of some of its columns.
pub fn object(out: &mut String, fields: &[Field], columns: impl Iterator<Item = usize>, row: &Row) {
    out.push('{');
    for (nth, column) in columns.enumerate() {
        if nth > 0 {
            out.push(',');
        }
        out.push('"');
        out.push_str(fields[column].name);
        out.push_str("\":");
        value(out, &row[column]);
    }
    out.push('}');
}

impl Encoder for Ndjson {
    fn rows(&mut self, rows: &[Row]) -> std::io::Result<Vec<u8>> {
        let mut out = String::new();
        for row in rows {
            object(&mut out, self.0.fields, 0..self.0.fields.len(), row);
            out.push('\n');
        }
        Ok(out.into_bytes())
    }

    fn end(&mut self) -> std::io::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn broken(&mut self, code: &str, message: &str) -> Vec<u8> {
        format!("{{\"error\":{{\"code\":{},\"message\":{}}}}}\n", json(code), json(message)).into_bytes()
    }
}
