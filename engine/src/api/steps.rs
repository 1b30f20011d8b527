//! `/threads/{thread_id}/runs/{run_id}/steps`

use std::sync::Arc;

use axum::response::Response;

use super::call::{Call, reply};
use crate::error::Failure;
use crate::objects::step::shown;
use crate::run::service::Inner;
use crate::store::list::Page;
use crate::store::{runs, steps as store, threads};

pub(super) async fn list(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (thread, run) = (call.id("thread_id", "thread")?, call.id("run_id", "run")?);
    let page = Page::read(&call.query, 20, 100)?;
    let content = call.includes_content()?;
    check(&engine, &call, thread, run).await?;
    Ok(reply(&store::list(&engine.db, &call.tenant, run, &page).await?.body(|step| shown(step, content))))
}

pub(super) async fn retrieve(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (thread, run) = (call.id("thread_id", "thread")?, call.id("run_id", "run")?);
    let id = call.id("step_id", "step")?;
    let content = call.includes_content()?;
    check(&engine, &call, thread, run).await?;
    Ok(reply(&shown(&store::get(&engine.db, &call.tenant, run, id).await?, content)))
}

async fn check(engine: &Inner, call: &Call, thread: &str, run: &str) -> Result<(), Failure> {
    threads::check(&engine.db, &call.tenant, thread).await?;
    engine.expire_active(thread).await?;
    runs::get(&engine.db, &call.tenant, thread, run).await.map(|_| ())
}
