//! `cargo xtask v8`: provides the V8 library that the crate `v8` would download while it is built.
//!
//! ```text
//! the crate finds one itself ──► a sibling checkout has one ──► it can be downloaded ──► build it
//!        nothing to do              copy it to cargo's cache        nothing to do      cache it
//! ```

use std::process::Command;

use anyhow::Result;

use crate::{place, say, step};

mod archive;
mod gn;
mod llvm;
mod ninja;
mod sibling;
mod source;
mod temporal;

use archive::Archive;

/// Where V8 may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Whatever costs least.
    Any,
    /// Built here, even if it could be had otherwise.
    Source,
}

/// Sees to it that the next build finds V8.
pub(crate) fn provide(origin: Origin) -> Result<()> {
    if origin == Origin::Source {
        return source::build(&Archive::here()?);
    }
    // The crate's own switches go first, with it as with us.
    for name in ["RUSTY_V8_ARCHIVE", "V8_FROM_SOURCE"] {
        if place::setting(name).is_some() {
            say::note(&format!("v8: {name} is set, which the build obeys"));
            return Ok(());
        }
    }
    let archive = Archive::here()?;
    if archive.cached.is_file() || sibling::copy(&archive)? {
        return Ok(());
    }
    if can_be_downloaded(&archive.url) {
        say::note("v8: the build will download it");
        return Ok(());
    }
    say::note("v8: neither cached nor beside this checkout, and it cannot be downloaded");
    source::build(&archive)
}

/// Asks for the head of the archive, with the tools that the crate would download it with.
fn can_be_downloaded(url: &str) -> bool {
    if place::program("curl").is_some() {
        let mut curl = Command::new("curl");
        curl.args([
            "--head",
            "--fail",
            "--location",
            "--silent",
            "--max-time",
            "15",
            url,
        ]);
        return step::succeeds(&mut curl);
    }
    const PYTHON: &str = "import sys, urllib.request as r; \
        r.urlopen(r.Request(sys.argv[1], method='HEAD'), timeout=15)";
    step::succeeds(Command::new("python3").args(["-c", PYTHON, url]))
}
