//! The compiler: Debian's clang 19 in the layout that Chromium's build expects of its own.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The one that the flags below were found with; `gn` is told the same.
pub(crate) const VERSION: &str = "19";
const DEBIAN: &str = "/usr/lib/llvm-19";

/// Chromium's clang is newer than any released one: it has flags that clang 19 refuses.
const UNKNOWN_FLAGS: &str = "-fdiagnostics-show-inlining-chain|-fno-lifetime-dse|\
    -fsanitize-ignore-for-ubsan-feature=*";

/// Debian's compiler.
pub(crate) fn clang() -> PathBuf {
    Path::new(DEBIAN).join("bin").join("clang++")
}

/// Debian's linker, which comes in another package.
pub(crate) fn linker() -> PathBuf {
    Path::new(DEBIAN).join("bin").join("ld.lld")
}

/// Makes the folder that `clang_base_path` names.
pub(crate) fn lay_out(work: &Path, triple: &str) -> Result<PathBuf> {
    let base = work.join("llvm");
    // Made of links and two small scripts: made anew each time.
    let _ = std::fs::remove_dir_all(&base);
    let bin = base.join("bin");
    std::fs::create_dir_all(&bin).with_context(|| format!("folder {}", bin.display()))?;
    for tool in std::fs::read_dir(Path::new(DEBIAN).join("bin"))? {
        let tool = tool?;
        if !["clang", "clang++"]
            .iter()
            .any(|wrapped| tool.file_name() == *wrapped)
        {
            symlink(tool.path(), bin.join(tool.file_name()))?;
        }
    }
    for name in ["clang", "clang++"] {
        write_wrapper(&bin.join(name), name)?;
    }
    link_builtins(&base, triple)?;
    Ok(base)
}

fn write_wrapper(file: &Path, name: &str) -> Result<()> {
    std::fs::write(file, wrapper(name))?;
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o755))?;
    Ok(())
}

/// `for` without `in` walks over the arguments as they were at its start.
fn wrapper(name: &str) -> String {
    format!(
        r#"#!/bin/sh
for arg do
  shift
  case $arg in
    {UNKNOWN_FLAGS}) ;;
    *) set -- "$@" "$arg" ;;
  esac
done
exec {DEBIAN}/bin/{name} "$@"
"#
    )
}

/// The compiler's runtime is looked for under the triple; Debian has it under `linux`.
fn link_builtins(base: &Path, triple: &str) -> Result<()> {
    let arch = triple
        .split('-')
        .next()
        .context("a triple begins with the machine")?;
    let runtime = Path::new("lib").join("clang").join(VERSION).join("lib");
    let name = format!("libclang_rt.builtins-{arch}.a");
    let debian = Path::new(DEBIAN).join(&runtime).join("linux").join(name);
    if !debian.is_file() {
        bail!(
            "{} is missing: please install libclang-rt-19-dev",
            debian.display()
        );
    }
    let dir = base.join(&runtime).join(triple);
    std::fs::create_dir_all(&dir)?;
    symlink(debian, dir.join("libclang_rt.builtins.a"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::step;

    #[test]
    fn the_wrapper_drops_unknown_flags_and_keeps_the_rest_in_order() {
        let script =
            wrapper("clang").replace(&format!("exec {DEBIAN}/bin/clang"), "printf '%s\\n'");
        let kept = step::stdout(Command::new("sh").arg("-c").arg(script).args([
            "clang",
            "-O2",
            "-fno-lifetime-dse",
            "-DNAME=two words",
            "-fsanitize-ignore-for-ubsan-feature=return",
            "-fdiagnostics-show-inlining-chain",
            "a.cc",
        ]));
        assert_eq!(kept.unwrap(), "-O2\n-DNAME=two words\na.cc\n");
    }
}
