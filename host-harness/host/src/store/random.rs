//! Random numbers from the cryptographic library.

/// `N` random bytes.
///
/// Panics if the operating system has no random numbers to give, as nothing here is safe without.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random numbers");
    bytes
}

/// 64 random bits, as the signed number that a database takes.
pub(crate) fn bits() -> i64 {
    i64::from_ne_bytes(bytes())
}
