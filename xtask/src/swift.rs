//! Swift for the tests: the compiler, which few Linux machines have; the package and its driver.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, ffi, languages, peers, shell, workspace};

/// The release of Debian whose Swift is taken where a machine has none.
const SUITE: &str = "trixie";

/// What is installed there: the compiler and what it links against.
const PACKAGES: &str = "swiftlang libc6-dev libstdc++-14-dev git libncurses-dev";

/// Where Swift and its libraries lie in Debian.
const SWIFT: &str = "/usr/libexec/swift";

/// What belongs to the package, below the repository's root.
const PARTS: &[&str] = &[
    "Package.swift",
    "bindings-swift/Sources",
    "bindings-swift/Tests",
    "bindings-swift/Examples",
    "bindings-swift/bench",
    "bindings-swift/sample",
];

/// The product of the package that is the driver.
const DRIVER: &str = "threadline-driver";

/// Runs a command in a file system of its own: `sh -ec SCRIPT NAME ROOT CWD FOLDERS... -- COMMAND...`. Its mounts end with it, however it ends.
const INSIDE: &str = r#"root=$1; cwd=$2; shift 2
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
if [ -e /etc/resolv.conf ]; then cat /etc/resolv.conf > "$root/etc/resolv.conf"; fi
while [ "$1" != -- ]; do
    mkdir -p "$root$1"
    mount --rbind "$1" "$root$1"
    shift
done
shift
exec chroot "$root" sh -c 'cd "$0" && exec "$@"' "$cwd" "$@""#;

/// Brings Swift: nothing where `swift` is on the PATH, else a small Debian of its own in the cache folder, which has it (2.7 GB).
pub fn setup() -> Outcome {
    if shell::has("swift", &[]) {
        eprintln!("swift is here");
        return Ok(());
    }
    if !cfg!(target_os = "linux") {
        return Err(
            "this needs Swift 5.9 or newer; install it from swift.org or with Xcode and run the command again".into()
        );
    }
    let (place, wanted) = (cache(), format!("{SUITE}\n{PACKAGES}\n"));
    let installed = place.join("root/installed.txt");
    if std::fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        eprintln!("swift is here, in {}", place.display());
        return Ok(());
    }
    if !shell::has("debootstrap", &[]) {
        shell::install(&["debootstrap"])?;
    }
    eprintln!("installing swift into {} (some minutes, 2.7 GB)", place.display());
    std::fs::create_dir_all(&place)?;
    clear(&place)?;
    // Made aside and moved into place as a whole, so that two runs at once, or one that is killed, leave nothing half made.
    let fresh = place.join(format!("making-{}", std::process::id()));
    let mut debootstrap = privileged("debootstrap");
    shell::run(debootstrap.args(["--variant=minbase", SUITE]).arg(&fresh).stdout(std::process::Stdio::null()))?;
    let install = format!(
        "export DEBIAN_FRONTEND=noninteractive; apt-get update --quiet --quiet; \
         apt-get install --yes --quiet --quiet --no-install-recommends {PACKAGES}; apt-get clean; \
         rm -rf /usr/share/doc/* /usr/share/locale/*; chmod 1777 /tmp"
    );
    let mut inside = privileged("unshare");
    inside.args(["--mount", "--propagation", "private", "sh", "-ec", INSIDE, "setup"]).arg(&fresh).args(["/", "--"]);
    shell::run(inside.args(["sh", "-ec", &install]).stdout(std::process::Stdio::null()))?;
    shell::run(privileged("sh").args(["-c", "printf %s \"$0\" > \"$1\"", &wanted]).arg(fresh.join("installed.txt")))?;
    let root = place.join("root");
    shell::run(privileged("rm").args(["-rf", "--one-file-system"]).arg(&root))?;
    shell::run(privileged("mv").args(["-T"]).arg(&fresh).arg(&root))
}

/// Removes what setups that were killed have left.
fn clear(place: &Path) -> Outcome {
    for entry in std::fs::read_dir(place)? {
        let path = entry?.path();
        let Some(owner) = path.file_name().and_then(|name| name.to_str()?.strip_prefix("making-")) else { continue };
        if !Path::new("/proc").join(owner).exists() {
            shell::run(privileged("rm").args(["-rf", "--one-file-system"]).arg(&path))?;
        }
    }
    Ok(())
}

/// A program that needs the rights of root.
fn privileged(program: &str) -> Command {
    if is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    command
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// The folder of what is kept outside of the clone, as `.ci/run` has it.
fn cache() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let cache = variable("THREADLINE_CACHE").or_else(|| Some(home()?.join("threadline")));
    cache.unwrap_or_else(languages::target).join("swift")
}

