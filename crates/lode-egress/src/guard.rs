//! The address guard: which addresses a request may connect to, and the only way to connect.
//!
//! [`Checked`] has one constructor, [`Guard::check`], and `Checked::connect` is the only call in
//! this crate that opens a connection. So no request reaches an address that was not checked, and
//! a name cannot change its address between the check and the connection.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpStream;

use crate::{EgressOptions, IpNetwork};

/// Refused IPv4 networks, as base and prefix. Cloud metadata services live in link-local
/// addresses, in the shared ones (100.100.100.200) and in 192.0.0.0/24, but for Azure's.
const REFUSED_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),        // "this host"
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // shared by carriers
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32), // Azure's metadata and DNS
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarking
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),      // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),      // reserved, and broadcast
];

/// The IPv6 addresses of the public internet; what is outside is refused as a whole: loopback,
/// unique local (with AWS's metadata at fd00:ec2::254), link- and site-local, multicast, and all
/// forms that carry an IPv4 address but for the two that [`canonical`] unwraps.
const PUBLIC_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What is refused within [`PUBLIC_V6`].
const REFUSED_V6: [(Ipv6Addr, u32); 5] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // Teredo, benchmarking, ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16), // the former test network
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// NAT64's well-known prefix, behind which an IPv6-only network sees the IPv4 internet.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

fn within_v4(address: Ipv4Addr, (base, prefix_bits): (Ipv4Addr, u32)) -> bool {
    (address.to_bits() ^ base.to_bits()).leading_zeros() >= prefix_bits
}

fn within_v6(address: Ipv6Addr, (base, prefix_bits): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ base.to_bits()).leading_zeros() >= prefix_bits
}

/// The address that is reached in the end: the IPv4 one where it is mapped (`::ffff:0:0/96`) or
/// behind NAT64.
fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    if within_v6(v6, NAT64) {
        let [.., a, b, c, d] = v6.octets();
        return IpAddr::V4(Ipv4Addr::new(a, b, c, d));
    }
    v6.to_ipv4_mapped().map_or(address, IpAddr::V4)
}

/// Whether the address is one of the public internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !REFUSED_V4.iter().any(|network| within_v4(v4, *network)),
        IpAddr::V6(v6) => {
            within_v6(v6, PUBLIC_V6) && !REFUSED_V6.iter().any(|network| within_v6(v6, *network))
        }
    }
}

/// Addresses that no exception opens: they name no single other host, and Linux takes the
/// unspecified ones for the worker itself.
fn is_never_a_host(address: IpAddr) -> bool {
    let broadcast = address == IpAddr::V4(Ipv4Addr::BROADCAST);
    address.is_unspecified() || address.is_multicast() || broadcast
}

/// The rules for addresses at one instant.
#[derive(Debug)]
pub(crate) struct Guard<'a> {
    options: &'a EgressOptions,
    own: Vec<IpAddr>,
}

impl<'a> Guard<'a> {
    /// The guard with the addresses that the worker's interfaces have now.
    pub(crate) fn now(options: &'a EgressOptions) -> io::Result<Self> {
        let mut own = Vec::new();
        for interface in nix::ifaddrs::getifaddrs()? {
            let Some(address) = interface.address else {
                continue;
            };
            if let Some(v4) = address.as_sockaddr_in() {
                own.push(IpAddr::V4(v4.ip()));
            } else if let Some(v6) = address.as_sockaddr_in6() {
                own.push(IpAddr::V6(v6.ip()));
            }
        }
        Ok(Self::with_own(options, own))
    }

    fn with_own(options: &'a EgressOptions, own: Vec<IpAddr>) -> Self {
        Self { options, own }
    }

    /// The addresses that may be connected to, in the order in which they were given.
    pub(crate) fn check(&self, addresses: &[SocketAddr]) -> Vec<Checked> {
        let permitted = addresses
            .iter()
            .filter(|address| self.permits(address.ip()));
        permitted.map(|address| Checked(*address)).collect()
    }

    fn permits(&self, address: IpAddr) -> bool {
        let reached = canonical(address);
        let is = |other: &IpAddr| canonical(*other) == reached;
        if is_never_a_host(reached) || self.options.refuse_addresses.iter().any(is) {
            return false;
        }
        let excepted = |network: &&IpNetwork| network.contains(reached);
        let mut exceptions = self.options.allow_networks.iter().filter(excepted);
        // Loopback is left to the networks: whoever excepts it means this host.
        if !reached.is_loopback() && self.own.iter().any(is) {
            return exceptions.any(IpNetwork::is_single);
        }
        exceptions.next().is_some() || is_public(reached)
    }
}

/// An address that the guard has permitted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checked(SocketAddr);

