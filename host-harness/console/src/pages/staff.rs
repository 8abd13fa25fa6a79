//! The list of staff.

use axum::extract::State;
use maud::html;
use video_platform::{Action, Cursor, Page as Rows, StaffMember, StaffQuery};

use super::{Asked, Shown, address, table};
use crate::console::Console;
use crate::gate::Visit;
use crate::view::{Field, Page, To, pager, segment, staff as found};

pub(crate) async fn list(State(console): State<Console>, visit: Visit, Asked(asked): Asked) -> Shown {
    let query = StaffQuery {
        search: asked.get("search").to_owned(),
        page: asked.get("page").parse().unwrap_or(1).max(1),
        beside: table::beside(&asked),
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
            p role="status" { @if rows.more { "More than " } (found(rows.total)) @if !query.search.is_empty() { " found" } }
            div.scroll {
                table.cards {
                    caption.hidden { "Staff" }
                    thead { tr {
                        th scope="col" { "Name" } th scope="col" { "E-mail" } th scope="col" { "User name" } th scope="col" { "Role" }
                    } }
                    tbody {
                        @for staff in &rows.rows {
                            tr {
                                th scope="row" { a href={ "/staff/" (segment(&staff.id)) } { (staff.label()) } }
                                td data-label="E-mail" { (staff.email) }
                                td data-label="User name" { (staff.user_name) }
                                td data-label="Role" { (staff.role.label()) }
                            }
                        }
                    }
                }
            }
            @if rows.rows.is_empty() { p.empty { "Nobody is found. Change the search." } }
            (pager(&rows, |to| other(&query, &rows, to)))
        }
    });
    Ok(page.shown(&console, Some(&visit)))
}

/// The address of another page.
fn other(query: &StaffQuery, rows: &Rows<StaffMember>, to: To) -> String {
    let (page, beside) = match to {
        To::First => (1, None),
        To::Last => (rows.pages().unwrap_or(u32::MAX), None),
        To::Previous if rows.page == 2 => (1, None),
        To::Previous => (rows.page - 1, rows.rows.first().map(|row| Cursor::before(&row.id, None))),
        To::Next => (rows.page + 1, rows.rows.last().map(|row| Cursor::behind(&row.id, None))),
    };
    let page = page.to_string();
    let pairs = [("search", query.search.as_str()), ("page", if page == "1" { "" } else { &page })];
    address("/staff", &[&pairs[..], &table::beside_pairs(beside.as_ref())].concat())
}
