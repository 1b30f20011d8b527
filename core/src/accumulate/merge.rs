//! How a piece joins what came before it, where the API leaves that to the names of members.
//!
//! Strings are appended, objects are merged member by member, the entries of lists by their `index`, all else is
//! replaced. A null changes nothing, but is kept where nothing else comes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::tree::{Object, Tree, index};
use crate::json::{DecodeError, Kind, Node};

/// What becomes of the `index` that an entry of a list has in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Index {
    /// The finished object has it too.
    Keep,
    /// It says where the piece belongs and nothing else.
    Drop,
}

/// Merges the members of a piece into an object, but those of these names.
///
/// # Errors
/// When an entry of a list has an index that is out of bounds.
pub(super) fn members(object: &mut Object, piece: Node<'_>, but: &[&str], keep: Index) -> Result<(), DecodeError> {
    for member in piece.members() {
        let name = member.name();
        if !but.contains(&&*name) {
            value(object.entry(&name), &name, member.value, keep)?;
        }
    }
    Ok(())
}

/// Merges one value into the member of that name.
///
/// # Errors
/// As [`members`].
pub(super) fn value(slot: &mut Tree, name: &str, piece: Node<'_>, keep: Index) -> Result<(), DecodeError> {
    match piece.kind() {
        Kind::Null => {}
        Kind::String => match slot.inside() {
            None => *slot = Tree::of(piece),
            Some(_) if names_a_thing(name) => slot.replace(piece),
            Some(_) => slot.text().push_str(piece.inside().unwrap_or_default()),
        },
        Kind::Object => return members(slot.object(), piece, &[], keep),
        Kind::List => return list(slot, name, piece, keep),
        Kind::Bool | Kind::Number => *slot = Tree::of(piece),
    }
    Ok(())
}

/// Whether a string of this name is a whole word each time it comes, and not a piece of one.
fn names_a_thing(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "id",
        "type",
        "role",
        "object",
        "status",
        "format",
        "model",
        "name",
        "provider",
        "language",
        "mime_type",
        "detail",
        "finish_reason",
    ];
    WORDS.contains(&name) || name.ends_with("_id")
}

/// Merges the entries of a list: by their `index`, else behind those that are there.
fn list(slot: &mut Tree, name: &str, piece: Node<'_>, keep: Index) -> Result<(), DecodeError> {
    let list = slot.list();
    for item in piece.items() {
        if let Some(at) = index(item.get("index"))? {
            let entry = list.at(at);
            if entry.is_object() {
                entry.object();
            }
            let slot = if same_type(entry, item) {
                entry
            } else {
                // Some providers count the entries of each type by themselves.
                let place = list.iter().find(|(_, other)| has_index(other, item) && same_type(other, item));
                match place.map(|(place, _)| place) {
                    Some(place) => list.at(place),
                    None => list.push(Tree::Null),
                }
            };
            members(slot.object(), item, if keep == Index::Drop { &["index"] } else { &[] }, keep)?;
        } else {
            push(list, name, item, keep)?;
        }
    }
    Ok(())
}

