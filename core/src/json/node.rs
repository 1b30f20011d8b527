//! Reading a parsed document.

use super::number;
use super::scan;
use super::tape::{Doc, Entry};
use super::text;
use std::borrow::Cow;

/// What a JSON value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// A list.
    List,
    /// An object.
    Object,
}

/// One value of a [`Doc`]. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    doc: &'a Doc<'a>,
    /// Index of its entry. A number in a list of numbers has no entry: there it is the list's.
    index: u32,
    /// The offset of a number in a list of numbers, which is never 0; else 0.
    number: u32,
}

/// Where a value is in its document, and in every document that is alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot {
    index: u32,
    number: u32,
}

impl<'a> Node<'a> {
    /// Where it is.
    pub(crate) fn spot(self) -> Spot {
        Spot { index: self.index, number: self.number }
    }

    /// The value that is there in the same document.
    pub(crate) fn same_document(self, spot: Spot) -> Node<'a> {
        Node { doc: self.doc, index: spot.index, number: spot.number }
    }

    #[inline]
    pub(super) fn at(doc: &'a Doc<'a>, index: u32) -> Self {
        Node { doc, index, number: 0 }
    }

    #[inline]
    pub(super) fn doc(self) -> &'a Doc<'a> {
        self.doc
    }

    #[inline]
    pub(super) fn index(self) -> u32 {
        self.index
    }

    #[inline]
    fn entry(self) -> Entry {
        self.doc.tape[self.index as usize]
    }

    #[inline]
    fn first(self) -> u8 {
        self.doc.text.as_bytes()[self.offset()]
    }

    /// What the value is.
    #[inline]
    pub fn kind(self) -> Kind {
        match self.first() {
            b'{' => Kind::Object,
            b'[' => Kind::List,
            b'"' => Kind::String,
            b't' | b'f' => Kind::Bool,
            b'n' => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// Where its text starts, in bytes from the start of the document.
    #[inline]
    pub fn offset(self) -> usize {
        if self.number == 0 { self.entry().start as usize } else { self.number as usize }
    }

    fn end(self) -> usize {
        match self.first() {
            b'{' | b'[' => self.close().start as usize + 1,
            _ if self.number == 0 => self.entry().end as usize,
            // The parser has been here: it is a number.
            _ => scan::number(self.doc.text.as_bytes(), self.offset()).unwrap_or(self.offset()),
        }
    }

    fn close(self) -> Entry {
        self.doc.tape[self.entry().end as usize - 1]
    }

    /// The value's own text.
    #[inline]
    pub fn raw(self) -> &'a str {
        &self.doc.text[self.offset()..self.end()]
    }

    /// A string's text between its quotes, escapes as they stand.
    #[inline]
    pub(crate) fn inside(self) -> Option<&'a str> {
        if self.first() != b'"' {
            return None;
        }
        let Entry { start, end } = self.entry();
        Some(&self.doc.text[start as usize + 1..end as usize - 1])
    }

    /// A string's value. A lone surrogate escape becomes U+FFFD.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        let inside = self.inside()?;
        Some(if self.doc.escaped { text::unescape(inside) } else { Cow::Borrowed(inside) })
    }

    /// A string's value, and whether nothing was lost: false where a lone surrogate became U+FFFD.
    #[inline]
    pub(super) fn as_exact_str(self) -> Option<(Cow<'a, str>, bool)> {
        let inside = self.inside()?;
        Some(if self.doc.escaped { text::unescape_exact(inside) } else { (Cow::Borrowed(inside), true) })
    }

    /// A number's value, if it is integral and fits; `1.0` and `1e3` are integral.
    pub fn as_i64(self) -> Option<i64> {
        self.as_integer().map(|(value, _)| value)
    }

    /// The same, and whether that is how it would be written.
    pub(super) fn as_integer(self) -> Option<(i64, bool)> {
        if self.kind() != Kind::Number {
            return None;
        }
        let text = self.raw();
        match number::short_integer(text.as_bytes()) {
            Some(value) => Some((value, true)),
            None => number::to_i64(text).map(|value| (value, number::is_integer(text))),
        }
    }

    /// A number's value, rounded to the nearest double. None where it is beyond the range of a double.
    pub fn as_f64(self) -> Option<f64> {
        if self.kind() == Kind::Number { number::to_f64(self.raw()) } else { None }
    }

    /// Whether it is `true` or `false`.
    pub fn as_bool(self) -> Option<bool> {
        match self.first() {
            b't' => Some(true),
            b'f' => Some(false),
            _ => None,
        }
    }

    /// Whether it is `null`.
    #[inline]
    pub fn is_null(self) -> bool {
        self.first() == b'n'
    }

    /// How many items a list or members an object has; 0 for anything else.
    pub fn len(self) -> usize {
        match self.first() {
            b'{' | b'[' => self.close().end as usize,
            _ => 0,
        }
    }

    /// Whether [`Node::len`] is 0.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The members of an object in their order; nothing for anything else.
    #[inline]
    pub fn members(self) -> Members<'a> {
        let (next, end) = if self.first() == b'{' { (self.index + 1, self.entry().end - 1) } else { (0, 0) };
        Members { doc: self.doc, next, end }
    }

    /// The member of that name; the last one where there are several.
    pub fn get(self, name: &str) -> Option<Node<'a>> {
        self.members().filter(|member| member.named(name)).last().map(|member| member.value)
    }

    /// The numbers of a list that holds nothing else (and at least one); infinite where beyond the range of a double.
    pub fn numbers(self) -> Option<&'a [f64]> {
        if !self.is_number_list() {
            return None;
        }
        let place = self.doc.number_lists.binary_search_by_key(&self.index, |list| list.index).ok()?;
        let start = self.doc.number_lists[place].start;
        self.doc.numbers.get(start..start + self.len())
    }

    /// Whether it is a list of nothing but numbers (and of at least one).
    pub(super) fn is_number_list(self) -> bool {
        self.first() == b'[' && self.entry().end == self.index + 2 && self.close().end > 0
    }

    /// The items of a list; nothing for anything else.
    pub fn items(self) -> Items<'a> {
        if self.is_number_list() {
            Items { doc: self.doc, next: self.entry().start + 1, end: self.close().start, numbers: Some(self.index) }
        } else {
            let (next, end) = if self.first() == b'[' { (self.index + 1, self.entry().end - 1) } else { (0, 0) };
            Items { doc: self.doc, next, end, numbers: None }
        }
    }

    /// The index of the entry after this value's.
    #[inline]
    fn next(self) -> u32 {
        match self.first() {
            b'{' | b'[' => self.entry().end,
            _ => self.index + 1,
        }
    }

    /// The path of this value from the document's root, such as `$.choices[0].message`.
    pub fn path(self) -> String {
        path(self.doc, self.offset())
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Node({:?} at byte {})", self.kind(), self.offset())
    }
}

