//! The archive: the name of the library that the crate `v8` looks for, and its place in the cache.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::place;

/// The version of the crate `v8` in Cargo.lock; a test compares them.
pub(crate) const VERSION: &str = "150.4.0";
/// Where the crate downloads from unless `RUSTY_V8_MIRROR` says otherwise.
const RELEASES: &str = "https://github.com/denoland/rusty_v8/releases/download";

/// One build of V8 for one target.
#[derive(Debug)]
pub(crate) struct Archive {
    /// The target triple.
    pub(crate) triple: String,
    /// `librusty_v8_….a.gz`
    pub(crate) file_name: String,
    /// Where the crate would download it.
    pub(crate) url: String,
    /// Where the crate looks before it downloads.
    pub(crate) cached: PathBuf,
}

impl Archive {
    /// The one for this machine.
    pub(crate) fn here() -> Result<Self> {
        let releases = place::setting("RUSTY_V8_MIRROR");
        let releases = releases.as_deref().unwrap_or(RELEASES);
        Ok(Self::new(
            &place::host_triple()?,
            releases,
            &place::cargo_home()?,
        ))
    }

    fn new(triple: &str, releases: &str, cargo_home: &Path) -> Self {
        // `simdutf` is the one feature that deno_core switches on; both our profiles take `release`.
        let file_name = format!("librusty_v8_simdutf_release_{triple}.a.gz");
        let url = format!("{releases}/v{VERSION}/{file_name}");
        let cached = cargo_home.join(".rusty_v8").join(cache_name(&url));
        Self {
            triple: triple.to_owned(),
            file_name,
            url,
            cached,
        }
    }

    /// Puts the archive that `write` makes into the cache: all of it or nothing.
    pub(crate) fn put(&self, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let dir = self.cached.parent().context("the cache is a folder")?;
        std::fs::create_dir_all(dir).with_context(|| format!("folder {}", dir.display()))?;
        let temporary = dir.join(format!(".xtask-{}", std::process::id()));
        let put = write(&temporary).and_then(|()| {
            let renamed = std::fs::rename(&temporary, &self.cached);
            renamed.with_context(|| format!("file {}", self.cached.display()))
        });
        if put.is_err() {
            // It may not have come into being at all.
            let _ = std::fs::remove_file(&temporary);
        }
        put
    }
}

/// The crate's own rule.
fn cache_name(url: &str) -> String {
    url.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn the_cache_place_is_the_one_that_the_crate_looks_at() {
        let archive = Archive::new("x86_64-unknown-linux-gnu", RELEASES, Path::new("/cargo"));
        assert_eq!(
            archive.cached,
            Path::new(
                "/cargo/.rusty_v8/https___github_com_denoland_rusty_v8_releases_download_v150_4_0_\
                 librusty_v8_simdutf_release_x86_64_unknown_linux_gnu_a_gz"
            )
        );
    }

    #[test]
    fn the_version_is_the_locked_one() {
        let lock = std::fs::read_to_string(place::root().join("Cargo.lock")).unwrap();
        let entry = format!("name = \"v8\"\nversion = \"{VERSION}\"\n");
        assert!(
            lock.contains(&entry),
            "Cargo.lock has another version of the crate v8"
        );
    }

    #[test]
    fn half_an_archive_does_not_get_into_the_cache() {
        let home = std::env::temp_dir().join(format!("lode-xtask-{}", std::process::id()));
        let archive = Archive::new("t", RELEASES, &home);
        let put = archive.put(|path| {
            std::fs::write(path, "half")?;
            bail!("the disk is full")
        });
        assert_eq!(put.unwrap_err().to_string(), "the disk is full");
        let left = std::fs::read_dir(archive.cached.parent().unwrap())
            .unwrap()
            .count();
        assert_eq!(left, 0);
        std::fs::remove_dir_all(home).unwrap();
    }
}
