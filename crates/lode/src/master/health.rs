//! What a worker says of itself over HTTP: `/healthz` that it lives, `/readyz` whether it takes jobs
//! and what its jail is made of.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use lode_jail::LayerState;
use serde::Serialize;
use tokio::net::TcpListener;

use crate::master::reach::Reach;

/// Requests that are answered at one time; more wait for the kernel to hand them over.
const CONNECTIONS_MAX: usize = 64;

/// What `/readyz` shows.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Status {
    /// Whether jobs are taken.
    ready: bool,
    /// Why not, if not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// That the queue does not answer, and for how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_for: Option<String>,
    worker: String,
    /// What runs the hooks, such as V8's version.
    guest: String,
    /// Every layer of the jail: `None` is on, a text is why it is off.
    jail: Vec<LayerState>,
    /// The control group of the children, or that there is none.
    control_group: String,
    /// Apps that are suspended, by the breaker or an admin.
    suspended: Vec<String>,
}

/// The status that the worker's loop writes and the HTTP side reads.
#[derive(Debug, Clone)]
pub(crate) struct Health {
    status: Arc<Mutex<Status>>,
    reach: Reach,
}

impl Health {
    /// A worker that starts.
    pub(crate) fn starting(worker: String, control_group: String, reach: Reach) -> Self {
        let status = Status {
            reason: Some("starting: no zygote serves yet"),
            worker,
            control_group,
            ..Status::default()
        };
        Self {
            status: Arc::new(Mutex::new(status)),
            reach,
        }
    }

    fn change(&self, change: impl FnOnce(&mut Status)) {
        // A panicking writer leaves whole fields behind: there is nothing to distrust.
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// A zygote serves.
    pub(crate) fn serving(&self, layers: Vec<LayerState>, guest: String) {
        self.change(|status| {
            status.jail = layers;
            status.guest = guest;
            if status.reason != Some(DRAINING) {
                status.ready = true;
                status.reason = None;
            }
        });
    }

    /// Whether there is any child, running a job or waiting for one.
    pub(crate) fn has_children(&self, any: bool) {
        self.change(|status| {
            if status.ready && !any {
                status.ready = false;
                status.reason = Some(CHILDLESS);
            } else if any && status.reason == Some(CHILDLESS) {
                status.ready = true;
                status.reason = None;
            }
        });
    }

    /// No more jobs are taken.
    pub(crate) fn draining(&self) {
        self.change(|status| {
            status.ready = false;
            status.reason = Some(DRAINING);
        });
    }

    /// These apps are suspended now.
    pub(crate) fn suspended(&self, apps: Vec<String>) {
        self.change(|status| status.suspended = apps);
    }

    fn answer(&self, method: &Method, path: &str) -> (StatusCode, String) {
        let known = matches!(path, "/healthz" | "/readyz");
        if known && method != Method::GET && method != Method::HEAD {
            let text = "allowed are GET and HEAD\n".to_owned();
            return (StatusCode::METHOD_NOT_ALLOWED, text);
        }
        match path {
            "/healthz" => (StatusCode::OK, "ok\n".to_owned()),
            "/readyz" => {
                let status = self.status.lock();
                let mut status = status.unwrap_or_else(PoisonError::into_inner).clone();
                status.waiting_for = self.reach.outage();
                status.ready &= status.waiting_for.is_none();
                let code = if status.ready {
                    StatusCode::OK
                } else {
                    StatusCode::SERVICE_UNAVAILABLE
                };
                (code, serde_json::to_string(&status).unwrap_or_default())
            }
            _ => {
                let text = "there are /healthz and /readyz\n".to_owned();
                (StatusCode::NOT_FOUND, text)
            }
        }
    }
}

const CHILDLESS: &str = "no child: the zygotes do not start, the log says why";
const DRAINING: &str = "draining: running jobs finish, no new ones are taken";

/// Binds `listen`, if it names an address, and answers in the background.
pub(crate) async fn listen(listen: &str, health: Health) -> Result<()> {
    if listen.is_empty() {
        return Ok(());
    }
    let address: SocketAddr = listen.parse().with_context(|| {
        format!("http.listen is {listen:?}, an address such as 127.0.0.1:7080 is expected")
    })?;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("http.listen {address}"))?;
    let bound = listener.local_addr()?;
    tracing::info!(address = %bound, "http");
    tokio::spawn(accept(listener, health));
    Ok(())
}

async fn accept(listener: TcpListener, health: Health) {
    let room = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "http: a connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            }
        };
        let health = health.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| respond(health.clone(), request));
            // The timer ends connections that never send their headers, after 30 s.
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // Whoever breaks off is answered by nobody.
            let _ = connection.await;
            drop(place);
        });
    }
}

async fn respond(
    health: Health,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (code, text) = health.answer(request.method(), request.uri().path());
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = code;
    Ok(response)
}
