//! [`Reply`]: what the client gets.

use std::collections::BTreeMap;

use lode_proto::HookResponse;
use serde::Serialize;
use serde_json::value::RawValue;

/// The answer to one request. A failure is a reply, too: its body is Kinvey's `error`,
/// `description` and `debug`.
#[derive(Debug, Clone, Serialize)]
pub struct Reply {
    /// HTTP status, 100 to 599.
    pub status: u16,
    /// What hooks have set. Checked: none can smuggle another header in.
    pub headers: BTreeMap<String, String>,
    /// Any JSON value.
    pub body: Box<RawValue>,
}

impl From<HookResponse> for Reply {
    fn from(response: HookResponse) -> Self {
        Self {
            status: response.status_code,
            headers: response.headers,
            body: response.body,
        }
    }
}
