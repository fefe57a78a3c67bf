//! `lode app`: create, change and list apps.

use std::fmt::Display;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use lode_egress::HostRules;
use lode_proto::HookName;
use lode_store::{AppLimits, NewApp, RateLimit};

use super::{StoreArgs, UsageError, print_line};

/// See `lode app --help`.
#[derive(Debug, Subcommand)]
pub(crate) enum AppCommand {
    /// Create an app.
    Create(CreateArgs),
    /// Change an app's limits; what is not named stays.
    Set(SetArgs),
    /// List the apps, one JSON object a line, without their secrets.
    List(StoreArgs),
}

/// See `lode app create --help`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// The app's id, which is also its app key.
    id: String,
    #[command(flatten)]
    limits: LimitArgs,
    /// The app secret. Default: a random one.
    #[arg(long, value_name = "TEXT")]
    app_secret: Option<String>,
    /// The master secret. Default: a random one.
    #[arg(long, value_name = "TEXT")]
    master_secret: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
}

/// See `lode app set --help`.
#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// The app's id.
    id: String,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    store: StoreArgs,
}

/// Where an app departs from the worker's defaults.
#[derive(Debug, Args)]
pub(crate) struct LimitArgs {
    /// Jobs of the app that run at one time over all workers; -1 for no limit.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    max_concurrent: Option<i64>,
    /// Share of the app among apps that wait, 1 to 100; `default` is 1.
    #[arg(long, value_name = "N", value_parser = setting::<u32>)]
    weight: Option<Setting<u32>>,
    /// Jobs of the app that may start per time, such as 100/1s; `default` is any number.
    #[arg(long, value_name = "JOBS/TIME", value_parser = setting::<RateLimit>)]
    rate: Option<Setting<RateLimit>>,
    /// The same for one hook, such as books.onPreSave=10/1m; `HOOK=default` takes it away. May be
    /// given again.
    #[arg(long = "hook-rate", value_name = "HOOK=JOBS/TIME", value_parser = hook_rate)]
    hook_rates: Vec<(String, Setting<RateLimit>)>,
    /// Live jobs (waiting, delayed, running) that the app may have; -1 for no bound; `default` is
    /// the worker's queue.app_queue_max.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = setting::<i64>)]
    queue_max: Option<Setting<i64>>,
    /// What one job of the app may use, such as `wall_limit_ms=2000`; `NAME=default` goes back to
    /// the worker's. The names are those of `[limits]`. May be given again.
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    limits: Vec<String>,
    /// A host that the app's hooks may send HTTP requests to, such as `api.example.com`,
    /// `*.example.com` or `api.example.com:8443`; `none` takes all away. May be given again; the
    /// list replaces the one before.
    #[arg(long = "http-host", value_name = "RULE")]
    http_hosts: Vec<String>,
}

impl LimitArgs {
    /// Puts what was given over `limits`.
    fn over(self, mut limits: AppLimits) -> Result<AppLimits> {
        if self.max_concurrent.is_some() {
            limits.max_concurrent = self.max_concurrent;
        }
        if let Some(Setting(weight)) = self.weight {
            limits.weight = weight;
        }
        if let Some(Setting(rate)) = self.rate {
            limits.rate = rate;
        }
        for (hook, Setting(rate)) in self.hook_rates {
            match rate {
                Some(rate) => limits.hook_rates.insert(hook, rate),
                None => limits.hook_rates.remove(&hook),
            };
        }
        if let Some(Setting(max)) = self.queue_max {
            limits.queue_max = max;
        }
        for given in &self.limits {
            set_limit(&mut limits, given)?;
        }
        if self.http_hosts == ["none"] {
            limits.http_hosts.clear();
        } else if self.http_hosts.iter().any(|host| host == "none") {
            let why = "--http-host none takes all away, it does not go together with others";
            bail!(UsageError(why.to_owned()));
        } else if !self.http_hosts.is_empty() {
            HostRules::parse(&self.http_hosts)
                .map_err(|error| UsageError(format!("--http-host: {error}")))?;
            limits.http_hosts = self.http_hosts;
        }
        Ok(limits)
    }
}

