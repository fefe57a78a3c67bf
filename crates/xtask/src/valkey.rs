//! Valkey's server program: that of `PATH`, or Debian's package unpacked in the target folder.
//!
//! Nothing is installed: apt works on lists and caches of its own there, and no root is needed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{place, say, step};

/// The one suite of Debian 12 that has it; later releases have it in their own.
const BACKPORTS: (&str, &str) = ("bookworm", "bookworm-backports");
const PACKAGES: [&str; 2] = ["valkey-server", "valkey-tools"];

/// A program that starts, or why there is none.
pub(crate) fn find() -> Result<PathBuf> {
    if let Some(program) = place::program("valkey-server") {
        return Ok(program);
    }
    let dir = place::target().join("xtask").join("valkey");
    let program = dir.join("usr/bin/valkey-server");
    if !program.is_file() {
        unpack(&dir).context("there is no valkey-server in PATH, and its package cannot be had")?;
    }
    if !step::succeeds(Command::new(&program).arg("--version")) {
        bail!(
            "{} does not run: a library of it may be missing",
            program.display()
        );
    }
    Ok(program)
}

/// Downloads the packages and unpacks them in `dir`, which is there as a whole or not at all.
fn unpack(dir: &Path) -> Result<()> {
    for program in ["apt-get", "dpkg"] {
        if place::program(program).is_none() {
            bail!("there is no {program}");
        }
    }
    let release = std::fs::read_to_string("/etc/os-release").context("/etc/os-release")?;
    let suite = suite(&release).context("this is no release of Debian")?;
    say::note(&format!(
        "xtask: unpacking valkey-server of Debian {suite} in {}",
        dir.display()
    ));
    let new = dir.with_extension(std::process::id().to_string());
    let unpacked = unpack_suite(suite, &new);
    // What an earlier try has left.
    let _ = std::fs::remove_dir_all(dir);
    let unpacked = unpacked.and_then(|()| {
        std::fs::rename(&new, dir).with_context(|| format!("folder {}", dir.display()))
    });
    if unpacked.is_err() {
        // A folder that stays behind is in target/ and harms nobody.
        let _ = std::fs::remove_dir_all(&new);
    }
    unpacked
}

fn unpack_suite(suite: &str, dir: &Path) -> Result<()> {
    let apt = dir.join("apt");
    for folder in ["lists/partial", "cache/archives/partial"] {
        std::fs::create_dir_all(apt.join(folder)).with_context(|| apt.display().to_string())?;
    }
    let source = format!(
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] \
         http://deb.debian.org/debian {suite} main\n"
    );
    std::fs::write(apt.join("sources.list"), source)?;
    let [server, tools] = PACKAGES;
    for step in [&["update"][..], &["download", server, tools]] {
        // Its options would hide the rest.
        if !step::status(apt_get(&apt).args(step))?.success() {
            bail!("`apt-get {}` failed, and said why", step.join(" "));
        }
    }
    for entry in std::fs::read_dir(&apt)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            step::run(Command::new("dpkg").arg("-x").arg(&file).arg(dir))?;
        }
    }
    Ok(())
}

/// `apt-get` with everything that it writes in `dir`.
fn apt_get(dir: &Path) -> Command {
    let mut command = Command::new("apt-get");
    command.args(["-qq", "-o", "Dir::Etc::sourceparts=-"]);
    for (option, value) in [
        ("Dir::Etc::sourcelist", "sources.list"),
        ("Dir::State::lists", "lists"),
        ("Dir::Cache", "cache"),
    ] {
        let value = dir.join(value);
        command.args(["-o", &format!("{option}={}", value.display())]);
    }
    for option in [
        // Its own user may not write there.
        "APT::Sandbox::User=root",
        // Lists that could not be had are an error, and one that comes soon.
        "APT::Update::Error-Mode=any",
        "Acquire::Retries=1",
        "Acquire::http::Timeout=10",
    ] {
        command.args(["-o", option]);
    }
    command.current_dir(dir).stdin(Stdio::null());
    // What is printed on standard output belongs to the command that was asked for.
    command.stdout(std::io::stderr());
    command
}

/// The suite that has Valkey, from the text of `/etc/os-release`; `None` when it is not Debian's.
fn suite(release: &str) -> Option<&str> {
    let value = |name: &str| {
        let line = release.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim_matches('"'))
    };
    let codename = value("VERSION_CODENAME=")?;
    let (old, backports) = BACKPORTS;
    (value("ID=")? == "debian").then_some(if codename == old { backports } else { codename })
}

#[cfg(test)]
mod tests {
    use super::suite;

    #[test]
    fn the_suite_is_that_of_the_release() {
        let bookworm = "ID=debian\nVERSION_CODENAME=bookworm\n";
        assert_eq!(suite(bookworm), Some("bookworm-backports"));
        let trixie = "VERSION_CODENAME=\"trixie\"\nID=debian\n";
        assert_eq!(suite(trixie), Some("trixie"));
        assert_eq!(suite("ID=fedora\nVERSION_CODENAME=x\n"), None);
        assert_eq!(suite(""), None);
    }
}
