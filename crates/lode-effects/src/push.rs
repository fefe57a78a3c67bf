//! [`Push`]: what a hook asks to be pushed, and [`Webhook`], which carries it out.
//!
//! Who knows devices and their platforms is the application server, or a service that it uses; so a
//! push message is handed to a URL of the operator's, signed (see [`crate::signature`]).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::http::{Answer, Poster};
use crate::sign::signature;
use crate::{Failure, Invalid, OptionsError, Origin, PushOptions};

/// A push message that may be sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Push {
    #[serde(rename = "type")]
    kind: PushKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    destination: Option<Vec<Box<RawValue>>>,
    message_content: Box<RawValue>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PushKind {
    Message,
    Broadcast,
}

/// What `push.send` and `push.broadcast` are given.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Args {
    destination: Option<Box<RawValue>>,
    message_content: Option<Box<RawValue>>,
}

/// The body of a webhook request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    id: &'a str,
    app: &'a str,
    hook: &'a str,
    job: &'a str,
    at_ms: u64,
    #[serde(flatten)]
    push: &'a Push,
}

impl Push {
    /// Reads the arguments of `push.send`: `destination`, an array of users or one, and
    /// `messageContent`.
    pub fn to_users(json: &str, options: &PushOptions) -> Result<Self, Invalid> {
        let (destination, message_content) = Self::read(json, options)?;
        let destination = destination.ok_or_else(|| missing("destination"))?;
        // One user alone is meant as an array of one.
        let several = serde_json::from_str::<Vec<Box<RawValue>>>(destination.get());
        let destination = several.unwrap_or_else(|_| vec![destination]);
        Ok(Self {
            kind: PushKind::Message,
            destination: Some(destination),
            message_content,
        })
    }

    /// Reads the arguments of `push.broadcast`: `messageContent`.
    pub fn to_all(json: &str, options: &PushOptions) -> Result<Self, Invalid> {
        let (destination, message_content) = Self::read(json, options)?;
        if destination.is_some() {
            let text = "a broadcast goes to everybody and has no `destination`";
            return Err(Invalid::push(text));
        }
        Ok(Self {
            kind: PushKind::Broadcast,
            destination: None,
            message_content,
        })
    }

    /// Reads what [`Push::to_json`] has made.
    pub fn from_json(json: &str) -> Result<Self, Invalid> {
        serde_json::from_str(json)
            .map_err(|error| Invalid::push(format!("the push message cannot be read: {error}")))
    }

    /// `{"type": "message" or "broadcast", "destination": […], "messageContent": …}`
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and JSON values serialise")
    }

    fn read(
        json: &str,
        options: &PushOptions,
    ) -> Result<(Option<Box<RawValue>>, Box<RawValue>), Invalid> {
        if json.len() > options.message_bytes_max {
            return Err(Invalid {
                code: "PushTooLarge",
                text: format!(
                    "the push message and its destinations have {} bytes, allowed are {}",
                    json.len(),
                    options.message_bytes_max
                ),
            });
        }
        let args: Args = serde_json::from_str(json).map_err(|error| {
            Invalid::push(format!(
                "the push message cannot be read: {error}; it has destination and messageContent"
            ))
        })?;
        let content = args
            .message_content
            .ok_or_else(|| missing("messageContent"))?;
        Ok((args.destination, content))
    }
}

fn missing(field: &str) -> Invalid {
    Invalid::push(format!("`{field}` is missing"))
}

/// The way to the operator's push service.
#[derive(Clone)]
pub struct Webhook {
    poster: Poster,
    secret: String,
    limit: Duration,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").finish_non_exhaustive()
    }
}

impl Webhook {
    /// Reads the options and the file of authorities; `None` without a URL.
    pub fn new(options: &PushOptions) -> Result<Option<Self>, OptionsError> {
        options.check()?;
        let Some(url) = options.target()? else {
            return Ok(None);
        };
        Ok(Some(Self {
            poster: Poster::new(url, &options.ca_file)?,
            secret: options.secret.clone(),
            limit: Duration::from_millis(options.timeout_ms),
        }))
    }

