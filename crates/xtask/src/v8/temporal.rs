//! Temporal: the Rust library behind JavaScript's `Temporal`, which V8's build tools have to link.
//!
//! The published crate `v8` leaves its vendored Rust crates out. `mksnapshot` runs while V8 is built and needs
//! their symbols; the final library gets them from cargo. So they are built here as one static library.
//! The same little project brings ICU's data, which is left out, too.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::source::source_of;
use crate::step;

/// As in Cargo.lock.
const TEMPORAL_VERSION: &str = "0.2.6";
/// Its number is ICU's: this V8 has ICU 77.
const ICUDATA_VERSION: &str = "0.77";
const ICU_DATA: &str = "third_party/icu/common/icudtl.dat";

/// What V8's build takes from Rust crates.
#[derive(Debug)]
pub(crate) struct Temporal {
    headers: PathBuf,
    library: PathBuf,
    icu_data: PathBuf,
}

/// Builds the static library in `work`.
pub(crate) fn build(work: &Path) -> Result<Temporal> {
    let project = work.join("temporal");
    std::fs::create_dir_all(project.join("src"))?;
    std::fs::write(project.join("Cargo.toml"), manifest())?;
    std::fs::write(
        project.join("src").join("lib.rs"),
        "pub use temporal_capi;\n",
    )?;
    let output = project.join("target");
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--quiet", "--release"])
        .current_dir(&project);
    step::run(cargo.env("CARGO_TARGET_DIR", &output))?;
    let crate_folder = source_of(&project, "temporal_capi", TEMPORAL_VERSION)?;
    let icu_folder = source_of(&project, "deno_core_icudata", ICUDATA_VERSION)?;
    Ok(Temporal {
        headers: crate_folder.join("bindings").join("cpp"),
        library: output.join("release").join("libtemporal_for_v8.a"),
        icu_data: icu_folder.join("src").join("icudtl.dat"),
    })
}

/// Puts into the source tree what its publication left out.
pub(crate) fn connect(temporal: &Temporal, tree: &Path) -> Result<()> {
    for needed in [&temporal.headers, &temporal.library, &temporal.icu_data] {
        if !needed.exists() {
            bail!("{} is missing", needed.display());
        }
    }
    let icu_data = tree.join(ICU_DATA);
    replace(&icu_data, &std::fs::read(&temporal.icu_data)?)?;
    let build_file = tree.join("third_party/rust/temporal_capi/BUILD.gn");
    replace(&build_file, build_file_text(temporal).as_bytes())
}

/// Writes a file unless it is so already: `ninja` would build again what hangs on it.
fn replace(file: &Path, content: &[u8]) -> Result<()> {
    if std::fs::read(file).is_ok_and(|old| old == content) {
        return Ok(());
    }
    let folder = file.parent().context("a file is in a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("folder {}", folder.display()))?;
    std::fs::write(file, content).with_context(|| format!("file {}", file.display()))
}

fn manifest() -> String {
    // An own [workspace]: the project lies in the target folder of another one.
    format!(
        r#"[package]
name = "temporal_for_v8"
version = "0.0.0"
edition = "2024"

[lib]
crate-type = ["staticlib"]

[dependencies]
temporal_capi = {{ version = "={TEMPORAL_VERSION}", features = ["zoneinfo64"] }}
deno_core_icudata = "{ICUDATA_VERSION}"

[profile.release]
panic = "abort"

[workspace]
"#
    )
}

fn build_file_text(temporal: &Temporal) -> String {
    let headers = temporal.headers.display();
    let library = temporal.library.display();
    format!(
        r#"config("temporal_capi_config") {{
  include_dirs = [ "{headers}" ]
  defines = [ "TEMPORAL_CAPI_VERSION_0_2" ]
  libs = [ "{library}" ]
}}
group("temporal_capi") {{
  public_configs = [ ":temporal_capi_config" ]
}}
"#
    )
}
