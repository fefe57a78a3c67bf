//! The servers of the test suite: a Redis, a Redis Cluster, a Valkey and a Postgres for all tests
//! together.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::background::tied_to_us;
use crate::cluster::Cluster;
use crate::postgres::Postgres;
use crate::redis::Redis;
use crate::{place, say, step, valkey};

const REDIS: &str = "LODE_TEST_REDIS";
const CLUSTER: &str = "LODE_TEST_REDIS_CLUSTER";
pub(crate) const POSTGRES: &str = "LODE_TEST_POSTGRES";
const VALKEY: &str = "LODE_TEST_VALKEY";

/// Running servers; gone with this value. Those that the caller has set an address of are not ours
/// to start.
#[derive(Debug)]
pub(crate) struct Servers {
    redis: Option<Redis>,
    cluster: Option<Cluster>,
    postgres: Option<Postgres>,
    /// Not there, and then why.
    valkey: Option<Result<Redis>>,
}

impl Servers {
    /// Starts them. The Redis, the cluster and the Postgres must be there; a Valkey may be missing,
    /// and then it is said here and again at the end.
    pub(crate) fn start() -> Result<Self> {
        let is_ours = |name: &str| place::setting(name).is_none();
        let servers = Self {
            redis: is_ours(REDIS).then(Redis::start).transpose()?,
            cluster: is_ours(CLUSTER).then(Cluster::start).transpose()?,
            postgres: is_ours(POSTGRES).then(Postgres::start).transpose()?,
            valkey: is_ours(VALKEY).then(start_valkey),
        };
        servers.note_what_is_missing();
        Ok(servers)
    }

    /// Runs a command that finds them in its environment.
    pub(crate) fn run(&self, command: &mut Command) -> Result<ExitCode> {
        if let Some(redis) = &self.redis {
            command.env(REDIS, &redis.url);
        }
        if let Some(cluster) = &self.cluster {
            command.env(CLUSTER, &cluster.url);
        }
        if let Some(postgres) = &self.postgres {
            command.env(POSTGRES, &postgres.url);
        }
        if let Some(Ok(valkey)) = &self.valkey {
            command.env(VALKEY, &valkey.url);
        }
        let status = step::status(command);
        // Once more, where it is seen.
        self.note_what_is_missing();
        Ok(step::exit_code(status?))
    }

    fn note_what_is_missing(&self) {
        if let Some(Err(error)) = &self.valkey {
            say::note(&format!("xtask: NOT TESTED ON VALKEY: {error:#}"));
        }
    }
}

fn start_valkey() -> Result<Redis> {
    Redis::start_program(&valkey::find()?)
}

/// A command that is told to end when xtask ends, however that comes: without the servers it would
/// go on in vain.
pub(crate) fn command(program: &str) -> Command {
    tied_to_us(Path::new(program), "TERM")
}

/// `cargo xtask servers COMMAND…`: any command with these servers beside it.
pub(crate) fn run(program: &str, args: &[String]) -> Result<ExitCode> {
    let servers = Servers::start()?;
    servers.run(command(program).args(args))
}
