//! `tests/conformance/cases/generated/`: cases that follow from the description.
use super::output::Files;
use super::schema::Schema;
pub fn generate(_schema: &Schema, _files: &mut Files) {}
