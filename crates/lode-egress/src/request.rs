//! What a hook asks for and what it gets, and the check from the one to a [`Hop`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::Method;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use url::{Host, Url};

use crate::hop::Hop;
use crate::rules::normalised;
use crate::{EgressError, EgressOptions};

/// A request as an untrusted hook describes it. Nothing in it has been checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FetchRequest {
    /// GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS, in any case.
    pub method: String,
    /// An absolute http or https URL of at most 8 KiB. User name and password in it become Basic
    /// authentication unless there is an Authorization header.
    pub url: String,
    /// Names and values; each character of a value is one byte (Latin-1).
    pub headers: Vec<(String, String)>,
    /// The body. `None` and an empty one are the same.
    pub body: Option<Vec<u8>>,
    /// Milliseconds for everything, at least 1; the operator's limit where that is shorter.
    pub timeout_ms: Option<u64>,
    /// What to do with a redirect.
    pub redirect: RedirectMode,
}

/// What to do with a reply of status 301, 302, 303, 307 or 308 that names a location.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RedirectMode {
    /// Follow it, as often as the options allow.
    #[default]
    Follow,
    /// Hand it out as it is.
    Manual,
    /// Fail with [`EgressError::Redirect`].
    Error,
}

/// A complete reply, of whatever status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchReply {
    /// 200 to 999, by HTTP 200 to 599.
    pub status: u16,
    /// The reason phrase of the status line, which may be empty.
    pub status_text: String,
    /// Where the reply came from, after all redirects; without password and fragment.
    pub url: String,
    /// Whether a redirect was followed.
    pub redirected: bool,
    /// Names in lower case and values (Latin-1), in the order received for each name.
    pub headers: Vec<(String, String)>,
    /// The body as it was sent; nothing is decompressed.
    pub body: Vec<u8>,
}

const URL_BYTES_MAX: usize = 8 << 10;

const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// Headers about the connection or the message's length. Were they a hook's to set, two parties
/// on the way could disagree about where a request ends (request smuggling) or whom it is for.
const REFUSED_HEADERS: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn bad(text: String) -> EgressError {
    EgressError::BadRequest(text)
}

/// A hook's text in an error: enough to find it.
fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Makes the URL's host the one that rules compare and that is resolved.
pub(crate) fn normalise_host(url: &mut Url) -> Result<(), &'static str> {
    let host = url.host().ok_or("has no host")?.to_owned();
    if let Host::Domain(name) = normalised(host)?
        && url.host_str() != Some(name.as_str())
    {
        url.set_host(Some(&name)).map_err(|_| "has no valid host")?;
    }
    Ok(())
}

/// The URL as it may be asked for. The error says what is wrong with it, to follow "the URL".
pub(crate) fn checked_url(mut url: Url) -> Result<Url, &'static str> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err("has a scheme other than http and https");
    }
    normalise_host(&mut url)?;
    if url.port() == Some(0) {
        return Err("has port 0");
    }
    url.set_fragment(None);
    Ok(url)
}

impl FetchRequest {
    /// Checks all that can be checked before the network is asked.
    pub(crate) fn into_hop(self, options: &EgressOptions) -> Result<Hop, EgressError> {
        let method = method(&self.method)?;
        if self.url.len() > URL_BYTES_MAX {
            return Err(EgressError::TooLarge {
                what: "the URL",
                limit_bytes: URL_BYTES_MAX as u64,
            });
        }
        let url = Url::parse(&self.url)
            .map_err(|error| bad(format!("{:?} is no absolute URL: {error}", cut(&self.url))))?;
        let mut url = checked_url(url).map_err(|why| {
            let shown = cut(&self.url);
            bad(format!(
                "the URL {shown:?} {why}; allowed is http://… and https://…"
            ))
        })?;
        let mut headers = headers(&self.headers, options)?;
        if let Some(basic) = take_userinfo(&mut url)
            && !headers.contains_key(AUTHORIZATION)
        {
            headers.insert(AUTHORIZATION, basic);
        }
        let body = self.body.unwrap_or_default();
        if body.len() as u64 > options.request_bytes_max {
            return Err(EgressError::TooLarge {
                what: "the body of the request",
                limit_bytes: options.request_bytes_max,
            });
        }
        let body = body.into();
        Ok(Hop {
            method,
            url,
            headers,
            body,
        })
    }
}

