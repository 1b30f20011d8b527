//! Kotlin for the tests: the native library, what UniFFI generates for it, the Maven project, and its driver.

use std::process::Command;

use crate::{Outcome, ffi, languages, shell};

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
    shell::run(maven().arg("test-compile").arg(format!("-Dtypes.phase={}", if types { "compile" } else { "none" })))?;
    std::fs::write(target.join("built-types"), "")?;
    Ok(std::fs::write(target.join("built"), "")?)
}

/// `cargo xtask package kotlin`: puts the package, with the native library of this machine in it, where Maven projects of this user
/// find it.
pub fn package() -> Outcome {
    build()?;
    let library = ffi::library("debug");
    let folder = shell::root().join(PROJECT).join("native/lib").join(platform()?);
    std::fs::create_dir_all(&folder)?;
    std::fs::copy(&library, folder.join(library.file_name().unwrap_or_default()))?;
    shell::run(maven().args(["install", "-DskipTests", "-Dtypes.phase=none"]))
}

fn maven() -> Command {
    let mut maven = Command::new("mvn");
    // The types are many, and the compiler holds all of them at once: some 1.5 GB.
    maven
        .current_dir(shell::root().join(PROJECT))
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

/// The driver of the conformance suite.
pub fn driver() -> Command {
    let target = shell::root().join(PROJECT).join("target");
    let others = std::fs::read_to_string(target.join("class-path.txt")).unwrap_or_default();
    let separator = if cfg!(windows) { ";" } else { ":" };
    let classes = [target.join("classes"), target.join("test-classes")].map(|path| path.display().to_string());
    let mut java = Command::new("java");
    java.arg(format!("-Djna.library.path={}", languages::target().join("debug").display()));
    // A process that lives for seconds: no time for the optimising compiler, no threads for the collector.
    java.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"]);
    java.arg(format!("{}{separator}{}", classes.join(separator), others.trim()));
    java.arg("dev.threadline.driver.MainKt");
    java
}
