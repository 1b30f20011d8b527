//! Vectors of embeddings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use threadline::json::Node;

use super::{Decoder, Vectors};
use crate::schema::Shape;

impl<'py> Decoder<'py> {
    /// A vector that was sent as base64 of 32-bit floats, lowest byte first. Anything else under its name stays text.
    pub(super) fn packed_vector(&mut self, node: Node<'_>) -> PyResult<Bound<'py, PyAny>> {
        if self.vectors == Vectors::AsSent {
            return Ok(self.text(node));
        }
        let packed = node.as_str().and_then(|text| STANDARD.decode(text.as_bytes()).ok());
        let Some(packed) = packed.filter(|bytes| bytes.len() % 4 == 0) else { return Ok(self.text(node)) };
        if self.vectors == Vectors::Numpy {
            return self.array(&packed);
        }
        let (values, _) = packed.as_chunks::<4>();
        let values = values.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes)));
        Ok(PyList::new(self.py, values)?.into_any())
    }

    /// A vector that was sent as numbers.
    pub(super) fn vector(&mut self, node: Node<'_>) -> PyResult<Bound<'py, PyAny>> {
        let Some(values) = node.numbers() else { return self.list(node, Shape::Any) };
        if self.vectors == Vectors::Numpy {
            let packed: Vec<u8> = values.iter().flat_map(|value| (*value as f32).to_le_bytes()).collect();
            return self.array(&packed);
        }
        Ok(PyList::new(self.py, values)?.into_any())
    }

    fn array(&self, packed: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let numpy = self.py.import(intern!(self.py, "numpy"))?;
        numpy.call_method1(intern!(self.py, "frombuffer"), (PyBytes::new(self.py, packed), intern!(self.py, "<f4")))
    }
}
