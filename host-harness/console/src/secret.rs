//! Random values that nobody guesses, and what is made of them.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{self, HMAC_SHA256, Key};
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

/// What is stored of a random value: nobody gets back from it to the value. As that has 256 random bits, one
/// round is enough.
pub(crate) fn hash(random: &str) -> Vec<u8> {
    digest(&SHA256, random.as_bytes()).as_ref().to_vec()
}

/// Another value for a purpose, from which nobody gets back to the random one.
pub(crate) fn derived(random: &str, purpose: &str) -> String {
    let tag = hmac::sign(&Key::new(HMAC_SHA256, random.as_bytes()), purpose.as_bytes());
    URL_SAFE_NO_PAD.encode(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_derived_is_another_for_each_purpose_and_each_secret() {
        let (one, other) = (random(), random());
        assert_eq!(derived(&one, "form"), derived(&one, "form"));
        assert_ne!(derived(&one, "form"), derived(&one, "login"));
        assert_ne!(derived(&one, "form"), derived(&other, "form"));
        assert_ne!(hash(&one), hash(&other));
    }
}
