//! Apache Parquet: flat, every column optional but the keys, Snappy. Rows are held until a row group is full, and no longer. Decimals are
//! DECIMAL(38, 3): three places hold every currency's minor units.

use std::{
    io::{Error, Result, Write},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::NaiveDate;
use parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical},
    data_type::{
        BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
        Int64Type,
    },
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::types::Type,
};
use rust_decimal::Decimal;

use super::Encoder;
use crate::bi::{
    cell::{Cell, Form, Row},
    dataset::{Dataset, Field, Origin},
};

/// The rows of a row group: few enough to be held, enough to be packed well.
const GROUP: usize = 50_000;
/// The places of decimals.
const SCALE: u32 = 3;

/// Where the file writer writes to, and the stream takes from.
#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<Vec<u8>>>);

impl Pipe {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// See the module.
pub struct Parquet {
    dataset: &'static Dataset,
    pipe: Pipe,
    writer: SerializedFileWriter<Pipe>,
    held: Vec<Row>,
}

fn column(field: &Field) -> parquet::errors::Result<Type> {
    let (physical, logical) = match field.form {
        Form::Id(_) | Form::Uuid | Form::Code | Form::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Form::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        Form::Day => (Physical::INT32, Some(LogicalType::Date)),
        Form::Integer => (Physical::INT64, None),
        Form::Amount(_) | Form::Decimal => {
            (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::decimal(SCALE as i32, 38)))
        }
        Form::Float => (Physical::DOUBLE, None),
        Form::Flag => (Physical::BOOLEAN, None),
    };
    let repetition = match field.origin {
        Origin::Key => Repetition::REQUIRED,
        Origin::Row | Origin::Made(_) => Repetition::OPTIONAL,
    };
    let column =
        Type::primitive_type_builder(field.name, physical).with_repetition(repetition).with_logical_type(logical);
    match physical {
        Physical::FIXED_LEN_BYTE_ARRAY => column.with_length(16).with_precision(38).with_scale(SCALE as i32).build(),
        _ => column.build(),
    }
}

impl Parquet {
    /// Of a dataset.
    pub fn new(dataset: &'static Dataset) -> Result<Parquet> {
        let columns = dataset.fields.iter().map(|field| column(field).map(Arc::new));
        let columns = columns.collect::<parquet::errors::Result<Vec<_>>>().map_err(Error::other)?;
        let schema = Type::group_type_builder(dataset.name).with_fields(columns).build().map_err(Error::other)?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let pipe = Pipe::default();
        let writer = SerializedFileWriter::new(pipe.clone(), Arc::new(schema), Arc::new(properties));
        Ok(Parquet { dataset, pipe, writer: writer.map_err(Error::other)?, held: Vec::new() })
    }

    /// Writes what is held as a row group.
    fn group(&mut self) -> parquet::errors::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.held);
        let mut group = self.writer.next_row_group()?;
        let mut nth = 0;
        while let Some(mut column) = group.next_column()? {
            let field = &self.dataset.fields[nth];
            let cells = rows.iter().map(|row| &row[nth]);
            let optional = !matches!(field.origin, Origin::Key);
            match field.form {
                Form::Id(_) | Form::Uuid | Form::Code | Form::Text => {
                    fill::<ByteArrayType>(&mut column, optional, cells, |cell| {
                        cell.text().map(|text| ByteArray::from(text.into_bytes()))
                    })?;
                }
                Form::Time => fill::<Int64Type>(&mut column, optional, cells, |cell| match cell {
                    Cell::Time(at) => Some(at.timestamp_micros()),
                    _ => None,
                })?,
                Form::Day => fill::<Int32Type>(&mut column, optional, cells, |cell| match cell {
                    Cell::Day(day) => Some(days(*day)),
                    _ => None,
                })?,
                Form::Integer => fill::<Int64Type>(&mut column, optional, cells, |cell| match cell {
                    Cell::Integer(n) => Some(*n),
                    _ => None,
                })?,
                Form::Amount(_) | Form::Decimal => {
                    fill::<FixedLenByteArrayType>(&mut column, optional, cells, |cell| match cell {
                        Cell::Decimal(n) => Some(scaled(*n)),
                        _ => None,
                    })?;
                }
                Form::Float => fill::<DoubleType>(&mut column, optional, cells, |cell| match cell {
                    Cell::Float(n) => Some(*n),
                    _ => None,
                })?,
                Form::Flag => fill::<BoolType>(&mut column, optional, cells, |cell| match cell {
                    Cell::Flag(is) => Some(*is),
                    _ => None,
                })?,
            }
            column.close()?;
            nth += 1;
        }
        group.close()?;
        self.writer.flush()?;
        Ok(())
    }
}

fn days(day: NaiveDate) -> i32 {
    i32::try_from((day - NaiveDate::default()).num_days()).unwrap_or(0)
}

/// In thousandths, sixteen bytes, the most significant first.
fn scaled(n: Decimal) -> FixedLenByteArray {
    let mantissa = match n.scale() {
        scale @ ..=SCALE => n.mantissa() * 10_i128.pow(SCALE - scale),
        _ => n.round_dp(SCALE).mantissa(),
    };
    FixedLenByteArray::from(ByteArray::from(mantissa.to_be_bytes().to_vec()))
}

fn fill<'a, T: DataType>(
    column: &mut parquet::file::writer::SerializedColumnWriter<'_>,
    optional: bool,
    cells: impl Iterator<Item = &'a Cell>,
    read: impl Fn(&Cell) -> Option<T::T>,
) -> parquet::errors::Result<()> {
    let cells: Vec<Option<T::T>> = cells.map(read).collect();
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    column.typed::<T>().write_batch(&values, optional.then_some(&levels), None)?;
    Ok(())
}

impl Encoder for Parquet {
    fn rows(&mut self, rows: &[Row]) -> Result<Vec<u8>> {
        self.held.extend_from_slice(rows);
        if self.held.len() >= GROUP {
            self.group().map_err(Error::other)?;
        }
        Ok(self.pipe.take())
    }

    fn end(&mut self) -> Result<Vec<u8>> {
        self.group().map_err(Error::other)?;
        self.writer.finish().map_err(Error::other)?;
        Ok(self.pipe.take())
    }
}
