//! Python values into JSON text, in one walk.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use threadline::FileInput;
use threadline::json::Writer;

use crate::files;
use crate::types::Types;

/// Values may be nested this deep; the wire allows no more.
const DEPTH: usize = 128;

/// Writes the arguments of one call.
pub(crate) struct Encoder<'py> {
    py: Python<'py>,
    types: &'static Types,
    writer: Writer,
    /// Whether files may stand among the values.
    uploads: bool,
    depth: usize,
    /// Keys that the wire names otherwise: Python's name, the wire's.
    renames: &'static [(&'static str, &'static str)],
}

impl<'py> Encoder<'py> {
    /// `uploads`: whether files may stand among the values.
    pub(crate) fn new(py: Python<'py>, uploads: bool) -> PyResult<Self> {
        Ok(Self { py, types: Types::get(py)?, writer: Writer::new(), uploads, depth: 0, renames: &[] })
    }

    /// The JSON text of one value.
    pub(crate) fn text(py: Python<'py>, value: &Bound<'py, PyAny>) -> PyResult<String> {
        let mut encoder = Self::new(py, false)?;
        encoder.value(value)?;
        Ok(encoder.finish()?.0)
    }

    /// Starts the object of all arguments, in which these keys are named otherwise, at any depth.
    pub(crate) fn begin(&mut self, renames: &'static [(&'static str, &'static str)]) {
        self.renames = renames;
        self.writer.begin_object();
    }

    /// Ends it.
    pub(crate) fn end(&mut self) {
        self.writer.end_object();
    }

    /// The text, and the uploads it refers to.
    pub(crate) fn finish(self) -> PyResult<(String, Vec<FileInput>)> {
        self.writer.finish().map_err(|error| {
            PyValueError::new_err(format!("Out of range float values are not JSON compliant: {error}"))
        })
    }

    /// A member, unless its value says that there is none.
    pub(crate) fn member(&mut self, name: &str, value: &Bound<'py, PyAny>) -> PyResult<()> {
        if self.types.is_omitted(value) {
            return Ok(());
        }
        if self.renames.is_empty() {
            self.writer.key(name);
            return self.value(value);
        }
        let sent = self.renames.iter().find(|(python, _)| *python == name).map_or(name, |(_, wire)| *wire);
        self.writer.key(sent);
        // What users write there is theirs.
        let renames = if name == "metadata" { std::mem::take(&mut self.renames) } else { self.renames };
        self.value(value)?;
        self.renames = renames;
        Ok(())
    }

    fn value(&mut self, value: &Bound<'py, PyAny>) -> PyResult<()> {
        if let Ok(text) = value.cast::<PyString>() {
            self.writer.string(text.to_str()?);
        } else if value.is_none() {
            self.writer.null();
        } else if let Ok(flag) = value.cast::<PyBool>() {
            self.writer.bool(flag.is_true());
        } else if let Ok(number) = value.cast::<PyInt>() {
            self.integer(number)?;
        } else if let Ok(number) = value.cast::<PyFloat>() {
            self.writer.float(number.value());
        } else {
            if self.depth == DEPTH {
                return Err(PyValueError::new_err(format!(
                    "arguments are nested deeper than {DEPTH} levels (or hold themselves)"
                )));
            }
            self.depth += 1;
            self.composite(value)?;
            self.depth -= 1;
        }
        Ok(())
    }

    fn integer(&mut self, number: &Bound<'py, PyInt>) -> PyResult<()> {
        match number.extract::<i64>() {
            Ok(value) => self.writer.int(value),
            // As many digits as it has, also for a subclass that shows itself otherwise.
            Err(_) => {
                let digits = self.py.get_type::<PyInt>().call_method1(intern!(self.py, "__repr__"), (number,))?;
                self.writer.raw(digits.cast::<PyString>()?.to_str()?);
            }
        }
        Ok(())
    }

