//! Arguments structs: one from the variants that the package has for an operation, and names to try for it.

use serde_json::Value;

use super::ir::{Field, Scalar, Struct, Ty};
use super::operations::{node_params, text};
use super::words::{camel, singular};

/// The fields of one struct that can hold every variant: required where all require it.
pub(crate) fn merge_variants(variants: &[&Struct]) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for field in variants.iter().flat_map(|one| &one.fields) {
        let Some(old) = fields.iter_mut().find(|old| old.name == field.name) else {
            fields.push(field.clone());
            continue;
        };
        if old.ty != field.ty {
            let (ty, _) = Ty::union(vec![old.ty.clone(), field.ty.clone()]);
            old.ty = ty;
        }
        old.nullable |= field.nullable;
    }
    for field in &mut fields {
        let everywhere = variants.iter().all(|one| one.field(&field.name).is_some());
        field.required = variants.iter().all(|one| one.field(&field.name).is_some_and(|one| one.required));
        // A constant that only some variants have is a choice here.
        if let (false, Ty::Const(Scalar::Text(text))) = (everywhere, &field.ty) {
            field.ty = Ty::Enum(vec![text.clone()]);
        }
    }
    fields
}

/// The name of an arguments type without its variant: `RunCreateParamsNonStreaming` → `RunCreateParams`.
pub(crate) fn base_name(name: &str) -> &str {
    ["NonStreaming", "Streaming", "Base"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// Names to try for an arguments struct: Node's where it is longer (it tells namesakes apart), then Python's.
pub(crate) fn names(method: &Value, node: Option<&(String, &Value)>, sources: &[String]) -> Vec<String> {
    let leaf = |name: &str| super::aliases::leaf(base_name(name)).to_owned();
    let mut names: Vec<String> = Vec::new();
    let python = sources.first().map(|name| leaf(name));
    let node = node.and_then(|(_, method)| node_params(method));
    if let (Some(node), Some(python)) = (&node, &python)
        && node.len() > python.len()
    {
        names.push(node.clone());
    }
    names.extend(python.or(node));
    if names.is_empty() {
        let resource = text(method, "resource").rsplit('.').next().unwrap_or_default();
        names.push(format!("{}{}Params", singular(&camel(resource)), camel(text(method, "name"))));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_of_arguments_become_one_struct() {
        let flag = |value, required| Field::new("stream", Ty::Const(Scalar::Boolean(value)), required, !required);
        let plain = Struct { fields: vec![flag(false, false)], ..Struct::default() };
        let streaming = Struct { fields: vec![flag(true, true)], ..Struct::default() };
        let merged = merge_variants(&[&plain, &streaming]);
        assert_eq!((&merged[0].ty, merged[0].required, merged[0].nullable), (&Ty::Boolean, false, true));
    }

    #[test]
    fn a_constant_of_some_variants_becomes_a_choice() {
        let one = Field::new("type", Ty::Const(Scalar::Text("prompt".into())), true, false);
        let merged = merge_variants(&[&Struct { fields: vec![one], ..Struct::default() }, &Struct::default()]);
        assert_eq!((&merged[0].ty, merged[0].required), (&Ty::Enum(vec!["prompt".into()]), false));
    }
}
