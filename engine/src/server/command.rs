//! The program `threadline-server`: its arguments, its environment, its file.
#![allow(clippy::print_stdout)] // its address, keys and exports are what it is asked for

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::Value;
use threadline::ClientBuilder;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::serve;
use crate::engine::Engine;
use crate::model::{Api, Profile, Upstream};
use crate::settings::Settings;
use crate::transfer::{Transferred, are_siblings, oldest_first};

const EXAMPLES: &str = "\
Examples:
  # Over OpenAI's own models, in a file beside you, for this machine only:
  THREADLINE_UPSTREAM_KEY=sk-... threadline-server

  # Over a server that knows /chat/completions only, for others too:
  threadline-server keys add my-app
  threadline-server --listen 0.0.0.0:8091 --upstream http://127.0.0.1:8000/v1 --upstream-api chat

  # Several servers over one database, each with the same command line:
  threadline-server --store postgres://threadline@db/threadline --config /etc/threadline.toml

  # Everything out, and in again elsewhere, under the same ids:
  threadline-server export > all.jsonl
  threadline-server --store postgres://threadline@db/threadline import < all.jsonl

The file of --config:
  store = \"sqlite:/var/lib/threadline/threadline.db\"
  upstream = \"https://api.openai.com/v1\"
  [settings]               # run_ttl_seconds, max_body, max_file, cors_origins, keep_events, ...
  run_ttl_seconds = 600
  [profile]                # what the provider can do: models, context_tokens, embeddings, hosted_tools, ...
  models = { \"gpt-4o\" = \"local-model\" }
  embeddings = { model = \"text-embedding-3-small\", dimensions = 256 }

GET /healthz says that the process lives, /readyz that it serves, /metrics counts for Prometheus.
RUST_LOG chooses what is logged (default info); what people write is never logged.";

/// Serves the OpenAI Assistants API (assistants, threads, messages, runs, and the files and vector stores that file
/// search needs) from a store of its own, and runs threads over any provider of models.
///
/// Point any OpenAI client at http://ADDRESS/v1. Without keys (`threadline-server keys add NAME`) the server listens on
/// this machine only and lets every caller in.
#[derive(Debug, Parser)]
#[command(name = "threadline-server", version, after_help = EXAMPLES, after_long_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    serve: Serve,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Args)]
struct Serve {
    /// Address to listen on [default: 127.0.0.1:8091]
    #[arg(long, env = "THREADLINE_LISTEN", value_name = "ADDR", global = true)]
    listen: Option<SocketAddr>,
    /// Where everything is kept: sqlite:PATH, sqlite::memory:, postgres://USER@HOST/NAME [default: sqlite:threadline.db]
    #[arg(long, env = "THREADLINE_STORE", value_name = "URL", global = true)]
    store: Option<String>,
    /// Base URL of the provider [default: https://api.openai.com/v1]. Its key is read from THREADLINE_UPSTREAM_KEY.
    #[arg(long, env = "THREADLINE_UPSTREAM", value_name = "URL", global = true)]
    upstream: Option<String>,
    /// Endpoint of the provider that carries the runs [default: responses]
    #[arg(long, env = "THREADLINE_UPSTREAM_API", value_name = "API", global = true)]
    upstream_api: Option<UpstreamApi>,
    /// Origin of a web page that may call the server, as https://app.example; may be given more than once, `*` lets all
    /// [default: none]
    #[arg(
        long = "cors-origin",
        env = "THREADLINE_CORS_ORIGINS",
        value_name = "ORIGIN",
        value_delimiter = ',',
        global = true
    )]
    cors_origins: Vec<String>,
    /// File with the same and more, as TOML: listen, store, upstream, upstream_api, and the tables [settings] and
    /// [profile]. Flags and environment win over it.
    #[arg(long, env = "THREADLINE_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UpstreamApi {
    Responses,
    Chat,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keys that callers need, once there is one
    Keys {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Writes all assistants, threads and messages to standard output, one JSON object a line
    Export {
        /// Whose
        #[arg(long, default_value = "")]
        tenant: String,
    },
    /// Reads assistants, threads and messages from standard input, one JSON object a line, and keeps their ids; messages
    /// of a thread stand behind it, oldest first or, as the API lists them, newest first
    Import {
        /// Whose they will be
        #[arg(long, default_value = "")]
        tenant: String,
    },
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Makes a key and prints it, this once
    Add {
        /// What to call it
        name: String,
        /// Whose objects it opens; keys of one tenant share them
        #[arg(long, default_value = "")]
        tenant: String,
    },
    /// Lists names and tenants
    List,
    /// Makes a key useless
    Remove {
        /// What it is called
        name: String,
    },
}

/// The file of `--config`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    listen: Option<SocketAddr>,
    store: Option<String>,
    upstream: Option<String>,
    upstream_api: Option<UpstreamApi>,
    settings: Settings,
    profile: Option<Profile>,
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Runs the program `threadline-server` with these arguments, the program's name not among them. `program` is what its help
/// calls it. The status that the process is to end with.
pub async fn command(program: &'static str, arguments: impl IntoIterator<Item = String>) -> u8 {
    let arguments = std::iter::once(program.to_owned()).chain(arguments);
    let known = Cli::command().name(program).bin_name(program);
    let cli = match known.try_get_matches_from(arguments).and_then(|found| Cli::from_arg_matches(&found)) {
        Ok(cli) => cli,
        Err(error) => {
            // Where even the error stream is closed there is nobody to tell.
            let _unread = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A program that has its own subscriber keeps it.
    let _kept = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    match run(cli).await {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{program}: {error}");
            1
        }
    }
}

async fn run(cli: Cli) -> Outcome {
    let file = match &cli.serve.config {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?
        }
        None => File::default(),
    };
    let store = cli.serve.store.or(file.store).unwrap_or_else(|| "sqlite:threadline.db".to_owned());
    let mut profile = file.profile.unwrap_or_default();
    if let Some(api) = cli.serve.upstream_api.or(file.upstream_api) {
        profile.api = match api {
            UpstreamApi::Responses => Api::Responses,
            UpstreamApi::Chat => Api::Chat,
        };
    }
    // Some providers want no key; what is sent then opens nothing.
    let key = std::env::var("THREADLINE_UPSTREAM_KEY").unwrap_or_else(|_| "none".to_owned());
    let mut client = ClientBuilder::new().api_key(key);
    if let Some(upstream) = cli.serve.upstream.or(file.upstream) {
        client = client.base_url(upstream);
    }
    let mut settings = file.settings;
    if !cli.serve.cors_origins.is_empty() {
        settings.cors_origins = cli.serve.cors_origins;
    }
    let engine = Engine::open(&store, Upstream::new(client.build()?, profile), settings).await?;
    match cli.command {
        None => {
            let listen = cli.serve.listen.or(file.listen).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8091)));
            more_files();
            let ready = |address| println!("listening on http://{address}/v1");
            Ok(serve(engine, listen, ready, stopped()).await?)
        }
        Some(Command::Keys { command }) => keys(&engine, command).await,
        Some(Command::Export { tenant }) => {
            use std::io::Write as _;
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            let done = engine.export(&tenant, |object| writeln!(out, "{object}")).await?;
            out.flush()?;
            report("exported", done);
            Ok(())
        }
        Some(Command::Import { tenant }) => import(&engine, &tenant).await,
    }
}

