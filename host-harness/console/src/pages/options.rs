//! What is chosen about the meetings of an integration, among what its provider offers.

use axum::extract::{Path, State};
use maud::html;
use video_platform::MeetingOptions;

use super::{Shown, described, integration_at, on_to, settings_of, setup};
use crate::console::Console;
use crate::failure::Failure;
use crate::gate::{Submitted, Visit};
use crate::view::{Field, Page, post};

/// What an option's field is called in the form.
fn name(option: &str) -> String {
    format!("option-{option}")
}

/// Asks.
pub(crate) async fn ask(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let home = settings_of(&integration.id);
    let chosen = console.acting_as(&visit.actor).meeting_options(&integration.id).await?;
    let description = described(&console, &integration.provider);
    let options = description.map(|it| it.meeting_options).unwrap_or_default();
    let page = Page::new("Meeting options")
        .below("/settings/video-calls", "Video Calls")
        .below(&home, &integration.display_name)
        .body(html! {
            p { "These hold for appointments from now on. Those that are booked keep what they were booked with." }
            @if options.is_empty() { p.empty { "The provider offers nothing to choose." } }
            (post(&visit, &format!("{home}/options"), html! {
                @for option in &options {
                    @let name = name(&option.name);
                    @let value = chosen.get(&option.name).unwrap_or(&option.default);
                    (Field::new(&name, &option.label).silent().help(&option.help)
                        .radios(&setup::offered(&option.choices), value))
                }
                div.buttons { button type="submit" { "Save" } a.button.quiet href=(home) { "Back" } }
            }))
        });
    Ok(page.shown(&console, Some(&visit)))
}

/// Saves.
pub(crate) async fn save(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Submitted,
) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let description = described(&console, &integration.provider);
    let description =
        description.ok_or_else(|| Failure::did_not_work(&"The provider's plugin is not loaded."))?;
    let mut chosen = MeetingOptions::new();
    for option in &description.meeting_options {
        let value = sent.get(&name(&option.name));
        // The default is no choice: it may be another one in a later version of the plugin.
        if !value.is_empty() && value != option.default {
            chosen.insert(option.name.clone(), value.to_owned());
        }
    }
    console.acting_as(&visit.actor).set_meeting_options(&integration.id, &chosen).await?;
    on_to(&console, &visit, &settings_of(&integration.id), "The meeting options are saved.")
}
