//! `bindings-node/src/generated.rs`: what the arguments of each operation are, for clients that check them.

use crate::generate::output::Files;
use crate::generate::rust::Names;
use crate::generate::rust::text::strings;
use crate::generate::schema::{Operation, Schema};

/// Writes the rules.
pub fn generate(schema: &Schema, names: &Names, files: &mut Files) {
    let rows: String = schema.operations.iter().map(|operation| row(schema, names, operation)).collect();
    let body = format!(
        "//! What the arguments of each operation are, in the order of `threadline::operations::ALL`.\n\n\
         use threadline::types;\n\n\
         use crate::arguments::{{Rule, anything, fits}};\n\n\
         /// A rule an operation.\n\
         pub(crate) static RULES: &[Rule] = &[{rows}];\n",
    );
    files.rust("bindings-node/src/generated.rs".to_owned(), &body);
}

fn row(schema: &Schema, names: &Names, operation: &Operation) -> String {
    let (mut required, mut optional) = (Vec::new(), Vec::new());
    let mut check = "anything".to_owned();
    if let Some(name) = operation.def.params.as_deref()
        && let Some(params) = schema.structure(name)
    {
        for field in params.fields.iter().filter(|field| Some(field.name.as_str()) != operation.stream_param()) {
            let list = if field.required && field.constant.is_none() { &mut required } else { &mut optional };
            list.push(field.name.clone());
        }
        if required.len() + optional.len() > 0 {
            check = format!("fits::<types::{}>", names.ty(name));
        }
    }
    format!("Rule {{ required: &[{}], optional: &[{}], check: {check} }},\n", strings(&required), strings(&optional))
}