impl Checked {
    /// Connects to exactly this address.
    pub(crate) async fn connect(self) -> io::Result<TcpStream> {
        TcpStream::connect(self.0).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(options: &EgressOptions, own: &[&str], address: &str) -> bool {
        let own = own.iter().map(|text| text.parse().expect("an address"));
        let guard = Guard::with_own(options, own.collect());
        let address: IpAddr = address.parse().expect("an address");
        !guard.check(&[SocketAddr::new(address, 80)]).is_empty()
    }

    #[test]
    fn no_address_outside_the_public_internet_is_permitted() {
        let refused = "
            0.0.0.0 0.1.2.3 10.0.0.0 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255
            127.0.0.1 127.255.255.255 168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2
            172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.0
            192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.1
            224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.254 255.255.255.255
            :: ::1 ::7f00:1 ::808:808 ::ffff:0:7f00:1 100::1 5f00::1
            fc00::1 fd00:ec2::254 fdff::1 fe80::1 febf::1 fec0::1 feff::1 ff02::1 ff0e::1
            2001::1 2001:0:4136:e378:8000:63bf:f5ff:fffe 2001:2::1 2001:10::1 2001:1ff::1
            2001:db8::1 2002:7f00:1::1 2002:808:808::1 3ffe::1 3fff::1 3fff:fff::1
            4000::1 8000::1 1fff::1
            ::ffff:0.0.0.0 ::ffff:10.0.0.1 ::ffff:100.64.0.1 ::ffff:127.0.0.1
            ::ffff:169.254.169.254 ::ffff:172.16.0.1 ::ffff:192.168.0.1 ::ffff:224.0.0.1
            ::ffff:255.255.255.255 64:ff9b::10.0.0.1 64:ff9b::127.0.0.1 64:ff9b::169.254.169.254
            64:ff9b::192.168.1.1 64:ff9b::0.0.0.0 64:ff9b:1::8.8.8.8 64:ff9b:0:1::8.8.8.8
        ";
        let options = EgressOptions::default();
        for address in refused.split_whitespace() {
            assert!(!permits(&options, &[], address), "{address} is permitted");
        }
    }

    #[test]
    fn addresses_of_the_public_internet_are_permitted() {
        let permitted = "
            1.0.0.0 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255
            128.0.0.0 168.63.129.15 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0
            192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
            2001:200::1 2001:4860:4860::8888 2606:4700::1111 2a00:1450::1 3fff:1000::1
            ::ffff:8.8.8.8 64:ff9b::8.8.8.8
        ";
        let options = EgressOptions::default();
        for address in permitted.split_whitespace() {
            assert!(permits(&options, &[], address), "{address} is refused");
        }
    }

    #[test]
    fn only_the_permitted_addresses_of_an_answer_are_used() {
        let options = EgressOptions::default();
        let guard = Guard::with_own(&options, Vec::new());
        let answer = [
            "127.0.0.1:80",
            "8.8.8.8:80",
            "[::1]:80",
            "[2606:4700::1111]:80",
        ];
        let answer = answer.map(|text| text.parse().expect("an address"));
        let checked: Vec<_> = guard.check(&answer).into_iter().map(|c| c.0).collect();
        assert_eq!(checked, [answer[1], answer[3]]);
    }

    #[test]
    fn exceptions_open_what_they_name_and_no_more() {
        let options: EgressOptions = toml::from_str(
            "allow_networks = ['10.0.0.0/8', '10.9.0.1/32', '0.0.0.0/8', '224.0.0.0/4', 'fd00::/8']\n\
             refuse_addresses = ['10.0.0.66', '1.2.3.4', 'fd00::66']",
        )
        .expect("options");
        let own = ["10.9.0.1", "10.9.0.2", "5.6.7.8", "fd00::2", "2a00::2"];
        let cases = [
            ("10.0.0.1", true),
            ("::ffff:10.0.0.1", true),
            ("fd00::1", true),
            ("192.168.0.1", false),
            ("10.0.0.66", false),
            ("::ffff:10.0.0.66", false),
            ("fd00::66", false),
            ("1.2.3.4", false),
            ("64:ff9b::1.2.3.4", false),
            // The worker's own, public or within an exception, unless named alone.
            ("10.9.0.1", true),
            ("10.9.0.2", false),
            ("5.6.7.8", false),
            ("::ffff:5.6.7.8", false),
            ("fd00::2", false),
            ("2a00::2", false),
            // No exception makes a host of these.
            ("0.0.0.0", false),
            ("224.0.0.1", false),
        ];
        for (address, expected) in cases {
            assert_eq!(permits(&options, &own, address), expected, "{address}");
        }
    }

    #[test]
    fn the_workers_own_addresses_are_found() {
        let options = EgressOptions::default();
        let guard = Guard::now(&options).expect("interfaces can be read");
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert!(guard.own.contains(&loopback), "{:?}", guard.own);
    }
}
