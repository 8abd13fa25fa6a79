//! Services: their meeting methods, and who gives them.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use maud::{Markup, html};
use uuid::Uuid;
use video_platform::{ActingError, MeetingMethod, Service, ServiceError, StaffMember, StaffQuery};

use super::{Asked, Shown, on_to};
use crate::console::Console;
use crate::gate::{Submitted, Visit};
use crate::view::{Choice, Field, Page, capital, post, segment};

/// How many staff are shown at once.
const STAFF: u32 = 100;

fn home(id: &str) -> String {
    format!("/services/{}", segment(id))
}

/// The meeting methods to choose from.
pub(super) fn methods(methods: &[MeetingMethod]) -> Vec<Choice> {
    methods.iter().map(|method| Choice::new(method.word(), method.label())).collect()
}

pub(crate) async fn list(State(console): State<Console>, visit: Visit) -> Shown {
    let services = console.acting_as(&visit.actor).services().await?;
    let page = Page::new("Services").below("/services", "Services").body(html! {
        div.bar { p { "What clients book, and how it can take place." } a.button href="/services/new" { "+ New" } }
        @if services.is_empty() { p.empty { "There is none yet." } }
        div.scroll {
            table {
                caption.hidden { "Services" }
                thead { tr { th scope="col" { "Name" } th scope="col" { "Meeting Method" } } }
                tbody {
                    @for service in &services {
                        tr {
                            th scope="row" { a href=(home(&service.id)) { (service.name) } }
                            td { @for method in &service.methods { span.badge { (method.label()) } " " } }
                        }
                    }
                }
            }
        }
    });
    Ok(page.shown(&console, Some(&visit)))
}

pub(crate) async fn new(State(console): State<Console>, visit: Visit) -> Shown {
    let service =
        Service { id: Uuid::new_v4().simple().to_string(), name: String::new(), methods: Vec::new() };
    let page = Page::new("New service").below("/services", "Services").body(form(&visit, &service, None));
    Ok(page.shown(&console, Some(&visit)))
}

pub(crate) async fn edit(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    Asked(asked): Asked,
) -> Shown {
    let acting = console.acting_as(&visit.actor);
    let missing = || crate::failure::Failure::not_found("There is no service with this id.");
    let service = acting.service(&id).await?.ok_or_else(missing)?;
    let assigned = acting.staff_of_service(&id, None, STAFF).await?;
    let search = asked.get("search");
    let found = if search.is_empty() {
        Vec::new()
    } else {
        let query = StaffQuery { search: search.to_owned(), rows_per_page: 20, ..StaffQuery::default() };
        acting.staff_list(&query).await?.rows
    };
    let page = Page::new(&service.name).below("/services", "Services").body(html! {
        (form(&visit, &service, None))
        section aria-labelledby="staff" {
            h2 id="staff" { "Assigned staff" }
            @if assigned.is_empty() { p.empty { "Nobody gives this service yet." } }
            ul.people {
                @for staff in &assigned { li { (staff.label()) " " (assignment(&visit, &service, staff, false)) } }
            }
            @if assigned.len() as u64 >= u64::from(STAFF) { p.detail { "Only the first " (STAFF) " are shown." } }
            form.filters method="get" action=(home(&service.id)) role="search" {
                (Field::new("search", "Find staff to assign").silent().text("search", search))
                button.quiet type="submit" { "Find" }
            }
            @if !search.is_empty() && found.is_empty() { p.empty { "Nobody is found." } }
            ul.people {
                @for staff in found.iter().filter(|staff| assigned.iter().all(|one| one.id != staff.id)) {
                    li { (staff.label()) " " (assignment(&visit, &service, staff, true)) }
                }
            }
        }
    });
    Ok(page.shown(&console, Some(&visit)))
}

fn assignment(visit: &Visit, service: &Service, staff: &StaffMember, assign: bool) -> Markup {
    let what = if assign { "Assign" } else { "Remove" };
    post(
        visit,
        &format!("{}/staff", home(&service.id)),
        html! {
            input type="hidden" name="staff" value=(staff.id);
            input type="hidden" name="to" value=(if assign { "yes" } else { "no" });
            button.quiet type="submit" aria-label={ (what) " " (staff.label()) } { (what) }
        },
    )
}

pub(crate) async fn save(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Submitted,
) -> Shown {
    let methods =
        MeetingMethod::ALL.into_iter().filter(|method| sent.all("methods").any(|word| word == method.word()));
    let service = Service { id, name: sent.get("name").to_owned(), methods: methods.collect() };
    match console.acting_as(&visit.actor).put_service(&service).await {
        Ok(()) => on_to(&visit, &home(&service.id), "The service is saved."),
        Err(ActingError::Failed(ServiceError::Wrong { field, problem })) => {
            let title = if service.name.is_empty() { "Service" } else { &service.name };
            let page = Page::new(title).below("/services", "Services");
            let page = page.body(form(&visit, &service, Some((field, &capital(problem)))));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page.shown(&console, Some(&visit))).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn assign(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Submitted,
) -> Shown {
    let assigned = sent.get("to") == "yes";
    console.acting_as(&visit.actor).assign(&id, sent.get("staff"), assigned).await?;
    let message =
        if assigned { "They give the service now." } else { "They do not give the service any more." };
    on_to(&visit, &home(&id), message)
}

fn form(visit: &Visit, service: &Service, wrong: Option<(&str, &str)>) -> Markup {
    let about = |field| wrong.filter(|(name, _)| *name == field).map(|(_, problem)| problem);
    post(
        visit,
        &home(&service.id),
        html! {
            @if let Some(problem) = about("id") { p.notice.bad role="alert" { (problem) } }
            (Field::new("name", "Name").required().error(about("name")).text("text", &service.name))
            (Field::new("methods", "Meeting Method").required().error(about("methods"))
                .help("Only appointments by Video Call get a link.")
                .checkboxes(&methods(&MeetingMethod::ALL), |word| service.methods.iter().any(|method| method.word() == word)))
            div.buttons { button type="submit" { "Save" } a.button.quiet href="/services" { "Back" } }
        },
    )
}
