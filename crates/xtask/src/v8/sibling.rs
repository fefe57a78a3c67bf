//! A sibling checkout: a folder `shared/v8` beside this repository may hold the archive.

use std::process::Command;

use anyhow::{Context, Result};

use super::archive::Archive;
use crate::{place, say, step};

/// Copies the archive from the sibling to the cache; says whether there was one.
pub(crate) fn copy(archive: &Archive) -> Result<bool> {
    // Parent of the root as a path: `..` would go through a link to the checkout.
    let root = place::root();
    let Some(dir) = root.parent().map(|parent| parent.join("shared").join("v8")) else {
        return Ok(false);
    };
    let file = dir.join(&archive.file_name);
    if !file.is_file() {
        return Ok(false);
    }
    if dir.join("SHA256SUMS").is_file() {
        let mut check = Command::new("sha256sum");
        check
            .args(["--check", "--quiet", "--ignore-missing", "SHA256SUMS"])
            .current_dir(&dir);
        step::run(&mut check)
            .with_context(|| format!("{} is not what its SHA256SUMS says", file.display()))?;
    }
    archive.put(|path| {
        let copied = std::fs::copy(&file, path).map(drop);
        copied.with_context(|| format!("copy of {}", file.display()))
    })?;
    say::note(&format!(
        "v8: copied from {} into cargo's cache",
        dir.display()
    ));
    Ok(true)
}
