//! When the appointments take place.

use anyhow::{Context as _, Result};
use jiff::civil::{Weekday, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;

/// From when to when, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

impl Slot {
    /// Half an hour on the first working day that is `days` away at least, UTC.
    pub(super) fn on_working_day(now: i64, days: i32, hour: i8, minute: i8) -> Result<Self> {
        let today = instant(now)?.to_zoned(TimeZone::UTC).date();
        let mut day = today.checked_add(days.days())?;
        while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            day = day.tomorrow()?;
        }
        let start = day.to_datetime(time(hour, minute, 0, 0)).to_zoned(TimeZone::UTC)?.timestamp();
        let end = start.checked_add(30.minutes())?;
        Ok(Self { start: start.as_millisecond(), end: end.as_millisecond() })
    }

    /// Whether these are the same times.
    pub(super) fn is(&self, start: Timestamp, end: Timestamp) -> bool {
        (self.start, self.end) == (start.as_millisecond(), end.as_millisecond())
    }

    /// For people: `Mon 4 Jan 2027, 10:00 to 10:30 UTC`.
    pub(crate) fn text(&self) -> Result<String> {
        let (start, end) = (instant(self.start)?, instant(self.end)?);
        Ok(format!("{} to {} UTC", start.strftime("%a %-d %b %Y, %H:%M"), end.strftime("%H:%M")))
    }
}

impl Serialize for Slot {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = |ms| instant(ms).map(|time| time.to_string()).map_err(serde::ser::Error::custom);
        [text(self.start)?, text(self.end)?].serialize(serializer)
    }
}

/// A moment for people: `Mon 4 Jan 2027, 10:00 UTC`.
pub(super) fn moment(ms: i64) -> Result<String> {
    Ok(instant(ms)?.strftime("%a %-d %b %Y, %H:%M UTC").to_string())
}

fn instant(ms: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(ms).context("a time out of range")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appointments_are_on_working_days() {
        let friday = "2026-11-13T23:59:00Z".parse::<Timestamp>().expect("a time").as_millisecond();
        let slot = Slot::on_working_day(friday, 1, 10, 30).expect("a slot");
        assert_eq!(slot.text().expect("a text"), "Mon 16 Nov 2026, 10:30 to 11:00 UTC");
        assert_eq!(
            serde_json::to_string(&slot).expect("JSON"),
            r#"["2026-11-16T10:30:00Z","2026-11-16T11:00:00Z"]"#
        );
    }
}
