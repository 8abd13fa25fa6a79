//! Which addresses a plugin's requests may never reach, whatever name stands for them.
//!
//! A grant is a list of names, and whoever controls a name's DNS controls where it points. What
//! keeps a granted name from pointing into the operator's own network is this table, so it holds
//! everything that the IANA registries of special-purpose addresses call not globally reachable, and
//! the cloud services that answer on public-looking addresses. It has no exceptions and no switch.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A cloud's own services behind a public-looking address: DHCP, DNS and the guest agent's secrets.
const AZURE_WIRE_SERVER: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);
/// The instance metadata of Alibaba Cloud, inside the carrier-grade NAT range.
const ALIBABA_METADATA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
/// The instance metadata of most clouds, inside the link-local range.
const CLOUD_METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

/// The range that forbids this address, in words for an operator, or `None` if requests may go
/// there.
///
/// IPv6 is judged by what is allowed (global unicast, `2000::/3`, less its special parts); an
/// address that carries an IPv4 address by which a packet would travel (mapped, NAT64) is judged by
/// that one.
pub fn forbidden(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(v4) => forbidden_v4(v4),
        IpAddr::V6(v6) => forbidden_v6(v6),
    }
}

fn forbidden_v4(ip: Ipv4Addr) -> Option<&'static str> {
    match ip {
        AZURE_WIRE_SERVER | ALIBABA_METADATA | CLOUD_METADATA => return Some("cloud metadata"),
        Ipv4Addr::BROADCAST => return Some("broadcast (255.255.255.255)"),
        _ => {}
    }
    let [a, b, c, _] = ip.octets();
    Some(match (a, b, c) {
        (0, ..) => "this network (0.0.0.0/8)",
        (10, ..) => "private (10.0.0.0/8)",
        (100, 64..=127, _) => "carrier-grade NAT (100.64.0.0/10)",
        (127, ..) => "loopback (127.0.0.0/8)",
        (169, 254, _) => "link-local (169.254.0.0/16)",
        (172, 16..=31, _) => "private (172.16.0.0/12)",
        (192, 0, 0) => "IETF protocol assignments (192.0.0.0/24)",
        (192, 0, 2) => "documentation (192.0.2.0/24)",
        (192, 88, 99) => "6to4 relay (192.88.99.0/24)",
        (192, 168, _) => "private (192.168.0.0/16)",
        (198, 18..=19, _) => "benchmarking (198.18.0.0/15)",
        (198, 51, 100) => "documentation (198.51.100.0/24)",
        (203, 0, 113) => "documentation (203.0.113.0/24)",
        (224..=239, ..) => "multicast (224.0.0.0/4)",
        (240..=255, ..) => "reserved (240.0.0.0/4)",
        _ => return None,
    })
}

