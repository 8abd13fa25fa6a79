//! What is around every page.

use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use video_platform::{Action, Actor};

use crate::console::Console;
use crate::gate::Visit;

/// Turns off what a strict content security policy does not allow anyway.
const HTMX: &str =
    r#"{"includeIndicatorStyles":false,"allowEval":false,"selfRequestsOnly":true,"historyCacheSize":0}"#;

/// Where the navigation leads, and who may go there.
const PLACES: [(&str, &str, Action); 7] = [
    ("/schedule", "Schedule", Action::SeeAppointments),
    ("/client-view", "Client View", Action::SeeServices),
    ("/contact-center", "Contact Center", Action::SeeClient),
    ("/staff", "Staff", Action::ListStaff),
    ("/services", "Services", Action::PutService),
    ("/settings/video-calls", "Settings", Action::SeeIntegrations),
    ("/audit-log", "Audit log", Action::ReadAudit),
];

/// A page in the making.
pub(crate) struct Page {
    title: String,
    trail: Vec<(String, String)>,
    body: Markup,
    refresh: bool,
}

impl Page {
    pub(crate) fn new(title: &str) -> Self {
        Self { title: title.to_owned(), trail: Vec::new(), body: html! {}, refresh: false }
    }

    /// A page above this one.
    pub(crate) fn below(mut self, href: &str, name: &str) -> Self {
        self.trail.push((href.to_owned(), name.to_owned()));
        self
    }

    /// What it says.
    pub(crate) fn body(self, body: Markup) -> Self {
        Self { body, ..self }
    }

    /// Is loaded again every two seconds by browsers without scripts.
    pub(crate) fn refreshed(self, refresh: bool) -> Self {
        Self { refresh, ..self }
    }

    /// The page for whoever asked.
    pub(crate) fn shown(self, console: &Console, visit: Option<&Visit>) -> Response {
        let said = visit.and_then(|visit| visit.session.said());
        let here = self.trail.first().map_or("", |(href, _)| href.as_str()).to_owned();
        // A page is not above itself.
        let above: Vec<_> = self.trail.iter().filter(|(_, name)| *name != self.title).collect();
        let markup = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="htmx-config" content=(HTMX);
                    title { (self.title) " · Scheduling" }
                    link rel="stylesheet" href="/assets/console.css";
                    script src="/assets/htmx-2.0.11.min.js" defer {}
                    script src="/assets/console.js" defer {}
                    @if self.refresh { noscript { meta http-equiv="refresh" content="2"; } }
                }
                body {
                    a.skip href="#main" { "Skip to the content" }
                    header.top {
                        a.brand href="/" { "Scheduling" }
                        @if let Some(visit) = visit { (navigation(console, visit, &here, &self.title)) }
                    }
                    main id="main" tabindex="-1" {
                        @if !above.is_empty() {
                            nav.trail aria-label="Where you are" {
                                ol { @for (href, name) in &above { li { a href=(href) { (name) } } } }
                            }
                        }
                        h1 { (self.title) }
                        div.said role="status" { @if let Some(said) = said { p.notice.good { (said) } } }
                        (self.body)
                    }
                }
            }
        };
        Html(markup.into_string()).into_response()
    }
}

fn navigation(console: &Console, visit: &Visit, here: &str, title: &str) -> Markup {
    let acting = console.acting_as(&visit.actor);
    let is_here = |href: &str, name: &str| here.starts_with(href) || title == name;
    html! {
        nav.places aria-label="Main" {
            ul {
                @for (href, name, action) in PLACES {
                    @if acting.allows(action) {
                        li { a href=(href) aria-current=[is_here(href, name).then_some("true")] { (name) } }
                    }
                }
            }
        }
        div.who {
            @if let Some(id) = visit.actor.id() {
                a href={ "/staff/" (super::segment(id)) } { (visit.actor.name()) }
            }
            span.role { (kind(&visit.actor)) }
            (super::post(visit, "/sign-out", html! { button.quiet type="submit" { "Sign out" } }))
        }
    }
}

fn kind(actor: &Actor) -> &'static str {
    actor.kind().label()
}
