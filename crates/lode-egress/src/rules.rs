//! Which hosts an app's hooks may call, as its operator wrote them down.

use std::fmt;

use url::{Host, Url};

use crate::EgressError;

/// The hosts that one app may call. Without a rule it may call none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostRules(Vec<Rule>);

/// A rule that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the host rule {rule:?} {why}; allowed are api.example.com, *.example.com (its subdomains), \
     either with a port as in example.com:8443 or a scheme as in https://api.example.com, \
     and IP addresses such as 192.0.2.7 and [2001:db8::7]"
)]
pub struct RuleError {
    rule: String,
    why: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    /// Both, where none is named.
    scheme: Option<Scheme>,
    host: HostPattern,
    /// The scheme's own port, where none is named.
    port: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    /// This host, a name or an address, and no other.
    Exactly(Host),
    /// Names that end in a dot and this one.
    Below(String),
}

/// Rules of one app.
const RULES_MAX: usize = 256;
/// Bytes of one rule: a name has at most 253.
const RULE_BYTES_MAX: usize = 300;
/// Rules that an error lists.
const RULES_SHOWN: usize = 8;

impl Scheme {
    fn of(text: &str) -> Option<Self> {
        match text {
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A host as rules and requests compare it: names in lower case, in Punycode, without the dot of
/// the root. Errors say what is wrong with it.
pub(crate) fn normalised(host: Host) -> Result<Host, &'static str> {
    let Host::Domain(name) = host else {
        return Ok(host);
    };
    let name = name.strip_suffix('.').unwrap_or(&name).to_owned();
    if name.contains('*') {
        return Err("has a * that is not the first label");
    }
    let fits = |label: &str| !label.is_empty() && label.len() <= 63;
    if name.len() > 253 || !name.split('.').all(fits) {
        return Err("has a label of no or of more than 63 characters, or more than 253 in all");
    }
    Ok(Host::Domain(name))
}

/// Splits `host:port`; a colon within brackets belongs to an IPv6 address.
fn split_port(text: &str) -> Result<(&str, Option<u16>), &'static str> {
    let Some((host, port)) = text
        .rsplit_once(':')
        .filter(|(_, port)| !port.contains(']'))
    else {
        return Ok((text, None));
    };
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse().ok().filter(|port| digits && *port != 0);
    Ok((host, Some(port.ok_or("has a port that is not 1 to 65535")?)))
}

impl Rule {
    fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > RULE_BYTES_MAX {
            return Err("is longer than 300 bytes");
        }
        let (scheme, rest) = match text.split_once("://") {
            None => (None, text),
            Some((scheme, rest)) => {
                let scheme = Scheme::of(&scheme.to_ascii_lowercase());
                (
                    Some(scheme.ok_or("has a scheme other than http and https")?),
                    rest,
                )
            }
        };
        let (rest, port) = split_port(rest)?;
        let (below, rest) = match rest.strip_prefix("*.") {
            None => (false, rest),
            Some(rest) => (true, rest),
        };
        let host = Host::parse(rest).map_err(|_| "names no valid host")?;
        let host = match (normalised(host)?, below) {
            (host, false) => HostPattern::Exactly(host),
            // "*.com" is not an app's list of hosts.
            (Host::Domain(name), true) if name.contains('.') => HostPattern::Below(name),
            (_, true) => return Err("has a * before something that is no name of two labels"),
        };
        Ok(Self { scheme, host, port })
    }

