//! Producers: the Python and Node interpreters with which tests act as an application server.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::package::Need;
use crate::{place, say, step};

const BECAUSE: &str = "the tests enqueue jobs from Python and Node, as application servers do";
const CONFIRM_PYTHON: &str = "import redis, sys; print(sys.executable)";

/// An interpreter, and where its Redis client is, if not where the interpreter looks anyway.
#[derive(Debug)]
struct Interpreter {
    program: PathBuf,
    modules: Option<PathBuf>,
}

/// The environment for the tests, by name.
pub(crate) fn environment() -> Result<Vec<(&'static str, PathBuf)>> {
    let python = python().context("Python with the package redis")?;
    let node = node().context("Node with the package redis")?;
    let background_task =
        background_task(&node.program).context("the npm package background-task")?;
    Ok(vec![
        ("LODE_TEST_PYTHON", python.program),
        ("LODE_TEST_PYTHONPATH", python.modules.unwrap_or_default()),
        ("LODE_TEST_NODE", node.program),
        ("LODE_TEST_NODE_PATH", node.modules.unwrap_or_default()),
        ("LODE_TEST_NBT_PATH", background_task),
    ])
}

fn home(name: &str) -> PathBuf {
    place::target().join("producers").join(name)
}

/// A `python3` that can import `redis`: as it is, with a folder of ours, or Debian's own.
fn python() -> Result<Interpreter> {
    let python3 = Path::new("python3");
    let folder = home("python");
    if let Some(program) = python_with(python3, None) {
        return Ok(Interpreter {
            program,
            modules: None,
        });
    }
    if let Some(program) = python_with(python3, Some(&folder)) {
        return Ok(Interpreter {
            program,
            modules: Some(folder),
        });
    }
    if step::succeeds(Command::new(python3).args(["-m", "pip", "--version"])) {
        say::note("xtask: installing the Python package redis in target/producers");
        let mut pip = Command::new(python3);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--upgrade",
        ]);
        pip.arg("--target")
            .arg(&folder)
            .arg("redis")
            .stdout(std::io::stderr());
        // It warns root of a system that `--target` does not touch.
        pip.env("PIP_ROOT_USER_ACTION", "ignore");
        // Without success Debian's own package may still do.
        if step::run(&mut pip).is_ok()
            && let Some(program) = python_with(python3, Some(&folder))
        {
            return Ok(Interpreter {
                program,
                modules: Some(folder),
            });
        }
    }
    let debian = Path::new("/usr/bin/python3");
    if python_with(debian, None).is_none() {
        Need {
            packages: &["python3", "python3-redis"],
            because: BECAUSE,
        }
        .install()?;
    }
    match python_with(debian, None) {
        Some(program) => Ok(Interpreter {
            program,
            modules: None,
        }),
        None => bail!("/usr/bin/python3 cannot import redis although python3-redis is installed"),
    }
}

/// The interpreter behind `python3`, which may be a wrapper, if it can import `redis`.
fn python_with(python3: &Path, modules: Option<&Path>) -> Option<PathBuf> {
    let mut command = Command::new(python3);
    command
        .args(["-c", CONFIRM_PYTHON])
        .stdin(std::process::Stdio::null());
    if let Some(modules) = modules {
        command.env("PYTHONPATH", modules);
    }
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let path = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(path.trim()))
}

/// A `node` that can require `redis`: as it is, or with a folder of ours.
fn node() -> Result<Interpreter> {
    if place::program("node").is_none() {
        Need {
            packages: &["nodejs"],
            because: BECAUSE,
        }
        .install()?;
    }
    let program = place::program("node").context("node is installed and still not in PATH")?;
    if node_requires("redis", &program, None) {
        return Ok(Interpreter {
            program,
            modules: None,
        });
    }
    let folder = home("node");
    let modules = folder.join("node_modules");
    if !node_requires("redis", &program, Some(&modules)) {
        npm_install(&folder, "redis@5", &[])?;
    }
    if !node_requires("redis", &program, Some(&modules)) {
        bail!(
            "node cannot require redis although npm has installed it in {}",
            folder.display()
        );
    }
    Ok(Interpreter {
        program,
        modules: Some(modules),
    })
}

/// Kinvey's own client as it was published: the folder of its modules. Versions and hashes of all
/// its files stand in `tests/nbt`, and npm refuses others.
fn background_task(node: &Path) -> Result<PathBuf> {
    let folder = home("background-task");
    let modules = folder.join("node_modules");
    let is_there = || node_requires("background-task", node, Some(&modules));
    let lists = ["package.json", "package-lock.json"];
    let wanted = place::root().join("tests/nbt");
    let same = |name: &&str| {
        let [ours, theirs] = [&wanted, &folder].map(|folder| std::fs::read(folder.join(name)));
        matches!((ours, theirs), (Ok(ours), Ok(theirs)) if ours == theirs)
    };
    if lists.iter().all(same) && is_there() {
        return Ok(modules);
    }
    provide_npm()?;
    say::note("xtask: installing the npm package background-task in target/producers");
    std::fs::create_dir_all(&folder).with_context(|| format!("folder {}", folder.display()))?;
    for name in lists {
        let (from, to) = (wanted.join(name), folder.join(name));
        std::fs::copy(&from, &to)
            .with_context(|| format!("{} to {}", from.display(), to.display()))?;
    }
    let mut npm = npm("ci", &folder);
    // Its native parser does not compile with today's V8; without it the client has another.
    step::run(npm.arg("--ignore-scripts")).context(
        "npm could not install what tests/nbt/package-lock.json names; needed are npm 7 or newer and a \
         registry that has these very files",
    )?;
    if !is_there() {
        bail!(
            "node cannot require background-task although npm has installed it in {}",
            folder.display()
        );
    }
    Ok(modules)
}

/// Whether Node finds a package, in the folder of modules that is given or by itself.
pub(crate) fn node_requires(package: &str, node: &Path, modules: Option<&Path>) -> bool {
    let mut command = Command::new(node);
    // Node looks for modules beside where it is started, too; a folder without any is asked for.
    let require = format!("require('{package}')");
    command.args(["-e", &require]).current_dir("/");
    if let Some(modules) = modules {
        command.env("NODE_PATH", modules);
    }
    step::succeeds(&mut command)
}

/// Installs one npm package in a folder of its own.
pub(crate) fn npm_install(folder: &Path, package: &str, flags: &[&str]) -> Result<()> {
    provide_npm()?;
    say::note(&format!(
        "xtask: installing the npm package {package} in target/producers"
    ));
    std::fs::create_dir_all(folder).with_context(|| format!("folder {}", folder.display()))?;
    step::run(npm("install", folder).args(flags).arg(package))
}

fn provide_npm() -> Result<()> {
    if place::program("npm").is_some() {
        return Ok(());
    }
    Need {
        packages: &["npm"],
        because: BECAUSE,
    }
    .install()
}

/// `npm install` or `npm ci` in a folder of ours.
fn npm(command: &str, folder: &Path) -> Command {
    let mut npm = Command::new("npm");
    npm.args([
        command,
        "--loglevel=error",
        "--no-audit",
        "--no-fund",
        "--prefix",
    ]);
    npm.arg(folder).stdout(std::io::stderr());
    npm
}
