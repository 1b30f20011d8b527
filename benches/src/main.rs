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

use futures_util::{StreamExt, stream};

use measure::{Cost, round};
use peers::Peer;
use report::{Report, Row};

const ROUNDS: usize = 9;
const SERIAL_CALLS: usize = 400;
const CONCURRENT_CALLS: usize = 1_600;
const FLIGHT_CALLS: usize = 8_000;

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
    let ours = peers::Threadline(threadline::Client::builder().api_key("key").base_url(base).build()?);
    let raw = peers::Raw { client: reqwest::Client::new(), base: base.to_owned() };
    let config = async_openai::config::OpenAIConfig::new().with_api_base(base).with_api_key("key");
    let theirs = peers::AsyncOpenai(async_openai::Client::with_config(config));
    let oxide =
        peers::Oxide(openai_oxide::OpenAI::with_config(openai_oxide::config::ClientConfig::new("key").base_url(base)));

    let mut report = Report::default();
    macro_rules! scenario {
        ($name:literal, $unit:literal, $units:expr, |$peer:ident| $work:expr) => {{
            let mut row = Row::new($name, $unit);
            for number in 0..=ROUNDS {
                let costs: [(&'static str, Cost); 4] = [
                    { let $peer = &ours; ($peer.name(), round($units, $work).await) },
                    { let $peer = &raw; ($peer.name(), round($units, $work).await) },
                    { let $peer = &theirs; ($peer.name(), round($units, $work).await) },
                    { let $peer = &oxide; ($peer.name(), round($units, $work).await) },
                ];
                // Round 0 warms connections, caches and allocators.
                if number > 0 {
                    row.add(&costs);
                }
            }
            report.finish(row);
        }};
    }

    scenario!("serial call", "call", SERIAL_CALLS, |peer| async {
        for _ in 0..SERIAL_CALLS {
            peer.chat().await;
        }
    });
    scenario!("64 concurrent calls", "call", CONCURRENT_CALLS, |peer| in_flight(peer, CONCURRENT_CALLS, 64));
    scenario!("stream of 2,000 chunks", "chunk", 4 * server::CHUNKS, |peer| async {
        for _ in 0..4 {
            peer.stream().await;
        }
    });
    scenario!("embeddings 256x1536, JSON", "call", 2, |peer| async {
        peer.embeddings(false).await;
        peer.embeddings(false).await;
    });
    scenario!("embeddings 256x1536, base64", "call", 2, |peer| async {
        peer.embeddings(true).await;
        peer.embeddings(true).await;
    });

    let mut flight = Row::new("2,000 in flight beside 64", "call");
    for number in 0..=ROUNDS.min(5) {
        let wide = round(FLIGHT_CALLS, in_flight(&ours, FLIGHT_CALLS, 2_000)).await;
        let narrow = round(FLIGHT_CALLS, in_flight(&ours, FLIGHT_CALLS, 64)).await;
        if number > 0 {
            flight.add(&[("threadline, 2,000", wide), ("threadline, 64", narrow)]);
        }
    }
    report.finish(flight);
    accumulate::measure(&mut report).await;
    report.print_and_save()?;
    Ok(())
}

async fn in_flight<P: Peer>(peer: &P, calls: usize, width: usize) {
    stream::iter(0..calls).map(|_| peer.chat()).buffer_unordered(width).collect::<Vec<()>>().await;
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
