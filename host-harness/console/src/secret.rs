//! Random values that nobody guesses, and signatures over them.

use aws_lc_rs::hmac::{self, HMAC_SHA256, Key, Tag};
use aws_lc_rs::rand::SystemRandom;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 32 random bytes, as 43 characters for URLs, forms and cookies.
pub(crate) fn random() -> String {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random numbers");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether both are the same, in a time that does not tell where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// Signs cookies, for as long as the program runs.
pub(crate) struct Signer(Key);

impl Signer {
    pub(crate) fn new() -> Self {
        let key = Key::generate(HMAC_SHA256, &SystemRandom::new());
        Self(key.expect("the operating system gives random numbers"))
    }

    /// The value with its signature behind it.
    pub(crate) fn signed(&self, value: &str) -> String {
        let tag: Tag = hmac::sign(&self.0, value.as_bytes());
        format!("{value}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// The value, if its signature is ours.
    pub(crate) fn verified<'a>(&self, signed: &'a str) -> Option<&'a str> {
        let (value, tag) = signed.rsplit_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.0, value.as_bytes(), &tag).ok().map(|()| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_signed_here_is_believed() {
        let (ours, theirs) = (Signer::new(), Signer::new());
        let cookie = ours.signed("a session");
        assert_eq!(ours.verified(&cookie), Some("a session"));
        assert_eq!(theirs.verified(&cookie), None);
        assert_eq!(ours.verified(&cookie.replace("session", "sessior")), None);
        assert_eq!(ours.verified("a session"), None);
        assert_eq!(ours.verified("a session."), None);
    }
}
