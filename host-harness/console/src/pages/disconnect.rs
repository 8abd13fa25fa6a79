//! Disconnect, with a question before it.

use maud::html;

use super::{At, Shown};

/// Asks whether it is meant.
pub(crate) async fn ask(at: At) -> Shown {
    let title = format!("Disconnect {}?", at.integration.display_name);
    let body = html! {
        p { "The platform forgets its authorization." }
        ul {
            li { "Appointments that are booked keep their links, and their meetings stay." }
            li { "New appointments get no link from it. Staff who use it need another platform." }
            @if at.integration.is_default { li { "It is the default now. There will be none until one is chosen or connected." } }
            li { "It stays listed, and can be connected again." }
        }
        (at.post("disconnect", html! {
            div.buttons {
                button.danger type="submit" { "Disconnect" }
                a.button.quiet href=(at.home) { "Back" }
            }
        }))
    };
    Ok(at.shown(&title, body))
}

/// Does it.
pub(crate) async fn disconnect(at: At) -> Shown {
    at.acting().disconnect(at.id()).await?;
    let name = &at.integration.display_name;
    at.on_home(format!("{name} is disconnected. Appointments keep their links."))
}
