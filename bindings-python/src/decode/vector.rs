//! Vectors of embeddings.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::Simd;
use base64::engine::general_purpose::PAD;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyList};
use threadline::json::Node;

use super::{Decoder, Vectors};
use crate::schema::Shape;

/// By what the processor has: vectors are most of a reply.
static BASE64: LazyLock<Simd> = LazyLock::new(|| Simd::standard(PAD));

impl<'py> Decoder<'py> {
    /// A vector that was sent as base64 of 32-bit floats, lowest byte first. Anything else under its name stays text.
    pub(super) fn packed_vector(&mut self, node: Node<'_>) -> PyResult<Bound<'py, PyAny>> {
        if self.vectors == Vectors::AsSent {
            return Ok(self.text(node));
        }
        self.packed.clear();
        let read = node.as_str().is_some_and(|text| BASE64.decode_vec(text.as_bytes(), &mut self.packed).is_ok());
        if !read || !self.packed.len().is_multiple_of(4) {
            return Ok(self.text(node));
        }
        if self.vectors == Vectors::Numpy {
            return self.array(&self.packed);
        }
        let (values, _) = self.packed.as_chunks::<4>();
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
        static FROM_BUFFER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        static SINGLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = self.py;
        let from_buffer = FROM_BUFFER.import(py, "numpy", "frombuffer")?;
        let single = SINGLE.get_or_try_init(py, || {
            Ok::<_, PyErr>(py.import("numpy")?.call_method1(intern!(py, "dtype"), (intern!(py, "<f4"),))?.unbind())
        })?;
        from_buffer.call1((PyBytes::new(py, packed), single))
    }
}
