//! One appointment: its link, moving it, cancelling it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use video_platform::{ActingError, Action, Appointment, BookingError, Channel, MeetingMethod, Status};

use super::{Shown, booking, join, on_to, schedule};
use crate::console::Console;
use crate::failure::Failure;
use crate::gate::{Submitted, Visit, told};
use crate::view::{Field, Page, clock_input, moment, period, post, segment};

pub(super) fn home(id: &str) -> String {
    format!("/appointments/{}", segment(id))
}

pub(super) async fn known(console: &Console, visit: &Visit, id: &str) -> Result<Appointment, Failure> {
    let found = console.acting_as(&visit.actor).appointment(id).await?;
    found.ok_or_else(|| Failure::not_found("There is no appointment with this id."))
}

pub(crate) async fn show(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Shown {
    let appointment = known(&console, &visit, &id).await?;
    page(&console, &visit, &appointment, None).await
}

/// What an appointment is called.
pub(super) fn label(one: &Appointment) -> String {
    if one.subject.is_empty() { format!("Appointment of {}", one.client_name) } else { one.subject.clone() }
}

async fn page(
    console: &Console,
    visit: &Visit,
    one: &Appointment,
    wrong: Option<(&str, &Submitted)>,
) -> Shown {
    let service = console.acting_as(&visit.actor).service(&one.service).await?;
    let names = schedule::names(console, visit, std::slice::from_ref(one)).await?;
    let title = label(one);
    let over = matches!(one.status, Status::Cancelling | Status::Cancelled | Status::Failed);
    let typed = wrong.map_or_else(|| utc(one.start), |(_, sent)| sent.get("start").to_owned());
    let minutes = ((one.end - one.start) / 60_000).to_string();
    let minutes = wrong.map_or(minutes.as_str(), |(_, sent)| sent.get("minutes"));
    let home = home(&one.id);
    let page = Page::new(&title).below("/schedule", "Schedule").body(html! {
        p { (schedule::status(one.status)) }
        @if let Some(note) = &one.note { p.notice.warn { (note) } }
        dl.facts {
            dt { "When" } dd { (period(one.start, one.end)) }
            dt { "Client" } dd { (one.client_name) @if !one.client_email.is_empty() { " · " (one.client_email) } }
            dt { "Service" } dd { (service.as_ref().map_or(one.service.as_str(), |it| it.name.as_str())) }
            dt { "Staff" } dd { a href={ "/staff/" (segment(&one.staff)) } { (names.get(&one.staff).unwrap_or(&one.staff)) } }
            dt { "Meeting Method" } dd { (one.method.label()) }
            dt { "Booked in" } dd { (door(one.channel)) }
            @if one.method == MeetingMethod::VideoCall {
                dt { "Link" }
                dd {
                    @match &one.link {
                        Some(link) => { (links(console, visit, one, link)) }
                        None if over => { "none" }
                        None => { "It comes as soon as the provider answers." }
                    }
                }
            }
        }
        @if !over {
            section aria-labelledby="move" {
                h2 id="move" { "Move" }
                p.detail { "The link stays." }
                (post(visit, &format!("{home}/move"), html! {
                    (clock_input(&Field::new("start", "New time").required().error(wrong.map(|(message, _)| message)), &typed))
                    (Field::new("minutes", "Length").required().select(&booking::lengths(), minutes))
                    div.buttons {
                        button type="submit" { "Move" }
                    }
                }))
            }
            div.buttons {
                @if console.acting_as(&visit.actor).allows(Action::Reassign) {
                    a.button.quiet href={ (home) "/hand-over" } { "Hand over to somebody else" }
                }
                a.button.quiet.danger href={ (home) "/cancel" } { "Cancel the appointment" }
            }
        }
    });
    Ok(page.shown(console, Some(visit)))
}

/// The links to join: the one that everybody has, or the client's, with the staff member's for themselves.
fn links(console: &Console, visit: &Visit, one: &Appointment, link: &str) -> Markup {
    let Some(codes) = &one.codes else { return booking::join(link) };
    let own = visit.actor.id() == Some(one.staff.as_str());
    html! {
        @if own { p { "Yours: " (booking::anchor(&join::address(console, &codes.staff))) } }
        p { "The client's: " (booking::anchor(&join::address(console, &codes.client))) }
        @if !own { p.detail { "Who gives the appointment finds a link of their own here." } }
    }
}

/// What people call the door through which it was booked.
fn door(channel: Channel) -> &'static str {
    match channel {
        Channel::ClientView => "Client View",
        Channel::Schedule => "Schedule",
        Channel::ContactCenter => "Contact Center",
    }
}

/// A time as the form has it.
fn utc(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M").to_string()
}

pub(crate) async fn reschedule(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Submitted,
) -> Shown {
    let again = async |message: &str| -> Shown {
        let appointment = known(&console, &visit, &id).await?;
        let shown = page(&console, &visit, &appointment, Some((message, &sent))).await?;
        Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response())
    };
    let Some(start) = booking::time(&sent, "start") else { return again("Choose a day and a time.").await };
    let end = booking::end(start, &sent);
    match console.acting_as(&visit.actor).move_appointment(&id, start, end).await {
        Ok(_) => on_to(&visit, &home(&id), "The appointment is moved. Its link is the same."),
        // The new time holds, and the page tells what waits.
        Err(ActingError::Failed(error @ BookingError::Waiting { .. })) => {
            on_to(&visit, &home(&id), told(&error))
        }
        Err(ActingError::Failed(error)) => again(&told(&error)).await,
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn ask(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Shown {
    let one = known(&console, &visit, &id).await?;
    let home = home(&one.id);
    let title = label(&one);
    let page = Page::new("Cancel the appointment?").below("/schedule", "Schedule").below(&home, &title).body(
        html! {
            p { (one.client_name) ", " (moment(one.start)) }
            @if one.link.is_some() { p { "Its meeting is ended too: the link does not work any more." } }
            (post(&visit, &format!("{home}/cancel"), html! {
                div.buttons {
                    button.danger type="submit" { "Cancel the appointment" }
                    a.button.quiet href=(home) { "Back" }
                }
            }))
        },
    );
    Ok(page.shown(&console, Some(&visit)))
}

pub(crate) async fn cancel(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Shown {
    match console.acting_as(&visit.actor).cancel(&id).await {
        Ok(_) => on_to(&visit, &home(&id), "The appointment is cancelled."),
        Err(ActingError::Failed(error)) => on_to(&visit, &home(&id), told(&error)),
        Err(error) => Err(error.into()),
    }
}
