//! One HTTP/1.1 exchange on a stream: the hop out, the reply in, both within their limits.

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::ext::ReasonPhrase;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::http::response::Parts;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;

use crate::connect::Stream;
use crate::hop::{Hop, Reply};
use crate::{EgressError, EgressOptions};

/// Sends `hop` and reads the reply; its body only if `wanted` says so of its head.
///
/// The connection is driven here and not by a task of its own, so that a fetch that is dropped,
/// at its deadline for instance, leaves nothing behind.
pub(crate) async fn exchange(
    stream: Box<dyn Stream>,
    hop: &Hop,
    options: &EgressOptions,
    wanted: impl Fn(StatusCode, &HeaderMap) -> bool,
) -> Result<Reply, EgressError> {
    let request = message(hop)?;
    let failed = |error: hyper::Error| failure(&error, hop, options);
    let handshake = http1::Builder::new()
        .max_headers(options.headers_max)
        .max_buf_size(options.header_bytes_max)
        .handshake::<_, Full<Bytes>>(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(failed)?;
    let talk = async {
        let response = sender.send_request(request).await.map_err(failed)?;
        let (head, body) = response.into_parts();
        if head.status.is_informational() {
            return Err(protocol(hop, "it switched protocols"));
        }
        check_head(&head.headers, options)?;
        let body = if wanted(head.status, &head.headers) {
            collect(body, hop, options).await?
        } else {
            Vec::new()
        };
        Ok(reply(head, body))
    };
    tokio::pin!(talk, connection);
    tokio::select! {
        biased;
        result = &mut talk => result,
        // The connection ends first when the host closes it: the rest of the body, or the
        // failure, has been handed to `talk` by then.
        _ = &mut connection => talk.await,
    }
}

/// The request in origin form, with the Host header.
fn message(hop: &Hop) -> Result<Request<Full<Bytes>>, EgressError> {
    let target = match hop.url.query() {
        None => hop.url.path().to_owned(),
        Some(query) => format!("{}?{query}", hop.url.path()),
    };
    let request = Request::builder().method(hop.method.clone()).uri(target);
    let mut request = request.body(Full::new(hop.body.clone())).map_err(|_| {
        EgressError::BadRequest(
            "the URL's path or query has a character that is not allowed".to_owned(),
        )
    })?;
    let host = HeaderValue::from_str(&hop.host()).map_err(|_| {
        EgressError::BadRequest("the URL's host has a character that is not allowed".to_owned())
    })?;
    // First on the wire, as HTTP advises.
    request.headers_mut().insert(HOST, host);
    let close = HeaderValue::from_static("close");
    request.headers_mut().insert(CONNECTION, close);
    let may_have_body = matches!(hop.method, Method::POST | Method::PUT | Method::PATCH);
    if may_have_body && hop.body.is_empty() {
        // Hyper leaves it out, and some hosts answer 411 then.
        let none = HeaderValue::from_static("0");
        request.headers_mut().insert(CONTENT_LENGTH, none);
    }
    request.headers_mut().extend(hop.headers.clone());
    Ok(request)
}

/// Hyper's buffer, which bounds what is read, gives way by a part of a segment; this does not.
fn check_head(headers: &HeaderMap, options: &EgressOptions) -> Result<(), EgressError> {
    let line_bytes =
        |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
    let bytes: usize = headers.iter().map(line_bytes).sum();
    if bytes <= options.header_bytes_max {
        return Ok(());
    }
    Err(EgressError::TooLarge {
        what: "the head of the reply",
        limit_bytes: options.header_bytes_max as u64,
    })
}

/// Reads the body up to the limit.
async fn collect(
    mut body: Incoming,
    hop: &Hop,
    options: &EgressOptions,
) -> Result<Vec<u8>, EgressError> {
    let limit_bytes = options.response_bytes_max;
    let too_large = || EgressError::TooLarge {
        what: "the body of the reply",
        limit_bytes,
    };
    // Its Content-Length, where there is one.
    if body.size_hint().lower() > limit_bytes {
        return Err(too_large());
    }
    let mut out = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failure(&error, hop, options))?;
        if let Ok(data) = frame.into_data() {
            if (out.len() + data.len()) as u64 > limit_bytes {
                return Err(too_large());
            }
            out.extend_from_slice(&data);
        }
    }
    Ok(out)
}

fn reply(head: Parts, body: Vec<u8>) -> Reply {
    let phrase = head.extensions.get::<ReasonPhrase>();
    let status_text = match phrase {
        Some(phrase) => phrase.as_bytes().iter().copied().map(char::from).collect(),
        None => head
            .status
            .canonical_reason()
            .unwrap_or_default()
            .to_owned(),
    };
    Reply {
        status: head.status,
        status_text,
        headers: head.headers,
        body,
    }
}

fn protocol(hop: &Hop, why: &str) -> EgressError {
    EgressError::Protocol {
        host: hop.host(),
        why: why.to_owned(),
    }
}

fn failure(error: &hyper::Error, hop: &Hop, options: &EgressOptions) -> EgressError {
    if error.is_parse() {
        let (lines, bytes) = (options.headers_max, options.header_bytes_max);
        let why = format!(
            "the reply's head is not HTTP/1, or has more than {lines} headers or {bytes} bytes"
        );
        return protocol(hop, &why);
    }
    protocol(
        hop,
        "the connection was closed before the reply was complete",
    )
}
