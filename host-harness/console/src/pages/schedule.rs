//! Lists of appointments: the Schedule, and a client's in the Contact Center.

use std::collections::BTreeMap;

use axum::extract::State;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use maud::{Markup, html};
use video_platform::{ActorKind, Appointment, ScheduleQuery, StaffMember, StaffQuery, Status};

use super::{Asked, Shown, address};
use crate::console::Console;
use crate::failure::Failure;
use crate::gate::Visit;
use crate::view::{Choice, Field, Page, moment, segment};

/// How many appointments are shown at once.
const MOST: u32 = 500;
/// How many days.
const DAYS: i32 = 7;

/// The Schedule.
pub(crate) async fn show(State(console): State<Console>, visit: Visit, Asked(asked): Asked) -> Shown {
    let today = Timestamp::from_millisecond(console.now()).unwrap_or(Timestamp::UNIX_EPOCH);
    let today = today.to_zoned(TimeZone::UTC).date();
    let first: Date = asked.get("from").parse().unwrap_or(today);
    let own = visit.actor.kind() == ActorKind::Staff;
    let staff = if own { visit.actor.id().unwrap_or_default() } else { asked.get("staff") };
    let query = ScheduleQuery {
        from: start_of(first),
        until: start_of(first.saturating_add(DAYS.days())),
        staff: Some(staff.to_owned()).filter(|staff| !staff.is_empty()),
        limit: MOST,
    };
    let acting = console.acting_as(&visit.actor);
    let appointments = acting.schedule(&query).await?;
    let at = |date: Date| {
        address("/schedule", &[("from", &date.to_string()), ("staff", if own { "" } else { staff })])
    };
    let found = if own { Vec::new() } else { candidates(&console, &visit, asked.get("search")).await? };
    let names = names(&console, &visit, &appointments).await?;
    let last = first.saturating_add((DAYS - 1).days());
    let of = if own || staff.is_empty() { None } else { acting.staff_member(staff).await? };
    let page = Page::new("Schedule").below("/schedule", "Schedule").body(html! {
        div.bar {
            nav.pager aria-label="Weeks" {
                a href=(at(first.saturating_sub(DAYS.days()))) rel="prev" { "Week before" }
                span { (first.strftime("%-d %b").to_string()) " to " (last.strftime("%-d %b %Y").to_string()) }
                a href=(at(first.saturating_add(DAYS.days()))) rel="next" { "Week after" }
            }
            a.button href="/schedule/new" { "+ New" }
        }
        form.filters method="get" action="/schedule" role="search" {
            (Field::new("from", "From").silent().text("date", &first.to_string()))
            @if !own { (Field::new("search", "Find staff").silent().text("search", asked.get("search"))) }
            @if found.len() > 1 { (Field::new("staff", "Staff").silent().select(&found, staff)) }
            button.quiet type="submit" { "Show" }
        }
        @if !own && !staff.is_empty() { p.detail { "Of " (of.as_ref().map_or(staff, StaffMember::label)) " only. " a href="/schedule" { "Show all" } } }
        (list(&appointments, &names))
    });
    Ok(page.shown(&console, Some(&visit)))
}

/// Staff to show the appointments of.
async fn candidates(console: &Console, visit: &Visit, search: &str) -> Result<Vec<Choice>, Failure> {
    if search.is_empty() {
        return Ok(Vec::new());
    }
    let query = StaffQuery { search: search.to_owned(), rows_per_page: 50, ..StaffQuery::default() };
    let rows = console.acting_as(&visit.actor).staff_list(&query).await?.rows;
    let found = rows.iter().map(|staff| Choice::new(&staff.id, staff.label()));
    Ok(std::iter::once(Choice::new("", "All")).chain(found).collect())
}

/// The Contact Center: a client on the phone.
pub(crate) async fn contact_center(
    State(console): State<Console>,
    visit: Visit,
    Asked(asked): Asked,
) -> Shown {
    let email = asked.get("email");
    let appointments = if email.is_empty() {
        None
    } else {
        Some(console.acting_as(&visit.actor).appointments_of_client(email, 100).await?)
    };
    let names = names(&console, &visit, appointments.as_deref().unwrap_or_default()).await?;
    let page = Page::new("Contact Center").below("/contact-center", "Contact Center").body(html! {
        div.bar {
            p { "For a client on the phone: find what they have, or book for them." }
            a.button href=(address("/contact-center/new", &[("client_email", email)])) { "+ New" }
        }
        form.filters method="get" action="/contact-center" role="search" {
            (Field::new("email", "Client's e-mail").silent().text("email", email))
            button.quiet type="submit" { "Find appointments" }
        }
        @if let Some(appointments) = &appointments { (list(appointments, &names)) }
    });
    Ok(page.shown(&console, Some(&visit)))
}

/// What the staff of appointments are called, by their ids.
pub(super) async fn names(
    console: &Console,
    visit: &Visit,
    appointments: &[Appointment],
) -> Result<BTreeMap<String, String>, Failure> {
    let acting = console.acting_as(&visit.actor);
    let mut names = BTreeMap::new();
    for one in appointments {
        if !names.contains_key(&one.staff) {
            let member = acting.staff_member(&one.staff).await?;
            let name = member.map_or_else(|| one.staff.clone(), |member| member.label().to_owned());
            names.insert(one.staff.clone(), name);
        }
    }
    Ok(names)
}

fn start_of(date: Date) -> i64 {
    date.to_zoned(TimeZone::UTC).map_or(0, |start| start.timestamp().as_millisecond())
}

/// What people call a status.
pub(super) fn status(status: Status) -> Markup {
    let (label, tone) = match status {
        Status::Requested => ("Waits for its link", "warn"),
        Status::Booked => ("Booked", "good"),
        Status::Cancelled => ("Cancelled", "off"),
        Status::Cancelling => ("Being cancelled", "off"),
        Status::Failed => ("Failed", "bad"),
        // Booked, with a change that the provider has not confirmed yet.
        _ => ("Booked, being changed", "warn"),
    };
    html! { span class={ "badge " (tone) } { (label) } }
}

/// Appointments, each with a link to its page.
fn list(appointments: &[Appointment], names: &BTreeMap<String, String>) -> Markup {
    html! {
        @if appointments.is_empty() { p.empty { "There are no appointments here. Choose + New to book one." } } @else {
            div.scroll {
                table.cards {
                    caption.hidden { "Appointments" }
                    thead { tr {
                        th scope="col" { "When" } th scope="col" { "Client" } th scope="col" { "About" }
                        th scope="col" { "Staff" } th scope="col" { "Meeting Method" } th scope="col" { "Status" }
                    } }
                    tbody {
                        @for one in appointments {
                            tr {
                                th scope="row" { a href={ "/appointments/" (segment(&one.id)) } { (moment(one.start)) } }
                                td data-label="Client" { (one.client_name) }
                                td data-label="About" { (one.subject) }
                                td data-label="Staff" { (names.get(&one.staff).unwrap_or(&one.staff)) }
                                td data-label="Meeting Method" { (one.method.label()) }
                                td data-label="Status" { (status(one.status)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
