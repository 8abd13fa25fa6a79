//! Times as Graph writes them. Written out because the whole of it is smaller than what a calendar
//! library adds to the component.

use crate::bindings::types::Instant;

const MILLIS_A_DAY: i64 = 86_400_000;

/// The years that Graph's `Edm.DateTimeOffset` and this module can write, as instants.
const EARLIEST: Instant = -62_135_596_800_000;
const LATEST: Instant = 253_402_300_799_999;

/// Whether Graph can be told this time: the years 1 to 9999.
pub(crate) fn can_be_written(instant: Instant) -> bool {
    (EARLIEST..=LATEST).contains(&instant)
}

/// The instant in UTC with `Z`, with milliseconds only where there are some.
pub(crate) fn write(instant: Instant) -> String {
    let instant = instant.clamp(EARLIEST, LATEST);
    let (year, month, day) = civil(instant.div_euclid(MILLIS_A_DAY));
    let of_day = instant.rem_euclid(MILLIS_A_DAY);
    let mut text = String::with_capacity(24);
    push_padded(&mut text, year, 4);
    text.push('-');
    push_padded(&mut text, month, 2);
    text.push('-');
    push_padded(&mut text, day, 2);
    text.push('T');
    push_padded(&mut text, of_day / 3_600_000, 2);
    text.push(':');
    push_padded(&mut text, of_day / 60_000 % 60, 2);
    text.push(':');
    push_padded(&mut text, of_day / 1000 % 60, 2);
    if of_day % 1000 > 0 {
        text.push('.');
        push_padded(&mut text, of_day % 1000, 3);
    }
    text.push('Z');
    text
}

/// Reads a time with any number of fractional digits and `Z` or an offset; what is finer than a
/// millisecond is cut off.
pub(crate) fn read(text: &str) -> Option<Instant> {
    let mut rest = text.trim().as_bytes();
    let year = number(&mut rest, 4)?;
    mark(&mut rest, b'-')?;
    let month = within(number(&mut rest, 2)?, 1, 12)?;
    mark(&mut rest, b'-')?;
    let day = within(number(&mut rest, 2)?, 1, 31)?;
    mark(&mut rest, b'T').or_else(|| mark(&mut rest, b't'))?;
    let hour = within(number(&mut rest, 2)?, 0, 23)?;
    mark(&mut rest, b':')?;
    let minute = within(number(&mut rest, 2)?, 0, 59)?;
    mark(&mut rest, b':')?;
    let second = within(number(&mut rest, 2)?, 0, 60)?;
    let mut millis = 0;
    if mark(&mut rest, b'.').is_some() {
        let mut unit = 100;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (fraction, after) = rest.split_at_checked(digits).filter(|_| digits > 0)?;
        for digit in fraction {
            millis += i64::from(digit - b'0') * unit;
            unit /= 10;
        }
        rest = after;
    }
    let offset = offset_minutes(&mut rest)?;
    if !rest.is_empty() {
        return None;
    }
    let minutes = (days(year, month, day) * 24 + hour) * 60 + minute - offset;
    Some((minutes * 60 + second) * 1000 + millis)
}

/// `Z`, or `+hh:mm`, `-hh:mm`.
fn offset_minutes(rest: &mut &[u8]) -> Option<i64> {
    if mark(rest, b'Z').or_else(|| mark(rest, b'z')).is_some() {
        return Some(0);
    }
    let sign = match mark(rest, b'+') {
        Some(()) => 1,
        None => mark(rest, b'-').map(|()| -1)?,
    };
    let hours = within(number(rest, 2)?, 0, 23)?;
    mark(rest, b':')?;
    let minutes = within(number(rest, 2)?, 0, 59)?;
    Some(sign * (hours * 60 + minutes))
}

fn number(rest: &mut &[u8], digits: usize) -> Option<i64> {
    let (head, tail) = rest.split_at_checked(digits)?;
    *rest = tail;
    head.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

fn mark(rest: &mut &[u8], expected: u8) -> Option<()> {
    let (first, tail) = rest.split_first()?;
    (*first == expected).then(|| *rest = tail)
}

fn within(value: i64, least: i64, most: i64) -> Option<i64> {
    (least..=most).contains(&value).then_some(value)
}

fn push_padded(text: &mut String, value: i64, width: u32) {
    for place in (0..width).rev() {
        let digit = value / 10_i64.pow(place) % 10;
        text.push(char::from(b'0' + u8::try_from(digit).unwrap_or(0)));
    }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar, counted from 1 March so that a leap
/// day is the last of its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

/// The date that so many days after 1970-01-01 have: the reverse of [`days`].
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = year_of_era + era * 400 + i64::from(month > 9);
    (year, if month < 10 { month + 3 } else { month - 9 }, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_in_utc() {
        assert_eq!(write(0), "1970-01-01T00:00:00Z");
        assert_eq!(write(1_582_934_399_000), "2020-02-28T23:59:59Z");
        assert_eq!(write(1_582_934_400_007), "2020-02-29T00:00:00.007Z");
        assert_eq!(write(LATEST), "9999-12-31T23:59:59.999Z");
        assert_eq!(write(EARLIEST), "0001-01-01T00:00:00Z");
    }

    #[test]
    fn a_time_of_graph_is_read_with_seven_digits_and_an_offset() {
        assert_eq!(read("2020-09-09T14:33:30.8546353-07:00"), read("2020-09-09T21:33:30.854Z"));
        assert_eq!(read("2020-02-06T01:49:21+05:30"), read("2020-02-05T20:19:21Z"));
        assert_eq!(read("1970-01-01T00:00:00Z"), Some(0));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut instant = EARLIEST;
        while instant <= LATEST {
            assert_eq!(read(&write(instant)), Some(instant));
            instant += 86_399_123_457;
        }
    }

    #[test]
    fn what_is_no_time_is_not_read() {
        for text in [
            "",
            "now",
            "2020-13-01T00:00:00Z",
            "2020-01-01",
            "2020-01-01T00:00:00",
            "2020-01-01T00:00:00.Z",
            "2020-01-01T00:00:00Zulu",
            "2020-01-01T24:00:00Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
