//! Lists: a first page with more to come, then a last one.

use serde_json::{Map, Value, json};

use super::{Asked, text};
use crate::api::TypeExpr;

/// The page that the request asks for.
pub(super) fn page(asked: &Asked<'_>) -> Value {
    let Some(page) = &asked.op.page else { return json!({}) };
    let cursor = if page.style == "token" { "page" } else { "after" };
    let second = page.style != "single" && asked.args.get(cursor).is_some_and(Value::is_string);
    let limit = asked.args.get("limit").and_then(Value::as_u64).unwrap_or(u64::MAX).max(1);
    let count = if second { 1 } else { 2.min(limit) };
    let Ok(ty) = TypeExpr::parse(&page.item) else { return json!({}) };
    let items: Vec<_> = (0..count)
        .map(|i| {
            let mut item = asked.maker().make(&ty, "item", text::mix(asked.seed, i));
            if let (Some(object), TypeExpr::Named(name)) = (item.as_object_mut(), &ty) {
                link(asked, name, object);
            }
            item
        })
        .collect();
    envelope(&page.style, items, !second)
}

/// Lays path parameters into members of the item that have their names.
fn link(asked: &Asked<'_>, type_name: &str, item: &mut Map<String, Value>) {
    let own_id = item.get("id").cloned();
    let mut value = Value::Object(std::mem::take(item));
    asked.echo(&TypeExpr::Named(type_name.to_owned()), &mut value);
    if let Value::Object(map) = value {
        *item = map;
    }
    if let Some(id) = own_id {
        item.insert("id".to_owned(), id);
    }
}

/// The object around the items, by the style of paging.
pub(super) fn envelope(style: &str, items: Vec<Value>, more: bool) -> Value {
    let id = |item: Option<&Value>| item.and_then(|i| i.get("id")).cloned().unwrap_or(Value::Null);
    let (first, last) = (id(items.first()), id(items.last()));
    let token = if more { json!("page_2") } else { Value::Null };
    match style {
        "single" => json!({"object": "list", "data": items}),
        "token" => json!({"object": "page", "data": items, "has_more": more, "next_page": token}),
        "next" => json!({"object": "list", "data": items, "has_more": more, "next": token}),
        // `has_more` and `last_id` end the list; `first_id` is for the way back.
        _ => json!({"object": "list", "data": items, "first_id": first, "last_id": last, "has_more": more}),
    }
}
