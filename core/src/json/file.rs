//! Files among the arguments of a call.
//!
//! Writing puts the file into [`Writer::files`] and `{"$file":N}` into the text. Reading understands descriptions of files,
//! `{"$file":{"path"|"text"|"base64":…,"filename":…,"content_type":…}}`, in which test cases and drivers give them. A path is taken
//! only where [`Strict::local_files`](super::Strict::local_files) allows it.

use super::codec::{Context, Decode, Encode, Kinds};
use super::node::{Kind, Node};
use super::writer::Writer;
use crate::request::FileInput;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// The member that tells a file from an object.
const FILE: &str = "$file";

impl Encode for FileInput {
    fn encode(&self, w: &mut Writer) {
        let index = w.files.len();
        w.files.push(self.clone());
        w.begin_object();
        w.key(FILE);
        w.int(index as i64);
        w.end_object();
    }
}

impl Decode for FileInput {
    const KINDS: Kinds = Kinds::OBJECT;

    fn blank() -> Self {
        Self::EMPTY
    }

    fn read(&mut self, node: Node<'_>, cx: &mut Context) -> bool {
        described(node, cx.takes_local_files()).map(|input| *self = input).is_some()
    }

    fn fit(node: Node<'_>) -> super::macro_support::Fit {
        if node.get(FILE).is_some() { super::macro_support::Fit::FULL } else { super::macro_support::Fit::NO }
    }
}

/// The file that an object describes. The path of one is taken where that is allowed.
fn described(node: Node<'_>, local: bool) -> Option<FileInput> {
    let file = node.get(FILE).filter(|file| file.kind() == Kind::Object)?;
    let text = |name| file.get(name).and_then(Node::as_str).map(Cow::into_owned);
    let mut input = if let Some(path) = text("path") {
        if !local {
            return None;
        }
        FileInput::from_path(path)
    } else if let Some(content) = text("text") {
        FileInput::from_bytes(content)
    } else {
        FileInput::from_bytes(STANDARD.decode(text("base64")?).ok()?)
    };
    if let Some(filename) = text("filename") {
        input = input.with_filename(filename);
    }
    if let Some(content_type) = text("content_type") {
        input = input.with_content_type(content_type);
    }
    Some(input)
}
