//! `$filter`: columns compared with literals, joined by `and`. What OData knows beyond that is refused by name, never passed over.

use super::super::{
    cell::{Cell, Form},
    dataset::{Dataset, Origin, Source},
    filter::{Comparison, Op},
};

/// The longest text.
const MAX_BYTES: usize = 4_096;
/// The most comparisons.
const MAX_COMPARISONS: usize = 50;
/// The deepest parentheses.
const MAX_DEPTH: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    /// A text in quotes.
    Quoted(String),
    /// Anything else between spaces and parentheses.
    Word(String),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            letter if letter.is_whitespace() => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            '\'' => {
                let mut quoted = String::new();
                loop {
                    match letters.next() {
                        // A quote within a text is written twice.
                        Some('\'') if letters.next_if_eq(&'\'').is_some() => quoted.push('\''),
                        Some('\'') => break,
                        Some(letter) => quoted.push(letter),
                        None => return Err("$filter: a text has no end: '".to_owned()),
                    }
                }
                tokens.push(Token::Quoted(quoted));
            }
            letter => {
                let mut word = String::from(letter);
                while let Some(letter) =
                    letters.next_if(|letter| !letter.is_whitespace() && !matches!(letter, '(' | ')' | '\''))
                {
                    word.push(letter);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

struct Parser<'a> {
    dataset: &'a Dataset,
    tokens: std::vec::IntoIter<Token>,
    found: Vec<Comparison>,
}

/// The comparisons of a `$filter`, in their order; a row passes that passes every one.
pub fn parse(dataset: &Dataset, text: &str) -> Result<Vec<Comparison>, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("$filter: at most {MAX_BYTES} bytes"));
    }
    let mut parser = Parser { dataset, tokens: tokens(text)?.into_iter(), found: Vec::new() };
    parser.expression(0)?;
    match parser.tokens.next() {
        None => Ok(parser.found),
        Some(_) => Err("$filter: a closing parenthesis too many".to_owned()),
    }
}

const ALLOWED: &str = "comparisons `column eq|ne|ge|gt|le|lt literal`, joined by `and`, with parentheses";

impl Parser<'_> {
    /// `term and term …`, up to the end or the closing parenthesis, which it leaves.
    fn expression(&mut self, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("$filter: at most {MAX_DEPTH} parentheses in each other"));
        }
        loop {
            match self.tokens.next() {
                Some(Token::Open) => {
                    self.expression(depth + 1)?;
                    if self.tokens.next() != Some(Token::Close) {
                        return Err("$filter: a closing parenthesis is missing".to_owned());
                    }
                }
                Some(Token::Word(name)) => self.comparison(&name)?,
                _ => return Err(format!("$filter: {ALLOWED}")),
            }
            match self.tokens.as_slice().first() {
                None | Some(Token::Close) => return Ok(()),
                Some(Token::Word(and)) if and == "and" => {
                    self.tokens.next();
                }
                _ => return Err(format!("$filter: {ALLOWED}")),
            }
        }
    }

    fn comparison(&mut self, name: &str) -> Result<(), String> {
        if self.found.len() == MAX_COMPARISONS {
            return Err(format!("$filter: at most {MAX_COMPARISONS} comparisons"));
        }
        let field = column(self.dataset, "$filter", name)?;
        let op = match self.tokens.next() {
            Some(Token::Word(word)) => Op::ALL.into_iter().find(|op| op.name() == word),
            _ => None,
        };
        let op = op.ok_or_else(|| format!("$filter: {ALLOWED}"))?;
        let form = self.dataset.fields[field].form;
        let value = self.tokens.next().and_then(|token| literal(form, token));
        let value = value.ok_or_else(|| format!("$filter: {name} is compared with {}, or null", example(form)))?;
        self.found.push(Comparison { field, op, value });
        Ok(())
    }
}

/// A column that rows can be filtered and sorted by.
pub fn column(dataset: &Dataset, option: &str, name: &str) -> Result<usize, String> {
    let is_made = |origin: Origin| {
        matches!(origin, Origin::Made(_)) && matches!(dataset.source, Source::Rows { .. } | Source::Credit)
    };
    match dataset.place(name) {
        Some(nth) if is_made(dataset.fields[nth].origin) => Err(format!(
            "{option}: {name} is worked out when a row is handed out; filter and sort by the column that it is made of"
        )),
        Some(nth) => Ok(nth),
        None => {
            let all = dataset.fields.iter().filter(|field| !is_made(field.origin)).map(|field| field.name);
            Err(format!(
                "{option}: {} has no column {name:?}; it has {}",
                dataset.name,
                all.collect::<Vec<_>>().join(", ")
            ))
        }
    }
}

fn is_text(form: Form) -> bool {
    matches!(form, Form::Id(_) | Form::Code | Form::Text)
}

fn literal(form: Form, token: Token) -> Option<Cell> {
    match token {
        Token::Word(word) if word == "null" => Some(Cell::Null),
        Token::Word(word) if !is_text(form) => Cell::parse(form, &word),
        Token::Quoted(text) if is_text(form) => Cell::parse(form, &text),
        _ => None,
    }
}

fn example(form: Form) -> String {
    match form {
        Form::Id(kind) => format!("an id in quotes such as '{}_0198f2c4-…'", kind.prefix()),
        Form::Uuid => "a UUID without quotes".to_owned(),
        Form::Code | Form::Text => "a text in quotes such as 'WON'".to_owned(),
        Form::Time => "a moment without quotes such as 2026-01-31T12:00:00Z".to_owned(),
        Form::Day => "a day without quotes such as 2026-01-31".to_owned(),
        Form::Integer => "a whole number".to_owned(),
        Form::Amount(_) | Form::Decimal => "a number such as 1234.50".to_owned(),
        Form::Float => "a number".to_owned(),
        Form::Flag => "true or false".to_owned(),
    }
}

