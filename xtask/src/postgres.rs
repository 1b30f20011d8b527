//! A PostgreSQL of the tests' own: installed by setup, started in a folder that is thrown away.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, shell};

/// Whom the server runs as where we are root, which it refuses to be. Debian's package makes this account.
const ACCOUNT: &str = "postgres";

/// Installs Debian's PostgreSQL unless its programs are here.
pub fn setup() -> Outcome {
    if let Ok(found) = programs() {
        eprintln!("postgresql is here: {}", found.display());
        return Ok(());
    }
    eprintln!("installing postgresql");
    let privileged = |args: &[&str]| {
        let mut command = if is_root() {
            Command::new("apt-get")
        } else {
            let mut sudo = Command::new("sudo");
            sudo.arg("apt-get");
            sudo
        };
        command.env("DEBIAN_FRONTEND", "noninteractive").args(args);
        command
    };
    shell::run(&mut privileged(&["update", "--quiet", "--quiet"]))?;
    shell::run(&mut privileged(&["install", "--yes", "--quiet", "--no-install-recommends", "postgresql"]))?;
    programs()?;
    Ok(())
}

/// The folder of `initdb` and `pg_ctl`: the newest of Debian's, else where the search path says.
fn programs() -> Result<PathBuf, String> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, bin)| bin.join("initdb").is_file())
        .collect();
    versions.sort_unstable();
    if let Some((_, bin)) = versions.pop() {
        return Ok(bin);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
        .ok_or_else(|| "PostgreSQL's initdb and pg_ctl are not here; `cargo xtask setup` installs them".to_owned())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A running server. Dropped, it is stopped and its folder removed.
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
}

impl Cluster {
    /// Makes a cluster in a temporary folder and starts it on a free port of this machine.
    pub fn start() -> Result<Self, Box<dyn std::error::Error>> {
        let programs = programs()?;
        let folder = std::env::temp_dir().join(format!("threadline-postgres-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        if is_root() {
            shell::run(Command::new("chown").arg(ACCOUNT).arg(&folder))?;
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let cluster = Self { folder, programs, port };
        let data = cluster.folder.join("data");
        let log = cluster.folder.join("log");
        shell::run(
            cluster
                .program("initdb")
                .args(["--auth", "trust", "--username", ACCOUNT, "--encoding", "UTF8", "--no-sync", "--pgdata"])
                .arg(&data)
                .stdout(std::process::Stdio::null()),
        )?;
        // What is thrown away need not survive a power cut.
        let options = format!(
            "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=500 \
             -c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={}",
            cluster.folder.display()
        );
        let mut start = cluster.program("pg_ctl");
        start.args(["start", "--silent", "--wait", "--pgdata"]).arg(&data).arg("--log").arg(&log);
        let started = shell::run(start.arg("--options").arg(options).stdout(std::process::Stdio::null()));
        started.map_err(|error| format!("{error}\n{}", said(&log)))?;
        Ok(cluster)
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        format!("postgres://{ACCOUNT}@127.0.0.1:{}/postgres", self.port)
    }

    /// One of PostgreSQL's programs, to be run as somebody who is not root.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut as_account = Command::new("runuser");
            as_account.args(["-u", ACCOUNT, "--"]).arg(program);
            as_account
        } else {
            Command::new(program)
        };
        // The account may have no way into the folder that we are in.
        command.current_dir(&self.folder);
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.folder.join("data");
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "--silent", "--mode", "immediate", "--pgdata"]).arg(&data);
        if let Err(error) = shell::run(&mut stop) {
            eprintln!("PostgreSQL of the tests was not stopped: {error}");
        }
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            eprintln!("{} stays behind: {error}", self.folder.display());
        }
    }
}

/// The end of a log, for an error's message.
fn said(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::unwrap_used)]
    fn a_cluster_answers_until_it_is_dropped() {
        let cluster = Cluster::start().unwrap();
        let (address, folder) = (("127.0.0.1", cluster.port), cluster.folder.clone());
        assert!(std::net::TcpStream::connect(address).is_ok());
        drop(cluster);
        assert!(std::net::TcpStream::connect(address).is_err() && !folder.exists());
    }
}
