//! The tables of the decoder.

use crate::schema::{Model, Row, Shape, Union};

/// Response classes.
pub static MODELS: &[Model] = &[];
/// Shapes of items and values.
pub static SHAPES: &[Shape] = &[];
/// Unions.
pub static UNIONS: &[Union] = &[];
/// Operations by their Python names.
pub static ROWS: &[Row] = &[];
