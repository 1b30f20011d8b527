//! Front door of the workspace: `cargo xtask`.
fn main() {}
