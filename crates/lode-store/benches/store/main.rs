//! The store's benchmark: what an operation costs next to the same thing typed by hand in SQL.
//!
//! `cargo xtask bench store [--quick | DOCUMENTS…]`. On SQLite and on a private Postgres it fills collections,
//! and beside each a table such as one would make by hand: an id, the document, an index on the
//! field. Lode's operations and hand-written, prepared statements through the same client library
//! then take turns on the same data, one at a time; medians count. A machine that gets slower
//! meanwhile slows both.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context, Result};
use tempfile::TempDir;

mod by_hand;
mod by_hand_postgres;
mod by_hand_sqlite;
mod documents;
mod duel;
mod scans;
mod timing;

use by_hand_postgres::OnPostgres;
use by_hand_sqlite::OnSqlite;
use duel::Duel;

/// Documents in a collection.
const SIZES: [usize; 2] = [1_000, 1_000_000];
const QUICK_SIZES: [usize; 1] = [1_000];

/// Names a Postgres: an address whose user may create schemas.
const POSTGRES: &str = "LODE_TEST_POSTGRES";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let is_quick = args == ["--quick"];
    let given: Option<Vec<usize>> = args.iter().map(|size| size.parse().ok()).collect();
    let sizes = match given {
        _ if is_quick => QUICK_SIZES.to_vec(),
        Some(sizes) if sizes.is_empty() => SIZES.to_vec(),
        Some(sizes) => sizes,
        None => {
            say("usage: cargo xtask bench store [--quick | DOCUMENTS…]")?;
            return Ok(ExitCode::from(2));
        }
    };
    let folder = TempDir::new().context("a folder for SQLite")?;
    let file = folder.path().join("store.sqlite");
    let sqlite = format!("sqlite:{}", file.display());
    let server = postgres()?;
    let schema = format!("lode_bench_{}", std::process::id());
    let joint = if server.contains('?') { '&' } else { '?' };
    let postgres = format!("{server}{joint}schema={schema}");

    say(
        "Medians in µs of one operation at a time: Lode's, and SQL typed by hand on the same data.\n",
    )?;
    say("| store | documents | operation | Lode | by hand | ratio |")?;
    say("|---|--:|---|--:|--:|--:|")?;
    let mut on_sqlite = Duel::start("SQLite", &sqlite, OnSqlite::open(&file)?).await?;
    let hand = OnPostgres::open(&server, &schema).await?;
    let mut on_postgres = Duel::start("Postgres", &postgres, hand).await?;
    for &size in &sizes {
        on_sqlite.run(size).await?;
        on_postgres.run(size).await?;
    }
    say("\nWhat SQL cannot decide, the matcher looks at, document by document:\n")?;
    say("| store | documents | bytes each | operation | time |")?;
    say("|---|--:|--:|---|--:|")?;
    for (name, store) in [on_sqlite.subject(), on_postgres.subject()] {
        scans::run(name, store, &sizes, is_quick).await?;
    }
    on_postgres.hand.clear().await?;
    Ok(ExitCode::SUCCESS)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark has no config.rs to read it in"
)]
fn postgres() -> Result<String> {
    std::env::var(POSTGRES).with_context(|| {
        format!("{POSTGRES} names no Postgres; `cargo xtask bench store` starts one")
    })
}

pub(crate) fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}
