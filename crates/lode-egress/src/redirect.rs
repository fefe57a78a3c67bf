//! Redirects: from a reply that names a location to the next hop, as browsers do it.

use hyper::body::Bytes;
use hyper::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE, COOKIE,
    HeaderMap, LOCATION,
};
use hyper::{Method, StatusCode};
use url::Url;

use crate::EgressError;
use crate::hop::Hop;
use crate::request::checked_url;

/// As for the URL of a request.
const LOCATION_BYTES_MAX: usize = 8 << 10;

fn refused(why: &str) -> EgressError {
    EgressError::Redirect(format!("the redirect is not followed: {why}"))
}

/// Whether a reply asks to go elsewhere.
pub(crate) fn is_redirect(status: StatusCode, headers: &HeaderMap) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) && headers.contains_key(LOCATION)
}

/// The hop that a redirect of `hop` asks for. Whether its host may be called is not decided here.
pub(crate) fn next(
    mut hop: Hop,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Hop, EgressError> {
    let url = target(&hop.url, headers)?;
    if url.origin() != hop.url.origin() {
        // They were meant for the first host.
        hop.headers.remove(AUTHORIZATION);
        hop.headers.remove(COOKIE);
    }
    let becomes_get = match status {
        StatusCode::SEE_OTHER => hop.method != Method::HEAD && hop.method != Method::GET,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => hop.method == Method::POST,
        _ => false,
    };
    if becomes_get {
        hop.method = Method::GET;
        hop.body = Bytes::new();
        for name in [
            CONTENT_TYPE,
            CONTENT_ENCODING,
            CONTENT_LANGUAGE,
            CONTENT_LOCATION,
        ] {
            hop.headers.remove(name);
        }
    }
    hop.url = url;
    Ok(hop)
}

fn target(from: &Url, headers: &HeaderMap) -> Result<Url, EgressError> {
    let location = headers
        .get(LOCATION)
        .map_or(&[][..], |value| value.as_bytes());
    if location.len() > LOCATION_BYTES_MAX {
        return Err(refused("its location is longer than 8192 bytes"));
    }
    let location = String::from_utf8_lossy(location);
    let url = from
        .join(&location)
        .map_err(|_| refused("its location is no URL"))?;
    let url = checked_url(url).map_err(|why| refused(&format!("its location {why}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        // A host could make a hook sign in somewhere with what the host chose.
        return Err(refused("its location has a user name or a password"));
    }
    if from.scheme() == "https" && url.scheme() == "http" {
        return Err(refused("it leads from https to http"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;
    use crate::{EgressOptions, FetchRequest};

    fn hop(method: &str, url: &str) -> Hop {
        let headers = ["Authorization", "Cookie", "Content-Type", "X-Key"];
        let request = FetchRequest {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: headers.map(|name| (name.to_owned(), "v".to_owned())).into(),
            body: Some(b"body".to_vec()),
            ..FetchRequest::default()
        };
        request
            .into_hop(&EgressOptions::default())
            .expect("a request")
    }

    fn redirect(hop: Hop, status: u16, location: &str) -> Result<Hop, EgressError> {
        let value = HeaderValue::from_bytes(location.as_bytes()).expect("a header");
        let headers = HeaderMap::from_iter([(LOCATION, value)]);
        let status = StatusCode::from_u16(status).expect("a status");
        next(hop, status, &headers)
    }

    #[test]
    fn the_method_changes_as_in_browsers() {
        let cases = [
            (301, "POST", "GET"),
            (302, "POST", "GET"),
            (303, "POST", "GET"),
            (307, "POST", "POST"),
            (308, "POST", "POST"),
            (302, "PUT", "PUT"),
            (303, "PUT", "GET"),
            (303, "DELETE", "GET"),
            (303, "HEAD", "HEAD"),
            (301, "HEAD", "HEAD"),
        ];
        for (status, before, after) in cases {
            let found = redirect(hop(before, "http://a.com/x"), status, "y").expect("a hop");
            assert_eq!(found.method.as_str(), after, "{status} {before}");
            let keeps_body = before == after;
            assert_eq!(found.body.is_empty(), !keeps_body, "{status} {before}");
            assert_eq!(found.headers.contains_key(CONTENT_TYPE), keeps_body);
            assert_eq!(found.url.as_str(), "http://a.com/y");
        }
    }

    #[test]
    fn credentials_stay_with_their_origin() {
        let cases = [
            ("http://a.com/y", true),
            ("//a.com:80/y", true),
            ("http://b.com/", false),
            ("http://a.com:81/", false),
            ("https://a.com/", false),
            ("http://x.a.com/", false),
        ];
        for (location, kept) in cases {
            let found = redirect(hop("GET", "http://a.com/x"), 302, location).expect("a hop");
            assert_eq!(
                found.headers.contains_key(AUTHORIZATION),
                kept,
                "{location}"
            );
            assert_eq!(found.headers.contains_key(COOKIE), kept, "{location}");
            assert!(found.headers.contains_key("x-key"));
        }
    }

    #[test]
    fn redirects_that_lead_elsewhere_are_refused() {
        let cases = [
            ("http://a.com/", "from https to http"),
            ("file:///etc/passwd", "a scheme other than"),
            ("javascript:1", "a scheme other than"),
            ("https://user@b.com/", "a user name"),
            ("https://[::1", "no URL"),
        ];
        for (location, why) in cases {
            let error = redirect(hop("GET", "https://a.com/x"), 302, location);
            let error = error.expect_err(location);
            assert_eq!(error.code(), "EgressRedirect");
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
