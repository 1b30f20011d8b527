//! Python for the tests: an environment of its own below the target folder, made and filled once; the package in it as it
//! stands in the source.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Outcome, languages, shell, workspace};

/// What the environment must hold, in pip's notation, with exact versions.
const REQUIREMENTS: [&str; 2] = ["tests/websocket/requirements.txt", "bindings-python/requirements.txt"];

/// The folder of the Python package.
const PACKAGE: &str = "bindings-python/python";

/// Makes the environment `python` of the target folder, if it is not there as it must be.
pub fn run() -> Outcome {
    let folder = languages::target().join("python");
    let installed = folder.join("installed.txt");
    let mut text = String::new();
    for file in REQUIREMENTS {
        text.push_str(&std::fs::read_to_string(shell::root().join(file))?);
    }
    if std::fs::read_to_string(&installed).is_ok_and(|found| found == text) && works(&interpreter(&folder), "") {
        eprintln!("python environment is here");
        return Ok(());
    }
    eprintln!("making the python environment");
    make(&folder, &REQUIREMENTS)?;
    // Written last, so that an environment that was left half made is made anew.
    std::fs::write(&installed, text)?;
    Ok(())
}

/// Makes another environment below the target folder, if it is not there as it must be. Its interpreter.
///
/// What a file `alone.txt` beside the requirements names is installed without what it depends on.
pub fn environment(name: &str, requirements: &str) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let folder = languages::target().join(name);
    let installed = folder.join("installed.txt");
    let requirements = shell::root().join(requirements);
    let alone = requirements.with_file_name("alone.txt");
    let mut text = std::fs::read_to_string(&requirements)?;
    if alone.exists() {
        text.push_str(&std::fs::read_to_string(&alone)?);
    }
    if !std::fs::read_to_string(&installed).is_ok_and(|found| found == text) || !works(&interpreter(&folder), "") {
        eprintln!("making the python environment {name}");
        make(&folder, &[requirements])?;
        if alone.exists() {
            shell::run(pip_install(&folder).args(["--no-deps", "--requirement"]).arg(alone))?;
        }
        std::fs::write(&installed, text)?;
    }
    Ok(interpreter(&folder))
}

fn make(folder: &Path, requirements: &[impl AsRef<Path>]) -> Outcome {
    let python = Path::new("python3");
    if !works(python, "import venv, ensurepip") {
        // Debian ships the interpreter without what makes an environment.
        shell::install(&["python3-venv"])?;
    }
    shell::run(Command::new(python).args(["-m", "venv", "--clear"]).arg(folder))?;
    let mut pip = pip_install(folder);
    for file in requirements {
        pip.arg("--requirement").arg(shell::root().join(file));
    }
    shell::run(&mut pip)
}

fn pip_install(folder: &Path) -> Command {
    let mut pip = Command::new(interpreter(folder));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip
}

/// Builds the native module without optimisation, and lets the environment import the package from its source.
pub fn build() -> Outcome {
    run()?;
    build_as("debug")
}

fn build_as(profile: &str) -> Outcome {
    workspace::build_as(profile)?;
    let package = shell::root().join(PACKAGE);
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = languages::target().join(profile).join(format!("{prefix}_threadline{suffix}"));
    let module = package.join("threadline").join(if cfg!(windows) { "_threadline.pyd" } else { "_threadline.abi3.so" });
    // Into place in one step: an interpreter that runs keeps the file that it has loaded.
    let fresh = module.with_extension("new");
    std::fs::copy(&library, &fresh)?;
    std::fs::rename(&fresh, &module)?;
    expose(&interpreter(&languages::target().join("python")))
}

/// Lets an environment import the package from its source.
pub fn expose(python: &Path) -> Outcome {
    let find = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let site = Command::new(python).args(["-c", find]).output()?;
    let site = PathBuf::from(String::from_utf8(site.stdout)?.trim());
    let package = shell::root().join(PACKAGE);
    Ok(std::fs::write(site.join("threadline.pth"), package.display().to_string())?)
}

/// Measures the package beside the official one, which only the benchmarks install.
pub fn bench() -> Outcome {
    run()?;
    build_as("release")?;
    let mut pip = Command::new(interpreter(&languages::target().join("python")));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    shell::run(pip.arg(shell::root().join("bindings-python/benches/requirements.txt")))?;
    shell::run(&mut script("bindings-python/benches/bench.py"))
}

/// Runs the package's own tests.
pub fn test(args: &[String]) -> Outcome {
    build()?;
    let mut pytest = Command::new(interpreter(&languages::target().join("python")));
    pytest.current_dir(shell::root().join("bindings-python")).args(["-X", "dev", "-m", "pytest", "--quiet"]);
    pytest.env("THREADLINE_MOCK", languages::built("threadline-mock"));
    shell::run(pytest.args(args))?;
    // The programs that stand for others' must do the same over the package that they were written for.
    let mut official = Command::new(interpreter(&languages::target().join("python")));
    official.current_dir(shell::root().join("bindings-python")).env("COMPAT_WITH", "openai");
    official.env("THREADLINE_MOCK", languages::built("threadline-mock"));
    shell::run(official.args(["-m", "pytest", "--quiet", "tests/compat"]))
}

/// Many calls and streams of the package, built with optimisation, whose memory and sockets must stay as they are.
pub fn soak(args: &[String]) -> Outcome {
    run()?;
    build_as("release")?;
    shell::run(script("bindings-python/tests/soak.py").args(args))
}

/// A program for the interpreter of the environment.
pub fn script(path: &str) -> Command {
    let mut command = Command::new(interpreter(&languages::target().join("python")));
    command.arg(shell::root().join(path));
    command
}

/// A module of the environment as a program.
pub fn module(name: &str) -> Command {
    let mut command = Command::new(interpreter_of_setup());
    command.args(["-m", name]);
    command
}

/// The interpreter of the environment that the setup makes.
pub fn interpreter_of_setup() -> PathBuf {
    interpreter(&languages::target().join("python"))
}

/// The interpreter of an environment.
pub fn interpreter(folder: &Path) -> PathBuf {
    if cfg!(windows) { folder.join("Scripts").join("python.exe") } else { folder.join("bin").join("python") }
}

fn works(python: &Path, code: &str) -> bool {
    let status = Command::new(python).args(["-c", code]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
