//! `Retry-After` as Graph writes it: seconds, integer or decimal ("Throttling", Graph
//! documentation, shows `Retry-After: 2.128` and `10`).

use crate::bindings::provider::Error;

/// How long to wait, in milliseconds, before what was put off is asked for again, where Graph does not
/// tell.
pub(crate) const UNNAMED: u64 = 5000;

/// How long to wait after an error, in milliseconds.
pub(crate) fn after(error: &Error) -> u64 {
    let named = match error {
        Error::Throttled(wait) => *wait,
        Error::Unavailable(outage) => outage.retry_after,
        _ => None,
    };
    named.unwrap_or(UNNAMED)
}

/// The time to wait, in milliseconds, rounded up; none if the header is not a number of seconds.
pub(crate) fn wait(header: &str) -> Option<u64> {
    let header = header.trim();
    let (seconds, fraction) = header.split_once('.').unwrap_or((header, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if seconds.is_empty() || !digits(seconds) || !digits(fraction) {
        return None;
    }
    let seconds: u64 = seconds.parse().unwrap_or(u64::MAX / 2000);
    let mut millis = 0;
    for place in 0..3 {
        millis = millis * 10 + fraction.as_bytes().get(place).map_or(0, |digit| u64::from(digit - b'0'));
    }
    if fraction.bytes().skip(3).any(|digit| digit != b'0') {
        millis += 1;
    }
    Some(seconds.saturating_mul(1000).saturating_add(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_and_decimal_seconds_are_read_and_rounded_up() {
        assert_eq!(wait("10"), Some(10_000));
        assert_eq!(wait(" 2.128 "), Some(2128));
        assert_eq!(wait("0.0001"), Some(1));
        assert_eq!(wait("0.5"), Some(500));
        assert_eq!(wait("0"), Some(0));
    }

    #[test]
    fn what_is_no_number_of_seconds_is_no_wait() {
        for header in ["", ".", ".5", "-1", "soon", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            assert_eq!(wait(header), None, "{header}");
        }
    }
}
