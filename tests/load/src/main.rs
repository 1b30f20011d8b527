//! `threadline-load soak|bench [OPTIONS]`: kills or measures servers; results go to standard output as JSON.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Map, Value, json};
use threadline_load::server::{Folder, Plan};
use threadline_load::{Error, bench, chaos};
use threadline_model::ModelServer;

const USAGE: &str = "usage: threadline-load soak|bench --server PROGRAM [--postgres URL] [--runs N] [--only PART]\n\
    soak   kills servers in the middle of runs and judges what is left\n\
    bench  overhead, throughput, many streams, long threads, memory\n\
    --postgres URL  a database that may be filled; without it, the parts over PostgreSQL are not run\n\
    --runs N        soak: runs of each part with several servers (1000). bench: runs for the memory part (100000)\n\
    --only PART     this part alone";

struct Options {
    server: PathBuf,
    postgres: Option<String>,
    runs: Option<usize>,
    only: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(std::env::args().skip(1)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Where even the error stream is closed there is nobody to tell.
            let _unread = writeln!(io::stderr(), "threadline-load: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut args: impl Iterator<Item = String>) -> Result<(), Error> {
    let command = args.next().ok_or(USAGE)?;
    let (mut server, mut postgres, mut runs, mut only) = (None, None, None, None);
    while let Some(arg) = args.next() {
        let value = args.next().ok_or(USAGE)?;
        match arg.as_str() {
            "--server" => server = Some(PathBuf::from(value)),
            "--postgres" => postgres = Some(value),
            "--runs" => runs = Some(value.parse()?),
            "--only" => only = Some(value),
            _ => return Err(USAGE.into()),
        }
    }
    let options = Options { server: server.ok_or(USAGE)?, postgres, runs, only };
    match command.as_str() {
        "soak" => soak(&options).await,
        "bench" => measure(&options).await,
        _ => Err(USAGE.into()),
    }
}

impl Options {
    fn wants(&self, part: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == part)
    }

    fn plan(&self, folder: &Folder, store: &str, upstream: &str, lease: f64) -> Plan {
        Plan {
            program: self.server.clone(),
            store: store.to_owned(),
            upstream: upstream.to_owned(),
            api: "chat",
            lease,
            folder: folder.path().to_owned(),
        }
    }
}

fn tell(text: &str) -> Result<(), Error> {
    writeln!(io::stdout(), "{text}")?;
    Ok(io::stdout().flush()?)
}

async fn soak(options: &Options) -> Result<(), Error> {
    let model = ModelServer::start().await?;
    let folder = Folder::new("soak")?;
    let sqlite = format!("sqlite:{}", folder.path().join("soak.db").display());
    let (mut passed, mut failed) = (0, 0);
    let mut judge = |what: &str, outcome: &chaos::Outcome| -> Result<(), Error> {
        tell(&format!("{what}: {outcome}"))?;
        outcome.wrong.iter().take(5).try_for_each(|wrong| tell(&format!("  {wrong}")))?;
        let well = outcome.wrong.is_empty();
        passed += usize::from(well);
        failed += usize::from(!well);
        Ok(())
    };
    if options.wants("sqlite") {
        for into in [0, 300, 800] {
            let plan = options.plan(&folder, &sqlite, &model.base_url(), 2.0);
            let outcome = chaos::one_server(plan, &model, 50, Duration::from_millis(into)).await?;
            let speaking = outcome.speaking;
            judge(&format!("SQLite, one server killed {into} ms into {speaking} answers"), &outcome)?;
        }
    }
    if let Some(postgres) = &options.postgres {
        for servers in [2, 4] {
            if !options.wants(&format!("postgres-{servers}")) {
                continue;
            }
            let plan = options.plan(&folder, postgres, &model.base_url(), 2.0);
            let outcome = chaos::many_servers(plan, servers, options.runs.unwrap_or(1000), 100).await?;
            judge(&format!("PostgreSQL, {servers} servers killed at random"), &outcome)?;
        }
    }
    let log = std::fs::read_to_string(folder.path().join("servers.log")).unwrap_or_default();
    let errors = log.lines().filter(|line| line.contains("ERROR")).count();
    tell(&format!("{errors} errors in the servers' logs"))?;
    log.lines().filter(|line| line.contains("ERROR")).take(5).try_for_each(tell)?;
    tell(&format!("soak: {passed} passed, {failed} failed"))?;
    if failed == 0 { Ok(()) } else { Err("something was lost or left open".into()) }
}

async fn measure(options: &Options) -> Result<(), Error> {
    let model = ModelServer::start().await?;
    let folder = Folder::new("bench")?;
    let sqlite = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    let mut report = Map::new();
    let mut keep = |name: &str, value: Value| -> Result<(), Error> {
        tell(&format!("{name}: {value}"))?;
        report.insert(name.to_owned(), value);
        Ok(())
    };
    let plan = |store: &str| options.plan(&folder, store, &model.base_url(), 30.0);
    let time = Duration::from_secs(15);
    let mut stores = vec![("sqlite", sqlite("bench.db"))];
    stores.extend(options.postgres.iter().map(|url| ("postgres", url.clone())));
    for (name, store) in &stores {
        if options.wants("overhead") {
            let server = plan(store).start().await?;
            keep(&format!("overhead_{name}"), bench::overhead(&server, &model, 500).await?)?;
        }
        if options.wants("throughput") {
            for count in if *name == "sqlite" { vec![1] } else { vec![1, 2, 4] } {
                let servers = bench::servers(&plan(store), count).await?;
                let found = bench::throughput(&servers, 32, time).await?;
                keep(&format!("throughput_{name}_{count}"), found)?;
            }
        }
        if options.wants("at_once") {
            let server = plan(store).start().await?;
            keep(&format!("at_once_{name}"), bench::at_once(&server, &model, 1000).await?)?;
        }
        if options.wants("long_thread") {
            let server = plan(store).start().await?;
            keep(&format!("long_thread_{name}"), bench::long_thread(&server, 100_000).await?)?;
        }
    }
    if options.wants("memory") {
        let server = plan(&sqlite("memory.db")).start().await?;
        let runs = options.runs.unwrap_or(100_000);
        keep("memory_sqlite", bench::memory(&server, runs, 16).await?)?;
    }
    tell(&json!(report).to_string())
}
