//! Lists, page by page.

use std::sync::Arc;

use threadline::page::{Pages, pages_raw};
use threadline::undocumented::Answer;
use threadline::{Json, Page};
use tokio::sync::Mutex;

use crate::cancel::CancelHandle;
use crate::client::{Client, prepared};
use crate::error::CallError;
use crate::news::list;
use crate::reply::{Head, header_lines};
use crate::runtime;

/// One page.
#[derive(Debug, uniffi::Record)]
pub struct PageReply {
    /// Status and headers.
    pub head: Head,
    /// Its items, as a JSON list.
    pub items: Vec<u8>,
    /// The page as it came.
    pub body: Vec<u8>,
    /// Whether the server says that there is more.
    pub has_next: bool,
}

/// Reads a list page by page.
#[derive(uniffi::Object)]
pub struct Pager {
    pages: Arc<Mutex<Option<Pages<Json>>>>,
}

impl std::fmt::Debug for Pager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pager")
    }
}

fn page_reply(page: &Page<Json>) -> PageReply {
    let items: Vec<&str> = page.data.iter().map(Json::raw).collect();
    PageReply {
        head: Head {
            status: page.status(),
            headers: header_lines(page.headers()),
            request_id: page.request_id().map(Into::into),
            attempts: page.attempts(),
        },
        items: list(&items),
        body: page.raw_body().to_vec(),
        has_next: page.has_next_page(),
    }
}

#[uniffi::export]
impl Client {
    /// A reader of a list. Nothing is sent yet.
    pub fn pager(
        &self,
        operation: String,
        path: Vec<String>,
        fields: Vec<u8>,
        options: String,
    ) -> Result<Arc<Pager>, CallError> {
        let (operation, args, options) = prepared(&operation, path, fields, Vec::new(), &options, Answer::Whole)?;
        let pages = pages_raw(&self.core, operation, args, options);
        Ok(Arc::new(Pager { pages: Arc::new(Mutex::new(Some(pages))) }))
    }
}

#[uniffi::export]
impl Pager {
    /// The next page; none behind the last one, or behind an error.
    pub async fn next(&self, cancel: Option<Arc<CancelHandle>>) -> Result<Option<PageReply>, CallError> {
        let pages = Arc::clone(&self.pages);
        runtime::run(cancel, async move {
            let mut pages = pages.lock().await;
            let Some(found) = &mut *pages else { return Ok(None) };
            let page = found.try_next().await;
            if !matches!(page, Ok(Some(_))) {
                *pages = None;
            }
            Ok(page?.as_ref().map(page_reply))
        })
        .await
    }
}
