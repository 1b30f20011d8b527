//! JSON text into Python objects: instances of the response classes, built once, straight from the bytes.

mod cache;
mod classes;
mod vector;

use std::borrow::Cow;
use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyType};
use threadline::json::{DecodeError, Doc, Kind, Node};

use self::cache::{Cache, LONGEST};
use self::classes::Class;
use crate::generated::{SHAPES, UNIONS};
use crate::schema::{self, Model, Shape, Union};

/// What a vector becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Vectors {
    /// A list of floats.
    #[default]
    List,
    /// A `numpy` array of 32-bit floats.
    Numpy,
    /// What was sent: the caller asked for base64.
    AsSent,
}

/// Why a text did not become an object.
pub(crate) enum Failure {
    /// It is not JSON.
    Json(DecodeError),
    /// Python raised.
    Python(PyErr),
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

/// The value of a JSON text.
pub(crate) fn decode<'py>(
    py: Python<'py>,
    text: &[u8],
    shape: Shape,
    vectors: Vectors,
) -> Result<Bound<'py, PyAny>, Failure> {
    let doc = Doc::parse(text).map_err(Failure::Json)?;
    let mut decoder = Decoder { py, cache: Cache::take(), vectors, packed: Vec::new() };
    let value = decoder.value(doc.root(), shape);
    decoder.cache.put_back();
    Ok(value?)
}

/// The items of a list reply, and its other members.
pub(crate) fn decode_page<'py>(
    py: Python<'py>,
    text: &[u8],
    item: Shape,
) -> Result<(Bound<'py, PyList>, Bound<'py, PyDict>), Failure> {
    let doc = Doc::parse(text).map_err(Failure::Json)?;
    let mut decoder = Decoder { py, cache: Cache::take(), vectors: Vectors::List, packed: Vec::new() };
    let page = decoder.page(doc.root(), item);
    decoder.cache.put_back();
    Ok(page?)
}

/// An instance of `class` from JSON text, or plain data where the text is no object. `members` names classes of members that the
/// class does not know.
pub(crate) fn decode_as<'py>(
    py: Python<'py>,
    text: &[u8],
    class: &Bound<'py, PyType>,
    members: &HashMap<String, Bound<'py, PyType>>,
) -> Result<Bound<'py, PyAny>, Failure> {
    let place = known(class)?;
    let mut fields: Vec<(&str, Shape)> = place.map_or(Vec::new(), |place| schema::model(place).fields.clone());
    for (name, class) in members {
        if let Some(place) = known(class)? {
            fields.retain(|(known, _)| known != name);
            fields.push((name, Shape::Model(place)));
        }
    }
    fields.sort_unstable_by_key(|(name, _)| *name);
    let doc = Doc::parse(text).map_err(Failure::Json)?;
    let mut decoder = Decoder { py, cache: Cache::take(), vectors: Vectors::List, packed: Vec::new() };
    let value = match doc.root().kind() {
        Kind::Object => Class::of(class).and_then(|class| decoder.instance(doc.root(), &class, &fields)),
        _ => decoder.value(doc.root(), Shape::Any),
    };
    decoder.cache.put_back();
    Ok(value?)
}

