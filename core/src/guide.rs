//! The user guides of `docs/guide/` and the front page, so that their examples are compiled and run with the tests.

macro_rules! guides {
    ($($name:ident = $file:literal)*) => {
        $( #[doc = include_str!(concat!("../../docs/guide/", $file))] mod $name {} )*
    };
}

guides! {
    agents = "agents.md"
    authentication = "authentication.md"
    azure = "azure.md"
    blocking = "blocking.md"
    configuration = "configuration.md"
    costs = "costs.md"
    errors = "errors.md"
    large_files = "large-files.md"
    limits = "limits.md"
    networks = "networks.md"
    observability = "observability.md"
    paging = "paging.md"
    polling = "polling.md"
    realtime = "realtime.md"
    record_and_replay = "record-and-replay.md"
    responses_websocket = "responses-websocket.md"
    retries_and_timeouts = "retries-and-timeouts.md"
    streaming = "streaming.md"
    streaming_helpers = "streaming-helpers.md"
    structured_outputs = "structured-outputs.md"
    tools = "tools.md"
    types = "types.md"
    uploads_and_downloads = "uploads-and-downloads.md"
    webhooks = "webhooks.md"
}

#[doc = include_str!("../../README.md")]
mod front_page {}
