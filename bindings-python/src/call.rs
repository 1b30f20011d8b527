//! One call: from the arguments of a Python method to what goes to the core, and from its outcome to what the method returns.

use pyo3::exceptions::{PyIndexError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyList, PyString};
use threadline::operation::{Operation, ReplyKind};
use threadline::stream::RawEventStream;
use threadline::{Args, Client, Download, Error, FileInput, RawReply, RequestOptions};

use crate::decode::Vectors;
use crate::encode::Encoder;
use crate::files;
use crate::generated::ROWS;
use crate::options;
use crate::page::Walk;
use crate::schema::Row;
use crate::types::Types;

/// What a caller wants back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The value.
    Value,
    /// The reply with its head, read to its end.
    Raw,
    /// The reply with its head, not read yet.
    Open,
    /// A page of a list.
    Page,
}

impl Mode {
    pub(crate) fn from_number(number: u8) -> PyResult<Self> {
        Ok(match number {
            0 => Self::Value,
            1 => Self::Raw,
            2 => Self::Open,
            3 => Self::Page,
            _ => return Err(PyValueError::new_err("unknown mode")),
        })
    }
}

/// How the reply is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// To its end.
    Whole,
    /// As events.
    Events,
    /// To its end, piece by piece.
    Bytes,
    /// Not at all yet.
    Head,
}

/// A call, ready to be sent.
pub(crate) struct Prepared {
    pub(crate) row: &'static Row,
    pub(crate) path: Vec<String>,
    pub(crate) fields: String,
    pub(crate) files: Vec<FileInput>,
    pub(crate) options: RequestOptions,
    pub(crate) way: Way,
    pub(crate) mode: Mode,
    pub(crate) vectors: Vectors,
    /// Whether later pages may be asked for.
    pub(crate) paged: bool,
    /// How far a list has been read.
    pub(crate) walk: Option<Box<Walk>>,
    /// Why the core will not send it.
    pub(crate) refused: Option<String>,
}

/// What came of it.
pub(crate) enum Outcome {
    /// All of it.
    Reply(RawReply),
    /// Events to come.
    Events(Box<RawEventStream>),
    /// Bytes to come.
    Download(Box<Download>),
    /// Bytes that have come, with the head they came with.
    Bytes(Box<Download>, bytes::Bytes),
}

/// The row of this number.
pub(crate) fn row(number: usize) -> PyResult<&'static Row> {
    ROWS.get(number).ok_or_else(|| PyIndexError::new_err(format!("there is no operation {number}")))
}

/// Arguments of a method that are no arguments of the operation.
fn is_option(name: &str) -> bool {
    matches!(name, "self" | "extra_headers" | "extra_query" | "extra_body" | "timeout" | "__class__")
}

/// Splits the arguments of a method, as `locals()` has them.
pub(crate) fn prepare(row: &'static Row, arguments: &Bound<'_, PyDict>, mode: Mode) -> PyResult<Prepared> {
    let prepared = read(row, arguments, mode)?;
    match prepared.refused {
        Some(why) => Err(PyValueError::new_err(why)),
        None => Ok(prepared),
    }
}

/// The arguments in the order in which they are sent.
fn in_order<'py>(row: &Row, arguments: &Bound<'py, PyDict>) -> PyResult<Option<Bound<'py, PyDict>>> {
    if row.order.is_empty() {
        return Ok(None);
    }
    let ordered = PyDict::new(arguments.py());
    for name in row.order {
        if let Some(value) = arguments.get_item(name)? {
            ordered.set_item(name, value)?;
        }
    }
    for (name, value) in arguments.iter() {
        if !ordered.contains(&name)? {
            ordered.set_item(name, value)?;
        }
    }
    Ok(Some(ordered))
}

/// Tells of a value that is none where only a text can stand.
fn check_text(row: &Row, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let wrong = value.is_instance_of::<PyInt>()
        || value.is_instance_of::<PyFloat>()
        || value.is_instance_of::<PyList>()
        || value.is_instance_of::<PyDict>();
    if wrong && row.texts.contains(&name) && !value.is_instance(Types::get(value.py())?.enumeration.bind(value.py()))? {
        return Err(PyTypeError::new_err(format!("`{name}` must be a str, not {}", value.get_type().name()?)));
    }
    Ok(())
}

