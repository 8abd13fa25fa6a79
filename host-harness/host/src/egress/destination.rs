//! What the host of a URL means: a name to be resolved, or an address.
//!
//! `getaddrinfo` takes `127.1`, `0x7f.1` and `2130706433` for addresses. Here a host is an address
//! in its one ordinary spelling or it is a name; what is neither is refused before anything else
//! looks at it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::forbidden;

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Destination<'a> {
    /// A name, as it was written.
    Name(&'a str),
    /// An address, which is not forbidden.
    Address(IpAddr),
}

impl<'a> Destination<'a> {
    /// Understands the host of a URL, or says in words why nothing can be sent there.
    pub(super) fn parse(host: &'a str) -> Result<Self, String> {
        if let Some(bracketed) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let v6 = bracketed.parse::<Ipv6Addr>().map_err(|_| "the URL's address is not valid")?;
            return Self::address(v6.into());
        }
        if let Ok(v4) = host.parse::<Ipv4Addr>() {
            return Self::address(v4.into());
        }
        let is_label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if host.len() > 253 || !host.split('.').all(is_label) {
            return Err("the URL's host is not a name".to_owned());
        }
        if host.rsplit('.').next().is_some_and(is_number) {
            return Err("the URL's host is an address in an unusual spelling".to_owned());
        }
        Ok(Self::Name(host))
    }

    fn address(ip: IpAddr) -> Result<Self, String> {
        match forbidden(ip) {
            Some(range) => Err(format!("the URL's address is {range}, which is never allowed")),
            None => Ok(Self::Address(ip)),
        }
    }
}

/// Whether some parser of addresses takes this label for a number: decimal, octal, or hexadecimal,
/// even without a digit after the `0x`.
fn is_number(label: &str) -> bool {
    match label.strip_prefix("0x").or_else(|| label.strip_prefix("0X")) {
        Some(digits) => digits.bytes().all(|b| b.is_ascii_hexdigit()),
        None => label.bytes().all(|b| b.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_name() {
        for host in ["graph.microsoft.com", "GRAPH.microsoft.com", "localhost", "a_b.example", "1e100.net"] {
            assert_eq!(Destination::parse(host), Ok(Destination::Name(host)));
        }
    }

    #[test]
    fn an_address_in_a_url_is_checked_like_one_from_the_name_system() {
        for host in [
            "127.0.0.1",
            "0.0.0.0",
            "169.254.169.254",
            "10.1.2.3",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "[0:0:0:0:0:0:0:1]",
        ] {
            let refusal = Destination::parse(host).expect_err(host);
            assert!(refusal.contains("never allowed"), "{host}: {refusal}");
        }
        let public = Destination::parse("[2603:1046::1]");
        assert!(matches!(public, Ok(Destination::Address(_))), "{public:?}");
    }

    #[test]
    fn an_address_in_an_unusual_spelling_is_refused_and_never_resolved() {
        for host in [
            "2130706433",
            "127.1",
            "127.0.1",
            "0x7f.1",
            "0x7f000001",
            "0X7F.0.0.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "127.0.0.0x1",
            "127.0.0.0x",
            "evil.example.0x7f",
            "1.2.3.4.5",
            "00.0.0.0",
            "256.1.1.1",
            "[::1%25lo]",
            "[::1%lo]",
            "[v1.x]",
            "[127.0.0.1]",
            "[::1",
            "::1",
            "",
            ".",
            "a..b",
            "a.example.",
            "evil%2eexample",
            "a b",
            "\u{ff11}27.0.0.1",
            "127\u{3002}0.0.1",
        ] {
            assert!(Destination::parse(host).is_err(), "{host}");
        }
    }
}
