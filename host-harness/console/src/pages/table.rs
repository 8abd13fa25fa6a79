//! The dashboard's query as an address, and its table.

use maud::{Markup, html};
use video_platform::{Cursor, DashboardQuery, DashboardRow, DashboardSort, Page as Rows, StaffFilter};

use super::address;
use crate::gate::{Submitted, Visit};
use crate::view::{Choice, Field, To, count, pager, post, segment, staff};

const ROWS: [u32; 4] = [10, 25, 50, 100];

/// What an address asks the dashboard for.
pub(super) fn query(asked: &Submitted) -> DashboardQuery {
    let usual = DashboardQuery::default();
    DashboardQuery {
        search: asked.get("search").to_owned(),
        enabled: yes_or_no(asked.get("enabled")),
        matched: yes_or_no(asked.get("matched")),
        sort: DashboardSort::parse(asked.get("sort")).unwrap_or(usual.sort),
        descending: asked.get("order") == "descending",
        page: asked.get("page").parse().unwrap_or(1).max(1),
        beside: beside(asked),
        rows_per_page: asked
            .get("rows")
            .parse()
            .ok()
            .filter(|rows| ROWS.contains(rows))
            .unwrap_or(usual.rows_per_page),
    }
}

/// The row that a page is beside.
pub(super) fn beside(asked: &Submitted) -> Option<Cursor> {
    let value = yes_or_no(asked.get("value"));
    match (asked.get("after"), asked.get("before")) {
        ("", "") => None,
        ("", before) => Some(Cursor::before(before, value)),
        (after, _) => Some(Cursor::behind(after, value)),
    }
}

