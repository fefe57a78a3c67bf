//! A network of addresses, written `10.0.0.0/8` or `fd12:3456::/32`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Addresses with a common prefix. One address alone is a network of its full length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpNetwork {
    base: IpAddr,
    prefix_bits: u32,
}

/// A text that is not a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a network: {why}; allowed are forms such as 10.0.0.0/8, fd12:3456::/32 and 10.1.2.3"
)]
pub struct NetworkError {
    text: String,
    why: &'static str,
}

/// An address as a number whose `width_bits` lowest bits count.
fn number(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

impl IpNetwork {
    /// Whether `address` is in the network. IPv4 and IPv6 never match each other.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (base, width_bits) = number(self.base);
        let (other, other_bits) = number(address);
        // A shift by 128 is none in Rust; a network of all IPv6 has no bit to compare.
        let shift = width_bits - self.prefix_bits;
        width_bits == other_bits && (base ^ other).checked_shr(shift).unwrap_or(0) == 0
    }

    /// Whether the network is one address.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.prefix_bits == number(self.base).1
    }

    /// Whether its addresses are IPv4 ones.
    #[must_use]
    pub fn is_ipv4(&self) -> bool {
        self.base.is_ipv4()
    }

    /// Length of the common prefix in bits.
    #[must_use]
    pub fn prefix_bits(&self) -> u32 {
        self.prefix_bits
    }
}

impl FromStr for IpNetwork {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let error = |why| NetworkError {
            text: text.to_owned(),
            why,
        };
        let (base, prefix) = match text.split_once('/') {
            Some((base, prefix)) => (base, Some(prefix)),
            None => (text, None),
        };
        let base: IpAddr = base
            .parse()
            .map_err(|_| error("what stands before the / is no IP address"))?;
        let (bits, width_bits) = number(base);
        let prefix_bits = match prefix {
            None => width_bits,
            Some(prefix) => prefix
                .parse()
                .ok()
                .filter(|bits| *bits <= width_bits)
                .ok_or_else(|| error("the prefix is 0 to 32 for IPv4, 0 to 128 for IPv6"))?,
        };
        // A base inside its network is most often a slip: which of the two was meant?
        let host_bits = width_bits - prefix_bits;
        let start = bits.checked_shr(host_bits).unwrap_or(0);
        if start.checked_shl(host_bits).unwrap_or(0) != bits {
            return Err(error("the address has bits set after its prefix"));
        }
        Ok(Self { base, prefix_bits })
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix_bits)
    }
}

impl Serialize for IpNetwork {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IpNetwork {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(network: &str, address: &str, expected: bool) {
        let network: IpNetwork = network.parse().expect("a network");
        let address = address.parse().expect("an address");
        assert_eq!(
            network.contains(address),
            expected,
            "{address} in {network}"
        );
    }

    #[test]
    fn a_network_contains_what_shares_its_prefix() {
        check("10.0.0.0/8", "10.255.0.1", true);
        check("10.0.0.0/8", "11.0.0.0", false);
        check("10.1.2.3", "10.1.2.3", true);
        check("10.1.2.3/32", "10.1.2.2", false);
        check("192.168.4.0/22", "192.168.7.255", true);
        check("192.168.4.0/22", "192.168.8.0", false);
        check("fd00::/8", "fdff::1", true);
        check("::/0", "ffff::1", true);
        check("0.0.0.0/0", "255.255.255.255", true);
        check("0.0.0.0/0", "::1", false);
        check("::/0", "10.0.0.1", false);
    }

    #[test]
    fn what_is_no_network_is_refused_with_the_reason() {
        let cases = [
            ("10.0.0.1/8", "bits set after its prefix"),
            ("10.0.0.0/33", "the prefix is 0 to 32"),
            ("fd00::/129", "the prefix is 0 to 32"),
            ("10.0.0.0/", "the prefix is 0 to 32"),
            ("internal/8", "no IP address"),
            ("10.0.0/8", "no IP address"),
        ];
        for (text, why) in cases {
            let error = text.parse::<IpNetwork>().expect_err(text).to_string();
            assert!(error.contains(why) && error.contains(text), "{error}");
        }
    }
}
