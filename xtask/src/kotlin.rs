//! Kotlin for the tests: the native library, what UniFFI generates for it, the Maven project, and its driver.

use std::process::Command;

use crate::{Outcome, ffi, languages, peers, shell};

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

/// Installs a JDK and Maven, where they are missing.
pub fn setup() -> Outcome {
    if shell::has("javac", &[]) && shell::has("mvn", &[]) {
        eprintln!("a JDK and Maven are here");
        return Ok(());
    }
    shell::install(&["default-jdk-headless", "maven"])
}

/// Builds the native library, the package and its driver. Maven compiles everything anew, so it is left alone where nothing changed,
/// and the types, which are most of it, where they did not.
pub fn build() -> Outcome {
    setup()?;
    native()?;
    let project = shell::root().join(PROJECT);
    let target = project.join("target");
    let changed = |stamp: &str, sources: &[&str]| {
        let newest = sources.iter().filter_map(|part| ffi::newest(&project.join(part))).max();
        let built = std::fs::metadata(target.join(stamp)).and_then(|data| data.modified()).ok();
        built.is_none() || newest > built
    };
    let types = changed("built-types", &["src/types", "pom.xml"]);
    if !types && !changed("built", &["src/main", "src/test", "native/kotlin"]) {
        return Ok(());
    }
    if types && target.join("classes").exists() {
        // No class outlives its source.
        std::fs::remove_dir_all(target.join("classes"))?;
    }
    shell::run(
        maven(PROJECT).arg("test-compile").arg(format!("-Dtypes.phase={}", if types { "compile" } else { "none" })),
    )?;
    std::fs::write(target.join("built-types"), "")?;
    Ok(std::fs::write(target.join("built"), "")?)
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
    let mut native = shell::cargo(&["build", "--quiet", "--package", "threadline-ffi"]);
    if profile == "release" {
        native.arg("--release");
    }
    shell::run(&mut native)?;
    let library = ffi::library(profile);
    let folder = shell::root().join(PROJECT).join("native/lib").join(platform()?);
    std::fs::create_dir_all(&folder)?;
    std::fs::copy(&library, folder.join(library.file_name().unwrap_or_default()))?;
    shell::run(maven(PROJECT).args(["install", "-DskipTests", "-Dtypes.phase=none"]))
}

/// `cargo xtask package kotlin [--debug]`: installs the package, then builds the sample project, which knows nothing of this repository, and
/// runs it against the mock server and against `threadline-server`. With `--debug` the native library is built without optimisation.
pub fn package(args: &[String]) -> Outcome {
    let profile = if args.iter().any(|arg| arg == "--debug") { "debug" } else { "release" };
    install(profile)?;
    let sample = format!("{PROJECT}/sample");
    shell::run(maven(&sample).arg("compile"))?;
    let run = |url: &str, what: &str| {
        let mut java = classes(&sample, &["classes"]);
        shell::run(java.arg("MainKt").arg(what).env("OPENAI_BASE_URL", url).env("OPENAI_API_KEY", "any"))
    };
    shell::run(&mut shell::cargo(&["build", "--quiet", "--package", "threadline-mock", "--bins"]))?;
    let mock = peers::start(&mut Command::new(languages::built("threadline-mock")))?;
    run(&format!("{}/v1", mock.url.trim_end_matches("/v1")), "page")?;
    peers::build()?;
    let folder = languages::target().join("tmp/kotlin-sample");
    std::fs::create_dir_all(&folder)?;
    let model = peers::start(Command::new(languages::built("threadline-model")).args(["--port", "0"]))?;
    let server = peers::server(&model.url, "chat", &folder)?;
    run(&server.url, "assistant")?;
    Ok(std::fs::remove_dir_all(folder)?)
}

/// `cargo xtask bench kotlin`: CPU of calls and of chunks beside other libraries for the JVM.
pub fn bench() -> Outcome {
    install("release")?;
    let bench = format!("{PROJECT}/bench");
    shell::run(maven(&bench).arg("compile"))?;
    shell::run(classes(&bench, &["classes"]).arg("MainKt"))
}

fn maven(project: &str) -> Command {
    let mut maven = Command::new("mvn");
    // The types are many, and the compiler holds all of them at once: some 1.5 GB.
    maven
        .current_dir(shell::root().join(project))
        .env("MAVEN_OPTS", "-Xmx3g -XX:+UseSerialGC")
        .args(["--quiet", "--batch-mode"]);
    maven
}

/// The native library, and what UniFFI generates for it.
fn native() -> Outcome {
    ffi::build()?;
    let generated = shell::root().join(PROJECT).join("native/kotlin");
    if ffi::is_fresh(&generated) {
        return Ok(());
    }
    let fresh = generated.with_extension("new");
    ffi::bind("kotlin", &fresh)?;
    for path in ffi::files(&fresh) {
        ffi::write(&generated.join(path.strip_prefix(&fresh)?), &std::fs::read(&path)?)?;
    }
    Ok(std::fs::remove_dir_all(fresh)?)
}

/// The virtual machine with the classes of a Maven project and of what it depends on.
fn classes(project: &str, own: &[&str]) -> Command {
    let target = shell::root().join(project).join("target");
    let others = std::fs::read_to_string(target.join("class-path.txt")).unwrap_or_default();
    let separator = if cfg!(windows) { ";" } else { ":" };
    let own: Vec<String> = own.iter().map(|path| target.join(path).display().to_string()).collect();
    let mut java = Command::new("java");
    java.arg("-cp").arg(format!("{}{separator}{}", own.join(separator), others.trim()));
    java
}

/// A program among the tests, over the native library as it was built.
fn program(options: &[&str], main: &str) -> Command {
    let mut java = classes(PROJECT, &["classes", "test-classes"]);
    java.arg(format!("-Djna.library.path={}", languages::target().join("debug").display()));
    // A process that lives for seconds: no time for the optimising compiler, no threads for the collector.
    java.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]).args(options).arg(main);
    java
}

/// The driver of the conformance suite.
pub fn driver() -> Command {
    program(&[], "dev.threadline.driver.MainKt")
}
