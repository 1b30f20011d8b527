//! Long lists: page by page, item by item, and only as much as is needed.

use threadline::types::FileListParams;
use threadline::{Client, Error};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let files = client.files();

    // One page.
    let page = files.list_with(FileListParams::new().limit(2)).await?;
    println!("first page: {} files, more: {}", page.items().len(), page.has_next_page());

    // All items; the next page is asked for when the last item of one is used up.
    let mut all = files.list().items();
    let mut count = 0;
    while let Some(file) = all.try_next().await? {
        count += 1;
        println!("  {count}. {}", file.filename);
        if count == 100 {
            break; // and no further request is made
        }
    }

    // All pages, where the pages themselves matter.
    let mut pages = files.list().pages();
    while let Some(page) = pages.try_next().await? {
        println!("a page of {}, request {:?}", page.items().len(), page.request_id());
    }
    Ok(())
}
