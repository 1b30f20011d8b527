//! Calls of routes that the description does not have: `client.get`, `client.post` and their kin.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use threadline::operation::Operation;
use threadline::undocumented::{Answer, named};

use crate::call::{Mode, Prepared, Way};
use crate::client::lock;
use crate::decode::Vectors;
use crate::encode::Encoder;
use crate::files;
use crate::options;
use crate::schema::{Row, Shape};

/// A call of this route. `settings` are options of the call as a client takes them.
pub(crate) fn prepare(
    verb: &str,
    path: String,
    settings: &Bound<'_, PyDict>,
    sends: &str,
    body: &Bound<'_, PyDict>,
    answer: &str,
    mode: Mode,
) -> PyResult<Prepared> {
    let unknown = |what: &str| PyValueError::new_err(format!("there is no {what:?}"));
    let (answer, way) = match (answer, mode) {
        ("whole", _) => (Answer::Whole, Way::Whole),
        ("bytes", Mode::Open) => (Answer::Bytes, Way::Head),
        ("bytes", _) => (Answer::Bytes, Way::Bytes),
        ("events", _) => (Answer::Events, Way::Events),
        (other, _) => return Err(unknown(other)),
    };
    let name = format!("{verb} {sends}");
    let operation = named(&name, &path, answer).ok_or_else(|| unknown(&name))?;
    let mut encoder = Encoder::new(body.py(), files::takes_files(operation))?;
    encoder.begin(&[]);
    for (key, value) in body.iter() {
        encoder.member(key.cast_into::<PyString>()?.to_str()?, &value)?;
    }
    encoder.end();
    let (fields, files) = encoder.finish()?;
    Ok(Prepared {
        row: row(operation),
        path: vec![path],
        fields,
        files,
        options: options::of_settings(settings)?,
        way,
        mode,
        vectors: Vectors::List,
        paged: false,
        walk: None,
        refused: None,
    })
}

/// The row of such an operation, whose replies are plain data. There are as many as operations: a fixed number.
fn row(operation: &'static Operation) -> &'static Row {
    static ROWS: OnceLock<Mutex<HashMap<usize, &'static Row>>> = OnceLock::new();
    let mut rows = lock(ROWS.get_or_init(Mutex::default));
    rows.entry(std::ptr::from_ref(operation) as usize).or_insert_with(|| {
        let any = Shape::Any;
        Box::leak(Box::new(Row {
            operation,
            python: operation.id,
            result: any,
            events: any,
            item: any,
            renames: &[],
            texts: &[],
            order: &[],
        }))
    })
}
