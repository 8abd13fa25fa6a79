//! The list of staff.

use axum::extract::State;
use maud::html;
use video_platform::{Action, StaffQuery};

use super::{Asked, Shown, address};
use crate::console::Console;
use crate::gate::Visit;
use crate::view::{Field, Page, count, pager, segment};

pub(crate) async fn list(State(console): State<Console>, visit: Visit, Asked(asked): Asked) -> Shown {
    let query = StaffQuery {
        search: asked.get("search").to_owned(),
        page: asked.get("page").parse().unwrap_or(1).max(1),
        rows_per_page: 25,
    };
    let rows = console.acting_as(&visit.actor).staff_list(&query).await?;
    let page = Page::new("Staff").below("/staff", "Staff").body(html! {
        @if console.acting_as(&visit.actor).allows(Action::PutStaff) {
            div.bar { p { "Who works here." } a.button href="/staff/new" { "+ New" } }
        }
        form.filters method="get" action="/staff" role="search" hx-get="/staff" hx-target="#results"
            hx-select="#results" hx-swap="outerHTML" hx-push-url="true"
            hx-trigger="submit, input changed delay:300ms from:#search" {
            (Field::new("search", "Search staff").silent().text("search", &query.search))
            button.quiet type="submit" { "Search" }
        }
        section id="results" aria-label="Found" {
            p role="status" { (count(rows.total)) " staff" }
            div.scroll {
                table {
                    caption.hidden { "Staff" }
                    thead { tr {
                        th scope="col" { "Name" } th scope="col" { "E-mail" } th scope="col" { "User name" } th scope="col" { "Role" }
                    } }
                    tbody {
                        @for staff in &rows.rows {
                            tr {
                                th scope="row" { a href={ "/staff/" (segment(&staff.id)) } { (staff.label()) } }
                                td { (staff.email) } td { (staff.user_name) } td { (staff.role.label()) }
                            }
                        }
                    }
                }
            }
            (pager(rows.page, rows.pages(), |page| {
                address("/staff", &[("search", &query.search), ("page", &page.to_string())])
            }))
        }
    });
    Ok(page.shown(&console, Some(&visit)))
}
