//! Kotlin for the tests: the native library, what UniFFI generates for it, the Maven project, and its driver.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, ffi, languages, peers, shell, workspace};

/// The Maven project.
const PROJECT: &str = "bindings-kotlin";

/// Where JNA looks for a library inside of a jar.
fn platform() -> Result<&'static str, String> {
    Ok(match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-x86-64",
        ("linux", "aarch64") => "linux-aarch64",
        ("macos", "x86_64") => "darwin-x86-64",
        ("macos", "aarch64") => "darwin-aarch64",
        ("windows", "x86_64") => "win32-x86-64",
        (os, arch) => return Err(format!("the Kotlin package has no name for the platform {os} {arch}")),
    })
}

/// Installs a JDK and Maven, where they are missing. Debian 12's JDK is the 17, the oldest that the package runs on.
pub fn setup() -> Outcome {
    if shell::has("javac", &[]) && shell::has("mvn", &[]) {
        eprintln!("a JDK and Maven are here");
        return Ok(());
    }
    shell::install(&["default-jdk-headless", "maven"])
}

/// Where the package is built: beside what cargo builds, so that a clone finds what another left there.
fn home() -> PathBuf {
    languages::target().join("kotlin")
}

/// Maven's folder of the package.
fn output() -> PathBuf {
    home().join("package")
}

/// A number of all that lies below these paths: names and contents, as times say nothing in a clone.
fn fingerprint(paths: &[PathBuf]) -> Result<String, Box<dyn std::error::Error>> {
    let mut hash = DefaultHasher::new();
    for path in paths {
        let mut files = ffi::files(path);
        files.sort();
        for file in files {
            file.strip_prefix(path)?.hash(&mut hash);
            std::fs::read(&file)?.hash(&mut hash);
        }
    }
    Ok(format!("{:016x}", hash.finish()))
}

/// Does the work unless it was done for the same sources, and notes that it is done.
fn once(stamp: &str, sources: &[PathBuf], work: impl FnOnce() -> Outcome) -> Result<bool, Box<dyn std::error::Error>> {
    let now = fingerprint(sources)?;
    let stamp = home().join(stamp);
    if std::fs::read_to_string(&stamp).is_ok_and(|before| before == now) {
        return Ok(false);
    }
    work()?;
    std::fs::write(stamp, now)?;
    Ok(true)
}

/// Builds the native library, the package and its driver. Maven compiles everything anew, so it is left alone where nothing changed;
/// the types, which are most of it and have a step of their own, where they did not.
pub fn build() -> Outcome {
    setup()?;
    native()?;
    let project = shell::root().join(PROJECT);
    let part = |name: &str| project.join(name);
    let whole = home().join("built");
    let types = [part("src/types"), part("pom.xml")];
    let renewed = once("built-types", &types, || {
        // No class outlives its source.
        if output().join("classes").exists() {
            std::fs::remove_dir_all(output().join("classes"))?;
        }
        shell::run(maven(PROJECT).arg("org.jetbrains.kotlin:kotlin-maven-plugin:compile@types"))
    })?;
    if renewed && whole.exists() {
        std::fs::remove_file(&whole)?;
    }
    let rest = [part("src/main"), part("src/test"), part("pom.xml"), home().join("native/kotlin")];
    once("built", &rest, || shell::run(maven(PROJECT).args(["test-compile", "-Dtypes.phase=none"])))?;
    Ok(())
}

/// What no case can say: cancellation as the server sees it, streams left by the thousand, the examples, Java, the guide.
pub fn test() -> Outcome {
    build()?;
    // A heap of one size from the start: what grows is what is lost.
    let heap = ["-Xms96m", "-Xmx96m", "-XX:+AlwaysPreTouch"];
    let mut java = program(&heap, "dev.threadline.checks.MainKt");
    shell::run(java.current_dir(shell::root().join(PROJECT)))
}

/// Puts the package, with the native library of this machine in it, where Maven projects of this user find it.
fn install(profile: &str) -> Outcome {
    build()?;
    workspace::build_as(profile)?;
    let library = ffi::library(profile);
    let folder = home().join("native/lib").join(platform()?);
    std::fs::create_dir_all(&folder)?;
    std::fs::copy(&library, folder.join(library.file_name().unwrap_or_default()))?;
    // What is compiled already is not compiled again: goals by their names instead of Maven's whole sequence.
    let goals = ["resources:resources", "jar:jar", "install:install"];
    shell::run(maven(PROJECT).args(goals))
}

