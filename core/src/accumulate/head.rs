//! The members that every chunk of a completion repeats.

use super::merge;
use super::tree::{Object, Tree};
use crate::json::{DecodeError, Node, Writer};

/// What a chunk has and a finished completion has not, or not in this form.
const STREAM_ONLY: &[&str] = &["object", "choices", "obfuscation"];

/// The members beside `choices`.
#[derive(Debug, Clone, Default)]
pub(super) struct Head(Object);

impl Head {
    /// Takes a member of a chunk.
    pub(super) fn merge(&mut self, name: &str, value: Node<'_>) {
        // A chunk says `usage: null` to announce that the last one will say it.
        if STREAM_ONLY.contains(&name) || name == "usage" && value.is_null() {
            return;
        }
        let slot = self.0.entry(name);
        // These are settled by the first chunk; some gateways send one before it that has them empty.
        if !matches!(name, "id" | "created" | "model") || slot.says_nothing() {
            slot.replace(value);
        }
    }

    /// Writes the completion: `object` is its kind, `choices` writes them.
    pub(super) fn write(&self, w: &mut Writer, object: &str, choices: impl FnOnce(&mut Writer)) {
        w.begin_object();
        if let Some(id) = self.0.get("id") {
            w.key("id");
            id.write(w);
        }
        w.key("object");
        w.string(object);
        self.0.write_members(w, &["id", "usage"]);
        w.key("choices");
        w.begin_list();
        choices(w);
        w.end_list();
        if let Some(usage) = self.0.get("usage") {
            w.key("usage");
            usage.write(w);
        }
        w.end_object();
    }
}

/// Takes a finish reason; some providers send an empty one until there is a true one.
pub(super) fn finish_reason(slot: &mut Tree, value: Node<'_>) {
    if value.inside() != Some("") {
        slot.replace(value);
    }
}

/// Adds the lists of a choice's log probabilities to those that are there.
///
/// # Errors
/// When an entry has an index that is out of bounds.
pub(super) fn logprobs(slot: &mut Tree, value: Node<'_>) -> Result<(), DecodeError> {
    for member in value.members() {
        let entry = slot.object().entry(&member.name());
        if member.value.is_empty() && !entry.is_null() {
            continue;
        }
        match member.value.kind() {
            crate::json::Kind::List => {
                let list = entry.list();
                member.value.items().for_each(|item| {
                    list.push(Tree::of(item));
                });
            }
            _ => merge::value(entry, &member.name(), member.value, merge::Index::Keep)?,
        }
    }
    Ok(())
}
