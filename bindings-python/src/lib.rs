//! Private native module of the Python package `threadline`: values into bytes and back, futures into futures, errors into
//! exceptions. What a call does is decided in the crate `threadline`.

mod accumulate;
mod bridge;
mod call;
mod client;
mod decode;
mod driven;
mod encode;
mod error;
mod files;
mod finish;
mod generated;
mod held;
mod helpers;
mod host;
mod identity;
mod mock;
mod options;
mod page;
mod pending;
mod pool;
mod reader;
mod reply;
mod runtime;
mod schema;
mod seam;
mod socket;
mod stream;
mod tools;
mod transport;
mod types;
mod undocumented;

use pyo3::prelude::*;

/// The native part of the package.
#[pymodule(gil_used = false)]
fn _threadline(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<client::Client>()?;
    module.add_class::<reply::Reply>()?;
    module.add_class::<stream::EventStream>()?;
    module.add_class::<pending::Pending>()?;
    module.add_class::<page::Link>()?;
    module.add_class::<bridge::Bridge>()?;
    module.add_class::<host::Reply>()?;
    module.add_class::<seam::Exchange>()?;
    module.add_class::<mock::Mock>()?;
    module.add_function(wrap_pyfunction!(mock::_serve, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::_after_fork, module)?)?;
    module.add_function(wrap_pyfunction!(encode::encode, module)?)?;
    module.add_function(wrap_pyfunction!(reply::decode_as, module)?)?;
    module.add_function(wrap_pyfunction!(operation, module)?)?;
    module.add_class::<accumulate::Accumulator>()?;
    module.add_function(wrap_pyfunction!(helpers::poll, module)?)?;
    module.add_function(wrap_pyfunction!(helpers::poll_async, module)?)?;
    module.add_function(wrap_pyfunction!(helpers::upload_store_file, module)?)?;
    module.add_function(wrap_pyfunction!(helpers::upload_store_file_async, module)?)?;
    module.add_function(wrap_pyfunction!(helpers::upload_chunked, module)?)?;
    module.add_function(wrap_pyfunction!(helpers::upload_chunked_async, module)?)?;
    module.add_function(wrap_pyfunction!(helpers::verify_webhook, module)?)?;
    module.add_function(wrap_pyfunction!(helpers::strict, module)?)?;
    module.add_function(wrap_pyfunction!(helpers::check, module)?)?;
    module.add_function(wrap_pyfunction!(reply::decode_event, module)?)?;
    module.add_class::<socket::Socket>()?;
    module.add_class::<pool::Pool>()?;
    module.add_class::<tools::Stream>()?;
    module.add_function(wrap_pyfunction!(tools::run_tools, module)?)?;
    module.add_function(wrap_pyfunction!(tools::run_tools_async, module)?)?;
    module.add_function(wrap_pyfunction!(socket::connect, module)?)?;
    module.add_function(wrap_pyfunction!(socket::connect_async, module)?)?;
    module.add_function(wrap_pyfunction!(socket::audio_frames, module)?)?;
    Ok(())
}

/// The number of an operation by its official name, such as `chat.completions.create`.
#[pyfunction]
fn operation(name: &str) -> Option<usize> {
    generated::ROWS.iter().position(|row| row.python == name)
}
