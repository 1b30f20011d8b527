//! Pages of a list: what a page holds and what leads to the next one.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use pyo3::intern;
use pyo3::prelude::*;
use threadline::json::{Doc, Kind, Node};
use threadline::operation::PageStyle;
use threadline::page::Cursor;
use threadline::{RawReply, RequestOptions};

use crate::call::{Mode, Prepared, Way};
use crate::client::Client;
use crate::decode::{self, Vectors};
use crate::error::{self, About, decode_error, to_python};
use crate::pending::Pending;
use crate::schema::Row;

/// What leads from a page to the next one.
#[pyclass(frozen, module = "threadline._threadline")]
pub(crate) struct Link {
    client: Py<Client>,
    row: &'static Row,
    path: Vec<String>,
    fields: String,
    options: RequestOptions,
    vectors: Vectors,
    asynchronous: bool,
    page: Option<Py<PyAny>>,
    state: State,
}

/// Where the reader of a list stands.
#[derive(Clone, Default)]
struct State {
    next: Option<Cursor>,
    /// Hashes of the cursors used so far.
    used: HashSet<u64>,
    /// Hash of the page's items, by which a page that comes again is known.
    items: u64,
    /// Whether the page says itself that there is more, instead of only leaving it open.
    says_more: bool,
    /// The cursor that led here.
    came_by: Option<String>,
    /// Whether the items are those of the page before.
    repeats: bool,
}

impl Link {
    pub(crate) fn new(client: Py<Client>, prepared: Prepared, asynchronous: bool) -> Self {
        let state = prepared.walk.map(|walk| walk.0).unwrap_or_default();
        Self {
            client,
            row: prepared.row,
            path: prepared.path,
            fields: prepared.fields,
            options: prepared.options,
            vectors: prepared.vectors,
            asynchronous,
            page: None,
            state,
        }
    }

    /// The call for the next page.
    fn follow(&self, py: Python<'_>) -> PyResult<Option<Prepared>> {
        let mut state = self.state.clone();
        let Some(next) = state.next.take() else { return Ok(None) };
        if !state.used.insert(hash(&next.value)) {
            return Err(goes_round(py));
        }
        let fields = next.apply(self.fields.as_bytes());
        state.came_by = Some(next.value);
        Ok(Some(Prepared {
            row: self.row,
            path: self.path.clone(),
            fields,
            files: Vec::new(),
            options: self.options.clone(),
            way: Way::Whole,
            mode: Mode::Page,
            vectors: self.vectors,
            paged: true,
            walk: Some(Box::new(Walk(state))),
            refused: None,
        }))
    }
}

/// The state that a call for a later page carries along.
pub(crate) struct Walk(State);

fn goes_round(py: Python<'_>) -> PyErr {
    let message = "the list goes round: the server's next page is one that was read already";
    to_python(py, &decode_error(message), &About::default())
}

/// The page of this reply: an instance of `class`; `None` where the server sent the page before it once more, which was all.
pub(crate) fn make<'py>(
    py: Python<'py>,
    raw: &RawReply,
    mut link: Link,
    class: Option<Py<PyAny>>,
    about: &About,
) -> PyResult<Bound<'py, PyAny>> {
    let unreadable = |failure| error::of_failure(py, failure, about, |why| raw.decode_error(why));
    let style = link.row.operation.page;
    link.state.read(raw, style).map_err(|error| unreadable(decode::Failure::Json(error)))?;
    if let (Some(came_by), Some(next)) = (link.state.came_by.take(), &link.state.next)
        && link.state.repeats
        && next.value == came_by
    {
        return if link.state.says_more { Err(goes_round(py)) } else { Ok(py.None().into_bound(py)) };
    }
    let (items, others) = decode::decode_page(py, &raw.body, link.row.item).map_err(unreadable)?;
    link.page = class.as_ref().map(|class| class.clone_ref(py));
    let make = py.import(intern!(py, "threadline.pagination"))?.getattr(intern!(py, "make_page"))?;
    let page = make.call1((class, items, others, Py::new(py, link)?))?;
    if let Some(id) = raw.request_id() {
        page.setattr(intern!(py, "_rid"), id)?;
    }
    Ok(page)
}

impl State {
    fn read(&mut self, raw: &RawReply, style: Option<PageStyle>) -> Result<(), threadline::json::DecodeError> {
        self.next = style.and_then(|style| Cursor::after(style, &raw.body));
        let doc = Doc::parse(&raw.body)?;
        let root = doc.root();
        let list = match root.kind() {
            Kind::List => Some(root),
            _ => root.get("data").or_else(|| root.get("content")),
        };
        let items = list.map_or(0, |list| hash(list.raw()));
        self.repeats = items == self.items;
        self.items = items;
        self.says_more = match style {
            Some(PageStyle::Token | PageStyle::Next) => self.next.is_some(),
            _ => root.get("has_more").and_then(Node::as_bool) == Some(true),
        };
        Ok(())
    }
}

fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[pymethods]
impl Link {
    /// The argument that asks for the next page, and its value; `None` on the last page.
    fn cursor(&self) -> Option<(&'static str, &str)> {
        self.state.next.as_ref().map(|next| (next.param, next.value.as_str()))
    }

    /// Reads the next page; `None` behind the last.
    fn fetch(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let Some(prepared) = self.follow(py)? else { return Ok(None) };
        let page = self.page.as_ref().map(|class| class.clone_ref(py));
        let work = Client::send(self.client.clone_ref(py), py, prepared, page, false)?;
        self.client.get().wait(py, work).map(Some)
    }

    /// Starts to read the next page; `None` behind the last.
    fn fetch_async(&self, py: Python<'_>) -> PyResult<Option<Pending>> {
        let Some(prepared) = self.follow(py)? else { return Ok(None) };
        let page = self.page.as_ref().map(|class| class.clone_ref(py));
        Pending::start(py, Client::send(self.client.clone_ref(py), py, prepared, page, self.asynchronous)?).map(Some)
    }
}