    fn matches(&self, scheme: Scheme, host: &Host, port: u16, default_port: bool) -> bool {
        let host_matches = match (&self.host, host) {
            (HostPattern::Exactly(own), _) => own == host,
            (HostPattern::Below(own), Host::Domain(name)) => {
                let below = name.strip_suffix(own.as_str());
                below.is_some_and(|label| label.len() > 1 && label.ends_with('.'))
            }
            (HostPattern::Below(_), Host::Ipv4(_) | Host::Ipv6(_)) => false,
        };
        let port_matches = self.port.map_or(default_port, |own| own == port);
        host_matches && port_matches && self.scheme.is_none_or(|own| own == scheme)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = self.scheme {
            write!(f, "{}://", scheme.name())?;
        }
        match &self.host {
            HostPattern::Exactly(host) => write!(f, "{host}")?,
            HostPattern::Below(name) => write!(f, "*.{name}")?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl HostRules {
    /// Reads rules such as `api.example.com`, `*.example.com`, `example.com:8443` and
    /// `https://api.example.com`; at most 256. Without a port a rule means 80 for http and 443
    /// for https. The error names the rule and what is allowed.
    pub fn parse<T: AsRef<str>>(rules: impl IntoIterator<Item = T>) -> Result<Self, RuleError> {
        let mut out = Vec::new();
        for text in rules {
            let text = text.as_ref();
            let error = |why: &str| RuleError {
                rule: text.chars().take(RULE_BYTES_MAX).collect(),
                why: why.to_owned(),
            };
            if out.len() == RULES_MAX {
                return Err(error("is one more than the 256 that an app may have"));
            }
            out.push(Rule::parse(text).map_err(error)?);
        }
        Ok(Self(out))
    }

    /// Whether a rule names the URL's host, scheme and port. The host must be normalised.
    pub(crate) fn check(&self, url: &Url) -> Result<(), EgressError> {
        let scheme = Scheme::of(url.scheme());
        if let (Some(scheme), Some(host), Some(port)) =
            (scheme, url.host(), url.port_or_known_default())
        {
            let host = host.to_owned();
            let default_port = url.port().is_none();
            let names = |rule: &Rule| rule.matches(scheme, &host, port, default_port);
            if self.0.iter().any(names) {
                return Ok(());
            }
        }
        Err(EgressError::Denied {
            target: url.origin().ascii_serialization(),
            why: self.to_string(),
        })
    }
}

impl fmt::Display for HostRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("this app has no hosts that it may call");
        }
        f.write_str("this app may call ")?;
        for (index, rule) in self.0.iter().take(RULES_SHOWN).enumerate() {
            write!(f, "{}{rule}", if index == 0 { "" } else { ", " })?;
        }
        match self.0.len().saturating_sub(RULES_SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `rule` says to each URL: those that it names, then those that it does not.
    #[track_caller]
    fn check(rule: &str, named: &[&str], others: &[&str]) {
        let rules = HostRules::parse([rule]).expect("a rule");
        let says = |text: &&str| {
            let mut url = Url::parse(text).expect("a URL");
            crate::request::normalise_host(&mut url).expect("a host");
            rules.check(&url).is_ok()
        };
        for url in named {
            assert!(says(url), "{rule} does not name {url}");
        }
        for url in others {
            assert!(!says(url), "{rule} names {url}");
        }
    }

    #[test]
    fn a_rule_names_exactly_what_it_says() {
        check(
            "api.example.com",
            &[
                "http://api.example.com/x",
                "https://API.Example.COM.",
                "https://api.example.com:443",
            ],
            &[
                "http://example.com",
                "http://x.api.example.com",
                "http://api.example.com.evil.org",
                "http://evilapi.example.com",
                "http://api.example.com:8080",
                "http://api.example.com:443",
                "https://api.example.com:80",
                "http://api.example.com@evil.org",
                "http://evil.org/api.example.com",
                "http://evil.org#@api.example.com",
                "http://evil.org\\@api.example.com",
            ],
        );
        check(
            "*.Example.com",
            &["http://a.example.com", "http://b.a.example.com"],
            &[
                "http://example.com",
                "http://notexample.com",
                "http://a.example.com:81",
            ],
        );
        check(
            "example.com:8443",
            &["https://example.com:8443", "http://example.com:8443"],
            &[
                "https://example.com",
                "http://example.com",
                "http://example.com:443",
            ],
        );
        check(
            "https://api.example.com",
            &["https://api.example.com"],
            &["http://api.example.com", "http://api.example.com:443"],
        );
        check(
            "http://e.com:443",
            &["http://e.com:443"],
            &["https://e.com", "http://e.com"],
        );
        check(
            "example.com:443",
            &["https://example.com"],
            &["http://example.com"],
        );
        check(
            "bücher.example",
            &["http://xn--bcher-kva.example", "http://BÜCHER.example"],
            &[],
        );
    }

    #[test]
    fn addresses_are_named_by_themselves_only() {
        let loopback = [
            "http://127.0.0.1",
            "http://2130706433",
            "http://0177.1",
            "http://0x7f.1",
        ];
        check(
            "127.0.0.1",
            &loopback,
            &["http://127.0.0.2", "http://[::ffff:127.0.0.1]"],
        );
        check(
            "[2001:db8::7]:81",
            &["http://[2001:DB8:0::7]:81"],
            &["http://[2001:db8::7]"],
        );
        check(
            "*.0.0.example",
            &["http://127.0.0.example"],
            &["http://127.0.0.1"],
        );
    }

    #[test]
    fn a_rule_that_cannot_be_read_is_named_with_what_is_allowed() {
        let cases = [
            ("", "names no valid host"),
            ("ftp://example.com", "has a scheme other than"),
            ("example.com/path", "names no valid host"),
            ("user@example.com", "names no valid host"),
            ("example.com:0", "has a port that is not"),
            ("example.com:+80", "has a port that is not"),
            ("example.com:65536", "has a port that is not"),
            ("example.com:", "has a port that is not"),
            ("*", "has a *"),
            ("*.com", "has a * before"),
            ("*.127.0.0.1", "has a * before"),
            ("a.*.example.com", "has a * that"),
            ("ex*mple.com", "has a * that"),
            ("a..example.com", "has a label"),
            ("2001:db8::7", "names no valid host"),
            ("https://", "names no valid host"),
        ];
        for (rule, why) in cases {
            let error = HostRules::parse([rule]).expect_err(rule).to_string();
            let told = error.contains(why) && error.contains(&format!("{rule:?}"));
            assert!(
                told && error.contains("allowed are api.example.com"),
                "{error}"
            );
        }
        HostRules::parse(std::iter::repeat_n("example.com", 257)).expect_err("too many");
    }

    #[test]
    fn a_refusal_lists_what_is_allowed() {
        let url = Url::parse("https://evil.org:8443/x").expect("a URL");
        let refusal = |rules: &[&str]| {
            let rules = HostRules::parse(rules).expect("rules");
            rules.check(&url).expect_err("refused").to_string()
        };
        assert_eq!(
            refusal(&["https://a.com:1", "*.b.org"]),
            "https://evil.org:8443 may not be called: this app may call https://a.com:1, *.b.org"
        );
        assert!(refusal(&[]).ends_with("this app has no hosts that it may call"));
        assert!(refusal(&["a.com"; 10]).ends_with("a.com and 2 more"));
    }
}