/// One member of an object.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    pub(super) key: Node<'a>,
    /// Its value.
    pub value: Node<'a>,
}

impl<'a> Member<'a> {
    /// Its name.
    #[inline]
    pub fn name(&self) -> Cow<'a, str> {
        if self.key.doc.escaped_keys { text::unescape(self.raw_name()) } else { Cow::Borrowed(self.raw_name()) }
    }

    /// Its name in bytes.
    #[inline]
    pub(crate) fn name_bytes(&self) -> Cow<'a, [u8]> {
        let Entry { start, end } = self.key.entry();
        let raw = &self.key.doc.text.as_bytes()[start as usize + 1..end as usize - 1];
        if self.key.doc.escaped_keys { unescaped_bytes(raw) } else { Cow::Borrowed(raw) }
    }

    /// Its name as it is written between the quotes.
    #[inline]
    pub(super) fn raw_name(&self) -> &'a str {
        let Entry { start, end } = self.key.entry();
        &self.key.doc.text[start as usize + 1..end as usize - 1]
    }

    #[inline]
    fn named(&self, name: &str) -> bool {
        if self.key.doc.escaped_keys { text::same(self.raw_name(), name) } else { self.raw_name() == name }
    }
}

#[cold]
fn unescaped_bytes(raw: &[u8]) -> Cow<'_, [u8]> {
    match std::str::from_utf8(raw).map(text::unescape) {
        Ok(Cow::Owned(name)) => Cow::Owned(name.into_bytes()),
        _ => Cow::Borrowed(raw),
    }
}

/// Iterator of [`Node::members`].
#[derive(Debug, Clone)]
pub struct Members<'a> {
    doc: &'a Doc<'a>,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    #[inline]
    fn next(&mut self) -> Option<Member<'a>> {
        if self.next >= self.end {
            return None;
        }
        let key = Node::at(self.doc, self.next);
        let value = Node::at(self.doc, self.next + 1);
        self.next = value.next();
        Some(Member { key, value })
    }
}

/// Iterator of [`Node::items`].
#[derive(Debug, Clone)]
pub struct Items<'a> {
    doc: &'a Doc<'a>,
    /// Index of an entry, or, in a list of numbers, an offset of the text.
    next: u32,
    end: u32,
    numbers: Option<u32>,
}

impl<'a> Iterator for Items<'a> {
    type Item = Node<'a>;

    #[inline]
    fn next(&mut self) -> Option<Node<'a>> {
        if self.next >= self.end {
            return None;
        }
        let Some(index) = self.numbers else {
            let item = Node::at(self.doc, self.next);
            self.next = item.next();
            return Some(item);
        };
        let text = self.doc.text.as_bytes();
        let start = scan::space(text, self.next as usize);
        let end = scan::number(text, start).ok()?;
        // Over the comma, or over the bracket, which ends the list.
        self.next = scan::space(text, end) as u32 + 1;
        Some(Node { doc: self.doc, index, number: start as u32 })
    }
}

/// The path of the innermost value that stands at or around `offset`.
pub(crate) fn path(doc: &Doc<'_>, offset: usize) -> String {
    let mut path = "$".to_owned();
    let mut node = doc.root();
    'down: loop {
        for member in node.members() {
            if (member.value.offset()..member.value.end()).contains(&offset) {
                push_name(&mut path, &member.name());
                node = member.value;
                if node.offset() == offset {
                    return path;
                }
                continue 'down;
            }
        }
        for (index, item) in node.items().enumerate() {
            if (item.offset()..item.end()).contains(&offset) {
                path.push_str(&format!("[{index}]"));
                node = item;
                if node.offset() == offset || node.kind() == Kind::Number {
                    return path;
                }
                continue 'down;
            }
        }
        return path;
    }
}

/// Adds `.name`, or `["…"]` where the name is not a plain word: such a name is the user's data.
pub(super) fn push_name(path: &mut String, name: &str) {
    let plain = !name.is_empty() && name.len() <= 64;
    if plain && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-$".contains(&byte)) {
        path.push('.');
        path.push_str(name);
    } else {
        path.push_str("[\"…\"]");
    }
}
