//! What is chosen about the meetings of an integration, among what its provider offers.

use maud::html;
use video_platform::MeetingOptions;

use super::{At, Shown, setup};
use crate::failure::Failure;
use crate::gate::Submitted;
use crate::view::Field;

/// What an option's field is called in the form.
fn name(option: &str) -> String {
    format!("option-{option}")
}

/// Asks.
pub(crate) async fn ask(at: At) -> Shown {
    let chosen = at.acting().meeting_options(at.id()).await?;
    let options = at.described().map(|it| it.meeting_options).unwrap_or_default();
    let body = html! {
        p { "These hold for appointments from now on. Those that are booked keep what they were booked with." }
        @if options.is_empty() {
            p.empty { "The provider offers nothing to choose." }
            div.buttons { a.button.quiet href=(at.home) { "Back" } }
        } @else {
            (at.post("options", html! {
                @for option in &options {
                    @let name = name(&option.name);
                    @let value = chosen.get(&option.name).unwrap_or(&option.default);
                    (Field::new(&name, &option.label).silent().help(&option.help)
                        .radios(&setup::offered(&option.choices), value))
                }
                div.buttons { button type="submit" { "Save" } a.button.quiet href=(at.home) { "Back" } }
            }))
        }
    };
    Ok(at.shown("Meeting options", body))
}

/// Saves.
pub(crate) async fn save(at: At, sent: Submitted) -> Shown {
    let missing = || Failure::did_not_work(&"The provider's plugin is not loaded.");
    let description = at.described().ok_or_else(missing)?;
    let mut chosen = MeetingOptions::new();
    for option in &description.meeting_options {
        let value = sent.get(&name(&option.name));
        // The default is no choice: it may be another one in a later version of the plugin.
        if !value.is_empty() && value != option.default {
            chosen.insert(option.name.clone(), value.to_owned());
        }
    }
    at.acting().set_meeting_options(at.id(), &chosen).await?;
    at.on_home("The meeting options are saved.")
}
