//! One request to one host: what a fetch is made of, with a hop for each redirect.

use hyper::body::Bytes;
use hyper::header::HeaderMap;
use hyper::{Method, StatusCode};
use url::Url;

/// A checked request, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Hop {
    pub(crate) method: Method,
    /// http or https, the host normalised, without user name, password and fragment.
    pub(crate) url: Url,
    /// Those of the hook and those that are always sent; Host is the sender's.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Hop {
    /// Host and port as errors name them: with the port where it is not the scheme's.
    pub(crate) fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            None => host.to_owned(),
            Some(port) => format!("{host}:{port}"),
        }
    }
}

/// A reply's head, and its body where that was asked for.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) status_text: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}
