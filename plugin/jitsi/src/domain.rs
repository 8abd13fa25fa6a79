//! The name of a Jitsi Meet server, as administrators type it.

/// The public server.
pub(crate) const PUBLIC: &str = "meet.jit.si";

/// The longest name, with its port and a tenant, in characters: RFC 1035 allows 253 for a name.
pub(crate) const LONGEST: usize = 325;

/// The server that was typed, in lower case: a name with a dot, a port if it is not 443, and behind a slash the
/// tenant, on servers that have several, as Jitsi as a Service (`8x8.vc/vpaas-magic-cookie-…`). None if it
/// is something else: an address, a path, another scheme than https.
pub(crate) fn read(typed: &str) -> Option<String> {
    let typed = typed.trim().to_ascii_lowercase();
    let bare = typed.strip_prefix("https://").unwrap_or(&typed);
    let bare = bare.strip_suffix('/').unwrap_or(bare);
    match bare.split_once('/') {
        Some((server, tenant)) if is_tenant(tenant) => Some([&name_and_port(server)?, "/", tenant].concat()),
        Some(_) => None,
        None => name_and_port(bare),
    }
}

/// What a part of a path can be without escapes.
fn is_tenant(tenant: &str) -> bool {
    (1..=64).contains(&tenant.len())
        && tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn name_and_port(bare: &str) -> Option<String> {
    let (name, port) = match bare.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (bare, None),
    };
    if name.len() > 253 || !name.contains('.') || !name.split('.').all(is_label) {
        return None;
    }
    // A last label of digits makes it an address, for browsers (WHATWG URL, "ends in a number").
    if name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    match port {
        None | Some("443") => Some(name.to_owned()),
        Some(port) => {
            let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            let number = port.parse::<u16>().ok().filter(|number| digits && *number > 0)?;
            Some([name, ":", &number.to_string()].concat())
        }
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_read_however_it_was_pasted() {
        for typed in
            ["meet.example.com", " Meet.Example.com ", "https://meet.example.com/", "meet.example.com:443"]
        {
            assert_eq!(read(typed).as_deref(), Some("meet.example.com"), "{typed}");
        }
        assert_eq!(read("meet.example.com:08443").as_deref(), Some("meet.example.com:8443"));
    }

    #[test]
    fn a_server_with_tenants_is_read_with_the_tenant() {
        assert_eq!(
            read("https://8x8.vc/vpaas-magic-Cookie-1/").as_deref(),
            Some("8x8.vc/vpaas-magic-cookie-1")
        );
        assert_eq!(read("meet.example.com:443/bank").as_deref(), Some("meet.example.com/bank"));
    }

    #[test]
    fn what_is_no_server_is_not_read() {
        for typed in [
            "",
            "jitsi",
            "http://meet.example.com",
            "javascript:alert(1)",
            "meet.example.com/tenant/room",
            "meet.example.com//",
            "meet.example.com/..",
            "meet.example.com/a%2fb",
            "meet.example.com?x",
            "meet.example.com#x",
            "user@meet.example.com",
            "meet.example.com:",
            "meet.example.com:0",
            "meet.example.com:+1",
            "meet.example.com:65536",
            "meet..example.com",
            "-meet.example.com",
            "127.0.0.1",
            "[::1]",
            "0x7f.1",
            "meet example.com",
            "müller.example",
        ] {
            assert_eq!(read(typed), None, "{typed}");
        }
        assert_eq!(read(&"a.".repeat(140)), None);
    }
}
