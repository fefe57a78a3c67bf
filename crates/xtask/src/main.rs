//! `cargo xtask`: what a developer types, one command a file; without arguments, the list of them.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use anyhow::Result;

mod background;
mod cluster;
mod deadline;
mod demo;
mod example;
mod faults;
mod fuzz;
mod mingo;
mod package;
mod place;
mod postgres;
mod producers;
mod redis;
mod say;
mod servers;
mod step;
mod test;
mod v8;
mod valkey;

const USAGE: &str = "\
usage: cargo xtask <command>

  v8 [--from-source]   provide the V8 library that the build links (the other commands do it, too);
                       --from-source builds it here even if it could be had otherwise
  test [args…]         run every test with a private Redis, Redis Cluster and Valkey; the arguments
                       go to the test runner (cargo nextest, or cargo test where that is missing)
  servers COMMAND…     run any command with those servers, such as `cargo nextest run -p lode-queue`
  demo                 start a worker and send it a good, a wrong and a hostile hook each
  bench [args…]        run the benchmarks with a private Redis
  bench queue [args…]  measure what a job costs Redis, by the queue's depth and number of apps
  bench store [args…]  compare the store with SQL typed by hand, on SQLite and a private Postgres
  fuzz [SECONDS]       run each fuzz target for so long, 20 s unless told, from the corpus in fuzz/
  faults [JOBS]        kill, stop and cut off workers and Redis at random while they do so many jobs
  soak [N]             run N jobs of every kind and look for what leaks or is lost
";

/// Seconds of each fuzz target unless told otherwise: enough for the corpus and a look around.
const FUZZ_SECONDS: u64 = 20;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(task) = Task::parse(&args) else {
        let given = args.join(" ");
        say::note(&format!(
            "xtask: `{given}` is not understood\n\n{}",
            USAGE.trim_end()
        ));
        return ExitCode::from(2);
    };
    match task.run() {
        Ok(code) => code,
        Err(error) => {
            say::note(&format!("xtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
enum Task<'a> {
    Usage,
    V8(v8::Origin),
    Test(&'a [String]),
    Servers(&'a str, &'a [String]),
    Demo,
    Bench(&'a [String]),
    BenchQueue(&'a [String]),
    BenchStore(&'a [String]),
    Fuzz(u64),
    Faults(Option<u64>),
    Soak(Option<u64>),
}

impl<'a> Task<'a> {
    /// `None` when the arguments make no sense.
    fn parse(args: &'a [String]) -> Option<Self> {
        let Some((command, rest)) = args.split_first() else {
            return Some(Self::Usage);
        };
        match (command.as_str(), rest) {
            ("help" | "--help" | "-h", []) => Some(Self::Usage),
            ("v8", []) => Some(Self::V8(v8::Origin::Any)),
            ("v8", [flag]) if flag == "--from-source" => Some(Self::V8(v8::Origin::Source)),
            ("test", args) => Some(Self::Test(args)),
            ("servers", [program, args @ ..]) => Some(Self::Servers(program, args)),
            ("demo", []) => Some(Self::Demo),
            ("bench", [queue, args @ ..]) if queue == "queue" => Some(Self::BenchQueue(args)),
            ("bench", [store, args @ ..]) if store == "store" => Some(Self::BenchStore(args)),
            ("bench", args) => Some(Self::Bench(args)),
            ("fuzz", []) => Some(Self::Fuzz(FUZZ_SECONDS)),
            ("fuzz", [seconds]) => {
                let seconds = seconds.parse().ok().filter(|&seconds| seconds > 0)?;
                Some(Self::Fuzz(seconds))
            }
            ("faults", []) => Some(Self::Faults(None)),
            ("faults", [jobs]) => {
                let jobs = jobs.parse().ok().filter(|&jobs| jobs > 0)?;
                Some(Self::Faults(Some(jobs)))
            }
            ("soak", []) => Some(Self::Soak(None)),
            ("soak", [count]) => {
                let count = count.parse().ok().filter(|&count| count > 0)?;
                Some(Self::Soak(Some(count)))
            }
            _ => None,
        }
    }

    fn run(self) -> Result<ExitCode> {
        match self {
            Self::Usage => {
                say::line(USAGE.trim_end());
                Ok(ExitCode::SUCCESS)
            }
            Self::V8(origin) => v8::provide(origin).map(|()| ExitCode::SUCCESS),
            Self::Test(args) => test::run(args),
            Self::Servers(program, args) => servers::run(program, args),
            Self::Demo => demo::run(),
            Self::Bench(args) => example::bench(args),
            Self::BenchQueue(args) => example::bench_queue(args),
            Self::BenchStore(args) => example::bench_store(args),
            Self::Fuzz(seconds) => fuzz::run(seconds),
            Self::Faults(jobs) => faults::run(jobs),
            Self::Soak(count) => example::soak(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<&Task<'_>>) {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        assert_eq!(Task::parse(&args).as_ref(), expected, "{line}");
    }

    #[test]
    fn commands_are_understood() {
        check("", Some(&Task::Usage));
        check("v8 --from-source", Some(&Task::V8(v8::Origin::Source)));
        check("soak", Some(&Task::Soak(None)));
        check("fuzz 5", Some(&Task::Fuzz(5)));
        check("soak 500", Some(&Task::Soak(Some(500))));
        check("faults", Some(&Task::Faults(None)));
        check("faults 9000", Some(&Task::Faults(Some(9_000))));
        check("bench", Some(&Task::Bench(&[])));
        check("bench queue", Some(&Task::BenchQueue(&[])));
        check("bench store", Some(&Task::BenchStore(&[])));
        let args = ["--profile".to_owned(), "v8".to_owned()];
        check("test --profile v8", Some(&Task::Test(&args)));
        check("servers ls --profile v8", Some(&Task::Servers("ls", &args)));
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for line in [
            "dmeo",
            "v8 --from-sauce",
            "v8 x y",
            "demo now",
            "servers",
            "soak 0",
            "soak many",
            "faults 0",
        ] {
            check(line, None);
        }
    }
}
