//! `cargo xtask call rust`: one call a line of standard input, one answer a line of standard output. With `--blocking`
//! the calls are made by the blocking interface.
#![forbid(unsafe_code)]

#[tokio::main]
async fn main() -> std::io::Result<()> {
    threadline_conformance::driver::serve().await
}