/// The place in the tables of a class, or of the nearest of its bases.
fn known(class: &Bound<'_, PyType>) -> PyResult<Option<u16>> {
    for class in class.mro().iter() {
        let class = class.cast_into::<PyType>()?;
        let (module, name) = (class.module()?, class.name()?);
        let (module, name) = (module.to_str()?, name.to_str()?);
        if !module.starts_with("threadline.types") {
            continue;
        }
        if let Some(place) = schema::place_of(&format!("{module}.{name}")) {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

struct Decoder<'py> {
    py: Python<'py>,
    cache: Cache,
    vectors: Vectors,
    /// Room for a vector's bytes.
    packed: Vec<u8>,
}

impl<'py> Decoder<'py> {
    fn value(&mut self, node: Node<'_>, shape: Shape) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        match (node.kind(), shape) {
            (Kind::Null, _) => Ok(py.None().into_bound(py)),
            (Kind::Bool, _) => Ok(PyBool::new(py, node.as_bool() == Some(true)).to_owned().into_any()),
            (Kind::String, Shape::Vector) => self.packed_vector(node),
            (Kind::String, _) => Ok(self.text(node)),
            (Kind::Number, Shape::Float) => match node.as_f64() {
                Some(value) => Ok(PyFloat::new(py, value).into_any()),
                None => self.number(node),
            },
            (Kind::Number, _) => self.number(node),
            (Kind::List, Shape::Vector) => self.vector(node),
            (Kind::List, Shape::List(item)) => self.list(node, SHAPES[usize::from(item)]),
            (Kind::List, Shape::Union(union)) => self.fallback(node, &UNIONS[usize::from(union)]),
            (Kind::List, _) => self.list(node, Shape::Any),
            (Kind::Object, Shape::Model(model)) => {
                let class = classes::class(py, model)?;
                self.instance(node, class, &schema::model(model).fields)
            }
            (Kind::Object, Shape::Union(union)) => self.union(node, &UNIONS[usize::from(union)]),
            (Kind::Object, Shape::Map(value)) => self.map(node, SHAPES[usize::from(value)]),
            (Kind::Object, _) => self.map(node, Shape::Any),
        }
    }

    fn text(&mut self, node: Node<'_>) -> Bound<'py, PyAny> {
        let text = node.as_str().unwrap_or_default();
        match text.len() <= LONGEST {
            true => self.cache.get(self.py, &text, false).into_any(),
            false => PyString::new(self.py, &text).into_any(),
        }
    }

    fn number(&self, node: Node<'_>) -> PyResult<Bound<'py, PyAny>> {
        let (py, raw) = (self.py, node.raw());
        if raw.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
            return Ok(PyFloat::new(py, node.as_f64().unwrap_or(f64::INFINITY)).into_any());
        }
        match raw.parse::<i64>() {
            Ok(value) => Ok(PyInt::new(py, value).into_any()),
            // Beyond 64 bits Python goes on.
            Err(_) => py.get_type::<PyInt>().call1((raw,)),
        }
    }

    fn list(&mut self, node: Node<'_>, item: Shape) -> PyResult<Bound<'py, PyAny>> {
        let list = PyList::empty(self.py);
        for node in node.items() {
            list.append(self.value(node, item)?)?;
        }
        Ok(list.into_any())
    }

    fn key(&mut self, name: &str) -> Bound<'py, PyString> {
        match name.len() <= LONGEST {
            true => self.cache.get(self.py, name, true),
            false => PyString::new(self.py, name),
        }
    }

    fn map(&mut self, node: Node<'_>, value: Shape) -> PyResult<Bound<'py, PyAny>> {
        let dict = PyDict::new(self.py);
        for member in node.members() {
            let item = self.value(member.value, value)?;
            dict.set_item(self.key(&member.name()), item)?;
        }
        Ok(dict.into_any())
    }

    fn instance(&mut self, node: Node<'_>, class: &Class, fields: &[(&str, Shape)]) -> PyResult<Bound<'py, PyAny>> {
        let attributes = PyDict::new(self.py);
        for member in node.members() {
            let name = member.name();
            let shape = match fields.binary_search_by(|(field, _)| (*field).cmp(&name)) {
                Ok(place) => fields[place].1,
                Err(_) => Shape::Any,
            };
            let value = self.value(member.value, shape)?;
            let key = match class.names.as_ref().and_then(|names| names.get(&*name)) {
                Some(attribute) => attribute.bind(self.py).clone(),
                None => self.key(&name),
            };
            attributes.set_item(key, value)?;
        }
        class.make(self.py, attributes)
    }

    fn union(&mut self, node: Node<'_>, union: &Union) -> PyResult<Bound<'py, PyAny>> {
        let tag = union.tag.and_then(|tag| node.get(tag)).and_then(Node::as_str);
        if let Some(tag) = tag {
            let arm = union.arms.iter().find(|(value, _)| *value == tag);
            if let Some((_, shape)) = arm {
                return self.value(node, *shape);
            }
        }
        self.fallback(node, union)
    }

    fn fallback(&mut self, node: Node<'_>, union: &Union) -> PyResult<Bound<'py, PyAny>> {
        match choose(node, union.fallback) {
            Some(shape) => self.value(node, shape),
            None if node.kind() == Kind::Object => self.instance(node, classes::base(self.py)?, &[]),
            None => self.value(node, Shape::Any),
        }
    }

    fn page(&mut self, root: Node<'_>, item: Shape) -> PyResult<(Bound<'py, PyList>, Bound<'py, PyDict>)> {
        let (items, others) = (PyList::empty(self.py), PyDict::new(self.py));
        // Some providers send the bare list; a file's content once came under its own name.
        let list = match root.kind() {
            Kind::List => Some(root),
            _ => root.get("data").or_else(|| root.get("content")),
        };
        for node in list.into_iter().flat_map(Node::items) {
            items.append(self.value(node, item)?)?;
        }
        for member in root.members().filter(|member| member.name() != "data") {
            let value = self.value(member.value, Shape::Any)?;
            others.set_item(self.key(&member.name()), value)?;
        }
        Ok((items, others))
    }
}

/// The shape that a value without a tag has.
fn choose(node: Node<'_>, shapes: &[Shape]) -> Option<Shape> {
    if let Some(shape) = shapes.iter().find(|shape| fits(node, **shape, true)) {
        return Some(*shape);
    }
    // Members may be missing: then the first class that is not contradicted.
    shapes.iter().find(|shape| fits(node, **shape, false)).copied()
}

fn fits(node: Node<'_>, shape: Shape, whole: bool) -> bool {
    match (node.kind(), shape) {
        (Kind::Object, Shape::Model(model)) => fits_model(node, schema::model(model), whole),
        (Kind::Object, Shape::Union(union)) => {
            let union = &UNIONS[usize::from(union)];
            let tag = union.tag.and_then(|tag| node.get(tag)).and_then(Node::as_str);
            tag.is_some_and(|tag| union.arms.iter().any(|(value, _)| *value == tag))
                || union.fallback.iter().any(|shape| fits(node, *shape, whole))
        }
        (Kind::Object, Shape::Map(_)) => true,
        (Kind::List, Shape::List(item)) => node.items().next().is_none_or(|first| {
            let item = SHAPES[usize::from(item)];
            matches!(item, Shape::Any)
                || matches!(first.kind(), Kind::String | Kind::Number)
                || fits(first, item, whole)
        }),
        (Kind::List, Shape::Vector) => true,
        _ => false,
    }
}

fn fits_model(node: Node<'_>, model: &Model, whole: bool) -> bool {
    let constant = |(name, texts): &(&str, Vec<&'static str>)| match node.get(name).and_then(Node::as_str) {
        Some(text) => texts.contains(&&*text),
        None => true,
    };
    // An object is no list, and a list no object, whatever they hold.
    let contradicted = |(name, shape): &(&str, Shape)| match (node.get(name).map(Node::kind), shape) {
        (Some(Kind::Object), shape) => matches!(shape, Shape::List(_) | Shape::Vector),
        (Some(Kind::List), shape) => matches!(shape, Shape::Model(_) | Shape::Map(_)),
        _ => false,
    };
    model.constants.iter().all(constant)
        && !model.fields.iter().any(contradicted)
        && (!whole || model.required.iter().all(|name| node.get(name).is_some()))
}

/// A message that does not quote the text.
pub(crate) fn reason(error: &DecodeError) -> Cow<'static, str> {
    Cow::Owned(error.to_string())
}
