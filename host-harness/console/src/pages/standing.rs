//! How an integration is, why, and the button that mends it.

use maud::{Markup, html};
use video_platform::{Integration, Remedy, StateKind};

use super::settings_of;
use crate::gate::Visit;
use crate::view::{moment, post};

/// What people call the state, and its tone.
fn label(integration: &Integration) -> (&'static str, &'static str) {
    match integration.state.kind() {
        StateKind::Connected if integration.unavailable.is_some() => UNAVAILABLE,
        kind => state(kind),
    }
}

/// What people call an outage, and its tone.
pub(super) const UNAVAILABLE: (&str, &str) = ("Not available", "warn");

pub(super) fn state(kind: StateKind) -> (&'static str, &'static str) {
    match kind {
        StateKind::Connected => ("Connected", "good"),
        StateKind::Pending => ("Sign-in not finished", "warn"),
        StateKind::NeedsReauthorization => ("Needs reauthorization", "bad"),
        StateKind::Misconfigured => ("Misconfigured", "bad"),
        StateKind::Refused => ("Refused", "bad"),
        StateKind::Disconnected => ("Disconnected", "off"),
    }
}

/// The state in a word.
pub(super) fn badge(integration: &Integration) -> Markup {
    let (label, tone) = label(integration);
    html! { span class={ "badge " (tone) } { (label) } }
}

/// The state in sentences, with the button of its remedy.
pub(super) fn card(visit: &Visit, integration: &Integration) -> Markup {
    let advice = integration.advice();
    let (_, tone) = label(integration);
    let home = settings_of(&integration.id);
    let check = || {
        post(visit, &format!("{home}/check"), html! { button.quiet type="submit" { "Check the connection" } })
    };
    html! {
        section class={ "standing " (tone) } aria-labelledby="standing" {
            h2 id="standing" { "Connection: " (badge(integration)) }
            p { (advice.sentence) }
            @if let Some(detail) = &advice.detail { p.detail { (detail) } }
            @if let Some(instruction) = &advice.instruction { p { strong { (instruction) } } }
            p.detail {
                "Since " (moment(integration.since)) "."
                @if let Some(success) = integration.last_success { " It last worked at " (moment(success)) "." }
            }
            div.buttons {
                @match advice.remedy {
                    Remedy::Connect => { a.button href={ "/settings/video-calls/new/" (integration.provider) } { "Connect again" } }
                    Remedy::Reauthorize | Remedy::GrantPermission => {
                        a.button href={ (home) "/reauthorize" } { "Reauthorize" }
                    }
                    Remedy::Nothing | Remedy::Wait { .. } | Remedy::FixRegistration | Remedy::FixHost
                    | Remedy::GrantPolicy { .. } | Remedy::AssignLicence | Remedy::AskProvider => {}
                }
                @match integration.state.kind() {
                    StateKind::Pending | StateKind::Disconnected => {}
                    _ => { (check()) }
                }
            }
        }
    }
}
