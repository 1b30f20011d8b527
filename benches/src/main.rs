//! Measures client CPU and wall time beside other crates, all against one loopback server in one run.
//!
//! `cargo xtask bench rust` runs it. Ratios are medians of round-by-round quotients, because machines are noisy.

mod accumulate;
mod measure;
mod peers;
mod report;
mod server;

use std::io::BufRead;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use futures_util::{StreamExt, stream};

use measure::{Cost, round};
use peers::Peer;
use report::{Aim, Report, Row};

const ROUNDS: usize = 9;
const SERIAL_CALLS: usize = 400;
const CONCURRENT_CALLS: usize = 1_600;
const FLIGHT_CALLS: usize = 8_000;
const STREAMS: usize = 4;

const SERIAL: &str = "serial call";
const FLUSHED: &str = "stream of 2,000 chunks, an HTTP chunk for each event";
const BUFFERED: &str = "stream of 2,000 chunks, in pieces of 16 KiB";
const FLOATS: &str = "embeddings 256x1536, JSON";
const DEFAULTS: &str = "embeddings 256x1536, each client's default";
const FLIGHT: &str = "2,000 in flight beside 64";

/// What the project wants to reach: ours over theirs, CPU a unit.
const AIMS: &[Aim] = &[
    Aim { scenario: SERIAL, beside: "raw reqwest", most: 1.3 },
    Aim { scenario: FLUSHED, beside: "async-openai", most: 1.0 / 4.0 },
    Aim { scenario: FLUSHED, beside: "openai-oxide", most: 1.0 / 3.0 },
    Aim { scenario: BUFFERED, beside: "async-openai", most: 1.0 / 4.0 },
    Aim { scenario: BUFFERED, beside: "openai-oxide", most: 1.0 / 3.0 },
    Aim { scenario: FLOATS, beside: "async-openai", most: 0.85 },
    Aim { scenario: DEFAULTS, beside: "async-openai (JSON)", most: 1.0 / 3.0 },
    Aim { scenario: FLIGHT, beside: "threadline, 64", most: 1.0 },
    Aim { scenario: accumulate::CHAT, beside: accumulate::ALONE, most: 1.5 },
    Aim { scenario: accumulate::RESPONSE, beside: accumulate::ALONE, most: 1.5 },
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if std::env::args().nth(1).as_deref() == Some("serve") {
        raise_file_limit();
        runtime.block_on(server::serve())?;
        return Ok(());
    }
    raise_file_limit();
    let (mut server, port) = start_server()?;
    let outcome = runtime.block_on(measure_all(&format!("http://127.0.0.1:{port}/v1")));
    server.kill()?;
    outcome
}

async fn measure_all(base: &str) -> Result<(), Box<dyn std::error::Error>> {
    let ours = Arc::new(peers::Threadline(threadline::Client::builder().api_key("key").base_url(base).build()?));
    let raw = Arc::new(peers::Raw { client: reqwest::Client::new(), base: base.to_owned() });
    let config = async_openai::config::OpenAIConfig::new().with_api_base(base).with_api_key("key");
    let theirs = Arc::new(peers::AsyncOpenai(async_openai::Client::with_config(config)));
    let config = openai_oxide::config::ClientConfig::new("key").base_url(base);
    let oxide = Arc::new(peers::Oxide(openai_oxide::OpenAI::with_config(config)));

    let mut report = Report::default();
    macro_rules! scenario {
        ($name:expr, $unit:literal, $units:expr, |$peer:ident| $work:expr) => {{
            let mut row = Row::new($name, $unit);
            for number in 0..=ROUNDS {
                let costs: [(&'static str, Cost); 4] = [
                    { let $peer = ours.clone(); ($peer.name(), round($units, $work).await) },
                    { let $peer = raw.clone(); ($peer.name(), round($units, $work).await) },
                    { let $peer = theirs.clone(); ($peer.name(), round($units, $work).await) },
                    { let $peer = oxide.clone(); ($peer.name(), round($units, $work).await) },
                ];
                // Round 0 warms connections, caches and allocators.
                if number > 0 {
                    row.add(&costs);
                }
            }
            report.finish(row);
        }};
    }

    scenario!(SERIAL, "call", SERIAL_CALLS, |peer| async move {
        for _ in 0..SERIAL_CALLS {
            peer.chat().await;
        }
    });
    scenario!("64 concurrent calls", "call", CONCURRENT_CALLS, |peer| in_flight(peer, CONCURRENT_CALLS, 64));
    scenario!(FLUSHED, "chunk", STREAMS * server::CHUNKS, |peer| streams(peer, peers::FLUSHED));
    scenario!(BUFFERED, "chunk", STREAMS * server::CHUNKS, |peer| streams(peer, peers::BUFFERED));
    scenario!(FLOATS, "call", 2, |peer| async move {
        peer.embeddings(false).await;
        peer.embeddings(false).await;
    });
    scenario!("embeddings 256x1536, base64", "call", 2, |peer| async move {
        peer.embeddings(true).await;
        peer.embeddings(true).await;
    });

    let mut row = Row::new(DEFAULTS, "call");
    for number in 0..=ROUNDS {
        let costs = [
            ("threadline (base64)", round(1, embeddings(ours.clone(), true)).await),
            ("async-openai (JSON)", round(1, embeddings(theirs.clone(), false)).await),
            ("openai-oxide (JSON)", round(1, embeddings(oxide.clone(), false)).await),
        ];
        if number > 0 {
            row.add(&costs);
        }
    }
    report.finish(row);

    // Round 0 opens the connections; all later rounds find theirs in the pool.
    let mut row = Row::new(FLIGHT, "call");
    for number in 0..=ROUNDS {
        let costs = [
            ("threadline, 2,000", round(FLIGHT_CALLS, in_flight(ours.clone(), FLIGHT_CALLS, 2_000)).await),
            ("threadline, 64", round(FLIGHT_CALLS, in_flight(ours.clone(), FLIGHT_CALLS, 64)).await),
            ("raw reqwest, 2,000", round(FLIGHT_CALLS, in_flight(raw.clone(), FLIGHT_CALLS, 2_000)).await),
            ("raw reqwest, 64", round(FLIGHT_CALLS, in_flight(raw.clone(), FLIGHT_CALLS, 64)).await),
        ];
        if number > 0 {
            row.add(&costs);
        }
    }
    report.finish(row);
    accumulate::measure(&mut report).await;
    report.print_and_save(AIMS)?;
    Ok(())
}

async fn embeddings<P: Peer>(peer: Arc<P>, base64: bool) {
    peer.embeddings(base64).await;
}

async fn streams<P: Peer>(peer: Arc<P>, model: &'static str) {
    for _ in 0..STREAMS {
        peer.stream(model).await;
    }
}

async fn in_flight<P: Peer>(peer: Arc<P>, calls: usize, width: usize) {
    let call = |_| {
        let peer = peer.clone();
        async move { peer.chat().await }
    };
    stream::iter(0..calls).map(call).buffer_unordered(width).collect::<Vec<()>>().await;
}

fn start_server() -> Result<(Child, u16), Box<dyn std::error::Error>> {
    let mut child = Command::new(std::env::current_exe()?).arg("serve").stdout(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().ok_or("the server has no standard output")?;
    let mut line = String::new();
    std::io::BufReader::new(stdout).read_line(&mut line)?;
    Ok((child, line.trim().parse()?))
}

fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        eprintln!("the limit of open files stays as it is: {error}");
    }
}
