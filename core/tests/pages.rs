//! Lists: pages, items, and servers that never stop.

mod support;

use support::fake::{Fake, json, status};
use threadline::types::FileListParams;
use threadline::{Client, Error, ErrorKind};

fn page(ids: &[&str], more: bool) -> support::fake::Answer {
    let items: Vec<_> = ids.iter().map(|id| format!(r#"{{"id":"{id}","object":"file"}}"#)).collect();
    json(&format!(r#"{{"object":"list","data":[{}],"has_more":{more},"first_id":"x"}}"#, items.join(",")))
}

async fn items(client: &Client) -> (Vec<String>, Option<Error>) {
    let mut items = client.files().list_with(FileListParams::default().limit(2)).header("x-tenant", "7").items();
    let mut ids = Vec::new();
    while let Some(item) = items.next().await {
        match item {
            Ok(file) => ids.push(file.id),
            Err(error) => {
                assert!(items.next().await.is_none());
                return (ids, Some(error));
            }
        }
    }
    (ids, None)
}

#[tokio::test]
async fn items_of_all_pages_come_in_order_with_the_options_of_the_call() {
    let fake = Fake::new([page(&["a", "b"], true), page(&["c"], false)]);
    let (ids, error) = items(&fake.client()).await;
    assert!(error.is_none());
    assert_eq!(ids, ["a", "b", "c"]);
    let seen = fake.seen();
    assert_eq!(seen[0].url, "https://api.test/v1/files?limit=2");
    assert_eq!(seen[1].url, "https://api.test/v1/files?limit=2&after=b");
    assert!(seen.iter().all(|request| request.header("x-tenant") == Some("7")));
}

#[tokio::test]
async fn a_page_leads_to_the_next_one() {
    let fake = Fake::new([page(&["a"], true), page(&["b"], false)]);
    let first = fake.client().files().list().await.unwrap();
    assert!(first.has_next_page());
    assert_eq!(first.get("first_id").and_then(|id| id.as_string()).as_deref(), Some("x"));
    let second = first.next_page().await.unwrap().unwrap();
    assert_eq!(second.data[0].id, "b");
    assert!(!second.has_next_page() && second.next_page().await.unwrap().is_none());
}

#[tokio::test]
async fn a_server_that_goes_round_is_an_error_and_not_a_loop() {
    // A page that comes twice in a row is handed out once; a longer way round shows only when it is gone again.
    for (pages, count) in [
        (vec![page(&["a"], true), page(&["a"], true)], 1),
        (vec![page(&["a"], true), page(&["b"], true), page(&["a"], true)], 3),
    ] {
        let (ids, error) = items(&Fake::new(pages).client()).await;
        assert_eq!(ids.len(), count);
        assert_eq!(error.unwrap().kind(), ErrorKind::Decode);
    }
}

#[tokio::test]
async fn pages_are_asked_for_when_they_are_wanted() {
    let fake = Fake::new([page(&["a", "b"], true)]);
    let mut items = fake.client().files().list().items();
    assert_eq!(items.next().await.unwrap().unwrap().id, "a");
    assert_eq!(items.next().await.unwrap().unwrap().id, "b");
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn an_error_in_the_middle_comes_after_the_items_before_it() {
    let (ids, error) = items(&Fake::new([page(&["a"], true), status(401, "{}")]).client()).await;
    assert_eq!((ids.len(), error.unwrap().kind()), (1, ErrorKind::Authentication));
}

#[tokio::test]
async fn odd_pages_are_read_as_far_as_they_make_sense() {
    for (body, count) in [(r#"{"data":null}"#, 0), ("{}", 0), (r#"[{"id":"a"}]"#, 1), (r#"{"data":[{}]}"#, 1)] {
        let list = Fake::new([json(body)]).client().files().list().await.unwrap();
        assert_eq!((list.items().len(), list.has_next_page()), (count, false), "{body}");
    }
    let error = Fake::new([json(r#"{"data":[1]}"#)]).client().files().list().await.unwrap_err();
    assert!(error.message().contains("$.data[0]"), "{error}");
}