/// The native library of this profile, what UniFFI generates for it, and the file by which Swift's package manager finds it. Whether
/// what was generated before fits the library.
fn native(profile: &str) -> Result<bool, Box<dyn std::error::Error>> {
    workspace::build()?;
    if profile == "release" {
        workspace::build_release()?;
    }
    let found = format!(
        "Name: threadline_ffi\nDescription: The native library of Threadline\nVersion: {}\nLibs: -L{} -lthreadline_ffi\nCflags:\n",
        env!("CARGO_PKG_VERSION"),
        languages::target().join(profile).display()
    );
    ffi::write(&place().join(profile).join("threadline_ffi.pc"), found.as_bytes())?;
    let (made, sources) = (place().join("bindgen"), shell::root().join("bindings-swift/Sources"));
    if !ffi::is_fresh(&made) {
        ffi::bind("swift", &made)?;
    }
    let targets = [
        ("ThreadlineFFI.swift", "ThreadlineFFI/ThreadlineFFI.swift"),
        ("ThreadlineFFIC.h", "ThreadlineFFIC/ThreadlineFFIC.h"),
        ("ThreadlineFFIC.modulemap", "ThreadlineFFIC/module.modulemap"),
    ];
    let mut fits = true;
    for (from, to) in targets {
        let (text, target) = (std::fs::read(made.join(from))?, sources.join(to));
        fits &= std::fs::read(&target).is_ok_and(|found| found == text);
        ffi::write(&target, &text)?;
    }
    Ok(fits)
}

/// Where everything lies that is made here.
fn place() -> PathBuf {
    languages::target().join("swift")
}

/// A copy of the package, whose files change their times only when they change: a fresh clone need not be compiled anew.
fn copy() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let (root, copy) = (shell::root(), place().join("package"));
    let mut kept = BTreeSet::new();
    for part in PARTS {
        for file in ffi::files(&root.join(part)) {
            let name = file.strip_prefix(&root)?;
            if name.iter().any(|part| part == ".build" || part == ".swiftpm") {
                continue;
            }
            ffi::write(&copy.join(name), &std::fs::read(&file)?)?;
            kept.insert(name.to_path_buf());
        }
    }
    for file in ffi::files(&copy) {
        if !kept.contains(file.strip_prefix(&copy)?) {
            std::fs::remove_file(&file)?;
        }
    }
    Ok(copy)
}

/// Builds the native library, the package, its driver and its tests. A warning is an error.
pub fn build() -> Outcome {
    setup()?;
    native("debug")?;
    let mut build = tool("swift", &copy()?, "debug");
    build.args(["build", "--quiet", "--build-tests", "-Xswiftc", "-warnings-as-errors", "--scratch-path"]);
    shell::run(build.arg(scratch()))
}

/// What no case can say: cancellation as the server sees it, streams left by the thousand, the members of all types, the examples, the guide.
pub fn test() -> Outcome {
    setup()?;
    if !native("debug")? {
        return Err(
            "bindings-swift/Sources/ThreadlineFFI was not what UniFFI makes of the native library. It has been \
                    written anew: commit it"
                .into(),
        );
    }
    build()?;
    let mut test = tool("swift", &copy()?, "debug");
    test.args(["test", "--skip-build", "--quiet", "-Xswiftc", "-warnings-as-errors", "--scratch-path"]).arg(scratch());
    shell::run(test.env("THREADLINE_ROOT", shell::root()))
}

/// Builds a package that depends on ours by its path, as a user's does, and gives its program.
fn dependent(folder: &str, program: &str, profile: &str) -> Result<PathBuf, Box<dyn std::error::Error>> {
    setup()?;
    native(profile)?;
    // What the tests have compiled is not compiled again.
    let scratch = if profile == "debug" { scratch() } else { place().join(profile).join("build") };
    let mut build = tool("swift", &copy()?.join(folder), profile);
    build.args(["build", "--quiet", "-c", profile, "-Xswiftc", "-warnings-as-errors", "--scratch-path"]);
    shell::run(build.arg(&scratch))?;
    Ok(scratch.join(profile).join(program))
}