/// The part of an address that tells of it.
pub(super) fn beside_pairs(cursor: Option<&Cursor>) -> [(&'static str, &str); 2] {
    match cursor {
        None => [("after", ""), ("value", "")],
        Some(Cursor { staff, value, back }) => {
            [(if *back { "before" } else { "after" }, staff.as_str()), ("value", word(*value))]
        }
    }
}

pub(super) fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// A filter in words, behind a colon.
pub(super) fn chosen(filter: &StaffFilter) -> String {
    let mut told = "all staff".to_owned();
    if !filter.search.trim().is_empty() {
        told = format!("{told} found by “{}”", filter.search.trim());
    }
    let joined = |told: String, more: String| {
        if told.contains(" with ") { format!("{told} and {more}") } else { format!("{told} with {more}") }
    };
    if let Some(on) = filter.enabled {
        told = joined(told, format!("Video Calls {}", on_or_off(on)));
    }
    match filter.matched {
        Some(true) => joined(told, "a matched user".to_owned()),
        Some(false) => joined(told, "no matched user".to_owned()),
        None => told,
    }
}

pub(super) fn yes_or_no(word: &str) -> Option<bool> {
    match word {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

pub(super) fn word(choice: Option<bool>) -> &'static str {
    match choice {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    }
}

/// The address of a query.
pub(super) fn at(home: &str, query: &DashboardQuery) -> String {
    let (page, rows) = (query.page.to_string(), query.rows_per_page.to_string());
    let pairs = [
        ("search", query.search.as_str()),
        ("enabled", word(query.enabled)),
        ("matched", word(query.matched)),
        ("sort", query.sort.word()),
        ("order", if query.descending { "descending" } else { "" }),
        ("page", if query.page == 1 { "" } else { &page }),
        ("rows", &rows),
    ];
    address(home, &[&pairs[..], &beside_pairs(query.beside.as_ref())].concat())
}

/// Search, filters and rows per page. `user` is the column of the provider's users, where it knows any.
pub(super) fn filters(home: &str, user: Option<&str>, query: &DashboardQuery) -> Markup {
    let all =
        |yes: &str, no: &str| vec![Choice::new("", "All"), Choice::new("yes", yes), Choice::new("no", no)];
    let rows: Vec<Choice> =
        ROWS.iter().map(|rows| Choice::new(&rows.to_string(), &rows.to_string())).collect();
    html! {
        form.filters method="get" action=(home) role="search" hx-get=(home) hx-target="#results"
            hx-select="#results" hx-swap="outerHTML" hx-push-url="true"
            hx-trigger="submit, change, input changed delay:300ms from:#search" {
            (Field::new("search", "Search staff").silent().text("search", &query.search))
            (Field::new("enabled", "Video Calls").silent().select(&all("On", "Off"), word(query.enabled)))
            @if let Some(user) = user {
                (Field::new("matched", user).silent()
                    .select(&all("Matched", "Not matched"), word(query.matched)))
            }
            (Field::new("rows", "Rows per page").silent()
                .select(&rows, &query.rows_per_page.to_string()))
            input type="hidden" name="sort" value=(query.sort.word());
            @if query.descending { input type="hidden" name="order" value="descending"; }
            button.quiet type="submit" { "Apply" }
        }
    }
}

/// The rows with what can be done to them.
pub(super) fn results(
    visit: &Visit,
    home: &str,
    user: Option<&str>,
    query: &DashboardQuery,
    rows: &Rows<DashboardRow>,
) -> Markup {
    html! {
        section id="results" aria-labelledby="staff" {
            h2 id="staff" { "Staff" }
            p.detail role="status" {
                @if rows.more { "More than " }
                (staff(rows.total))
                @if query.filter() != StaffFilter::default() { " found" }
            }
            (selection(visit, home, query, rows))
            div.scroll {
                table.cards {
                    caption.hidden { "Staff, with Video Calls" @if let Some(user) = user { " and " (user) } }
                    thead {
                        tr {
                            th scope="col" { span.hidden { "Select" } input type="checkbox" data-all="staff" hidden aria-label="Select all rows of this page"; }
                            (heading(home, query, DashboardSort::Name, "Name"))
                            (heading(home, query, DashboardSort::Email, "E-mail"))
                            (heading(home, query, DashboardSort::UserName, "User name"))
                            (heading(home, query, DashboardSort::Enabled, "Video Calls"))
                            @if let Some(user) = user { (heading(home, query, DashboardSort::Matched, user)) }
                        }
                    }
                    tbody { @for row in &rows.rows { (line(visit, home, user, query, row)) } }
                }
            }
            @if rows.rows.is_empty() { p.empty { "Nobody is found. Change the search or the filters." } }
            (pager(rows, |to| at(home, &other(query, rows, to))))
        }
    }
}

/// The query of another page. That behind this one begins behind its last row, whatever its number is.
fn other(query: &DashboardQuery, rows: &Rows<DashboardRow>, to: To) -> DashboardQuery {
    let value = |row: &DashboardRow| match query.sort {
        DashboardSort::Enabled => Some(row.enabled),
        DashboardSort::Matched => Some(row.is_matched()),
        DashboardSort::Name | DashboardSort::Email | DashboardSort::UserName => None,
    };
    let (page, beside) = match to {
        To::First => (1, None),
        To::Last => (rows.pages().unwrap_or(u32::MAX), None),
        To::Previous if rows.page == 2 => (1, None),
        To::Previous => {
            (rows.page - 1, rows.rows.first().map(|row| Cursor::before(&row.staff.id, value(row))))
        }
        To::Next => (rows.page + 1, rows.rows.last().map(|row| Cursor::behind(&row.staff.id, value(row)))),
    };
    DashboardQuery { page, beside, ..query.clone() }
}

/// What is done to the rows that are ticked, or to all that the filter finds.
fn selection(visit: &Visit, home: &str, query: &DashboardQuery, rows: &Rows<DashboardRow>) -> Markup {
    html! {
        form.selection id="selected" method="post" action={ (home) "/selected" } {
            input type="hidden" name="csrf" value=(visit.session.csrf);
            input type="hidden" name="search" value=(query.search);
            input type="hidden" name="enabled" value=(word(query.enabled));
            input type="hidden" name="matched" value=(word(query.matched));
            span.choice {
                input type="checkbox" id="everybody" name="everybody" value="yes";
                label for="everybody" {
                    @if rows.more { "Select all that are found, on all pages" }
                    @else { "Select all " (count(rows.total)) ", on all pages" }
                }
            }
            button.quiet type="submit" name="to" value="yes" { "Turn Video Calls on" }
            button.quiet type="submit" name="to" value="no" { "Turn Video Calls off" }
        }
    }
}

fn heading(home: &str, query: &DashboardQuery, sort: DashboardSort, name: &str) -> Markup {
    let sorted = query.sort == sort;
    let descending = sorted && !query.descending;
    let state = match (sorted, query.descending) {
        (false, _) => None,
        (true, false) => Some("ascending"),
        (true, true) => Some("descending"),
    };
    let href = at(home, &DashboardQuery { sort, descending, page: 1, beside: None, ..query.clone() });
    html! {
        th scope="col" aria-sort=[state] {
            a href=(href) {
                (name)
                @match state {
                    Some("ascending") => { span aria-hidden="true" { " ▲" } }
                    Some(_) => { span aria-hidden="true" { " ▼" } }
                    None => {}
                }
            }
        }
    }
}

fn line(visit: &Visit, home: &str, user: Option<&str>, query: &DashboardQuery, row: &DashboardRow) -> Markup {
    let staff = &row.staff;
    let (id, name) = (segment(&staff.id), staff.label());
    html! {
        tr {
            td.tick { input type="checkbox" name="staff" value=(staff.id) form="selected" aria-label={ "Select " (name) }; }
            th scope="row" { a href={ "/staff/" (id) } { (name) } }
            td data-label="E-mail" { (staff.email) }
            td data-label="User name" { (staff.user_name) }
            td data-label="Video Calls" {
                (post(visit, &format!("{home}/staff/{id}"), html! {
                    input type="hidden" name="back" value=(at("", query));
                    input type="hidden" name="to" value=(word(Some(!row.enabled)));
                    button.switch type="submit" role="switch" aria-checked=(row.enabled)
                        aria-label={ "Video Calls of " (name) } { span aria-hidden="true" {} }
                }))
                @if user.is_none() && !row.uses { span.detail { (ELSEWHERE) } }
            }
            @if let Some(user) = user { td data-label=(user) { div { (found(row)) } } }
        }
    }
}

/// Who has another integration than this one.
const ELSEWHERE: &str = "uses another platform";

/// The check mark, or why there is none.
fn found(row: &DashboardRow) -> Markup {
    html! {
        @if row.is_matched() {
            span.matched { span aria-hidden="true" { "✓" } span.hidden { "Matched" } }
            @if let Some(key) = other_key(row) { " " (key) }
        } @else {
            span.unmatched { span aria-hidden="true" { "–" } span.hidden { "Not matched:" } }
            " " (row.explanation().unwrap_or_default())
        }
        @if !row.uses { br; span.detail { (ELSEWHERE) } }
    }
}

/// The user's key, where the staff record does not show it already.
fn other_key(row: &DashboardRow) -> Option<&str> {
    let key = row.found.as_ref()?.user.as_ref()?.key.as_str();
    let shown =
        [&row.staff.email, &row.staff.user_name].iter().any(|text| text.trim().eq_ignore_ascii_case(key));
    (!shown).then_some(key)
}