fn method(text: &str) -> Result<Method, EgressError> {
    let found = METHODS
        .into_iter()
        .find(|method| method.as_str().eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        let shown = cut(text);
        bad(format!(
            "the method {shown:?} is not allowed; allowed are GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS"
        ))
    })
}

fn headers(given: &[(String, String)], options: &EgressOptions) -> Result<HeaderMap, EgressError> {
    if given.len() > options.headers_max {
        let max = options.headers_max;
        return Err(bad(format!(
            "the request has {} headers, allowed are {max}",
            given.len()
        )));
    }
    let bytes: usize = given
        .iter()
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum();
    if bytes > options.header_bytes_max {
        return Err(EgressError::TooLarge {
            what: "the head of the request",
            limit_bytes: options.header_bytes_max as u64,
        });
    }
    let mut out = HeaderMap::new();
    for (name, value) in given {
        let (name, value) = header(name, value)?;
        out.append(name, value);
    }
    out.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    out.entry(USER_AGENT)
        .or_insert(HeaderValue::from_static("Lode"));
    // Whatever the hook prefers: a reply that grows when it is unpacked would need a second limit.
    out.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Ok(out)
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), EgressError> {
    let shown = cut(name);
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        bad(format!(
            "the header name {shown:?} is not valid; allowed are letters, digits, - and _"
        ))
    })?;
    let lower = parsed.as_str();
    if REFUSED_HEADERS.contains(&lower) || lower.starts_with("proxy-") {
        return Err(bad(format!(
            "the header {shown} may not be set: it is about the connection, which is not the hook's"
        )));
    }
    let bytes: Result<Vec<u8>, _> = value.trim().chars().map(u8::try_from).collect();
    let value = bytes
        .ok()
        .and_then(|bytes| HeaderValue::from_bytes(&bytes).ok());
    let value = value.ok_or_else(|| {
        bad(format!(
            "the value of the header {shown} has a control character, a line break or one above U+00FF; \
             allowed are printable Latin-1 characters and tabs"
        ))
    })?;
    Ok((parsed, value))
}

