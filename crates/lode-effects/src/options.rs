//! What an operator can set about email and push.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// `[email]`: where hooks' email goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmailOptions {
    /// The mail server, `smtps://user:password@host` (TLS from the start, port 465) or
    /// `smtp://host` (port 587 with `?tls=required`, which is STARTTLS, else 25); a path is the name
    /// that is said in EHLO. Without one, email is recorded in the outbox and not sent. Default none.
    pub smtp_url: String,
    /// Senders that hooks may use: addresses, or domains such as `@shop.example`. Default: any.
    pub from: Vec<String>,
    /// File with certificates (PEM) of authorities to trust beside the web's. Default none.
    pub ca_file: String,
    /// Milliseconds for one email, 100 to 300,000. Default 30,000.
    pub timeout_ms: u64,
    /// Bytes of one email's subject, texts and addresses (with their names), 1 to 16 MiB. Default 1 MiB.
    pub message_bytes_max: usize,
    /// Recipients of one email, 1 to 1,000, those of copies included. Default 100.
    pub recipients_max: usize,
}

/// `[push]`: where hooks' push messages go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PushOptions {
    /// The webhook that gets each push message by POST, `https://…` or `http://…`. Without one, push
    /// messages are recorded in the outbox and not sent. Default none.
    pub url: String,
    /// The key of the signature in `Lode-Signature`, 16 characters or more. Needed with a URL.
    pub secret: String,
    /// File with certificates (PEM) of authorities to trust beside the web's. Default none.
    pub ca_file: String,
    /// Milliseconds for one request, 100 to 300,000. Default 10,000.
    pub timeout_ms: u64,
    /// Bytes of one push message with its destinations, 1 to 16 MiB. Default 1 MiB.
    pub message_bytes_max: usize,
}

/// An option that cannot be used. It repeats no password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}")]
pub struct OptionsError {
    /// Such as `email.smtp_url`.
    pub key: &'static str,
    /// What is wrong and what is allowed.
    pub why: String,
}

/// The most that can be configured, in bytes: an effect is held in memory while it is sent.
const MESSAGE_BYTES_CEILING: usize = 16 << 20;
/// The most recipients that can be configured for one email.
pub(crate) const RECIPIENTS_CEILING: usize = 1_000;
/// A shorter secret can be found by trying.
const SECRET_CHARS_MIN: usize = 16;

impl Default for EmailOptions {
    fn default() -> Self {
        Self {
            smtp_url: String::new(),
            from: Vec::new(),
            ca_file: String::new(),
            timeout_ms: 30_000,
            message_bytes_max: 1 << 20,
            recipients_max: 100,
        }
    }
}

impl Default for PushOptions {
    fn default() -> Self {
        Self {
            url: String::new(),
            secret: String::new(),
            ca_file: String::new(),
            timeout_ms: 10_000,
            message_bytes_max: 1 << 20,
        }
    }
}

impl EmailOptions {
    /// Checks the bounds and the URL; the files are read by [`crate::Mailer::new`].
    pub fn check(&self) -> Result<(), OptionsError> {
        bounds("email.timeout_ms", self.timeout_ms, 100, 300_000)?;
        let bytes = self.message_bytes_max;
        bounds("email.message_bytes_max", bytes, 1, MESSAGE_BYTES_CEILING)?;
        let recipients = self.recipients_max;
        bounds("email.recipients_max", recipients, 1, RECIPIENTS_CEILING)?;
        for sender in &self.from {
            let is_rule = sender
                .rsplit_once('@')
                .is_some_and(|(_, domain)| !domain.is_empty());
            if !is_rule || sender.contains(|c: char| c.is_whitespace() || c == '<') {
                let why = format!(
                    "{sender:?} is no sender; allowed are addresses (info@shop.example) and \
                     domains (@shop.example)"
                );
                return Err(refused("email.from", why));
            }
        }
        self.server().map(|_| ())
    }

    /// The mail server, if there is one.
    pub(crate) fn server(&self) -> Result<Option<SmtpServer>, OptionsError> {
        if self.smtp_url.is_empty() {
            return Ok(None);
        }
        SmtpServer::parse(&self.smtp_url)
            .map(Some)
            .map_err(|why| refused("email.smtp_url", why))
    }
}

impl PushOptions {
    /// Checks the bounds and the URL; the file is read by [`crate::Webhook::new`].
    pub fn check(&self) -> Result<(), OptionsError> {
        bounds("push.timeout_ms", self.timeout_ms, 100, 300_000)?;
        let bytes = self.message_bytes_max;
        bounds("push.message_bytes_max", bytes, 1, MESSAGE_BYTES_CEILING)?;
        if self.target()?.is_some() && self.secret.chars().count() < SECRET_CHARS_MIN {
            let why = format!(
                "has {} characters, a webhook needs {SECRET_CHARS_MIN} or more: it is what tells \
                 our requests from anybody's",
                self.secret.chars().count()
            );
            return Err(refused("push.secret", why));
        }
        Ok(())
    }

    /// The webhook, if there is one.
    pub(crate) fn target(&self) -> Result<Option<Url>, OptionsError> {
        const ALLOWED: &str = "allowed is http://HOST/PATH or https://HOST/PATH";
        if self.url.is_empty() {
            return Ok(None);
        }
        // The URL is not repeated: it may hold a secret.
        let url = Url::parse(&self.url)
            .map_err(|error| refused("push.url", format!("{error}; {ALLOWED}")))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(refused("push.url", format!("another scheme; {ALLOWED}")));
        }
        if !url.username().is_empty() || url.password().is_some() {
            let why = "holds a user or password; the webhook knows us by the signature";
            return Err(refused("push.url", why.to_owned()));
        }
        Ok(Some(url))
    }
}

