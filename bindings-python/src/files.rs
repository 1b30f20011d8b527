//! Uploads: what the official package takes as a file, as the core's `FileInput`.

use std::path::PathBuf;

use bytes::Bytes;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyInt, PyList, PyString, PyTuple};
use threadline::FileInput;
use threadline::operation::{BodyKind, Operation};

use crate::reader::Reader;
use crate::schema::Row;
use crate::types::Types;

/// The upload that this value stands for: bytes, a path, a file object, or a tuple of name, content and content type.
/// `None`: it is no file.
pub(crate) fn upload(value: &Bound<'_, PyAny>, types: &Types) -> PyResult<Option<FileInput>> {
    of_value(value, types, true)
}

/// As [`upload`], for one of several files: one that is missing is told by the core, with what became of the others.
pub(crate) fn upload_later(value: &Bound<'_, PyAny>, types: &Types) -> PyResult<Option<FileInput>> {
    of_value(value, types, false)
}

fn of_value(value: &Bound<'_, PyAny>, types: &Types, check: bool) -> PyResult<Option<FileInput>> {
    match value.cast::<PyTuple>() {
        Ok(tuple) => named(tuple, types, check),
        Err(_) => content(value, types, check),
    }
}

/// `(name, content)`, `(name, content, content type)`, `(name, content, content type, headers)`.
fn named(tuple: &Bound<'_, PyTuple>, types: &Types, check: bool) -> PyResult<Option<FileInput>> {
    if !(2..=4).contains(&tuple.len()) {
        return Ok(None);
    }
    let (name, inner) = (tuple.get_item(0)?, tuple.get_item(1)?);
    if !name.is_none() && !name.is_instance_of::<PyString>() {
        return Ok(None);
    }
    let file = match inner.cast::<PyString>() {
        // A text as content only where nothing else can be meant.
        Ok(text) if tuple.len() > 2 => Some(FileInput::from_bytes(text.to_str()?.to_owned())),
        _ => content(&inner, types, check)?,
    };
    let Some(mut file) = file else { return Ok(None) };
    if let Ok(name) = name.cast::<PyString>() {
        file = file.with_filename(name.to_str()?);
    }
    if tuple.len() > 2
        && let Ok(content_type) = tuple.get_item(2)?.cast::<PyString>()
    {
        file = file.with_content_type(content_type.to_str()?);
    }
    Ok(Some(file))
}

fn content(value: &Bound<'_, PyAny>, types: &Types, check: bool) -> PyResult<Option<FileInput>> {
    let py = value.py();
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Some(FileInput::from_bytes(Bytes::copy_from_slice(bytes.as_bytes()))));
    }
    if let Ok(bytes) = value.cast::<PyByteArray>() {
        return Ok(Some(FileInput::from_bytes(bytes.to_vec())));
    }
    if value.is_instance(types.path.bind(py))? {
        let path: PathBuf = value.extract()?;
        // A missing file is reported as Python would: before anything is sent.
        if check {
            py.import(intern!(py, "os"))?.call_method1(intern!(py, "stat"), (value,))?;
        }
        return Ok(Some(FileInput::from_path(path)));
    }
    if !value.hasattr(intern!(py, "read"))? {
        return Ok(None);
    }
    reader(value).map(Some)
}

/// A file object. One that stands for a whole file on disk is read from there while it is sent, and again for a retry; a small one
/// whose length is known is read here; any other is read once, while it is sent.
fn reader(value: &Bound<'_, PyAny>) -> PyResult<FileInput> {
    let py = value.py();
    let helper = py.import(intern!(py, "threadline._files"))?.getattr(intern!(py, "read_file_object"))?;
    let (content, name): (Bound<'_, PyAny>, Option<String>) = helper.call1((value,))?.extract()?;
    let mut file = if content.is(value) || content.is_instance_of::<PyInt>() {
        let reader = Reader::new(value)?;
        match content.extract::<u64>() {
            Ok(length) => FileInput::from_sized_reader(reader, length),
            Err(_) => FileInput::from_reader(reader),
        }
    } else if let Ok(bytes) = content.cast::<PyBytes>() {
        FileInput::from_bytes(Bytes::copy_from_slice(bytes.as_bytes()))
    } else if let Ok(path) = content.cast::<PyString>() {
        FileInput::from_path(path.to_str()?)
    } else {
        return Err(PyTypeError::new_err(format!("a file's `read` gave {}, not bytes", content.get_type().name()?)));
    };
    if let Some(name) = name {
        file = file.with_filename(name);
    }
    Ok(file)
}

/// Whether a file among the arguments is to be read by awaiting it.
pub(crate) fn are_asynchronous(row: &Row, arguments: &Bound<'_, PyDict>) -> PyResult<bool> {
    if !takes_files(row.operation) {
        return Ok(false);
    }
    for value in arguments.values().iter() {
        let items = match value.cast::<PyList>() {
            Ok(list) => list.iter().collect(),
            Err(_) => vec![value],
        };
        for item in items {
            let file = match item.cast::<PyTuple>() {
                Ok(tuple) if tuple.len() > 1 => tuple.get_item(1)?,
                _ => item,
            };
            let py = file.py();
            if file.hasattr(intern!(py, "read"))? {
                let judge = py.import(intern!(py, "threadline._files"))?.getattr(intern!(py, "is_async_file"))?;
                if judge.call1((file,))?.is_truthy()? {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// Arguments that are a file and nothing else.
const FILES: &[&str] = &["file", "image", "mask", "data"];

/// Refuses a text where a file is due: it is meant as a path, as a rule, and would be sent as the content.
pub(crate) fn check(operation: &Operation, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    if matches!(operation.body, BodyKind::Multipart) && FILES.contains(&name) && value.is_instance_of::<PyString>() {
        let py = value.py();
        let told = PyDict::new(py);
        told.set_item("key", name)?;
        let helper = py.import(intern!(py, "threadline._files"))?.getattr(intern!(py, "assert_is_file_content"))?;
        helper.call((value,), Some(&told))?;
    }
    Ok(())
}

/// Whether files may stand among the arguments.
pub(crate) fn takes_files(operation: &Operation) -> bool {
    matches!(operation.body, BodyKind::Multipart | BodyKind::Raw { .. })
}
