//! Which addresses a connection may lead to. A name is judged by what it resolves to when a connection is made: what a name
//! meant earlier, or how a URL spells an address, says nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses a site's rule lets a host have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Addresses {
    /// Those of the public internet.
    #[default]
    Public,
    /// Those of this machine and of private networks, too. Link-local addresses and the metadata services of clouds stay
    /// refused: no data lies there, but keys do.
    Private,
}

impl Addresses {
    /// Whether a connection to `address` may be made.
    #[must_use]
    pub fn allow(self, address: IpAddr) -> bool {
        match kind(address) {
            Kind::Public => true,
            Kind::Private => self == Self::Private,
            Kind::Never => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Public,
    Private,
    Never,
}

fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(address) => kind_v4(address),
        IpAddr::V6(address) => kind_v6(address),
    }
}

/// By the IANA IPv4 Special-Purpose Address Registry, and the addresses at which clouds hand out keys.
fn kind_v4(address: Ipv4Addr) -> Kind {
    match address.octets() {
        // Metadata services: Alibaba's, Oracle's, Azure's; the others' are link-local.
        [100, 100, 100, 200] | [192, 0, 0, _] | [168, 63, 129, 16] => Kind::Never,
        [10 | 127, ..] | [192, 168, ..] | [198, 18..=19, ..] => Kind::Private,
        [100, 64..=127, ..] | [172, 16..=31, ..] => Kind::Private,
        [0, ..]
        | [169, 254, ..]
        | [192, 0, 2, _]
        | [192, 88, 99, _]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Kind::Never,
        [224..=255, ..] => Kind::Never,
        _ => Kind::Public,
    }
}

/// By the IANA IPv6 Special-Purpose Address Registry. Addresses that carry one of IPv4 are judged by that.
fn kind_v6(address: Ipv6Addr) -> Kind {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        kind_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Kind::Private,
        // Mapped (RFC 4291), and translated by NAT64 (RFC 6052) and by 6to4 (RFC 3056).
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        // Metadata services: Amazon's and Google's.
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254] => Kind::Never,
        [0xfc00..=0xfdff, ..] => Kind::Private,
        // Protocol assignments with Teredo, and documentation.
        [0x2001, 0..=0x01ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Kind::Never,
        [0x2000..=0x3fff, ..] => Kind::Public,
        _ => Kind::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, expected: Kind) {
        assert_eq!(kind(address.parse().unwrap()), expected, "{address}");
    }

    #[test]
    fn public_addresses() {
        for address in
            ["1.1.1.1", "52.216.8.1", "172.32.0.1", "100.128.0.1", "192.169.1.1", "2606:4700::1111"]
        {
            check(address, Kind::Public);
        }
        check("::ffff:8.8.8.8", Kind::Public);
        check("64:ff9b::8.8.8.8", Kind::Public);
    }

    #[test]
    fn private_addresses_however_they_are_carried() {
        for address in ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.31.255.255", "192.168.0.1", "100.64.0.1"] {
            check(address, Kind::Private);
            check(&format!("::ffff:{address}"), Kind::Private);
            check(&format!("64:ff9b::{address}"), Kind::Private);
        }
        check("::1", Kind::Private);
        check("fd12:3456::1", Kind::Private);
        check("2002:7f00:1::", Kind::Private);
    }

    #[test]
    fn addresses_that_no_rule_allows() {
        let v4 = [
            "0.0.0.0",
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
        ];
        for address in v4.into_iter().chain(["224.0.0.1", "240.0.0.1", "255.255.255.255", "203.0.113.9"]) {
            check(address, Kind::Never);
            check(&format!("::ffff:{address}"), Kind::Never);
            check(&format!("64:ff9b::{address}"), Kind::Never);
        }
        for address in
            ["::", "::7f00:1", "fe80::1", "fec0::1", "ff02::1", "2001::1", "2001:db8::1", "64:ff9b:1::1"]
        {
            check(address, Kind::Never);
        }
        check("fd00:ec2::254", Kind::Never);
        check("2002:a9fe:a9fe::1", Kind::Never);
        check("4000::1", Kind::Never);
    }

    #[test]
    fn a_rule_allows_private_addresses_and_nothing_else() {
        let allow = |addresses: Addresses, text: &str| addresses.allow(text.parse().unwrap());
        assert!(allow(Addresses::Public, "1.1.1.1") && allow(Addresses::Private, "1.1.1.1"));
        assert!(!allow(Addresses::Public, "10.0.0.1") && allow(Addresses::Private, "10.0.0.1"));
        assert!(!allow(Addresses::Private, "169.254.169.254"));
    }
}
