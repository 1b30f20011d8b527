//! Reads `python-types.json`: every public type of the official package as JSON Schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::ir::{Field, Scalar, Struct, Ty, World};

/// Reads the definitions and the table of names.
pub(crate) fn read(document: &Value) -> Result<World, String> {
    let defs = object(document, "$defs")?;
    let types = object(document, "types")?;
    let index: BTreeMap<&str, usize> = defs.keys().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let mut world = World::default();
    for (name, schema) in defs {
        let mut one =
            Struct { key: name.clone(), request: schema.get("additionalProperties").is_none(), ..Struct::default() };
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
            let (ty, nullable) =
                ty(schema, &index).map_err(|why| format!("python-types.json, {name}.{field}: {why}"))?;
            one.fields.push(Field::new(field, ty, required.contains(&field.as_str()), nullable));
        }
        world.structs.push(one);
    }
    for (name, schema) in types {
        let (ty, nullable) = ty(schema, &index).map_err(|why| format!("python-types.json, {name}: {why}"))?;
        match ty {
            Ty::Ref(at) if !nullable => {
                world.structs[at].names.push(name.clone());
                world.named.insert(name.clone(), at);
            }
            ty => {
                world.aliases.insert(name.clone(), ty);
            }
        }
    }
    Ok(world)
}

fn object<'a>(document: &'a Value, key: &str) -> Result<&'a Map<String, Value>, String> {
    document[key].as_object().ok_or_else(|| format!("python-types.json has no object \"{key}\""))
}

/// One schema as a type, and whether it takes `null`.
fn ty(schema: &Value, index: &BTreeMap<&str, usize>) -> Result<(Ty, bool), String> {
    let plain = |ty| Ok((ty, false));
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.rsplit('/').next().unwrap_or(target);
        let at = index.get(name).ok_or_else(|| format!("no definition is called \"{name}\""))?;
        return plain(Ty::Ref(*at));
    }
    if let Some(arms) = schema["anyOf"].as_array() {
        let mut types = Vec::new();
        for arm in arms {
            let (arm, nullable) = ty(arm, index)?;
            types.push(arm);
            if nullable {
                types.push(Ty::Null);
            }
        }
        return Ok(Ty::union(types));
    }
    if let Some(value) = schema.get("const") {
        return plain(Ty::Const(Scalar::read(value).ok_or("a constant that is no string, integer or boolean")?));
    }
    if let Some(values) = schema["enum"].as_array() {
        if let Some(texts) = values.iter().map(|value| value.as_str().map(str::to_owned)).collect() {
            return plain(Ty::Enum(texts));
        }
        let numbers: Option<Vec<i64>> = values.iter().map(Value::as_i64).collect();
        return plain(Ty::Integers(numbers.ok_or("an enum that mixes kinds")?));
    }
    match schema["type"].as_str() {
        None => plain(Ty::Json),
        Some("string") => plain(match schema["format"].as_str() {
            Some("binary" | "path") => Ty::File,
            _ => Ty::String,
        }),
        Some("integer") => plain(Ty::Integer),
        Some("number") => plain(Ty::Number),
        Some("boolean") => plain(Ty::Boolean),
        Some("null") => plain(Ty::Null),
        // Tuples occur only as a way to give a file with its name and type.
        Some("array") if schema.get("prefixItems").is_some() => plain(Ty::File),
        Some("array") => plain(Ty::List(Box::new(inner(&schema["items"], index)?))),
        Some("object") => match &schema["additionalProperties"] {
            inside @ Value::Object(_) => plain(Ty::Map(Box::new(inner(inside, index)?))),
            _ => plain(Ty::Map(Box::new(Ty::Json))),
        },
        Some(other) => Err(format!("unknown type \"{other}\"")),
    }
}

/// The type of a list's items or a map's values; here `null` stays an arm.
fn inner(schema: &Value, index: &BTreeMap<&str, usize>) -> Result<Ty, String> {
    Ok(match ty(schema, index)? {
        (Ty::Const(Scalar::Text(text)), false) => Ty::Enum(vec![text]),
        (Ty::Json, _) => Ty::Json,
        (Ty::Null, _) => Ty::Null,
        (Ty::Union(mut arms), true) => {
            arms.push(Ty::Null);
            Ty::Union(arms)
        }
        (one, true) => Ty::Union(vec![one, Ty::Null]),
        (one, false) => one,
    })
}