/// A value of the app's own, or the default.
#[derive(Debug, Clone)]
struct Setting<T>(Option<T>);

fn setting<T: FromStr<Err: Display>>(text: &str) -> Result<Setting<T>, String> {
    if text == "default" {
        return Ok(Setting(None));
    }
    let value = text.parse().map_err(|error: T::Err| error.to_string())?;
    Ok(Setting(Some(value)))
}

fn hook_rate(text: &str) -> Result<(String, Setting<RateLimit>), String> {
    let (hook, rate) = text
        .rsplit_once('=')
        .ok_or("HOOK=JOBS/TIME is expected, such as books.onPreSave=10/1m")?;
    let name = HookName::parse(hook).map_err(|error| error.to_string())?;
    Ok((name.to_string(), setting(rate)?))
}

fn set_limit(limits: &mut AppLimits, given: &str) -> Result<()> {
    let wrong = |why: String| UsageError(format!("--limit {given}: {why}"));
    let (name, value) = given
        .split_once('=')
        .ok_or_else(|| wrong("NAME=VALUE is expected".to_owned()))?;
    if value == "default" {
        return limits.jobs.unset(name).map_err(|why| wrong(why).into());
    }
    let value = value
        .parse()
        .map_err(|_| wrong("the value is a whole number, or `default`".to_owned()))?;
    limits.jobs.set(name, value).map_err(wrong)?;
    Ok(())
}

/// Runs the command.
pub(crate) async fn run(command: AppCommand) -> Result<ExitCode> {
    match command {
        AppCommand::Create(args) => create(args).await,
        AppCommand::Set(args) => set(args).await,
        AppCommand::List(args) => list(args).await,
    }
}

async fn create(args: CreateArgs) -> Result<ExitCode> {
    let limits = args.limits.over(AppLimits::default())?;
    let store = args.store.open().await?;
    let app = NewApp {
        id: args.id,
        app_secret: args.app_secret,
        master_secret: args.master_secret,
        limits,
    };
    let app = store.create_app(app).await?;
    // The one time that the secrets are shown.
    print_line(&serde_json::to_string(&serde_json::json!({
        "id": app.id,
        "app_secret": app.app_secret,
        "master_secret": app.master_secret,
        "limits": app.limits,
    }))?);
    Ok(ExitCode::SUCCESS)
}

async fn set(args: SetArgs) -> Result<ExitCode> {
    let store = args.store.open().await?;
    let app = store.app(&args.id).await?;
    let app = app.with_context(|| format!("there is no app {:?}", args.id))?;
    let limits = args.limits.over(app.limits)?;
    let app = store.update_app_limits(&args.id, limits).await?;
    print_line(&serde_json::json!({"id": app.id, "limits": app.limits}).to_string());
    Ok(ExitCode::SUCCESS)
}

async fn list(args: StoreArgs) -> Result<ExitCode> {
    let store = args.open().await?;
    for app in store.apps().await? {
        let line = serde_json::json!({
            "id": app.id, "limits": app.limits, "created_ms": app.created_ms,
        });
        print_line(&line.to_string());
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_a_value_or_the_default() {
        assert_eq!(setting::<u32>("7").unwrap().0, Some(7));
        assert_eq!(setting::<u32>("default").unwrap().0, None);
        setting::<u32>("many").unwrap_err();
    }

    #[test]
    fn a_hooks_rate_names_its_hook() {
        let (hook, rate) = hook_rate("books.onPreSave=10/1m").unwrap();
        let rate = rate.0.unwrap();
        assert_eq!(
            (hook.as_str(), rate.jobs, rate.per_ms),
            ("books.onPreSave", 10, 60_000)
        );
        assert!(hook_rate("endpoint:a=default").unwrap().1.0.is_none());
        for bad in ["10/1m", "nothing=10/1m", "endpoint:a=fast"] {
            hook_rate(bad).unwrap_err();
        }
    }
}
