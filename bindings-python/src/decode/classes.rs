//! Python classes by their places in the tables, found when the first instance is made.

use std::collections::HashMap;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyType};
use pyo3::{ffi, intern};

use crate::generated::MODELS;
use crate::schema;

/// A response class.
pub(super) struct Class {
    class: Py<PyType>,
    /// Attributes that are named otherwise than the wire's members.
    pub(super) names: Option<HashMap<String, Py<PyString>>>,
}

static CLASSES: PyOnceLock<Vec<PyOnceLock<Box<Class>>>> = PyOnceLock::new();
static BASE: PyOnceLock<Class> = PyOnceLock::new();

/// The class at this place of the table.
pub(super) fn class(py: Python<'_>, index: u16) -> PyResult<&'static Class> {
    let classes = CLASSES.get_or_init(py, || (0..MODELS).map(|_| PyOnceLock::new()).collect());
    let model = schema::model(index);
    let class =
        classes[usize::from(index)].get_or_try_init(py, || Class::find(py, model.module, model.name).map(Box::new))?;
    Ok(class)
}

/// The class of objects that the tables do not know.
pub(super) fn base(py: Python<'_>) -> PyResult<&'static Class> {
    BASE.get_or_try_init(py, || Class::find(py, "threadline._models", "BaseModel"))
}

impl Class {
    fn find(py: Python<'_>, module: &str, name: &str) -> PyResult<Self> {
        let class = py.import(module)?.getattr(name)?.cast_into::<PyType>()?;
        Self::of(&class)
    }

    /// A class that a caller names.
    pub(super) fn of(class: &Bound<'_, PyType>) -> PyResult<Self> {
        let mut names = None;
        if let Some(wire_names) = class.getattr_opt(intern!(class.py(), "_wire_names"))? {
            let mut by_wire = HashMap::new();
            for (attribute, wire) in wire_names.cast::<PyDict>()?.iter() {
                by_wire.insert(wire.extract()?, attribute.cast_into::<PyString>()?.unbind());
            }
            names = Some(by_wire);
        }
        Ok(Self { class: class.clone().unbind(), names })
    }

    /// A new instance with these attributes.
    pub(super) fn make<'py>(&self, py: Python<'py>, attributes: Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
        let class = self.class.as_ptr().cast::<ffi::PyTypeObject>();
        // SAFETY: the class is a live type whose instances have a `__dict__` and nothing to initialise beyond it (a slot is
        // empty when it is allocated); a null pointer is an exception that is set.
        unsafe {
            let object = Bound::from_owned_ptr_or_err(py, ffi::PyType_GenericAlloc(class, 0))?;
            if ffi::PyObject_GenericSetDict(object.as_ptr(), attributes.as_ptr(), std::ptr::null_mut()) < 0 {
                return Err(PyErr::take(py).unwrap_or_else(|| PyTypeError::new_err("an instance without a __dict__")));
            }
            Ok(object)
        }
    }
}
