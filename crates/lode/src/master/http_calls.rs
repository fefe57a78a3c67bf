//! HTTP requests of hooks: only to hosts that their app names, only so many, only by the master.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lode_egress::{Egress, EgressError, FetchRequest, HostRules};
use lode_proto::message::CallError;
use serde_json::value::RawValue;

use crate::master::broker::failure;

/// What one job's HTTP requests may reach.
#[derive(Debug)]
pub(crate) struct HttpScope {
    /// `None` in a worker that sends none.
    egress: Option<Arc<Egress>>,
    rules: HostRules,
    limit: u64,
    made: AtomicU64,
}

impl HttpScope {
    /// For a job that may make `limit` requests to the hosts of `rules`.
    pub(crate) fn new(egress: Option<Arc<Egress>>, rules: HostRules, limit: u64) -> Self {
        Self {
            egress,
            rules,
            limit,
            made: AtomicU64::new(0),
        }
    }

    /// For a job that may make none.
    pub(crate) fn none() -> Self {
        Self::new(None, HostRules::default(), 0)
    }

    /// Carries out `http.fetch`.
    pub(crate) async fn fetch(&self, args: &RawValue) -> Result<Box<RawValue>, CallError> {
        let Some(egress) = &self.egress else {
            let text = "this worker sends no HTTP requests of hooks; they are allowed by \
                        jobs.allow_http_requests = true and the app's list of hosts";
            return Err(failure("EgressDenied", text.to_owned()));
        };
        let request = FetchRequest::from_json(args.get()).map_err(told)?;
        if self.made.fetch_add(1, Ordering::Relaxed) >= self.limit {
            let text = format!("more than {} HTTP requests in one job", self.limit);
            return Err(failure("EgressTooMany", text));
        }
        let reply = egress.fetch(&self.rules, request).await.map_err(told)?;
        RawValue::from_string(reply.to_json())
            .map_err(|error| failure("InternalError", error.to_string()))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn told(error: EgressError) -> CallError {
    failure(error.code(), error.to_string())
}