/// `cargo xtask package swift`: builds the sample package, which depends on ours by its path, and runs it against the mock server and
/// against `threadline-server`.
pub fn package() -> Outcome {
    let sample = dependent("bindings-swift/sample", "Sample", "debug")?;
    let run = |url: &str, what: &str| {
        let mut program = program_of(&sample, "debug");
        shell::run(program.arg(what).env("OPENAI_BASE_URL", url).env("OPENAI_API_KEY", "any"))
    };
    let mock = peers::start(&mut Command::new(languages::built("threadline-mock")))?;
    run(&format!("{}/v1", mock.url.trim_end_matches("/v1")), "page")?;
    let folder = place().join("sample-store");
    std::fs::create_dir_all(&folder)?;
    let model = peers::start(Command::new(languages::built("threadline-model")).args(["--port", "0"]))?;
    let server = peers::server(&model.url, "chat", &folder)?;
    run(&server.url, "assistant")?;
    Ok(std::fs::remove_dir_all(folder)?)
}

/// `cargo xtask bench swift`: CPU of calls and of chunks beside `URLSession` and `Codable`, all of it optimised.
pub fn bench() -> Outcome {
    let bench = dependent("bindings-swift/bench", "Bench", "release")?;
    let server = peers::start(program_of(&bench, "release").arg("serve"))?;
    shell::run(program_of(&bench, "release").arg(&server.url))
}

/// Where Swift's package manager builds.
fn scratch() -> PathBuf {
    place().join("build")
}

/// The driver of the conformance suite.
pub fn driver() -> Command {
    program_of(&scratch().join("debug").join(DRIVER), "debug")
}

/// A program of Swift's, over the native library of this profile.
fn program_of(program: &Path, profile: &str) -> Command {
    let library = languages::target().join(profile);
    if shell::has("swift", &[]) {
        // In its arguments, since the suite starts it by its command line alone.
        let mut path = std::ffi::OsString::from("LD_LIBRARY_PATH=");
        path.push(joined(&library, "LD_LIBRARY_PATH"));
        let mut driver = Command::new("env");
        driver.arg(path).arg(program);
        return driver;
    }
    // The libraries of the other Debian, by its own loader: so the program sees the files and the network of this machine.
    let root = cache().join("root");
    let arch = std::env::consts::ARCH;
    let loader = if arch == "x86_64" { "lib64/ld-linux-x86-64.so.2" } else { "lib/ld-linux-aarch64.so.1" };
    let folders = [format!("usr/lib/{arch}-linux-gnu"), format!("{}/lib/swift/linux", SWIFT.trim_start_matches('/'))];
    let mut path = library.into_os_string();
    for folder in folders {
        path.push(":");
        path.push(root.join(folder));
    }
    let mut driver = Command::new(root.join(loader));
    driver.arg("--library-path").arg(path).arg(program);
    driver
}

/// `cargo xtask swift …`: Swift's own command in the current folder, with this package's native library within reach.
pub fn run(args: &[String]) -> Outcome {
    setup()?;
    native("debug")?;
    shell::run(tool("swift", &std::env::current_dir()?, "debug").args(args))
}

/// One of Swift's programs, started in this folder: the machine's, or the one of the cache folder.
fn tool(program: &str, folder: &Path, profile: &str) -> Command {
    let target = languages::target();
    let library = target.join(profile);
    let mut command;
    if shell::has("swift", &[]) {
        command = Command::new(program);
        command.current_dir(folder).env("LD_LIBRARY_PATH", joined(&library, "LD_LIBRARY_PATH"));
    } else {
        command = Command::new("unshare");
        command.args(if is_root() { &["--mount"][..] } else { &["--map-root-user", "--mount"] });
        command.args(["--propagation", "private", "sh", "-ec", INSIDE, program]).arg(cache().join("root")).arg(folder);
        command.args(folders(&[&shell::root(), &target, folder, &std::env::temp_dir()])).args(["--", "env"]);
        command.arg(format!("LD_LIBRARY_PATH={SWIFT}/lib/swift/linux:{}", library.display()));
        command.args([&format!("PATH={SWIFT}/bin:/usr/sbin:/usr/bin:/sbin:/bin"), "HOME=/root", program]);
    }
    command.env("PKG_CONFIG_PATH", joined(&place().join(profile), "PKG_CONFIG_PATH"));
    command
}

/// These folders without those that lie in another one.
fn folders(all: &[&Path]) -> Vec<PathBuf> {
    let sorted: BTreeSet<PathBuf> = all.iter().map(|path| path.to_path_buf()).collect();
    let inner = |path: &PathBuf| sorted.iter().any(|other| other != path && path.starts_with(other));
    sorted.iter().filter(|path| !inner(path)).cloned().collect()
}

/// A folder in front of a list of folders in the environment.
fn joined(folder: &Path, variable: &str) -> std::ffi::OsString {
    let mut list = folder.as_os_str().to_owned();
    if let Some(rest) = std::env::var_os(variable).filter(|rest| !rest.is_empty()) {
        list.push(":");
        list.push(rest);
    }
    list
}
