//! Lists that come in pages.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt, TryStreamExt};
use http::HeaderMap;

use crate::client::{Args, Call, CallFuture, Client, Outcome, Parts, RequestOptions, sealed};
use crate::error::{Error, ErrorKind};
use crate::json::{Context, Decode, Doc, Json, Kind, Node};
use crate::operation::{Operation, PageStyle};
use crate::response::{RateLimit, RawReply, execute};

/// One page of a list.
///
/// ```ignore
/// let mut files = client.files().list(FileListParams::default()).items();
/// while let Some(file) = files.try_next().await? {
///     println!("{}", file.filename);
/// }
/// ```
pub struct Page<T> {
    /// The items of this page.
    pub data: Vec<T>,
    raw: Box<RawReply>,
    link: Link,
}

/// How to ask for the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cursor {
    /// The argument that says where the next page starts.
    pub param: &'static str,
    /// Its value.
    pub value: String,
}

/// What leads from a page to the next one.
#[derive(Clone)]
struct Link {
    next: Option<Cursor>,
    origin: Arc<Origin>,
    /// Hashes of the cursors used so far.
    used: HashSet<u64>,
    /// Hash of the page's items, by which a page that comes again is known.
    items: u64,
    /// Whether the page says itself that there is more, instead of only leaving it open.
    says_more: bool,
}

/// The call that the first page came from.
struct Origin {
    client: Client,
    op: &'static Operation,
    path: Vec<String>,
    fields: Bytes,
    options: RequestOptions,
}

impl<T> Page<T> {
    /// The items of this page.
    pub fn items(&self) -> &[T] {
        &self.data
    }

    /// Whether the server says that there is more.
    pub fn has_next_page(&self) -> bool {
        self.link.next.is_some()
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.raw.status.as_u16()
    }

    /// Headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.raw.headers
    }

    /// The reply's `x-request-id`, to quote when asking the provider.
    pub fn request_id(&self) -> Option<&str> {
        self.raw.request_id()
    }

    /// The rate limits that the reply states.
    pub fn rate_limit(&self) -> RateLimit {
        RateLimit::from_headers(&self.raw.headers)
    }

    /// Number of requests that were sent for this page.
    pub fn attempts(&self) -> u32 {
        self.raw.attempts
    }

    /// The body as it came.
    pub fn raw_body(&self) -> &Bytes {
        &self.raw.body
    }

    /// A member of the page beside its data, such as `first_id` or `has_more`.
    pub fn get(&self, name: &str) -> Option<Json> {
        Doc::parse(&self.raw.body).ok()?.root().get(name).map(Json::from)
    }
}

impl<T: Decode + Send + 'static> Page<T> {
    /// The next page, or `None` after the last one. The call's options hold for it too, its timeout anew.
    ///
    /// # Errors
    /// Any [`Error`]; kind `decode` if the server names or sends a page that was read already.
    pub async fn next_page(&self) -> Result<Option<Self>, Error> {
        self.link.clone().follow().await
    }

    fn read(raw: RawReply, mut link: Link) -> Result<Self, Error> {
        let data = {
            let doc = Doc::parse(&raw.body).map_err(|e| raw.decode_error(e))?;
            let root = doc.root();
            link.next = link.origin.op.page.and_then(|style| cursor_at(style, root));
            // Some providers send the bare list; a file's content once came under its own name.
            let list = match root.kind() {
                Kind::List => Some(root),
                _ => root.get("data").or_else(|| root.get("content")),
            };
            link.items = list.map_or(0, |list| hash(list.raw()));
            link.says_more = match link.origin.op.page {
                Some(PageStyle::Token | PageStyle::Next) => link.next.is_some(),
                _ => root.get("has_more").and_then(Node::as_bool) == Some(true),
            };
            let mut data = Vec::with_capacity(list.map_or(0, Node::len));
            for item in list.into_iter().flat_map(Node::items) {
                let value = T::decode(item, &mut Context::default());
                data.push(value.ok_or_else(|| raw.decode_error(format!("{} is no item of this list", item.path())))?);
            }
            data
        };
        Ok(Self { data, raw: Box::new(raw), link })
    }
}

impl Link {
    fn of(origin: Arc<Origin>) -> Self {
        Self { next: None, origin, used: HashSet::new(), items: 0, says_more: false }
    }