    fn composite(&mut self, value: &Bound<'py, PyAny>) -> PyResult<()> {
        if self.uploads
            && let Some(file) = files::upload(value, self.types)?
        {
            self.writer.raw(&format!("{{\"$file\":{}}}", self.writer.files.len()));
            self.writer.files.push(file);
            return Ok(());
        }
        if let Ok(dict) = value.cast::<PyDict>() {
            return self.dict(dict);
        }
        if let Ok(list) = value.cast::<PyList>() {
            self.writer.begin_list();
            for item in list.iter() {
                self.value(&item)?;
            }
            self.writer.end_list();
            return Ok(());
        }
        if let Ok(items) = value.cast::<PyTuple>() {
            self.writer.begin_list();
            for item in items.iter() {
                self.value(&item)?;
            }
            self.writer.end_list();
            return Ok(());
        }
        self.object(value)
    }

    fn dict(&mut self, dict: &Bound<'py, PyDict>) -> PyResult<()> {
        self.writer.begin_object();
        for (key, value) in dict.iter() {
            match key.cast::<PyString>() {
                Ok(key) => self.member(key.to_str()?, &value)?,
                Err(_) => self.member(&self.key(&key)?, &value)?,
            }
        }
        self.writer.end_object();
        Ok(())
    }

    /// A key that is no text, as `json.dumps` would write it.
    fn key(&self, key: &Bound<'py, PyAny>) -> PyResult<String> {
        if key.is_instance_of::<PyBool>()
            || key.is_none()
            || key.is_instance_of::<PyInt>()
            || key.is_instance_of::<PyFloat>()
        {
            return Self::text(self.py, key);
        }
        if key.is_instance(self.types.enumeration.bind(self.py))? {
            return Ok(key.getattr(intern!(self.py, "value"))?.str()?.to_str()?.to_owned());
        }
        Err(PyTypeError::new_err(format!("keys must be str, int, float, bool or None, not {}", key.get_type().name()?)))
    }

    fn object(&mut self, value: &Bound<'py, PyAny>) -> PyResult<()> {
        let (py, types) = (self.py, self.types);
        if value.is_instance(types.model.bind(py))? {
            return self.model(value);
        }
        // A class that is handed in where a value belongs is no model.
        let is_class = value.is_instance_of::<pyo3::types::PyType>();
        if !is_class && value.hasattr(intern!(py, "model_dump"))? {
            let options = PyDict::new(py);
            options.set_item(intern!(py, "mode"), intern!(py, "json"))?;
            options.set_item(intern!(py, "exclude_unset"), true)?;
            options.set_item(intern!(py, "by_alias"), true)?;
            let dumped = value.call_method(intern!(py, "model_dump"), (), Some(&options))?;
            return self.value(&dumped);
        }
        if value.is_instance(types.enumeration.bind(py))? {
            return self.value(&value.getattr(intern!(py, "value"))?);
        }
        if value.is_instance(Types::date(py)?)? {
            return self.value(&value.call_method0(intern!(py, "isoformat"))?);
        }
        if value.is_instance(types.mapping.bind(py))? {
            let dict = PyDict::new(py);
            dict.update(value.cast::<pyo3::types::PyMapping>()?)?;
            return self.dict(&dict);
        }
        let bytes = value.is_instance_of::<PyBytes>() || value.is_instance_of::<PyByteArray>();
        if !bytes
            && !is_class
            && let Ok(items) = value.try_iter()
        {
            self.writer.begin_list();
            for item in items {
                self.value(&item?)?;
            }
            self.writer.end_list();
            return Ok(());
        }
        Err(PyTypeError::new_err(format!("Object of type {} is not JSON serializable", value.get_type().name()?)))
    }

    /// One of our own instances: what it holds, under the wire's names.
    fn model(&mut self, value: &Bound<'py, PyAny>) -> PyResult<()> {
        let attributes = value.getattr(intern!(self.py, "__dict__"))?.cast_into::<PyDict>()?;
        let names = value.get_type().getattr_opt(intern!(self.py, "_wire_names"))?;
        let Some(names) = names else { return self.dict(&attributes) };
        let names = names.cast_into::<PyDict>()?;
        self.writer.begin_object();
        for (key, value) in attributes.iter() {
            let name = names.get_item(&key)?.unwrap_or(key);
            self.member(name.cast::<PyString>()?.to_str()?, &value)?;
        }
        self.writer.end_object();
        Ok(())
    }
}

/// `value` as JSON text, as requests write it.
#[pyfunction]
pub(crate) fn encode(value: &Bound<'_, PyAny>) -> PyResult<String> {
    Encoder::text(value.py(), value)
}
