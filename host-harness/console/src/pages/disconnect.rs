//! Disconnect, with a question before it.

use axum::extract::{Path, State};
use maud::html;

use super::{Shown, integration_at, on_to, settings_of};
use crate::console::Console;
use crate::gate::Visit;
use crate::view::{Page, post};

/// Asks whether it is meant.
pub(crate) async fn ask(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let home = settings_of(&integration.id);
    let title = format!("Disconnect {}?", integration.display_name);
    let page = Page::new(&title)
        .below("/settings/video-calls", "Video Calls")
        .below(&home, &integration.display_name)
        .body(html! {
            p { "The platform forgets its authorization." }
            ul {
                li { "Appointments that are booked keep their links, and their meetings stay." }
                li { "New appointments get no link from it. Staff who use it need another platform." }
                @if integration.is_default { li { "It is the default now. There will be none until one is chosen or connected." } }
                li { "It stays listed, and can be connected again." }
            }
            (post(&visit, &format!("{home}/disconnect"), html! {
                div.buttons {
                    button.danger type="submit" { "Disconnect" }
                    a.button.quiet href=(home) { "Back" }
                }
            }))
        });
    Ok(page.shown(&console, Some(&visit)))
}

/// Does it.
pub(crate) async fn disconnect(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    console.acting_as(&visit.actor).disconnect(&integration.id).await?;
    let message = format!("{} is disconnected. Appointments keep their links.", integration.display_name);
    on_to(&console, &visit, &settings_of(&integration.id), message)
}