    async fn follow<T: Decode + Send + 'static>(mut self) -> Result<Option<Page<T>>, Error> {
        let Some(next) = self.next.take() else { return Ok(None) };
        if !self.used.insert(hash(&next.value)) {
            return Err(goes_round());
        }
        let origin = &*self.origin;
        let parts = Parts {
            client: origin.client.clone(),
            op: origin.op,
            args: Ok(Args::new(origin.path.clone(), next.apply(&origin.fields), Vec::new())),
            options: RequestOptions { idempotency_key: None, ..origin.options.clone() },
        };
        let raw = execute(Box::new(parts)).await?;
        let items = self.items;
        let page = Page::<T>::read(raw, self)?;
        // The same items and the same cursor again: this server knows no cursors. If it claims that there is more, that is out of reach;
        // if it does not, the first page was the whole list.
        let again = page.link.items == items && page.link.next.as_ref().is_some_and(|after| after.value == next.value);
        match again {
            true if page.link.says_more => Err(goes_round()),
            true => Ok(None),
            false => Ok(Some(page)),
        }
    }
}

fn goes_round() -> Error {
    Error::new(ErrorKind::Decode, "the list goes round: the server's next page is one that was read already")
}

impl<T: fmt::Debug> fmt::Debug for Page<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("data", &self.data).field("next", &self.link.next).finish_non_exhaustive()
    }
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.data.into_iter()
    }
}

impl Cursor {
    /// How to ask for the page after the one in this body; `None` if it is the last, or no page at all.
    pub fn after(style: PageStyle, body: &[u8]) -> Option<Self> {
        cursor_at(style, Doc::parse(body).ok()?.root())
    }

    /// The arguments of a list call, with this cursor in place of any earlier one.
    pub fn apply(&self, fields: &[u8]) -> String {
        let doc = Doc::parse(fields).ok();
        let members = doc.as_ref().map(|doc| doc.root().members());
        let mut json = String::from("{");
        for member in members.into_iter().flatten().filter(|member| member.name() != self.param) {
            json.push_str(Json::string(member.name()).raw());
            json.push(':');
            json.push_str(member.value.raw());
            json.push(',');
        }
        json.push_str(Json::string(self.param).raw());
        json.push(':');
        json.push_str(Json::string(&self.value).raw());
        json.push('}');
        json
    }
}

fn cursor_at(style: PageStyle, page: Node<'_>) -> Option<Cursor> {
    let text = |node: Node<'_>| node.as_str().filter(|text| !text.is_empty()).map(|text| text.into_owned());
    if page.get("has_more").and_then(Node::as_bool) == Some(false) {
        return None;
    }
    let (param, value) = match style {
        PageStyle::Single => return None,
        PageStyle::Cursor => ("after", last_item(page).and_then(text).or_else(|| page.get("last_id").and_then(text))?),
        // A page that says nothing of its last id has one all the same; null means the end.
        PageStyle::LastId => ("after", page.get("last_id").or_else(|| last_item(page)).and_then(text)?),
        // Lists of this style name their cursor either way.
        PageStyle::Token => ("page", page.get("next_page").and_then(text).or_else(|| page.get("next").and_then(text))?),
        PageStyle::Next => ("after", page.get("next").and_then(text)?),
    };
    Some(Cursor { param, value })
}

/// The id of the page's last item.
fn last_item(page: Node<'_>) -> Option<Node<'_>> {
    page.get("data")?.items().last()?.get("id")
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl<T> sealed::Sealed for Page<T> {}

impl<T: Decode + Send + 'static> Outcome for Page<T> {
    fn send(call: Call<Self>) -> CallFuture<Self> {
        let parts = call.inner;
        let (path, fields) = match &parts.args {
            Ok(args) => (args.path.clone(), args.fields.clone()),
            Err(_) => Default::default(),
        };
        let (client, op, options) = (parts.client.clone(), parts.op, parts.options.clone());
        let origin = Arc::new(Origin { client, op, path, fields, options });
        let future = execute(parts);
        Box::pin(async move { Page::read(future.await?, Link::of(origin)) })
    }
}

impl<T: Decode + Send + 'static> Call<Page<T>> {
    /// All pages, each asked for when it is needed, with the same options.
    pub fn pages(self) -> Pages<T> {
        Pages(stream::try_unfold(Step::First(self), Step::run).boxed())
    }

    /// All items of all pages, with the same options.
    pub fn items(self) -> Items<T> {
        Items(self.pages().map_ok(|page| stream::iter(page.data.into_iter().map(Ok))).try_flatten().boxed())
    }
}