/// Takes user name and password out of the URL, as Basic authentication.
fn take_userinfo(url: &mut Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair = percent_decoded(url.username());
    pair.push(b':');
    pair.extend(percent_decoded(url.password().unwrap_or_default()));
    // An http URL always has a host, so that neither can fail.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    HeaderValue::from_str(&format!("Basic {}", BASE64.encode(pair))).ok()
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let hex = |digits: &[u8]| {
        let digits = std::str::from_utf8(digits).ok()?;
        u8::from_str_radix(digits, 16).ok()
    };
    let mut rest = text.as_bytes();
    let mut out = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        let digits = after
            .get(..2)
            .filter(|two| two.iter().all(u8::is_ascii_hexdigit));
        match digits.and_then(hex) {
            Some(byte) if *first == b'%' => {
                out.push(byte);
                rest = &after[2..];
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(request: FetchRequest) -> Result<Hop, EgressError> {
        request.into_hop(&EgressOptions::default())
    }

    fn get(url: &str) -> FetchRequest {
        FetchRequest {
            method: "get".to_owned(),
            url: url.to_owned(),
            ..FetchRequest::default()
        }
    }

    #[track_caller]
    fn refused(request: FetchRequest, why: &str) {
        let error = hop(request).expect_err(why);
        assert_eq!(error.code(), "EgressBadRequest", "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }

    #[test]
    fn a_url_is_normalised_before_anything_looks_at_it() {
        let cases = [
            ("http://0177.1/", "http://127.0.0.1/"),
            ("http://2130706433", "http://127.0.0.1/"),
            ("http://0x7f.0.0.1.", "http://127.0.0.1/"),
            ("http://１２７.0.0.1/", "http://127.0.0.1/"),
            ("HTTP://Example.COM.:80/a b#c", "http://example.com/a%20b"),
            (
                "https://bücher.example:443",
                "https://xn--bcher-kva.example/",
            ),
            ("http://[::FFFF:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
            (
                "http://evil.org\\@example.com/",
                "http://evil.org/@example.com/",
            ),
        ];
        for (given, expected) in cases {
            assert_eq!(hop(get(given)).expect(given).url.as_str(), expected);
        }
    }

    #[test]
    fn urls_that_lead_elsewhere_are_refused() {
        refused(get("/relative"), "no absolute URL");
        refused(get("http://"), "no absolute URL");
        refused(
            get("file:///etc/passwd"),
            "a scheme other than http and https",
        );
        refused(get("gopher://127.0.0.1:6379/_x"), "a scheme other than");
        refused(get("data:,x"), "a scheme other than");
        refused(get("http://a..b/"), "has a label");
        refused(get("http://a:0/"), "port 0");
        let long = get(&format!("http://a.com/{}", "x".repeat(URL_BYTES_MAX)));
        assert_eq!(hop(long).expect_err("too long").code(), "EgressTooLarge");
    }

    #[test]
    fn methods_are_the_known_ones() {
        assert_eq!(
            hop(get("http://a.com")).expect("lower case").method,
            Method::GET
        );
        for method in ["CONNECT", "TRACE", "", "GET / HTTP/1.1\r\nX: y"] {
            let method = method.to_owned();
            refused(
                FetchRequest {
                    method,
                    ..get("http://a.com")
                },
                "allowed are GET",
            );
        }
    }

    #[test]
    fn headers_that_could_smuggle_are_refused() {
        let with = |name: &str, value: &str| FetchRequest {
            headers: vec![(name.to_owned(), value.to_owned())],
            ..get("http://a.com")
        };
        let names = "Host Content-Length transfer-encoding Connection UPGRADE Keep-Alive TE Trailer \
                     Expect Proxy-Authorization Proxy-Connection proxy-x HTTP2-Settings";
        for name in names.split_whitespace() {
            refused(with(name, "1"), "may not be set");
        }
        for name in [
            "",
            "a b",
            "a:b",
            "a\r\nb",
            "Transfer-Encoding\0",
            "höst",
            " host",
        ] {
            refused(with(name, "1"), "header name");
        }
        for value in ["a\r\nX: y", "a\nb", "a\rb", "a\0b", "a\u{7f}b", "€"] {
            refused(with("x", value), "the value of the header x");
        }
        let kept = hop(with("X-Name", " é\t1 ")).expect("Latin-1").headers;
        assert_eq!(kept["x-name"].as_bytes(), b"\xe9\t1");
    }

    #[test]
    fn the_head_of_a_request_is_bounded() {
        let mut many = get("http://a.com");
        many.headers = vec![("x".to_owned(), "y".to_owned()); 101];
        refused(many, "has 101 headers, allowed are 100");
        let mut large = get("http://a.com");
        large.headers = vec![("x".to_owned(), "y".repeat(70_000))];
        assert_eq!(hop(large).expect_err("too large").code(), "EgressTooLarge");
        let mut body = get("http://a.com");
        body.body = Some(vec![0; (1 << 20) + 1]);
        assert_eq!(hop(body).expect_err("too large").code(), "EgressTooLarge");
    }

    #[test]
    fn userinfo_becomes_basic_authentication_unless_there_is_a_header() {
        let found = hop(get("http://us%3Aer:p%40ss%@a.com/x")).expect("a request");
        assert_eq!(found.url.as_str(), "http://a.com/x");
        let expected = format!("Basic {}", BASE64.encode("us:er:p@ss%"));
        assert_eq!(found.headers[AUTHORIZATION], expected.as_str());
        let mut own = get("http://user:pass@a.com/x");
        own.headers = vec![("authorization".to_owned(), "Bearer t".to_owned())];
        let found = hop(own).expect("a request");
        assert_eq!(found.headers[AUTHORIZATION], "Bearer t");
    }
}