fn same_type(entry: &Tree, item: Node<'_>) -> bool {
    let Tree::Object(entry) = entry else { return entry.is_null() };
    match (entry.word("type"), item.get("type").and_then(Node::inside)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

fn has_index(entry: &Tree, item: Node<'_>) -> bool {
    let Tree::Object(entry) = entry else { return false };
    matches!((entry.get("index"), item.get("index")), (Some(Tree::Raw(a)), Some(b)) if **a == *b.raw())
}

/// Adds an entry without an index. Parts of a text that is cut anywhere belong together; all else is an entry of its own.
fn push(list: &mut super::tree::List, name: &str, item: Node<'_>, keep: Index) -> Result<(), DecodeError> {
    let pieces = matches!(name, "content" | "thinking") && item.kind() == Kind::Object;
    if pieces
        && let Some((_, last)) = list.iter_mut().next_back()
        && last.is_object()
    {
        let last_type = last.object().word("type").map(str::to_owned);
        if last_type.as_deref() == item.get("type").and_then(Node::inside) {
            return members(last.object(), item, &[], keep);
        }
    }
    list.push(Tree::of(item));
    Ok(())
}

/// Merges a message's `content`: a string, but some providers send lists of parts, and both in one stream.
///
/// # Errors
/// As [`members`].
pub(super) fn content(slot: &mut Tree, piece: Node<'_>) -> Result<(), DecodeError> {
    match piece.kind() {
        Kind::String if slot.is_list() => {
            let Some(text) = piece.inside().filter(|text| !text.is_empty()) else { return Ok(()) };
            let list = slot.list();
            if let Some((_, last)) = list.iter_mut().next_back()
                && last.is_object()
                && last.object().word("type") == Some("text")
            {
                last.object().entry("text").text().push_str(text);
            } else {
                list.push(text_part(text));
            }
            Ok(())
        }
        Kind::List => {
            if let Some(text) = slot.inside() {
                let part = text_part(text);
                let empty = text.is_empty();
                *slot = Tree::Null;
                if !empty {
                    slot.list().push(part);
                }
            }
            list(slot, "content", piece, Index::Keep)
        }
        _ => value(slot, "content", piece, Index::Keep),
    }
}

fn text_part(text: &str) -> Tree {
    let mut part = Object::default();
    *part.entry("type") = Tree::word("text");
    part.entry("text").text().push_str(text);
    Tree::Object(part)
}

/// Appends Base64 to Base64: pieces that were padded each by itself become one text with its padding at the end.
pub(super) fn append_base64(text: &mut String, piece: &str) {
    if !text.ends_with('=') || !text.len().is_multiple_of(4) {
        text.push_str(piece);
        return;
    }
    // Only the last four letters can hold padding.
    let tail = text.len() - 4;
    let joined = STANDARD.decode(&text[tail..]).ok().zip(STANDARD.decode(piece).ok());
    match joined {
        Some((mut bytes, more)) => {
            bytes.extend(more);
            text.truncate(tail);
            STANDARD.encode_string(bytes, text);
        }
        None => text.push_str(piece),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Doc, Json};

    fn merged(keep: Index, pieces: &[&str]) -> Json {
        let mut slot = Tree::Null;
        for piece in pieces {
            let doc = Doc::parse_text(piece).unwrap();
            value(&mut slot, "delta", doc.root(), keep).unwrap();
        }
        Json::parse(&slot.to_text()).unwrap()
    }

    fn json(text: &str) -> Json {
        Json::parse(text).unwrap()
    }

    #[test]
    fn strings_are_appended_and_what_names_a_thing_is_replaced() {
        let pieces = [
            r#"{"id":"a","type":"t","file_id":"f","text":"x","n":1,"ok":false,"none":null,"late":null}"#,
            r#"{"id":"a","type":"t","file_id":"f","text":"y","n":1,"ok":true,"late":"z","text2":""}"#,
            r#"{"id":"","text":null}"#,
        ];
        let want =
            r#"{"id":"a","type":"t","file_id":"f","text":"xy","n":1,"ok":true,"none":null,"late":"z","text2":""}"#;
        assert_eq!(merged(Index::Keep, &pieces), json(want));
    }

    #[test]
    fn entries_join_by_their_index_even_within_one_piece() {
        let pieces = [
            r#"{"list":[{"index":1,"v":"a"},{"index":1,"v":"b"}]}"#,
            r#"{"list":[{"index":0,"v":"c"},{"index":1,"v":"d"}]}"#,
        ];
        assert_eq!(merged(Index::Drop, &pieces), json(r#"{"list":[{"v":"c"},{"v":"abd"}]}"#));
        assert_eq!(merged(Index::Keep, &pieces), json(r#"{"list":[{"index":0,"v":"c"},{"index":1,"v":"abd"}]}"#));
    }

    #[test]
    fn entries_of_one_index_and_two_types_stay_apart() {
        let pieces = [
            r#"[{"index":0,"type":"text","text":"a"}]"#,
            r#"[{"index":0,"type":"encrypted","data":"b"}]"#,
            r#"[{"index":0,"type":"text","text":"c"}]"#,
            r#"[{"index":0,"type":"encrypted","data":"d"}]"#,
        ];
        let want = r#"[{"index":0,"type":"text","text":"ac"},{"index":0,"type":"encrypted","data":"bd"}]"#;
        assert_eq!(merged(Index::Keep, &pieces), json(want));
    }

    #[test]
    fn entries_without_an_index_are_added() {
        let pieces = [r#"{"annotations":[{"type":"a","n":1}]}"#, r#"{"annotations":[{"type":"a","n":2},3]}"#];
        assert_eq!(merged(Index::Drop, &pieces), json(r#"{"annotations":[{"type":"a","n":1},{"type":"a","n":2},3]}"#));
    }

    #[test]
    fn an_index_out_of_bounds_is_an_error() {
        for bad in ["-1", "4294967296"] {
            let text = format!(r#"{{"list":[{{"index":{bad}}}]}}"#);
            let doc = Doc::parse_text(&text).unwrap();
            assert!(value(&mut Tree::Null, "delta", doc.root(), Index::Keep).is_err());
        }
    }

    #[test]
    fn a_content_of_texts_and_parts_becomes_one_list() {
        let mut slot = Tree::Null;
        for piece in [
            r#""""#,
            r#"[{"type":"thinking","thinking":[{"type":"text","text":"a"}]}]"#,
            r#"[{"type":"thinking","thinking":[{"type":"text","text":"b"}]}]"#,
            r#""c""#,
            r#""d""#,
            r#"[{"type":"text","text":"e"}]"#,
        ] {
            content(&mut slot, Doc::parse_text(piece).unwrap().root()).unwrap();
        }
        let want = r#"[{"type":"thinking","thinking":[{"type":"text","text":"ab"}]},{"type":"text","text":"cde"}]"#;
        assert_eq!(json(&slot.to_text()), json(want));
    }

    #[test]
    fn base64_in_pieces_is_the_base64_of_the_whole() {
        let bytes: Vec<u8> = (0..=255).collect();
        let whole = STANDARD.encode(&bytes);
        for size in 1..20 {
            let mut padded = String::new();
            bytes.chunks(size).for_each(|piece| append_base64(&mut padded, &STANDARD.encode(piece)));
            assert_eq!(padded, whole, "pieces of {size} bytes");
            let mut cut = String::new();
            let letters: Vec<_> =
                whole.as_bytes().chunks(size).map(|piece| std::str::from_utf8(piece).unwrap()).collect();
            letters.iter().for_each(|piece| append_base64(&mut cut, piece));
            assert_eq!(cut, whole, "one text cut every {size} letters");
        }
    }
}