fn forbidden_v6(ip: Ipv6Addr) -> Option<&'static str> {
    if let Some(v4) = ip.to_ipv4_mapped() {
        return forbidden_v4(v4);
    }
    Some(match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => "unspecified (::)",
        [0, 0, 0, 0, 0, 0, 0, 1] => "loopback (::1)",
        [0, 0, 0, 0, 0, 0, ..] => "IPv4-compatible (::/96)",
        // The well-known prefix of NAT64: what a network without IPv4 reaches IPv4 through.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            return forbidden_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
        }
        [0x64, 0xff9b, 1, ..] => "local NAT64 (64:ff9b:1::/48)",
        [0x100, ..] => "discard-only (100::/64)",
        [0xfc00..=0xfdff, ..] => "unique local (fc00::/7)",
        [0xfe80..=0xfebf, ..] => "link-local (fe80::/10)",
        [0xfec0..=0xfeff, ..] => "site-local (fec0::/10)",
        [0xff00..=0xffff, ..] => "multicast (ff00::/8)",
        [0x2001, 0, ..] => "Teredo (2001::/32)",
        [0x2001, 1..=0x1ff, ..] => "IETF protocol assignments (2001::/23)",
        [0x2001, 0xdb8, ..] => "documentation (2001:db8::/32)",
        [0x2002, ..] => "6to4 (2002::/16)",
        [0x3fff, 0..=0xfff, ..] => "documentation (3fff::/20)",
        [0x2000..=0x3fff, ..] => return None,
        _ => "not global unicast (outside 2000::/3)",
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range_of(text: &str) -> Option<&'static str> {
        forbidden(text.parse().unwrap())
    }

    #[test]
    fn every_special_range_is_forbidden_from_its_first_address_to_its_last_and_not_beyond() {
        // First and last address, then the nearest allowed neighbours where there are any.
        for (first, last, before, after) in [
            ("0.0.0.0", "0.255.255.255", None, Some("1.0.0.0")),
            ("10.0.0.0", "10.255.255.255", Some("9.255.255.255"), Some("11.0.0.0")),
            ("100.64.0.0", "100.127.255.255", Some("100.63.255.255"), Some("100.128.0.0")),
            ("127.0.0.0", "127.255.255.255", Some("126.255.255.255"), Some("128.0.0.0")),
            ("168.63.129.16", "168.63.129.16", Some("168.63.129.15"), Some("168.63.129.17")),
            ("169.254.0.0", "169.254.255.255", Some("169.253.255.255"), Some("169.255.0.0")),
            ("172.16.0.0", "172.31.255.255", Some("172.15.255.255"), Some("172.32.0.0")),
            ("192.0.0.0", "192.0.0.255", Some("191.255.255.255"), Some("192.0.1.0")),
            ("192.0.2.0", "192.0.2.255", Some("192.0.1.255"), Some("192.0.3.0")),
            ("192.88.99.0", "192.88.99.255", Some("192.88.98.255"), Some("192.88.100.0")),
            ("192.168.0.0", "192.168.255.255", Some("192.167.255.255"), Some("192.169.0.0")),
            ("198.18.0.0", "198.19.255.255", Some("198.17.255.255"), Some("198.20.0.0")),
            ("198.51.100.0", "198.51.100.255", Some("198.51.99.255"), Some("198.51.101.0")),
            ("203.0.113.0", "203.0.113.255", Some("203.0.112.255"), Some("203.0.114.0")),
            ("224.0.0.0", "239.255.255.255", Some("223.255.255.255"), None),
            ("240.0.0.0", "255.255.255.255", None, None),
            ("::", "1fff:ffff::", None, Some("2000::")),
            ("2001::", "2001:1ff:ffff::", Some("2000:ffff::"), Some("2001:200::")),
            ("2001:db8::", "2001:db8:ffff::", Some("2001:db7:ffff::"), Some("2001:db9::")),
            ("2002::", "2002:ffff::", Some("2001:ffff::"), Some("2003::")),
            ("3fff::", "3fff:fff:ffff::", Some("3ffe:ffff::"), Some("3fff:1000::")),
            ("4000::", "ffff:ffff::", Some("3fff:ffff::"), None),
        ] {
            for inside in [first, last] {
                assert!(range_of(inside).is_some(), "{inside} is allowed");
            }
            for outside in [before, after].into_iter().flatten() {
                assert_eq!(range_of(outside), None, "{outside}");
            }
        }
    }

    #[test]
    fn the_reason_names_the_range() {
        for (address, words) in [
            ("0.0.0.0", "this network"),
            ("127.0.0.1", "loopback"),
            ("169.254.169.254", "cloud metadata"),
            ("168.63.129.16", "cloud metadata"),
            ("100.100.100.200", "cloud metadata"),
            ("100.100.100.201", "carrier-grade NAT"),
            ("169.254.1.1", "link-local"),
            ("255.255.255.255", "broadcast"),
            ("::1", "loopback"),
            ("::", "unspecified"),
            ("::127.0.0.1", "IPv4-compatible"),
            ("::ffff:127.0.0.1", "loopback"),
            ("::ffff:169.254.169.254", "cloud metadata"),
            ("64:ff9b::a9fe:a9fe", "cloud metadata"),
            ("64:ff9b::10.0.0.1", "private"),
            ("64:ff9b:1::808:808", "local NAT64"),
            ("fd00:ec2::254", "unique local"),
            ("fd20:ce::254", "unique local"),
            ("fe80::1", "link-local"),
            ("fec0::1", "site-local"),
            ("ff02::1", "multicast"),
            ("100::1", "discard-only"),
            ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"),
            ("2002:7f00:1::", "6to4"),
            ("5f00::1", "not global unicast"),
        ] {
            let range = range_of(address).unwrap_or_else(|| panic!("{address} is allowed"));
            assert!(range.contains(words), "{address}: {range}");
        }
    }

    #[test]
    fn addresses_of_the_public_internet_are_allowed() {
        for address in ["20.190.160.1", "8.8.8.8", "2603:1046::1", "2a00:1450:4001::8a", "64:ff9b::808:808"] {
            assert_eq!(range_of(address), None, "{address}");
        }
    }

    proptest! {
        #[test]
        fn a_mapped_or_translated_address_is_forbidden_exactly_when_the_v4_inside_is(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let [high, low] = [(bits >> 16) as u16, (bits & 0xffff) as u16];
            let translated = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low);
            prop_assert_eq!(forbidden(v4.to_ipv6_mapped().into()), forbidden(v4.into()));
            prop_assert_eq!(forbidden(translated.into()), forbidden(v4.into()));
        }

        #[test]
        fn no_v6_address_outside_global_unicast_is_allowed_but_for_the_v4_it_carries(bits: u128) {
            let ip = Ipv6Addr::from_bits(bits);
            let global = ip.segments()[0] & 0xe000 == 0x2000;
            let carries = ip.to_ipv4_mapped().is_some() || ip.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0];
            prop_assert!(global || carries || forbidden(ip.into()).is_some());
        }
    }
}
