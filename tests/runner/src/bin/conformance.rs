//! Runs the conformance suite: `threadline-conformance [--filter TEXT] [--jobs N] [--verbose] [--via COMMAND --language NAME]`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use futures_util::stream::{self, StreamExt};
use threadline_conformance::driver;
use threadline_conformance::suite::case::{CaseFile, load};
use threadline_conformance::suite::{Drive, Ran, Report, run};

/// Cases mostly wait, so many run at a time.
const JOBS: usize = 24;

struct Arguments {
    cases: PathBuf,
    filter: String,
    jobs: usize,
    verbose: bool,
    language: String,
    via: Option<String>,
}

/// The word by which this program starts itself as a driver, for cases that want an environment of their own.
const AS_DRIVER: &str = "--as-driver";

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(AS_DRIVER) {
        return driver();
    }
    let outcome = arguments().and_then(|arguments| {
        let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
        runtime.block_on(suite(arguments))
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("threadline-conformance: {message}");
            ExitCode::from(2)
        }
    }
}

fn driver() -> ExitCode {
    let served = tokio::runtime::Runtime::new().and_then(|runtime| runtime.block_on(driver::serve()));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn arguments() -> Result<Arguments, String> {
    let mut found = Arguments {
        cases: Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/cases"),
        filter: String::new(),
        jobs: JOBS,
        verbose: false,
        language: "rust".into(),
        via: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--cases" => found.cases = value()?.into(),
            "--filter" => found.filter = value()?,
            "--jobs" => found.jobs = value()?.parse().map_err(|_| "--jobs needs a number".to_owned())?,
            "--language" => found.language = value()?,
            "--via" => found.via = Some(value()?),
            "--verbose" => found.verbose = true,
            _ => return Err(format!("unknown argument `{word}`")),
        }
    }
    Ok(found)
}

async fn suite(arguments: Arguments) -> Result<bool, String> {
    let files = load(&arguments.cases)?;
    let drive = match &arguments.via {
        Some(command) => Drive::program(command)?,
        None => {
            let program = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
            Drive::Linked { again: vec![program.into_os_string(), AS_DRIVER.into()] }
        }
    };
    let mut report = Report::new(&arguments.language);
    for CaseFile { name, cases } in files {
        let wanted = cases.into_iter().filter(|case| case.name.contains(&arguments.filter));
        let ran: Vec<Ran> =
            stream::iter(wanted).map(|case| run(&drive, case)).buffered(arguments.jobs.max(1)).collect().await;
        report.add(&name, ran);
    }
    if report.total() == 0 {
        return Err(format!("no case matches `{}`", arguments.filter));
    }
    println!("{}", report.text(arguments.verbose));
    Ok(report.failed() == 0)
}
