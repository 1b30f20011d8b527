//! `==` and `Debug` of our types, by what they are on the wire.
//!
//! Derived, these two would be a quarter of the compile time of the API's types.

use super::codec::Encode;
use super::node::{Kind, Node};
use super::tape::Doc;
use super::value;
use super::writer::Writer;
use std::fmt;

/// Whether two values are the same on the wire.
#[inline(never)]
pub(crate) fn equal(a: &dyn Encode, b: &dyn Encode) -> bool {
    let (a, b) = (write(a, Writer::new()), write(b, Writer::new()));
    if a.files != b.files {
        return false;
    }
    let (a, b) = (a.text(), b.text());
    a == b
        || match (Doc::parse_limited(a, usize::MAX), Doc::parse_limited(b, usize::MAX)) {
            (Ok(a), Ok(b)) => value::same(a.root(), b.root()),
            _ => false,
        }
}

/// Shows a value as its type's name and its JSON; `{:#?}` over several lines.
#[inline(never)]
pub(crate) fn debug(f: &mut fmt::Formatter<'_>, name: &str, value: &dyn Encode) -> fmt::Result {
    let writer = write(value, Writer::for_people());
    write!(f, "{name} ")?;
    match Doc::parse_limited(writer.text(), usize::MAX) {
        Ok(doc) if f.alternate() => fmt::Debug::fmt(&Show(doc.root()), f),
        _ => f.write_str(writer.text()),
    }
}

fn write(value: &dyn Encode, mut writer: Writer) -> Writer {
    value.encode(&mut writer);
    writer
}

struct Show<'a>(Node<'a>);

impl fmt::Debug for Show<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind() {
            Kind::List => f.debug_list().entries(self.0.items().map(Show)).finish(),
            Kind::Object => f.debug_map().entries(self.0.members().map(|m| (Show(m.key), Show(m.value)))).finish(),
            _ => f.write_str(self.0.raw()),
        }
    }
}
