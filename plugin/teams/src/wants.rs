//! The origins that this plugin wants: what `describe` says, and what an operator's host reads before it
//! compiles anything. Both are the file `wants`.

const LISTS: &str = include_str!("../wants");

/// The origins of one list, in the file's order.
pub(crate) fn origins(list: &str) -> Vec<String> {
    let of = |line: &str| Some(line.strip_prefix(list)?.strip_prefix(' ')?.to_owned());
    LISTS.lines().filter_map(of).collect()
}

#[cfg(target_family = "wasm")]
#[allow(unsafe_code)]
mod section {
    /// The host looks for a custom section of this name.
    #[used]
    #[unsafe(link_section = "video-provider:wants")]
    static WANTS: [u8; super::LISTS.len()] = *include_bytes!("../wants");
}

#[cfg(test)]
mod tests {
    use super::origins;
    use crate::cloud::{GLOBAL, NATIONAL};

    #[test]
    fn every_cloud_is_wanted_and_nothing_else() {
        assert_eq!(origins("api"), [GLOBAL.graph]);
        assert_eq!(origins("identity"), [GLOBAL.login]);
        assert_eq!(origins("optional-api"), NATIONAL.each_ref().map(|cloud| cloud.graph));
        // Both have the same.
        assert_eq!(origins("optional-identity"), [NATIONAL[0].login]);
        assert_eq!(NATIONAL[0].login, NATIONAL[1].login);
    }
}
