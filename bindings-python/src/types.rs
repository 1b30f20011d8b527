//! Python classes that the native module compares with, looked up once.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// The classes.
pub(crate) struct Types {
    pub(crate) omit: Py<PyType>,
    pub(crate) not_given: Py<PyType>,
    pub(crate) model: Py<PyType>,
    pub(crate) enumeration: Py<PyType>,
    pub(crate) path: Py<PyType>,
    pub(crate) mapping: Py<PyType>,
}

static TYPES: PyOnceLock<Types> = PyOnceLock::new();

impl Types {
    /// The classes, found at the first call.
    pub(crate) fn get(py: Python<'_>) -> PyResult<&'static Self> {
        TYPES.get_or_try_init(py, || {
            let find = |module: &str, name: &str| -> PyResult<Py<PyType>> {
                Ok(py.import(module)?.getattr(name)?.cast_into::<PyType>()?.unbind())
            };
            Ok(Self {
                omit: find("threadline._types", "Omit")?,
                not_given: find("threadline._types", "NotGiven")?,
                model: find("threadline._models", "BaseModel")?,
                enumeration: find("enum", "Enum")?,
                path: find("os", "PathLike")?,
                mapping: find("collections.abc", "Mapping")?,
            })
        })
    }

    /// `datetime.date`, whose module is loaded only where a value may be one.
    pub(crate) fn date(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
        static DATE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        DATE.import(py, "datetime", "date")
    }

    /// Whether the value says that there is none.
    pub(crate) fn is_omitted(&self, value: &Bound<'_, PyAny>) -> bool {
        let class = value.get_type();
        class.is(&self.omit) || class.is(&self.not_given)
    }
}