/// How a mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    /// Everything in the clear.
    Plain,
    /// STARTTLS, or nothing is sent.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// What an SMTP URL says.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SmtpServer {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) login: Option<(String, String)>,
    /// What is said in EHLO.
    pub(crate) name: Option<String>,
}

impl SmtpServer {
    /// The error repeats nothing of the URL.
    fn parse(text: &str) -> Result<Self, String> {
        const ALLOWED: &str = "allowed are smtps://HOST, smtp://HOST and smtp://HOST?tls=required (STARTTLS), each \
             with USER:PASSWORD@ before and :PORT behind the host";
        let url = Url::parse(text).map_err(|error| format!("{error}; {ALLOWED}"))?;
        let query: Vec<_> = url.query_pairs().collect();
        let tls = match query.as_slice() {
            [] => None,
            [(name, value)] if name == "tls" => Some(value.as_ref()),
            _ => return Err(format!("another query than tls=…; {ALLOWED}")),
        };
        let (security, usual) = match (url.scheme(), tls) {
            ("smtps", None) => (Security::Tls, 465),
            ("smtp", Some("required")) => (Security::StartTls, 587),
            ("smtp", None) => (Security::Plain, 25),
            _ => return Err(format!("another scheme or tls=…; {ALLOWED}")),
        };
        let host = url.host_str().unwrap_or_default();
        if host.is_empty() {
            return Err(format!("no host; {ALLOWED}"));
        }
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) => Some((decoded(user)?, decoded(password)?)),
            (_, None) => return Err("a user without a password".to_owned()),
        };
        if login.is_some() && security == Security::Plain && !is_this_machine(host) {
            let why = "a password would be sent in the clear; use smtps:// or ?tls=required";
            return Err(why.to_owned());
        }
        let name = url.path().trim_matches('/');
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(usual),
            security,
            login,
            name: (!name.is_empty()).then(|| name.to_owned()),
        })
    }
}

impl std::fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}:{}", self.security, self.host, self.port)
    }
}

fn is_this_machine(host: &str) -> bool {
    // The scheme is not one of the web's, so that the URL's parser takes an address for a name.
    match Host::parse(host) {
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Ok(Host::Domain(name)) => name == "localhost",
        Err(_) => false,
    }
}

/// `%40` is `@`.
fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digits = rest
            .get(..2)
            .and_then(|two| std::str::from_utf8(two).ok())
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(digits.ok_or("a % in user or password is written %25")?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).map_err(|_| "user or password is not UTF-8".to_owned())
}

fn refused(key: &'static str, why: String) -> OptionsError {
    OptionsError { key, why }
}

fn bounds<T: PartialOrd + ToString>(
    key: &'static str,
    value: T,
    min: T,
    max: T,
) -> Result<(), OptionsError> {
    if value >= min && value <= max {
        return Ok(());
    }
    let (is, min, max) = (value.to_string(), min.to_string(), max.to_string());
    Err(refused(key, format!("is {is}, allowed are {min} to {max}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_is_read_from_its_url() {
        let server = |url: &str| SmtpServer::parse(url).expect(url);
        let login = ("a@b".to_owned(), "p:%".to_owned());
        for (url, security, port, has_login) in [
            ("smtp://mail.example", Security::Plain, 25, false),
            ("smtp://127.0.0.1:2525", Security::Plain, 2525, false),
            ("smtp://a%40b:p%3a%25@localhost", Security::Plain, 25, true),
            (
                "smtp://a%40b:p%3a%25@mail.example?tls=required",
                Security::StartTls,
                587,
                true,
            ),
            (
                "smtps://a%40b:p%3a%25@mail.example",
                Security::Tls,
                465,
                true,
            ),
        ] {
            let read = server(url);
            assert_eq!((read.security, read.port), (security, port), "{url}");
            assert_eq!(read.login, has_login.then(|| login.clone()), "{url}");
        }
        assert_eq!(
            server("smtps://mail.example/our.name").name.as_deref(),
            Some("our.name")
        );
        assert_eq!(server("smtp://[::1]:25").host, "::1");
    }

    #[test]
    fn options_that_cannot_work_are_refused_by_name_and_tell_no_secret() {
        let email = |text: &str| toml::from_str::<EmailOptions>(text).expect(text).check();
        let push = |text: &str| toml::from_str::<PushOptions>(text).expect(text).check();
        for (result, words) in [
            (
                email("smtp_url = 'smtp://u:s3cret@mail.example'"),
                "email.smtp_url: a password would be sent in the clear",
            ),
            (email("smtp_url = 'http://s3cret'"), "smtps://HOST"),
            (email("smtp_url = 'smtp://h?tls=maybe'"), "tls=required"),
            (
                email("from = ['shop']"),
                "email.from: \"shop\" is no sender",
            ),
            (
                email("timeout_ms = 1"),
                "email.timeout_ms: is 1, allowed are 100 to 300000",
            ),
            (
                push("url = 'https://h/x'\nsecret = 's3cret'"),
                "push.secret: has 6 characters",
            ),
            (push("url = 'ftp://s3cret'"), "push.url: another scheme"),
            (push("url = 'https://u:s3cret@h/'"), "the signature"),
        ] {
            let told = result.expect_err(words).to_string();
            assert!(told.contains(words), "{told}");
            assert!(!told.contains("s3cret"), "{told}");
        }
        EmailOptions::default()
            .check()
            .expect("the defaults are fine");
        PushOptions::default()
            .check()
            .expect("the defaults are fine");
    }
}
