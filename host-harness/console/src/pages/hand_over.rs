//! Handing an appointment over to another staff member.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use maud::html;
use video_platform::{ActingError, BookingError};

use super::appointment::{home, known, label};
use super::{Asked, Shown, booking, on_to};
use crate::console::Console;
use crate::gate::{Submitted, Visit, told};
use crate::view::{Choice, Field, Page, moment, post};

pub(crate) async fn ask(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    Asked(asked): Asked,
) -> Shown {
    form(&console, &visit, &id, &asked, None).await
}

async fn form(console: &Console, visit: &Visit, id: &str, sent: &Submitted, wrong: Option<&str>) -> Shown {
    let one = known(console, visit, id).await?;
    let acting = console.acting_as(&visit.actor);
    let staff = acting.staff_of_service(&one.service, None, booking::STAFF).await?;
    let name = acting.staff_member(&one.staff).await?.map_or(one.staff.clone(), |it| it.label().to_owned());
    let mut people = vec![Choice::new("", "Choose …")];
    people.extend(staff.iter().filter(|it| it.id != one.staff).map(|it| Choice::new(&it.id, it.label())));
    let home = home(&one.id);
    let page = Page::new("Hand over").below("/schedule", "Schedule").below(&home, &label(&one)).body(html! {
        p { (one.client_name) ", " (moment(one.start)) ", now with " strong { (name) } }
        @if people.len() == 1 {
            p.empty { "Nobody else gives this service. An administrator assigns staff under Services." }
            div.buttons { a.button.quiet href=(home) { "Back" } }
        } @else {
            (post(visit, &format!("{home}/hand-over"), html! {
                (Field::new("staff", "To").required().error(wrong)
                    .help("If the meeting belongs to the staff member, the client needs a new link: the next page says so.")
                    .select(&people, sent.get("staff")))
                div.buttons {
                    button type="submit" { "Hand over" }
                    a.button.quiet href=(home) { "Back" }
                }
            }))
        }
    });
    let shown = page.shown(console, Some(visit));
    Ok(if wrong.is_some() { (StatusCode::UNPROCESSABLE_ENTITY, shown).into_response() } else { shown })
}

pub(crate) async fn hand_over(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Submitted,
) -> Shown {
    let staff = sent.get("staff");
    if staff.is_empty() {
        return form(&console, &visit, &id, &sent, Some("Choose who takes it over.")).await;
    }
    match console.acting_as(&visit.actor).reassign(&id, staff).await {
        Ok(done) if done.link_changed => {
            let said = "The appointment is handed over, and its link is a new one: tell everybody who has the old one.";
            on_to(&visit, &home(&id), said)
        }
        Ok(done) if done.appointment.link.is_some() => {
            on_to(&visit, &home(&id), "The appointment is handed over. Its link is the same.")
        }
        Ok(_) => on_to(&visit, &home(&id), "The appointment is handed over."),
        // It is the new one's, and its page tells what waits.
        Err(ActingError::Failed(error @ BookingError::Waiting { .. })) => {
            on_to(&visit, &home(&id), told(&error))
        }
        Err(ActingError::Failed(error)) => form(&console, &visit, &id, &sent, Some(&told(&error))).await,
        Err(error) => Err(error.into()),
    }
}