/// As [`prepare`], for a call whose core refuses what is wrong with its path.
pub(crate) fn read(row: &'static Row, arguments: &Bound<'_, PyDict>, mode: Mode) -> PyResult<Prepared> {
    let ordered = in_order(row, arguments)?;
    let arguments = ordered.as_ref().unwrap_or(arguments);
    let py = arguments.py();
    let operation: &Operation = row.operation;
    let mut encoder = Encoder::new(py, files::takes_files(operation))?;
    let mut path = vec![String::new(); operation.path_params.len()];
    let mut streams = operation.stream.is_some_and(|style| style.param.is_none());
    let mut refused = None;
    encoder.begin(row.renames);
    for (key, value) in arguments.iter() {
        let key = key.cast_into::<PyString>()?;
        let name = key.to_str()?;
        if is_option(name) {
            continue;
        }
        let wire = row.renames.iter().find(|(python, _)| *python == name).map_or(name, |(_, wire)| *wire);
        if let Some(place) = operation.path_params.iter().position(|param| *param == wire) {
            match path_value(name, &value)? {
                Ok(text) => path[place] = text,
                Err(why) => refused = Some(why),
            }
            continue;
        }
        check_text(row, name, &value)?;
        files::check(operation, name, &value)?;
        if operation.stream.is_some_and(|style| style.param == Some(wire)) {
            let given = !Types::get(py)?.is_omitted(&value) && value.is_truthy()?;
            streams |= given;
        }
        encoder.member(name, &value)?;
    }
    encoder.end();
    let (fields, files) = encoder.finish()?;
    let way = match (operation.reply, mode) {
        _ if streams => Way::Events,
        (ReplyKind::Events, _) => Way::Events,
        (ReplyKind::Binary, Mode::Open) => Way::Head,
        (ReplyKind::Binary, _) => Way::Bytes,
        _ => Way::Whole,
    };
    let options = options::of_call(arguments)?;
    Ok(Prepared {
        row,
        path,
        fields,
        files,
        options,
        way,
        mode,
        vectors: Vectors::List,
        paged: mode == Mode::Page,
        walk: None,
        refused,
    })
}

/// The value as it stands in the path, or why it cannot stand there.
fn path_value(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Result<String, String>> {
    let text = match value.cast::<PyString>() {
        Ok(text) => text.to_str()?.to_owned(),
        Err(_) if value.is_none() || Types::get(value.py())?.is_omitted(value) => String::new(),
        Err(_) => value.str()?.to_str()?.to_owned(),
    };
    if text.is_empty() {
        let shown = value.repr()?;
        return Ok(Err(format!("Expected a non-empty value for `{name}` but received {shown}")));
    }
    Ok(Ok(text))
}

/// Makes the call.
pub(crate) async fn send(client: Client, call: Sending) -> Result<Outcome, Error> {
    let Sending { operation, args, options, way } = call;
    match way {
        Way::Whole => client.execute(operation, args, options).await.map(Outcome::Reply),
        Way::Events => client.stream(operation, args, options).await.map(|stream| Outcome::Events(Box::new(stream))),
        Way::Head => client.download(operation, args, options).await.map(|body| Outcome::Download(Box::new(body))),
        Way::Bytes => {
            let mut download = Box::new(client.download(operation, args, options).await?);
            let mut all = bytes::BytesMut::new();
            while let Some(piece) = download.next_chunk().await? {
                all.extend_from_slice(&piece);
            }
            Ok(Outcome::Bytes(download, all.freeze()))
        }
    }
}

/// The part of a call that goes to the network.
pub(crate) struct Sending {
    pub(crate) operation: &'static Operation,
    pub(crate) args: Args,
    pub(crate) options: RequestOptions,
    pub(crate) way: Way,
}

impl Prepared {
    /// Takes out what is sent. What a later page needs stays for calls that ask for pages.
    pub(crate) fn sending(&mut self) -> Sending {
        let (fields, options) = match self.paged {
            true => (self.fields.clone(), self.options.clone()),
            false => (std::mem::take(&mut self.fields), std::mem::take(&mut self.options)),
        };
        let args = Args::new(self.path.clone(), fields, std::mem::take(&mut self.files));
        Sending { operation: self.row.operation, args, options, way: self.way }
    }

    /// Path of the URL below the base.
    pub(crate) fn url_path(&self) -> String {
        let mut url = self.row.operation.path.to_owned();
        for (name, value) in self.row.operation.path_params.iter().zip(&self.path) {
            url = url.replace(&format!("{{{name}}}"), value).replace(&format!("/{{+{name}}}"), value);
        }
        url
    }
}

/// `timeout` of a call, where it was given.
pub(crate) fn timeout<'py>(arguments: &Bound<'py, PyDict>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = arguments.py();
    let Some(value) = arguments.get_item(intern!(py, "timeout"))? else { return Ok(None) };
    Ok(if Types::get(py)?.is_omitted(&value) { None } else { Some(value) })
}

impl Prepared {
    /// The same call, as far as later pages need it.
    pub(crate) fn again(&self) -> Self {
        Self {
            row: self.row,
            path: self.path.clone(),
            fields: self.fields.clone(),
            files: Vec::new(),
            options: self.options.clone(),
            way: self.way,
            mode: self.mode,
            vectors: self.vectors,
            paged: self.paged,
            walk: None,
            refused: None,
        }
    }
}
