//! Takes known secrets out of what leaves the host: answers, errors, traps, logs.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use memchr::memmem;
use zeroize::Zeroizing;

/// Shorter texts are not looked for: they would be found in too much that is no secret.
const SHORTEST: usize = 8;

/// Stands where a secret stood.
const REDACTED: &str = "[redacted]";

/// One secret in one spelling.
pub(super) struct Needle(Zeroizing<Vec<u8>>);

/// A secret in every spelling that an answer or a log may hold it in.
pub(super) type Needles = Arc<[Needle]>;

/// Replaces the secrets of one integration that this process knows by `[redacted]`, also where they
/// are URL-encoded or escaped for JSON: the client's secret, the present and previous access and
/// refresh tokens, and recent codes and verifiers. Secrets of fewer than 8 bytes are not looked for.
///
/// It knows what was known when it was made: make a new one for each call. That is cheap, as is a
/// clone. A text without a secret is searched once for each spelling, at several GB a second, and
/// not copied.
#[derive(Clone, Default)]
pub struct Redactor(Arc<[Needles]>);

impl Redactor {
    /// `secrets`, the longest first, so that a secret that is part of another leaves nothing of it.
    pub(super) fn new(mut secrets: Vec<Needles>) -> Self {
        secrets
            .sort_by_key(|spellings| std::cmp::Reverse(spellings.first().map_or(0, |first| first.0.len())));
        Self(secrets.into())
    }

    /// The same with more secrets.
    pub(crate) fn and<'a>(&self, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(self.0.iter().cloned().chain(secrets.into_iter().filter_map(spellings)).collect())
    }

    /// `text` without the secrets.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // What was cut out began and ended at characters' borders, as secrets are text.
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    /// The first `most` bytes at most of `text` without the secrets; the rest is not looked at, but as far as
    /// a secret that begins before its end may reach.
    pub fn beginning(&self, text: &str, most: usize) -> String {
        let longest = self.0.iter().flat_map(|spellings| spellings.iter()).map(|needle| needle.0.len()).max();
        let longest = longest.unwrap_or_default();
        let seen = &text[..text.floor_char_boundary(most.saturating_add(longest))];
        let mut clean = self.text(seen).into_owned();
        if seen.len() < text.len() {
            // A secret that the cut parted would end here.
            clean.truncate(clean.floor_char_boundary(clean.len().saturating_sub(longest)));
        }
        clean.truncate(clean.floor_char_boundary(most));
        clean
    }

    /// `bytes` without the secrets.
    pub fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let mut clean = Cow::Borrowed(bytes);
        for needle in self.0.iter().flat_map(|spellings| spellings.iter()) {
            if let Some(cleaner) = needle.replaced(&clean) {
                clean = Cow::Owned(cleaner);
            }
        }
        clean
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} secrets)", self.0.len())
    }
}

/// How much of a secret's end is looked for before the whole is compared. Preparing a search takes time
/// with the length of what is searched for, and an access token has thousands of bytes.
const TAIL: usize = 16;

impl Needle {
    fn replaced(&self, text: &[u8]) -> Option<Vec<u8>> {
        let secret = self.0.as_slice();
        if text.len() < secret.len() {
            return None;
        }
        let before_tail = secret.len().saturating_sub(TAIL);
        let tail = &secret[before_tail..];
        let mut clean = Vec::new();
        let mut copied = 0;
        for at in memmem::find_iter(text, tail) {
            let Some(start) = at.checked_sub(before_tail).filter(|start| *start >= copied) else { continue };
            if text[start..].starts_with(secret) {
                clean.extend_from_slice(&text[copied..start]);
                clean.extend_from_slice(REDACTED.as_bytes());
                copied = start + secret.len();
            }
        }
        if copied == 0 {
            return None;
        }
        clean.extend_from_slice(&text[copied..]);
        Some(clean)
    }
}

/// The spellings of a secret, the longest first; none if it is too short to look for.
pub(super) fn spellings(secret: &str) -> Option<Needles> {
    if secret.len() < SHORTEST {
        return None;
    }
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let percent = percent_encoded(secret);
    let json = secret.replace('\\', "\\\\").replace('"', "\\\"");
    let mut all = BTreeSet::from([secret.to_owned(), json.replace('/', "\\/"), json]);
    all.extend([lower_escapes(&form), lower_escapes(&percent), form, percent]);
    let mut needles: Vec<_> = all.into_iter().map(|text| Needle(Zeroizing::new(text.into_bytes()))).collect();
    needles.sort_by_key(|needle| std::cmp::Reverse(needle.0.len()));
    Some(needles.into())
}

/// Percent-encodes all but the unreserved characters (RFC 3986, 2.3), of which `~`, frequent in
/// Microsoft's client secrets, is encoded in a form.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for digit in [byte >> 4, byte & 15] {
                encoded.extend(char::from_digit(digit.into(), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
    encoded
}

/// `%2F` as `%2f`.
fn lower_escapes(text: &str) -> String {
    let mut digits = 0;
    let lower = |c: char| {
        if c == '%' {
            digits = 2;
        } else if digits > 0 {
            digits -= 1;
            return c.to_ascii_lowercase();
        }
        c
    };
    text.chars().map(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(secrets: &[&str]) -> Redactor {
        Redactor::new(secrets.iter().filter_map(|secret| spellings(secret)).collect())
    }

    #[test]
    fn a_secret_is_found_in_every_spelling() {
        let redactor = redactor(&["s3cr~t/with+ü&\"more"]);
        for text in [
            "a s3cr~t/with+ü&\"more z",
            "a s3cr%7Et%2Fwith%2B%C3%BC%26%22more z",
            "a s3cr%7et%2fwith%2b%c3%bc%26%22more z",
            "a s3cr~t%2Fwith%2B%C3%BC%26%22more z",
            "a s3cr~t/with+ü&\\\"more z",
            "a s3cr~t\\/with+ü&\\\"more z",
        ] {
            assert_eq!(redactor.text(text), "a [redacted] z");
        }
    }

    #[test]
    fn a_text_without_a_secret_is_not_copied() {
        let redactor = redactor(&["longsecret", "short"]);
        assert!(matches!(redactor.text("nothing short here"), Cow::Borrowed(_)));
        assert!(matches!(redactor.bytes(b"\xff\x00"), Cow::Borrowed(_)));
    }

    #[test]
    fn the_beginning_of_a_long_text_ends_between_characters_and_in_no_secret() {
        let redactor = redactor(&["0123456789abcdef"]);
        assert_eq!(redactor.beginning(&"é".repeat(2_000), 2_000).len(), 2_000);
        assert_eq!(redactor.beginning(&format!("a{}", "é".repeat(2_000)), 2_000).len(), 1_999);
        assert_eq!(redactor.beginning("as 0123456789abcdef is", 2_000), "as [redacted] is");
        for before in 0..64 {
            let text = format!("{}{}", "x".repeat(before), "0123456789abcdef".repeat(9));
            let clean = redactor.beginning(&text, 32);
            assert!(clean.len() <= 32 && !clean.contains("01"), "{clean}");
        }
    }

    #[test]
    fn a_secret_within_another_leaves_nothing_of_it() {
        let redactor = redactor(&["inner-secret", "outer-inner-secret-outer"]);
        assert_eq!(redactor.text("x outer-inner-secret-outer inner-secret"), "x [redacted] [redacted]");
        assert_eq!(redactor.bytes(b"inner-secret\xff").as_ref(), b"[redacted]\xff");
    }
}