/// The way back from [`parse`].
pub fn text(dataset: &Dataset, comparisons: &[Comparison]) -> String {
    let one = |comparison: &Comparison| {
        let field = &dataset.fields[comparison.field];
        let value = match comparison.value.text() {
            None => "null".to_owned(),
            Some(text) if is_text(field.form) => format!("'{}'", text.replace('\'', "''")),
            Some(text) => text,
        };
        format!("{} {} {value}", field.name, comparison.op.name())
    };
    comparisons.iter().map(one).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bi::dataset::{DATASETS, named};

    fn of(text: &str) -> Result<Vec<Comparison>, String> {
        parse(named("fact_opportunity").unwrap(), text)
    }

    #[test]
    fn what_is_allowed_is_read() {
        let found = of(
            "(stage eq 'CLOSED_WON') and (amount ge 1000.50 and created_at lt 2026-01-01T00:00:00Z) and close_date ne null",
        );
        let found = found.unwrap();
        assert_eq!(found.len(), 4);
        assert_eq!(found[0].value, Cell::Text("CLOSED_WON".to_owned()));
        assert_eq!(found[3], Comparison { field: found[3].field, op: Op::Ne, value: Cell::Null });
        assert_eq!(of("stage eq 'it''s'").unwrap()[0].value, Cell::Text("it's".to_owned()));
    }

    #[test]
    fn what_is_not_is_refused_by_name() {
        for (text, says) in [
            ("", "comparisons"),
            ("stage", "comparisons"),
            ("stage eq", "'WON'"),
            ("stage eq WON", "'WON'"),
            ("stage eq 'WON' or stage eq 'LOST'", "comparisons"),
            ("not (stage eq 'WON')", "no column \"not\""),
            ("contains(stage,'WON')", "no column \"contains\""),
            ("secret eq 'x'", "no column \"secret\""),
            ("amount_converted gt 1", "worked out"),
            ("amount gt '1'", "1234.50"),
            ("amount gt NaN", "1234.50"),
            ("created_at gt 2026-01-01", "2026-01-31T12:00:00Z"),
            ("account_id eq 'opp_0198f2c4-0000-7000-8000-000000000000'", "'acc_"),
            ("(stage eq 'WON'", "is missing"),
            ("stage eq 'WON')", "too many"),
            ("stage eq 'WON", "no end"),
        ] {
            let refusal = of(text).unwrap_err();
            assert!(refusal.contains(says), "{text}: {refusal}");
        }
        assert!(of(&format!("{}stage eq 'WON'{}", "(".repeat(20), ")".repeat(20))).unwrap_err().contains("at most 16"));
        assert!(of(&["stage eq 'WON'"; 51].join(" and ")).unwrap_err().contains("at most 50"));
    }

    /// A comparison of any column that can be compared, with any value of its form.
    fn comparison() -> impl Strategy<Value = (usize, Comparison)> {
        let values = (any::<i64>(), "\\PC{0,12}", 0_i64..4_000_000_000, any::<bool>(), any::<u128>());
        (0..DATASETS.len(), any::<prop::sample::Index>(), 0..Op::ALL.len(), values, 0..8).prop_map(
            |(nth, field, op, (number, text, seconds, flag, bits), null)| {
                let dataset = &DATASETS[nth];
                let open: Vec<usize> = (0..dataset.fields.len())
                    .filter(|nth| column(dataset, "", dataset.fields[*nth].name).is_ok())
                    .collect();
                let field = open[field.index(open.len())];
                let at = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
                let value = match dataset.fields[field].form {
                    _ if null == 0 => Cell::Null,
                    Form::Id(kind) => Cell::Id(kind, uuid::Uuid::from_u128(bits)),
                    Form::Uuid => Cell::Uuid(uuid::Uuid::from_u128(bits)),
                    Form::Code | Form::Text => Cell::Text(text),
                    Form::Time => Cell::Time(at),
                    Form::Day => Cell::Day(at.date_naive()),
                    Form::Integer => Cell::Integer(number),
                    Form::Amount(_) | Form::Decimal => Cell::Decimal(rust_decimal::Decimal::new(number, 2)),
                    Form::Float => Cell::Float(number as f64 / 7.0),
                    Form::Flag => Cell::Flag(flag),
                };
                (nth, Comparison { field, op: Op::ALL[op], value })
            },
        )
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            for dataset in DATASETS {
                let _ = parse(dataset, &text);
            }
        }

        #[test]
        fn pieces_of_filters_in_any_order_are_read_or_refused(pieces in prop::collection::vec(
            prop::sample::select(vec!["(", ")", "and", "or", "stage", "amount", "eq", "ge", "'", "''", "'x'", "1", "null", "-", " ", "\u{0}"]), 0..40)) {
            let text = pieces.join(" ");
            if let Ok(found) = of(&text) {
                prop_assert_eq!(of(&super::text(named("fact_opportunity").unwrap(), &found)).unwrap(), found);
            }
        }

        #[test]
        fn what_is_written_is_read_back((nth, one) in comparison()) {
            let dataset = &DATASETS[nth];
            let twice = vec![one.clone(), one];
            prop_assert_eq!(parse(dataset, &text(dataset, &twice)).unwrap(), twice);
        }
    }
}
