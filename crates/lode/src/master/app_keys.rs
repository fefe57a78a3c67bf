//! An app's keys: they live in the master. A hook gets one when it asks for it by name, which is
//! what Kinvey's API gives to hooks; the comparison of credentials is done here.

use lode_proto::message::CallError;
use lode_store::App;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::master::broker::{failure, unknown_method};

/// The secrets of a job's app.
#[derive(Clone, Default)]
pub(crate) struct AppKeys {
    app_secret: String,
    master_secret: String,
}

impl std::fmt::Debug for AppKeys {
    /// Shows nothing: secrets never reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppKeys").finish_non_exhaustive()
    }
}

/// Arguments of `app.securityContext`: the password of a request's Basic authorization, whose
/// user name is the app key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    secret: String,
}

impl AppKeys {
    /// The keys of `app`.
    pub(crate) fn of(app: &App) -> Self {
        Self {
            app_secret: app.app_secret.clone(),
            master_secret: app.master_secret.clone(),
        }
    }

    /// `app.appSecret`, `app.masterSecret` and `app.securityContext`, by the name behind the dot.
    pub(crate) fn call(&self, name: &str, args: &RawValue) -> Result<Box<RawValue>, CallError> {
        let value = match name {
            "appSecret" => self.app_secret.as_str(),
            "masterSecret" => self.master_secret.as_str(),
            "securityContext" => self.security_context(args)?,
            _ => return Err(unknown_method(&format!("app.{name}"))),
        };
        serde_json::value::to_raw_value(value)
            .map_err(|error| failure("InternalError", error.to_string()))
    }

    fn security_context(&self, args: &RawValue) -> Result<&'static str, CallError> {
        let Credentials { secret } = serde_json::from_str(args.get()).map_err(|_| {
            // Without the reason, which would quote what may be a secret.
            let text = "app.securityContext takes {secret}, a text";
            failure("BadRequest", text.to_owned())
        })?;
        Ok(if same(&secret, &self.master_secret) {
            "master"
        } else if same(&secret, &self.app_secret) {
            "app"
        } else {
            "unknown"
        })
    }
}

/// Compares without an early end: how long it takes says nothing about where two texts differ.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len()
        && a.bytes()
            .zip(b.bytes())
            .fold(0, |all, (a, b)| all | (a ^ b))
            == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> AppKeys {
        AppKeys {
            app_secret: "apple".to_owned(),
            master_secret: "marble".to_owned(),
        }
    }

    fn ask(name: &str, args: &str) -> Result<String, CallError> {
        let args = RawValue::from_string(args.to_owned()).unwrap();
        keys().call(name, &args).map(|value| value.get().to_owned())
    }

    #[test]
    fn credentials_are_compared_here() {
        assert_eq!(
            ask("securityContext", r#"{"secret":"marble"}"#).unwrap(),
            "\"master\""
        );
        assert_eq!(
            ask("securityContext", r#"{"secret":"apple"}"#).unwrap(),
            "\"app\""
        );
        assert_eq!(
            ask("securityContext", r#"{"secret":"appl"}"#).unwrap(),
            "\"unknown\""
        );
        assert_eq!(
            ask("securityContext", r#"{"secret":""}"#).unwrap(),
            "\"unknown\""
        );
    }

    #[test]
    fn keys_are_in_no_error_and_no_debug_text() {
        let mut texts = vec![format!("{:?}", keys())];
        for (name, args) in [
            ("securityContext", r#"{"secrets":"marble"}"#),
            ("secrets", "{}"),
        ] {
            let error = ask(name, args).unwrap_err();
            texts.push(format!("{error:?}"));
        }
        for text in texts {
            assert!(
                !text.contains("apple") && !text.contains("marble"),
                "{text}"
            );
        }
    }
}
