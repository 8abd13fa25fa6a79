//! A staff record, new or changed.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use maud::html;
use video_platform::{ActingError, Role, RowProblem, StaffError, StaffMember};

use super::{Shown, on_to};
use crate::console::Console;
use crate::failure::Failure;
use crate::gate::{Submitted, Visit};
use crate::view::{Choice, Field, Page, capital, post, segment};

/// Asks for a new one.
pub(crate) async fn new(State(console): State<Console>, visit: Visit) -> Shown {
    let nobody = StaffMember {
        id: String::new(),
        name: String::new(),
        email: String::new(),
        user_name: String::new(),
        role: Role::Staff,
    };
    form(&console, &visit, &nobody, true, None)
}

/// Asks what is to be changed.
pub(crate) async fn edit(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Shown {
    let staff = console.acting_as(&visit.actor).staff_member(&id).await?;
    let staff = staff.ok_or_else(|| Failure::not_found("There is no staff member with this id."))?;
    form(&console, &visit, &staff, false, None)
}

/// Adds one, and puts it in nobody's place.
pub(crate) async fn add(State(console): State<Console>, visit: Visit, sent: Submitted) -> Shown {
    let staff = read(sent.get("id"), &sent);
    if !staff.id.is_empty() && console.acting_as(&visit.actor).staff_member(&staff.id).await?.is_some() {
        let message = "Another staff member has this id. Choose another one.";
        return form(&console, &visit, &staff, true, Some(("id", message)));
    }
    save(&console, &visit, staff, true).await
}

/// Changes one.
pub(crate) async fn change(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Submitted,
) -> Shown {
    save(&console, &visit, read(&id, &sent), false).await
}

fn read(id: &str, sent: &Submitted) -> StaffMember {
    StaffMember {
        id: id.to_owned(),
        name: sent.get("name").to_owned(),
        email: sent.get("email").to_owned(),
        user_name: sent.get("user_name").to_owned(),
        role: Role::parse(sent.get("role")).unwrap_or_default(),
    }
}

async fn save(console: &Console, visit: &Visit, staff: StaffMember, new: bool) -> Shown {
    match console.acting_as(&visit.actor).put_staff(staff.clone()).await {
        Ok(()) => {
            let page = format!("/staff/{}", segment(&staff.id));
            on_to(visit, &page, "Saved. Whoever is new or has another address is matched by itself.")
        }
        Err(ActingError::Failed(StaffError::Problem(problem))) => {
            let field = match &problem {
                RowProblem::EmptyId => "id",
                RowProblem::TooLong { field, .. } | RowProblem::Control(field) => field,
                _ => "",
            };
            form(console, visit, &staff, new, Some((field, &capital(&problem.to_string()))))
        }
        Err(error) => Err(error.into()),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "pages end with it")]
fn form(
    console: &Console,
    visit: &Visit,
    staff: &StaffMember,
    new: bool,
    wrong: Option<(&str, &str)>,
) -> Shown {
    let about = |field| wrong.filter(|(name, _)| *name == field).map(|(_, message)| message);
    let (title, action) = if new {
        ("New staff member".to_owned(), "/staff/new".to_owned())
    } else {
        (format!("Edit {}", staff.label()), format!("/staff/{}/edit", segment(&staff.id)))
    };
    let roles: Vec<Choice> = Role::ALL.map(|role| Choice::new(role.word(), role.label())).to_vec();
    let back = if new { "/staff".to_owned() } else { format!("/staff/{}", segment(&staff.id)) };
    let mut page = Page::new(&title).below("/staff", "Staff");
    if !new {
        page = page.below(&back, staff.label());
    }
    let page = page.body(post(
        visit,
        &action,
        html! {
            // An id that cannot be changed has no field.
            @if let Some(message) = about("").or_else(|| about("id").filter(|_| !new)) { p.notice.bad role="alert" { (message) } }
            @if new {
                (Field::new("id", "Id").required().help("As your other systems know them. It stays for good.")
                    .error(about("id")).text("text", &staff.id))
            }
            (Field::new("name", "Name").error(about("name")).text("text", &staff.name))
            (Field::new("email", "E-mail").error(about("email")).text("email", &staff.email))
            (Field::new("user_name", "User name").error(about("user_name")).text("text", &staff.user_name))
            (Field::new("role", "Role").required().select(&roles, staff.role.word()))
            div.buttons { button type="submit" { "Save" } a.button.quiet href=(back) { "Back" } }
        },
    ));
    let shown = page.shown(console, Some(visit));
    Ok(if wrong.is_some() { (StatusCode::UNPROCESSABLE_ENTITY, shown).into_response() } else { shown })
}