/// Each stream is a connection from its caller and one to the provider; many systems begin with 1,024 files in all, and
/// let a program ask for more.
fn more_files() {
    #[cfg(unix)]
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the system does not let this process have more files open");
    }
}

async fn keys(engine: &Engine, command: KeyCommand) -> Outcome {
    match command {
        KeyCommand::Add { name, tenant } => println!("{}", engine.add_key(&name, &tenant).await?),
        KeyCommand::List => {
            for key in engine.keys().await? {
                println!("{}\t{}\t{}", key.name, key.tenant, key.created_at);
            }
        }
        KeyCommand::Remove { name } => {
            if !engine.remove_key(&name).await? {
                return Err(format!("there is no key `{name}`").into());
            }
        }
    }
    Ok(())
}

async fn import(engine: &Engine, tenant: &str) -> Outcome {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let (mut done, mut number, mut siblings) = (Transferred::default(), 0, Vec::new());
    while let Some(line) = lines.next_line().await? {
        number += 1;
        if line.trim().is_empty() {
            continue;
        }
        let object = serde_json::from_str(&line).map_err(|error| format!("line {number}: {error}"));
        if !matches!((siblings.last(), &object), (Some((_, last)), Ok(next)) if are_siblings(last, next)) {
            put(engine, tenant, std::mem::take(&mut siblings), &mut done).await?;
        }
        siblings.push((number, object?));
    }
    put(engine, tenant, siblings, &mut done).await?;
    report("imported", done);
    Ok(())
}

/// Takes over objects of one list, each with the number of its line.
async fn put(engine: &Engine, tenant: &str, mut siblings: Vec<(u64, Value)>, done: &mut Transferred) -> Outcome {
    oldest_first(&mut siblings);
    for (number, object) in siblings {
        let imported = engine.import(tenant, &object, done).await;
        imported.map_err(|error| format!("line {number}: {error}"))?;
    }
    Ok(())
}

fn report(what: &str, done: Transferred) {
    eprintln!(
        "{what} {} assistants, {} threads, {} messages; skipped {}",
        done.assistants, done.threads, done.messages, done.skipped
    );
}

/// Ready when the process is asked to end. It listens from the moment of the call on: a signal that comes while the server
/// begins, or right after its address is known, is not lost.
fn stopped() -> impl Future<Output = ()> + Send {
    #[cfg(unix)]
    let (interrupt, terminate) = {
        use tokio::signal::unix::{SignalKind, signal};
        // Without the signal the server runs until it is killed.
        let listening = |kind: SignalKind| {
            let heard = signal(kind);
            async move {
                match heard {
                    Ok(mut signal) => {
                        signal.recv().await;
                    }
                    Err(_) => std::future::pending().await,
                }
            }
        };
        (listening(SignalKind::interrupt()), listening(SignalKind::terminate()))
    };
    #[cfg(windows)]
    let (interrupt, terminate) = {
        let heard = tokio::signal::windows::ctrl_c();
        let interrupt = async move {
            match heard {
                Ok(mut signal) => {
                    signal.recv().await;
                }
                Err(_) => std::future::pending().await,
            }
        };
        (interrupt, std::future::pending::<()>())
    };
    async move {
        tokio::select! {
            () = interrupt => {}
            () = terminate => {}
        }
    }
}