/// `cargo xtask package kotlin [--debug]`: installs the package, then builds the sample project, which knows nothing of this repository, and
/// runs it against the mock server and against `threadline-server`. With `--debug` the native library is built without optimisation.
pub fn package(args: &[String]) -> Outcome {
    let profile = if args.iter().any(|arg| arg == "--debug") { "debug" } else { "release" };
    install(profile)?;
    let sample = format!("{PROJECT}/sample");
    shell::run(maven(&sample).arg("compile"))?;
    let target = shell::root().join(&sample).join("target");
    let run = |url: &str, program: &str| {
        let mut java = classes(&target, &["classes"]);
        shell::run(java.arg(program).env("OPENAI_BASE_URL", url).env("OPENAI_API_KEY", "any"))
    };
    let mock = peers::start(&mut Command::new(languages::built("threadline-mock")))?;
    let mocked = format!("{}/v1", mock.url.trim_end_matches("/v1"));
    run(&mocked, "ReadmeKt")?;
    run(&mocked, "PageKt")?;
    run(&mocked, "AssistantKt")?;
    let folder = languages::target().join("tmp/kotlin-sample");
    std::fs::create_dir_all(&folder)?;
    let model = peers::start(Command::new(languages::built("threadline-model")).args(["--port", "0"]))?;
    let server = peers::server(&model.url, "chat", &folder)?;
    run(&server.url, "AssistantKt")?;
    Ok(std::fs::remove_dir_all(folder)?)
}

/// `cargo xtask bench kotlin`: CPU of calls and of chunks beside other libraries for the JVM. The table is kept beside the program.
pub fn bench() -> Outcome {
    install("release")?;
    let bench = format!("{PROJECT}/bench");
    shell::run(maven(&bench).arg("compile"))?;
    let mut java = classes(&shell::root().join(&bench).join("target"), &["classes"]);
    let output = java.arg("MainKt").stderr(std::process::Stdio::inherit()).output()?;
    std::io::Write::write_all(&mut std::io::stdout(), &output.stdout)?;
    if !output.status.success() {
        return Err(format!("the benchmark ended with {}", output.status).into());
    }
    Ok(std::fs::write(shell::root().join(bench).join("results.txt"), output.stdout)?)
}

fn maven(project: &str) -> Command {
    let mut maven = Command::new("mvn");
    // The types are many, and the compiler holds all of them at once: some 1.5 GB.
    maven
        .current_dir(shell::root().join(project))
        .env("MAVEN_OPTS", "-Xmx3g -XX:+UseSerialGC")
        .args(["--quiet", "--batch-mode"]);
    if project == PROJECT {
        maven.arg(format!("-Dbuild.folder={}", output().display()));
        maven.arg(format!("-Dnative.folder={}", home().join("native").display()));
    }
    maven
}

/// The native library, and what UniFFI generates for it.
fn native() -> Outcome {
    workspace::build()?;
    let folder = home().join("native");
    let stamp = folder.join("bound");
    if ffi::is_fresh(&stamp) {
        return Ok(());
    }
    let fresh = folder.join("new");
    ffi::bind("kotlin", &fresh)?;
    for path in ffi::files(&fresh) {
        ffi::write(&folder.join("kotlin").join(path.strip_prefix(&fresh)?), &std::fs::read(&path)?)?;
    }
    std::fs::remove_dir_all(fresh)?;
    Ok(std::fs::write(stamp, "")?)
}

/// The virtual machine with the classes of a Maven project, which built into this folder, and of what it depends on.
fn classes(target: &Path, own: &[&str]) -> Command {
    let others = std::fs::read_to_string(target.join("class-path.txt")).unwrap_or_default();
    let separator = if cfg!(windows) { ";" } else { ":" };
    let own: Vec<String> = own.iter().map(|path| target.join(path).display().to_string()).collect();
    let mut java = Command::new("java");
    // `cargo` lists the debug build's folder there, and JNA would take the native library from it instead of from the jar.
    java.env_remove("LD_LIBRARY_PATH").env_remove("DYLD_FALLBACK_LIBRARY_PATH");
    java.arg("-cp").arg(format!("{}{separator}{}", own.join(separator), others.trim()));
    java
}

/// A program among the tests, over the native library as it was built.
fn program(options: &[&str], main: &str) -> Command {
    let mut java = classes(&output(), &["classes", "test-classes"]);
    java.arg(format!("-Djna.library.path={}", languages::target().join("debug").display()));
    // A process that lives for seconds: no time for the optimising compiler, no threads for the collector.
    java.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]).args(options).arg(main);
    java
}

/// The driver of the conformance suite.
pub fn driver() -> Command {
    program(&[], "dev.threadline.driver.MainKt")
}
