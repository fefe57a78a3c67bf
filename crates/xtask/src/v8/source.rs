//! From source: V8 built from what the crate `v8` publishes, with registry packages only.
//!
//! The crate's own `V8_FROM_SOURCE` insists on downloading Chromium's compilers, so `gn` and `ninja`
//! are driven here, on a copy of the crate's folder in the target folder. Each step leaves what the
//! next one needs; a run that was interrupted goes on where it stopped, at the latest in `ninja`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::archive::{Archive, VERSION};
use super::{gn, llvm, ninja, temporal};
use crate::package::Need;
use crate::{place, say, step};

const PACKAGES: &[&str] = &[
    "clang-19",
    "lld-19",
    "llvm-19",
    "libclang-19-dev",
    "libclang-rt-19-dev",
    "ninja-build",
    "python3",
    "python3-pip",
];

/// Builds V8 and puts it into the cache.
pub(crate) fn build(archive: &Archive) -> Result<()> {
    say::note("v8: building it from source, about three hours on two cores");
    let out = prepare(archive)?;
    ninja::run(&out)?;
    pack(archive, &out.join("obj").join("librusty_v8.a"))?;
    say::note(&format!(
        "v8: built, and kept as {}",
        archive.cached.display()
    ));
    Ok(())
}

/// Everything before the compiler: returns the folder in which `ninja` is to run.
fn prepare(archive: &Archive) -> Result<PathBuf> {
    let work = place::target().join("v8-source");
    std::fs::create_dir_all(&work).with_context(|| format!("folder {}", work.display()))?;
    install_tools()?;
    say::note("v8: copying the crate's source");
    let tree = copy_tree(&work)?;
    say::note("v8: building the Temporal library, which V8 links while it is built");
    let temporal = temporal::build(&work)?;
    temporal::connect(&temporal, &tree)?;
    let llvm = llvm::lay_out(&work, &archive.triple)?;
    say::note("v8: gn");
    gn::generate(&work, &tree, &llvm)
}

fn install_tools() -> Result<()> {
    let has_pip = || step::succeeds(Command::new("python3").args(["-m", "pip", "--version"]));
    let has_clang = [llvm::clang(), llvm::linker()]
        .iter()
        .all(|file| file.is_file());
    if has_clang && place::program("ninja").is_some() && has_pip() {
        return Ok(());
    }
    let because = "V8 cannot be had otherwise here and is built from source";
    Need {
        packages: PACKAGES,
        because,
    }
    .install()
}

/// The crate's folder in a place where it may be written to.
fn copy_tree(work: &Path) -> Result<PathBuf> {
    let tree = work.join("v8");
    let complete = work.join("v8-is-complete");
    if complete.is_file() {
        return Ok(tree);
    }
    // Of an interrupted run, if it is there at all.
    let _ = std::fs::remove_dir_all(&tree);
    let source = source_of(&place::root(), "v8", VERSION)?;
    step::run(
        Command::new("cp")
            .arg("-r")
            .arg("--no-target-directory")
            .arg(source)
            .arg(&tree),
    )?;
    std::fs::write(&complete, VERSION).context("the mark of a complete copy")?;
    Ok(tree)
}

/// The folder into which cargo has unpacked a package that the project in `project` depends on.
pub(crate) fn source_of(project: &Path, name: &str, version: &str) -> Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo
        .args(["metadata", "--quiet", "--format-version", "1"])
        .current_dir(project);
    let metadata: serde_json::Value = serde_json::from_str(&step::stdout(&mut cargo)?)?;
    let packages = metadata["packages"]
        .as_array()
        .context("`cargo metadata` lists no packages")?;
    let manifest = packages
        .iter()
        .filter(|package| package["name"] == name)
        // `version` may be the beginning of one: 0.77 of 0.77.0.
        .filter(|package| {
            package["version"]
                .as_str()
                .is_some_and(|v| v.starts_with(version))
        })
        .find_map(|package| package["manifest_path"].as_str());
    let Some(folder) = manifest.and_then(|manifest| Path::new(manifest).parent()) else {
        bail!(
            "{} depends on no package {name} {version}",
            project.display()
        );
    };
    Ok(folder.to_path_buf())
}

/// Compresses the library into the cache: the crate takes it only compressed.
fn pack(archive: &Archive, library: &Path) -> Result<()> {
    if !library.is_file() {
        bail!("ninja succeeded, but there is no {}", library.display());
    }
    say::note("v8: compressing");
    archive.put(|path| {
        let file = std::fs::File::create(path)?;
        step::run(
            Command::new("gzip")
                .arg("--stdout")
                .arg(library)
                .stdout(file),
        )
    })
}
