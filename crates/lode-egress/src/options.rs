//! What an operator can set about the requests of hooks.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::IpNetwork;

/// `[egress]`: limits of one request, and exceptions from the refused addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EgressOptions {
    /// Networks that hooks may call although they are private, such as `10.20.0.0/16` for an
    /// internal API; prefixes of at least 8 bits for IPv4 and 7 for IPv6. The worker's own
    /// addresses in them stay refused unless named alone. Default: none.
    pub allow_networks: Vec<IpNetwork>,
    /// Addresses that are always refused, such as the public address of this network.
    /// Default: none; the worker's own ones are found at each request.
    pub refuse_addresses: Vec<IpAddr>,
    /// Redirects that one request follows, 0 to 20. Default 5.
    pub max_redirects: u32,
    /// Milliseconds for one request with all its redirects, 1 to 300,000. A request may ask for
    /// less, never for more. Default 10,000.
    pub timeout_ms: u64,
    /// Bytes of a request's body, 0 to 64 MiB. Default 1 MiB.
    pub request_bytes_max: u64,
    /// Bytes of a reply's body, 0 to 64 MiB. Default 4 MiB.
    pub response_bytes_max: u64,
    /// Header lines of a request, and of a reply, 1 to 1,000. Default 100.
    pub headers_max: usize,
    /// Bytes of a request's headers, and of a reply's, 8 KiB to 1 MiB. Default 64 KiB.
    pub header_bytes_max: usize,
}

/// An option outside its bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("egress.{key} is {value}, allowed is {allowed}")]
pub struct OptionsError {
    key: &'static str,
    value: String,
    allowed: String,
}

/// The largest body that can be configured, in bytes: a reply is held in the master's memory.
const BODY_BYTES_CEILING: u64 = 64 << 20;
/// Hyper's reading buffer has at least this size, in bytes.
const HEADER_BYTES_FLOOR: usize = 8 << 10;

impl Default for EgressOptions {
    fn default() -> Self {
        Self {
            allow_networks: Vec::new(),
            refuse_addresses: Vec::new(),
            max_redirects: 5,
            timeout_ms: 10_000,
            request_bytes_max: 1 << 20,
            response_bytes_max: 4 << 20,
            headers_max: 100,
            header_bytes_max: 64 << 10,
        }
    }
}

impl EgressOptions {
    /// Checks the bounds that the fields' descriptions name. The error names key and bounds.
    pub fn check(&self) -> Result<(), OptionsError> {
        fn bounds<T: PartialOrd + ToString>(
            key: &'static str,
            value: T,
            min: T,
            max: T,
        ) -> Result<(), OptionsError> {
            if value >= min && value <= max {
                return Ok(());
            }
            Err(OptionsError {
                key,
                value: value.to_string(),
                allowed: format!("{} to {}", min.to_string(), max.to_string()),
            })
        }
        bounds("max_redirects", self.max_redirects, 0, 20)?;
        bounds("timeout_ms", self.timeout_ms, 1, 300_000)?;
        bounds(
            "request_bytes_max",
            self.request_bytes_max,
            0,
            BODY_BYTES_CEILING,
        )?;
        bounds(
            "response_bytes_max",
            self.response_bytes_max,
            0,
            BODY_BYTES_CEILING,
        )?;
        bounds("headers_max", self.headers_max, 1, 1_000)?;
        bounds(
            "header_bytes_max",
            self.header_bytes_max,
            HEADER_BYTES_FLOOR,
            1 << 20,
        )?;
        for network in &self.allow_networks {
            // Shorter ones are no exception any more, they are the guard switched off.
            let shortest = if network.is_ipv4() { 8 } else { 7 };
            if network.prefix_bits() < shortest {
                return Err(OptionsError {
                    key: "allow_networks",
                    value: network.to_string(),
                    allowed: format!("a prefix of {shortest} bits or more"),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_a_toml_section() {
        let text = "allow_networks = [\"10.20.0.0/16\", \"fd00::1\"]\nrefuse_addresses = [\"1.2.3.4\"]\n\
                    timeout_ms = 500\n";
        let options: EgressOptions = toml::from_str(text).expect("a section");
        assert_eq!(options.timeout_ms, 500);
        assert_eq!(options.allow_networks[1].to_string(), "fd00::1/128");
        assert_eq!(
            options.max_redirects, 5,
            "what is not named has its default"
        );
        options.check().expect("within bounds");
        let again = toml::to_string(&options).expect("it can be written");
        assert_eq!(
            toml::from_str::<EgressOptions>(&again).expect("and read"),
            options
        );
        toml::from_str::<EgressOptions>("timeout = 5").expect_err("an unknown key");
    }

    #[test]
    fn options_outside_their_bounds_are_refused_by_name() {
        let cases = [
            (
                "max_redirects = 21",
                "egress.max_redirects is 21, allowed is 0 to 20",
            ),
            (
                "timeout_ms = 0",
                "egress.timeout_ms is 0, allowed is 1 to 300000",
            ),
            (
                "headers_max = 0",
                "egress.headers_max is 0, allowed is 1 to 1000",
            ),
            (
                "header_bytes_max = 8191",
                "egress.header_bytes_max is 8191, allowed is 8192 to 1048576",
            ),
            (
                "response_bytes_max = 67108865",
                "egress.response_bytes_max is 67108865, allowed is 0 to 67108864",
            ),
            (
                "allow_networks = [\"0.0.0.0/0\"]",
                "egress.allow_networks is 0.0.0.0/0, allowed is a prefix of 8 bits or more",
            ),
        ];
        for (text, expected) in cases {
            let options: EgressOptions = toml::from_str(text).expect(text);
            let error = options.check().expect_err(text).to_string();
            assert_eq!(error, expected);
        }
    }
}
