//! One POST to the operator's own URL, over HTTP/1.1 on a connection of its own.
//!
//! Not lode-egress: that guards the worker's network from tenants, and the webhook is usually inside
//! of it. Tenants have no say in this URL, and redirects are not followed.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use url::{Position, Url};

use crate::error::chain;
use crate::tls::connector;
use crate::{Failure, OptionsError};

/// Bytes of a reply's body that are read, for the text of a failure.
const REPLY_BYTES_MAX: usize = 300;

/// Posts to one URL.
#[derive(Clone)]
pub(crate) struct Poster {
    url: Url,
    host: String,
    port: u16,
    tls: Option<TlsConnector>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The beginning of the body; empty with a success.
    pub(crate) text: String,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Poster {
    pub(crate) fn new(url: Url, ca_file: &str) -> Result<Self, OptionsError> {
        let tls = match url.scheme() {
            "https" => Some(connector("push.ca_file", ca_file)?),
            _ => None,
        };
        let host = url.host_str().unwrap_or_default();
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default().unwrap_or_default(),
            url,
            tls,
        })
    }

    /// Sends `body` as JSON with these headers and waits for the answer.
    pub(crate) async fn post(
        &self,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<Answer, Failure> {
        let mut request = Request::post(&self.url[Position::BeforePath..Position::AfterQuery])
            .header(HOST, &self.url[Position::BeforeHost..Position::AfterPort])
            .header(CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body)));
        let request =
            request.map_err(|error| Failure::passing(format!("webhook: no request: {error}")))?;
        let stream = self.connect().await?;
        let failed = |error: hyper::Error| Failure::passing(format!("webhook: {}", chain(&error)));
        let handshake = http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.map_err(failed)?;
        let talk = async {
            let reply = sender.send_request(request).await.map_err(failed)?;
            let (head, body) = reply.into_parts();
            let text = if head.status.is_success() {
                // It is taken, whatever becomes of the body.
                String::new()
            } else {
                beginning(body).await
            };
            Ok(Answer {
                status: head.status,
                text,
            })
        };
        tokio::pin!(talk, connection);
        // Driven here and not by a task: a request that is given up leaves nothing behind.
        tokio::select! {
            biased;
            answer = &mut talk => answer,
            _ = &mut connection => talk.await,
        }
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, Failure> {
        let place = format!("{}:{}", self.host, self.port);
        let connected = TcpStream::connect((self.host.as_str(), self.port)).await;
        let stream = connected.map_err(|error| {
            Failure::passing(format!("webhook: {place} cannot be reached: {error}"))
        })?;
        let Some(tls) = &self.tls else {
            return Ok(Box::new(stream));
        };
        let name = ServerName::try_from(self.host.clone()).map_err(|_| {
            Failure::passing(format!("webhook: {place} cannot stand in a certificate"))
        })?;
        let secured = tls.connect(name, stream).await;
        let stream = secured
            .map_err(|error| Failure::passing(format!("webhook: TLS with {place}: {error}")))?;
        Ok(Box::new(stream))
    }
}

/// The beginning of a body, whatever becomes of the rest.
async fn beginning(mut body: Incoming) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < REPLY_BYTES_MAX {
        let Some(Ok(frame)) = body.frame().await else {
            break;
        };
        if let Ok(data) = frame.into_data() {
            let room = REPLY_BYTES_MAX - bytes.len();
            bytes.extend_from_slice(&data[..data.len().min(room)]);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