/// The pages of a list as they came: for language bindings, which know the items' types themselves.
pub fn pages_raw(client: &Client, op: &'static Operation, args: Args, options: RequestOptions) -> Pages<Json> {
    Call::from_args(client, op, Ok(args)).options(options).pages()
}

enum Step<T> {
    First(Call<Page<T>>),
    Next(Link),
}

impl<T: Decode + Send + 'static> Step<T> {
    async fn run(self) -> Result<Option<(Page<T>, Self)>, Error> {
        let page = match self {
            Self::First(call) => Some(call.await?),
            Self::Next(link) => link.follow().await?,
        };
        Ok(page.map(|page| {
            let link = page.link.clone();
            (page, Self::Next(link))
        }))
    }
}

macro_rules! list_stream {
    ($(#[$doc:meta])* $name:ident of $item:ty) => {
        $(#[$doc])*
        pub struct $name<T>(BoxStream<'static, Result<$item, Error>>);

        impl<T> $name<T> {
            /// The next one, or `None` after the last or after an error.
            ///
            /// # Errors
            /// Any [`Error`] of asking for a page.
            pub async fn next(&mut self) -> Option<Result<$item, Error>> {
                StreamExt::next(&mut self.0).await
            }

            /// As [`next`](Self::next), for use with `?`.
            ///
            /// # Errors
            /// As [`next`](Self::next).
            pub async fn try_next(&mut self) -> Result<Option<$item>, Error> {
                self.next().await.transpose()
            }
        }

        impl<T> Stream for $name<T> {
            type Item = Result<$item, Error>;

            fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
                self.0.poll_next_unpin(cx)
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

list_stream! {
    /// The pages of a list, one after the other. A [`Stream`] too.
    Pages of Page<T>
}
list_stream! {
    /// The items of a list, page after page. A [`Stream`] too.
    Items of T
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(style: PageStyle, body: &str) -> Option<(&'static str, String)> {
        Cursor::after(style, body.as_bytes()).map(|cursor| (cursor.param, cursor.value))
    }

    #[test]
    fn each_style_finds_its_cursor() {
        let page = r#"{"data":[{"id":"a"},{"id":"b"}],"last_id":"l","next_page":"p","next":"n","has_more":true}"#;
        assert_eq!(after(PageStyle::Cursor, page), Some(("after", "b".into())));
        assert_eq!(after(PageStyle::LastId, page), Some(("after", "l".into())));
        assert_eq!(after(PageStyle::Token, page), Some(("page", "p".into())));
        assert_eq!(after(PageStyle::Token, r#"{"data":[],"next":"n"}"#), Some(("page", "n".into())));
        assert_eq!(after(PageStyle::Next, page), Some(("after", "n".into())));
        assert_eq!(after(PageStyle::Single, page), None);
    }

    #[test]
    fn the_last_page_has_no_cursor() {
        for page in [
            r#"{"data":[{"id":"a"}],"last_id":"a","next_page":"p","next":"n","has_more":false}"#,
            r#"{"data":[],"has_more":true}"#,
            r#"{"data":[{}],"last_id":null,"next_page":null,"next":null,"has_more":true}"#,
            "[]",
            "no json",
        ] {
            for style in [PageStyle::Cursor, PageStyle::LastId, PageStyle::Token, PageStyle::Next] {
                assert_eq!(after(style, page), None, "{style:?} {page}");
            }
        }
        assert!(after(PageStyle::Cursor, r#"{"data":[{"id":"a"}]}"#).is_some(), "`has_more` may be missing");
    }

    #[test]
    fn item_and_page_stand_in_for_each_other_where_one_names_no_id() {
        let page = r#"{"data":[{"id":"a"},{"role":"user"}],"last_id":"l","has_more":true}"#;
        assert_eq!(after(PageStyle::Cursor, page), Some(("after", "l".into())));
        let page = r#"{"data":[{"id":"a"}],"has_more":true}"#;
        assert_eq!(after(PageStyle::LastId, page), Some(("after", "a".into())));
        let page = r#"{"data":[{"id":"a"}],"last_id":null,"has_more":true}"#;
        assert_eq!(after(PageStyle::LastId, page), None);
    }

    #[test]
    fn the_cursor_takes_the_place_of_an_earlier_one() {
        let cursor = Cursor { param: "after", value: "x\"y".into() };
        assert_eq!(cursor.apply(br#"{"limit":2,"after":"a"}"#), r#"{"limit":2,"after":"x\"y"}"#);
        assert_eq!(cursor.apply(b""), r#"{"after":"x\"y"}"#);
    }
}
