//! A package: a Debian package that is installed when it is missing, or named when it cannot be.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{place, say, step};

/// Something that a command needs, and the Debian packages that have it.
#[derive(Debug)]
pub(crate) struct Need<'a> {
    /// The packages, in one installation.
    pub(crate) packages: &'a [&'a str],
    /// What they are for, as the end of a sentence: "the tests run against a real Redis".
    pub(crate) because: &'a str,
}

impl Need<'_> {
    /// Installs the packages, or fails with a sentence that names them. Callers have looked before
    /// whether what they need is there.
    pub(crate) fn install(&self) -> Result<()> {
        let names = self.packages.join(" ");
        let because = self.because;
        if place::program("apt-get").is_none() {
            bail!("please install what Debian calls {names}: {because}");
        }
        if !is_root()? {
            bail!("please run `apt-get install {names}` as root: {because}");
        }
        say::note(&format!("xtask: installing {names}: {because}"));
        let failed = || format!("please install the packages {names} by hand: {because}");
        // A new machine has no package lists, or old ones.
        step::run(apt_get().args(["update", "--quiet", "--quiet"])).with_context(failed)?;
        let mut install = apt_get();
        install.args([
            "install",
            "--quiet",
            "--quiet",
            "--yes",
            "--no-install-recommends",
        ]);
        step::run(install.args(self.packages)).with_context(failed)
    }
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    // In run level 1 no package starts its service: a test machine wants the program only.
    command.env("RUNLEVEL", "1");
    // What is printed on standard output belongs to the command that was asked for.
    command
        .stdin(std::process::Stdio::null())
        .stdout(std::io::stderr());
    command
}

/// Whether this is root.
pub(crate) fn is_root() -> Result<bool> {
    Ok(step::stdout(Command::new("id").arg("-u"))?.trim() == "0")
}
