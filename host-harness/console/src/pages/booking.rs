//! Booking in the Schedule, by a client, and in the Contact Center: one form for the three.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use maud::{Markup, html};
use uuid::Uuid;
use video_platform::{
    ActingError, Actor, ActorKind, Appointment, BookingError, BookingRequest, Channel, MeetingMethod,
    MeetingOptions, WrongInput,
};

use super::{Asked, Shown, services};
use crate::console::Console;
use crate::gate::{Submitted, Visit, told};
use crate::view::{Choice, Field, Page, clock_input, period, post, segment};

/// Staff to choose from in one list.
pub(super) const STAFF: u32 = 200;
const LENGTHS: [i64; 4] = [15, 30, 45, 60];

/// Where a booking is made.
#[derive(Clone, Copy)]
struct Door {
    channel: Channel,
    path: &'static str,
    title: &'static str,
    above: (&'static str, &'static str),
}

const SCHEDULE: Door = Door {
    channel: Channel::Schedule,
    path: "/schedule/new",
    title: "New appointment",
    above: ("/schedule", "Schedule"),
};
const CLIENT_VIEW: Door = Door {
    channel: Channel::ClientView,
    path: "/client-view",
    title: "Book an appointment",
    above: ("/client-view", "Client View"),
};
const CONTACT_CENTER: Door = Door {
    channel: Channel::ContactCenter,
    path: "/contact-center/new",
    title: "Book for a client",
    above: ("/contact-center", "Contact Center"),
};

pub(crate) async fn in_schedule(State(console): State<Console>, visit: Visit, Asked(asked): Asked) -> Shown {
    form(&console, &visit, SCHEDULE, &asked, None).await
}

pub(crate) async fn in_client_view(
    State(console): State<Console>,
    visit: Visit,
    Asked(asked): Asked,
) -> Shown {
    form(&console, &visit, CLIENT_VIEW, &asked, None).await
}

pub(crate) async fn in_contact_center(
    State(console): State<Console>,
    visit: Visit,
    Asked(asked): Asked,
) -> Shown {
    form(&console, &visit, CONTACT_CENTER, &asked, None).await
}

pub(crate) async fn book_in_schedule(State(console): State<Console>, visit: Visit, sent: Submitted) -> Shown {
    book(&console, &visit, SCHEDULE, &sent).await
}

pub(crate) async fn book_in_client_view(
    State(console): State<Console>,
    visit: Visit,
    sent: Submitted,
) -> Shown {
    book(&console, &visit, CLIENT_VIEW, &sent).await
}

pub(crate) async fn book_in_contact_center(
    State(console): State<Console>,
    visit: Visit,
    sent: Submitted,
) -> Shown {
    book(&console, &visit, CONTACT_CENTER, &sent).await
}

/// Who books: in the Client View it is the client.
fn booker(visit: &Visit, door: Door, sent: &Submitted) -> Actor {
    match door.channel {
        Channel::ClientView => Actor::client(sent.get("client_name")),
        Channel::Schedule | Channel::ContactCenter => visit.actor.clone(),
    }
}

/// What is wrong with a field of the form, or with all of it where it has no name.
struct Wrong {
    field: &'static str,
    message: String,
}

async fn book(console: &Console, visit: &Visit, door: Door, sent: &Submitted) -> Shown {
    let request = match read(door, sent) {
        Ok(request) => request,
        Err(wrong) => return form(console, visit, door, sent, Some(&wrong)).await,
    };
    let actor = booker(visit, door, sent);
    let (id, message) = match console.acting_as(&actor).book(&request).await {
        Ok(booked) => {
            if door.channel == Channel::ClientView {
                return Ok(confirmation(console, visit, &booked));
            }
            (booked.id, "The appointment is booked.".to_owned())
        }
        // It is saved, and its page tells the rest.
        Err(ActingError::Failed(error @ BookingError::Waiting { .. }))
            if door.channel != Channel::ClientView =>
        {
            (request.id.clone(), told(&error))
        }
        Err(ActingError::Failed(error)) => {
            let wrong = Wrong { field: field_of(&error), message: told(&error) };
            return form(console, visit, door, sent, Some(&wrong)).await;
        }
        Err(error) => return Err(error.into()),
    };
    visit.session.say(message);
    Ok(Redirect::to(&format!("/appointments/{}", segment(&id))).into_response())
}

