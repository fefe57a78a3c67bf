//! Mingo: MongoDB's query language as others have written it, for the tests that compare with it.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::{place, producers};

/// Exactly this version: the tests name each of its differences from MongoDB.
const PACKAGE: &str = "mingo@7.2.7";

/// The environment for the tests, by name; Node is the producers'.
pub(crate) fn environment() -> Result<(&'static str, PathBuf)> {
    let node = place::program("node").context("the producers' Node is not in PATH")?;
    // The version is in the folder's name, so that another one is another folder.
    let folder = place::target().join("producers").join(PACKAGE);
    let modules = folder.join("node_modules");
    let is_there = || producers::node_requires("mingo", &node, Some(&modules));
    if !is_there() {
        producers::npm_install(&folder, PACKAGE, &["--ignore-scripts"])?;
    }
    if !is_there() {
        bail!(
            "node cannot require mingo although npm has installed it in {}",
            folder.display()
        );
    }
    Ok(("LODE_TEST_MINGO", modules))
}
