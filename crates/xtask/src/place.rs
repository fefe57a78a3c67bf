//! Places: where this repository, its target folder and cargo's home are, and how they are set.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::step;

/// A variable of the environment that is set to something.
#[expect(
    clippy::disallowed_methods,
    reason = "xtask has no config file; this is its one reader"
)]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here
        .ancestors()
        .nth(2)
        .expect("crates/xtask is two folders below the root");
    root.to_path_buf()
}

/// Cargo's target folder. A relative one is taken from the root, where we start cargo.
pub(crate) fn target() -> PathBuf {
    root().join(setting("CARGO_TARGET_DIR").unwrap_or_else(|| "target".to_owned()))
}

/// The binary that `cargo build -p lode` leaves.
pub(crate) fn lode_binary() -> PathBuf {
    target().join("debug").join("lode")
}

/// Cargo's home, by the same rule as cargo's own.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = setting("CARGO_HOME") {
        return Ok(home.into());
    }
    let home = setting("HOME").context("neither CARGO_HOME nor HOME is set")?;
    Ok(Path::new(&home).join(".cargo"))
}

/// The target triple of this machine, such as `x86_64-unknown-linux-gnu`.
pub(crate) fn host_triple() -> Result<String> {
    let text = step::stdout(Command::new("rustc").arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

/// A program of `PATH`.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}