/// Beside which field an error belongs.
fn field_of(error: &BookingError) -> &'static str {
    match error {
        BookingError::Input(WrongInput::ClientName) => "client_name",
        BookingError::Input(WrongInput::ClientEmail) => "client_email",
        BookingError::Input(WrongInput::Subject) => "subject",
        BookingError::Input(WrongInput::Times) => "start",
        BookingError::UnknownService(_) => "service",
        BookingError::NoSuchMethod { .. } => "method",
        BookingError::UnknownStaff(_)
        | BookingError::NotAssigned { .. }
        | BookingError::VideoOff(_)
        | BookingError::NoIntegration(_)
        | BookingError::NotMatched { .. } => "staff",
        _ => "",
    }
}

/// A time of a form: in UTC as the script sends it, or as it was typed, which is UTC then.
pub(super) fn time(sent: &Submitted, name: &str) -> Option<i64> {
    let utc = sent.get(&format!("{name}_utc"));
    if let Ok(time) = utc.parse::<Timestamp>() {
        return Some(time.as_millisecond());
    }
    let typed: DateTime = sent.get(name).parse().ok()?;
    Some(typed.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// The end of an appointment, from the minutes that were chosen.
pub(super) fn end(start: i64, sent: &Submitted) -> i64 {
    let minutes = sent.get("minutes").parse().ok().filter(|minutes| LENGTHS.contains(minutes)).unwrap_or(30);
    start.saturating_add(minutes * 60_000)
}

/// How long appointments can be.
pub(super) fn lengths() -> Vec<Choice> {
    LENGTHS.map(|minutes| Choice::new(&minutes.to_string(), &format!("{minutes} minutes"))).to_vec()
}

fn read(door: Door, sent: &Submitted) -> Result<BookingRequest, Wrong> {
    let missing = |field, message: &str| Wrong { field, message: message.to_owned() };
    let method = MeetingMethod::parse(sent.get("method"));
    let method = method.ok_or_else(|| missing("method", "Choose how it takes place."))?;
    let start = time(sent, "start").ok_or_else(|| missing("start", "Choose a day and a time."))?;
    if sent.get("staff").is_empty() {
        return Err(missing("staff", "Choose who is to give it."));
    }
    Ok(BookingRequest {
        id: sent.get("appointment").to_owned(),
        service: sent.get("service").to_owned(),
        method,
        staff: sent.get("staff").to_owned(),
        client_name: sent.get("client_name").to_owned(),
        client_email: sent.get("client_email").to_owned(),
        subject: sent.get("subject").to_owned(),
        start,
        end: end(start, sent),
        channel: door.channel,
        options: MeetingOptions::new(),
    })
}

async fn form(
    console: &Console,
    visit: &Visit,
    door: Door,
    sent: &Submitted,
    wrong: Option<&Wrong>,
) -> Shown {
    let actor = booker(visit, door, sent);
    let acting = console.acting_as(&actor);
    let all = acting.services().await?;
    let service = all.iter().find(|service| service.id == sent.get("service"));
    let (href, above) = door.above;
    let page = Page::new(door.title).below(href, above);
    let Some(service) = service else {
        let body = html! {
            @if all.is_empty() { p.empty { "There are no services yet. An administrator adds them." } }
            @if !all.is_empty() { p { "What is it about?" } }
            ul.tiles {
                @for service in &all {
                    li {
                        a href=(super::address(door.path, &[("service", &service.id), ("client_email", sent.get("client_email"))])) {
                            strong { (service.name) }
                            span.detail { @for method in &service.methods { (method.label()) " " } }
                        }
                    }
                }
            }
        };
        return Ok(page.body(body).shown(console, Some(visit)));
    };
    let own = actor.kind() == ActorKind::Staff;
    let staff = acting.staff_of_service(&service.id, None, STAFF).await?;
    let mut people = vec![Choice::new("", "Choose …")];
    people.extend(
        staff
            .iter()
            .filter(|member| !own || actor.id() == Some(&member.id))
            .map(|member| Choice::new(&member.id, member.label())),
    );
    let shown = page
        .body(html! {
            p.detail { "Service: " strong { (service.name) } " · " a href=(door.path) { "Change" } }
            @if people.len() == 1 { p.notice.warn { "Nobody gives this service yet." } }
            (fields(console, visit, door, &service.id, (&people, &service.methods), sent, wrong))
        })
        .shown(console, Some(visit));
    Ok(if wrong.is_some() { (StatusCode::UNPROCESSABLE_ENTITY, shown).into_response() } else { shown })
}

fn fields(
    console: &Console,
    visit: &Visit,
    door: Door,
    service: &str,
    (people, methods): (&[Choice], &[MeetingMethod]),
    sent: &Submitted,
    wrong: Option<&Wrong>,
) -> Markup {
    let about = |field| wrong.filter(|wrong| wrong.field == field).map(|wrong| wrong.message.as_str());
    // The id is in the form, so that one form makes one appointment, however often it is sent.
    let fresh = Uuid::new_v4().simple().to_string();
    let id = Some(sent.get("appointment")).filter(|id| !id.is_empty()).unwrap_or(&fresh);
    let tomorrow = tomorrow_at_ten(console.now());
    let start = Some(sent.get("start")).filter(|start| !start.is_empty()).unwrap_or(&tomorrow);
    let usual = if methods.contains(&MeetingMethod::VideoCall) {
        MeetingMethod::VideoCall
    } else {
        MeetingMethod::InPerson
    };
    let method = Some(sent.get("method")).filter(|word| !word.is_empty()).unwrap_or(usual.word());
    let minutes = Some(sent.get("minutes")).filter(|word| !word.is_empty()).unwrap_or("30");
    let client = if door.channel == Channel::ClientView { "Your" } else { "Client's" };
    post(
        visit,
        door.path,
        html! {
            @if let Some(message) = about("").or_else(|| about("service")) { p.notice.bad role="alert" { (message) } }
            input type="hidden" name="appointment" value=(id);
            input type="hidden" name="service" value=(service);
            (Field::new("method", "Meeting Method").required().error(about("method")).radios(&services::methods(methods), method))
            (Field::new("staff", "With").required().error(about("staff")).select(people, sent.get("staff")))
            (clock_input(&Field::new("start", "When").required().error(about("start")), start))
            (Field::new("minutes", "Length").required().select(&lengths(), minutes))
            (Field::new("client_name", &format!("{client} name")).required().error(about("client_name"))
                .text("text", sent.get("client_name")))
            (Field::new("client_email", &format!("{client} e-mail")).error(about("client_email"))
                .text("email", sent.get("client_email")))
            (Field::new("subject", "About").error(about("subject")).text("text", sent.get("subject")))
            div.buttons { button type="submit" { "Book" } }
        },
    )
}

/// For a form that nobody filled in yet.
fn tomorrow_at_ten(now: i64) -> String {
    let now = Timestamp::from_millisecond(now).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC);
    format!("{}T10:00", now.date().saturating_add(1.days()))
}

/// What a client sees who booked.
fn confirmation(console: &Console, visit: &Visit, booked: &Appointment) -> axum::response::Response {
    let (href, above) = CLIENT_VIEW.above;
    let own = booked.codes.as_ref().map(|codes| anchor(&super::join::address(console, &codes.client)));
    let link = own.or_else(|| booked.link.as_deref().map(join));
    Page::new("Your appointment is booked")
        .below(href, above)
        .body(html! {
            p.notice.good role="status" { "Thank you, " (booked.client_name) "." }
            dl.facts {
                dt { "When" } dd { (period(booked.start, booked.end)) }
                dt { "How" } dd { (booked.method.label()) }
                @if let Some(link) = link { dt { "Your link" } dd { (link) } }
            }
        })
        .shown(console, Some(visit))
}

/// The link to join.
pub(super) fn join(link: &str) -> Markup {
    html! {
        @if link.starts_with("https://") { (anchor(link)) } @else { (link) }
    }
}

/// The same for an address of these pages, which may be without TLS on this machine.
pub(super) fn anchor(link: &str) -> Markup {
    html! { a.join href=(link) rel="noreferrer" { (link) } }
}
