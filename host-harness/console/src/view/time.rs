//! Times for people: in UTC as they are sent, in the viewer's zone once the script has seen them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::Field;

/// A moment, in milliseconds since 1970.
pub(crate) fn moment(ms: i64) -> Markup {
    let Ok(time) = Timestamp::from_millisecond(ms) else {
        return html! { "an unknown time" };
    };
    let machine = time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let people = time.to_zoned(TimeZone::UTC).strftime("%a %-d %b %Y, %H:%M UTC").to_string();
    html! { time datetime=(machine) { (people) } }
}

/// From one moment to another. The script leaves the day out where it is the same one for the viewer.
pub(crate) fn period(start: i64, end: i64) -> Markup {
    html! { span data-period { (moment(start)) " to " (moment(end)) } }
}

/// Asks for a time. The input is in UTC; with scripts it is in the viewer's zone, and what is sent is in
/// `NAME_utc` besides.
pub(crate) fn clock_input(field: &Field<'_>, value: &str) -> Markup {
    let hidden = format!("{}_utc", field.name);
    field.around(html! {
        input type="datetime-local" id=(field.name) name=(field.name) value=(value) required[field.required]
            data-utc=(hidden) aria-describedby=[field.described_by()] aria-invalid=[field.invalid()];
        input type="hidden" name=(hidden) value="";
        span.zone data-zone { "UTC" }
    })
}