    /// Posts one push message; `now_s` is the time in seconds since 1970. 2xx means that it is sent,
    /// 4xx other than 408 and 429 that it never will be; anything else may pass.
    ///
    /// A failure may follow a service that took it and died before it said so: another try then
    /// comes with the same `Lode-Id`.
    pub async fn send(&self, push: &Push, origin: &Origin, now_s: u64) -> Result<(), Failure> {
        let body = Body {
            id: &origin.id,
            app: &origin.app,
            hook: &origin.hook,
            job: &origin.job,
            at_ms: origin.at_ms,
            push,
        };
        let body = serde_json::to_vec(&body).expect("texts and JSON values serialise");
        let headers = [
            ("Lode-Id", origin.id.clone()),
            ("Lode-Timestamp", now_s.to_string()),
            ("Lode-Signature", signature(&self.secret, now_s, &body)),
        ];
        let posted = self.poster.post(&headers, body);
        match tokio::time::timeout(self.limit, posted).await {
            Ok(answer) => judge(&answer?),
            Err(_) => Err(Failure::passing(format!(
                "webhook: no answer within {} ms",
                self.limit.as_millis()
            ))),
        }
    }
}

fn judge(answer: &Answer) -> Result<(), Failure> {
    let status = answer.status;
    if status.is_success() {
        return Ok(());
    }
    let is_passing = !status.is_client_error() || matches!(status.as_u16(), 408 | 429);
    let text = format!("webhook: status {}: {}", status.as_u16(), answer.text);
    Err(Failure::new(!is_passing, text.trim_end_matches([':', ' '])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(read: Result<Push, Invalid>) -> Result<String, String> {
        read.map(|push| push.to_json())
            .map_err(|error| format!("{}: {error}", error.code))
    }

    #[test]
    fn a_push_keeps_what_the_hook_gave_to_the_byte() {
        let options = PushOptions::default();
        let args =
            r#"{"destination":[{"_id":1.0,"n":"ü"}],"messageContent":{"iOSAps":{"b": 1e3}}}"#;
        let expected = r#"{"type":"message","destination":[{"_id":1.0,"n":"ü"}],"messageContent":{"iOSAps":{"b": 1e3}}}"#;
        let json = shown(Push::to_users(args, &options)).expect("a good one");
        assert_eq!(json, expected);
        assert_eq!(shown(Push::from_json(&json)).as_deref(), Ok(expected));
        let one = r#"{"destination":{"_id":"u"},"messageContent":"hi"}"#;
        let expected = r#"{"type":"message","destination":[{"_id":"u"}],"messageContent":"hi"}"#;
        assert_eq!(
            shown(Push::to_users(one, &options)).as_deref(),
            Ok(expected)
        );
        let all = shown(Push::to_all(r#"{"messageContent":"hi"}"#, &options));
        let expected = r#"{"type":"broadcast","messageContent":"hi"}"#;
        assert_eq!(all.as_deref(), Ok(expected));
    }

    #[test]
    fn what_is_no_push_message_is_refused() {
        let options = PushOptions {
            message_bytes_max: 60,
            ..PushOptions::default()
        };
        let long = format!(r#"{{"messageContent":"{}"}}"#, "x".repeat(60));
        for (result, expected) in [
            (
                Push::to_users(r#"{"messageContent":"hi"}"#, &options),
                "PushInvalid: `destination` is missing",
            ),
            (
                Push::to_users(r#"{"destination":[],"messageContent":null}"#, &options),
                "PushInvalid: `messageContent` is missing",
            ),
            (
                Push::to_all(r#"{"destination":[],"messageContent":1}"#, &options),
                "PushInvalid: a broadcast goes to everybody",
            ),
            (Push::to_all(&long, &options), "PushTooLarge: "),
            (Push::to_all("[]", &options), "PushInvalid: "),
        ] {
            let told = shown(result).expect_err(expected);
            assert!(told.starts_with(expected), "{told}");
        }
    }
}
