//! Requests and replies as the JSON of the host call `http.fetch`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use crate::{EgressError, FetchReply, FetchRequest, RedirectMode};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRequest {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<String>,
    #[serde(default)]
    body_base64: bool,
    timeout_ms: Option<u64>,
    #[serde(default)]
    redirect: RedirectMode,
}

#[derive(Serialize)]
struct WireReply<'a> {
    status: u16,
    status_text: &'a str,
    url: &'a str,
    redirected: bool,
    headers: &'a [(String, String)],
    body: &'a str,
    body_base64: bool,
}

impl FetchRequest {
    /// Reads `{method, url, headers: [[name, value]…], body, body_base64, timeout_ms, redirect}`,
    /// of which only method and URL are needed. The error is [`EgressError::BadRequest`].
    pub fn from_json(text: &str) -> Result<Self, EgressError> {
        let wire: WireRequest = serde_json::from_str(text)
            .map_err(|error| EgressError::BadRequest(format!("no valid request: {error}")))?;
        let body = match wire.body {
            Some(body) if wire.body_base64 => Some(BASE64.decode(body).map_err(|error| {
                EgressError::BadRequest(format!("the body is not valid base64: {error}"))
            })?),
            body => body.map(String::into_bytes),
        };
        Ok(Self {
            method: wire.method,
            url: wire.url,
            headers: wire.headers,
            body,
            timeout_ms: wire.timeout_ms,
            redirect: wire.redirect,
        })
    }
}

impl FetchReply {
    /// Writes `{status, status_text, url, redirected, headers: [[name, value]…], body,
    /// body_base64}`: the body as text where it is UTF-8, else as base64.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = std::str::from_utf8(&self.body);
        let encoded = match text {
            Ok(_) => String::new(),
            Err(_) => BASE64.encode(&self.body),
        };
        let wire = WireReply {
            status: self.status,
            status_text: &self.status_text,
            url: &self.url,
            redirected: self.redirected,
            headers: &self.headers,
            body: text.unwrap_or(&encoded),
            body_base64: text.is_err(),
        };
        serde_json::to_string(&wire).expect("texts and numbers can always be written")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_from_its_json() {
        let text = r#"{"method": "POST", "url": "http://a.com/", "headers": [["x", "1"], ["x", "2"]],
                       "body": "/wA=", "body_base64": true, "timeout_ms": 5, "redirect": "manual"}"#;
        let pair = |value: &str| ("x".to_owned(), value.to_owned());
        let expected = FetchRequest {
            method: "POST".to_owned(),
            url: "http://a.com/".to_owned(),
            headers: vec![pair("1"), pair("2")],
            body: Some(vec![0xff, 0]),
            timeout_ms: Some(5),
            redirect: RedirectMode::Manual,
        };
        assert_eq!(FetchRequest::from_json(text), Ok(expected));
        let wrong = [
            r#"{"method": "GET"}"#,
            r#"{"method": "GET", "url": "http://a.com", "proxy": "b"}"#,
            r#"{"method": "GET", "url": "http://a.com", "redirect": "often"}"#,
            r#"{"method": "GET", "url": "http://a.com", "body": "%", "body_base64": true}"#,
        ];
        for text in wrong {
            let error = FetchRequest::from_json(text).expect_err(text);
            assert_eq!(error.code(), "EgressBadRequest");
        }
    }

    #[test]
    fn a_reply_is_text_where_it_can_be() {
        let json = |body: &[u8]| {
            let reply = FetchReply {
                status: 200,
                status_text: "OK".to_owned(),
                url: "http://a.com/".to_owned(),
                redirected: false,
                headers: vec![("x".to_owned(), "é".to_owned())],
                body: body.to_vec(),
            };
            reply.to_json()
        };
        let head = r#"{"status":200,"status_text":"OK","url":"http://a.com/","redirected":false,"headers":[["x","é"]],"#;
        assert_eq!(
            json("ü\0".as_bytes()),
            format!(r#"{head}"body":"ü\u0000","body_base64":false}}"#)
        );
        assert_eq!(
            json(b"\xff\x00"),
            format!(r#"{head}"body":"/wA=","body_base64":true}}"#)
        );
    }
}
