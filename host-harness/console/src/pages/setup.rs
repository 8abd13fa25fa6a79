//! The questions of a provider's description, as form fields, and the answers.

use maud::{Markup, html};
use video_host::CallError;
use video_host::provider::{Choice as Offered, Description, Error, Parameter, SetupField, SetupKind};
use video_platform::{ActingError, ConnectError};

use super::integration::match_fields;
use crate::gate::{Submitted, told};
use crate::view::{Choice, Field, capital};

/// What is wrong with what was sent: with a field, by its name, or with all of it.
#[derive(Debug, Clone)]
pub(super) struct Wrong {
    pub(super) field: Option<String>,
    pub(super) message: String,
}

impl Wrong {
    /// What an error says about the answers; or the error itself if no answer would help.
    pub(super) fn of(error: ActingError<ConnectError>) -> Result<Self, ActingError<ConnectError>> {
        let ActingError::Failed(error) = error else { return Err(error) };
        Ok(match error {
            ConnectError::Setup { field, problem, .. } => {
                let problem = format!("{}.", capital(&problem));
                Self { field: Some(field), message: problem }
            }
            ConnectError::Call { error: CallError::Provider(Error::InvalidInput(input)), .. } => {
                Self { field: Some(input.field), message: input.message }
            }
            other => Self { field: None, message: told(&other) },
        })
    }

    /// The message, if it is about this field.
    pub(super) fn about<'a>(wrong: Option<&'a Self>, field: &str) -> Option<&'a str> {
        wrong.filter(|wrong| wrong.field.as_deref() == Some(field)).map(|wrong| wrong.message.as_str())
    }

    /// The message, if it is about none of these fields.
    pub(super) fn elsewhere<'a>(wrong: Option<&'a Self>, fields: &[&str]) -> Option<&'a str> {
        let wrong = wrong?;
        let shown = wrong.field.as_deref().is_some_and(|field| fields.contains(&field));
        (!shown).then_some(wrong.message.as_str())
    }
}

/// The field in which a staff field is chosen, if the provider asks for one.
pub(super) fn staff_field(description: &Description) -> Option<&SetupField> {
    description.setup.iter().find(|field| matches!(field.kind, SetupKind::StaffField))
}

/// The fields that are asked for: all of them, or those of Reauthorize.
pub(super) fn asked(description: &Description, again: bool) -> Vec<&SetupField> {
    let for_again = |field: &&SetupField| field.asked_again && !matches!(field.kind, SetupKind::StaffField);
    description.setup.iter().filter(|field| !again || for_again(field)).collect()
}

/// The form's fields, filled with what was sent.
pub(super) fn fields(asked: &[&SetupField], sent: &Submitted, wrong: Option<&Wrong>) -> Markup {
    let names: Vec<&str> = asked.iter().map(|field| field.name.as_str()).collect();
    html! {
        @if let Some(message) = Wrong::elsewhere(wrong, &names) {
            p.notice.bad role="alert" { (message) }
        }
        @for field in asked { (input(field, sent.get(&field.name), wrong)) }
    }
}

fn input(field: &SetupField, value: &str, wrong: Option<&Wrong>) -> Markup {
    let error = Wrong::about(wrong, &field.name);
    let mut shown = Field::new(&field.name, &field.label).help(&field.help).error(error);
    if field.required {
        shown = shown.required();
    }
    match &field.kind {
        SetupKind::Text(_) => shown.text("text", value),
        SetupKind::Choice(choices) => shown.radios(&offered(choices), value),
        SetupKind::StaffField => shown.select(&match_fields(), value),
    }
}

/// A provider's choices.
pub(super) fn offered(choices: &[Offered]) -> Vec<Choice> {
    let one = |choice: &Offered| Choice {
        value: choice.value.clone(),
        label: choice.label.clone(),
        help: choice.help.clone(),
    };
    choices.iter().map(one).collect()
}

/// The answers, those left empty left out.
pub(super) fn values(asked: &[&SetupField], sent: &Submitted) -> Vec<Parameter> {
    let answers = asked.iter().filter(|field| !matches!(field.kind, SetupKind::StaffField));
    let given =
        answers.map(|field| Parameter { name: field.name.clone(), value: sent.get(&field.name).to_owned() });
    given.filter(|given| !given.value.is_empty()).collect()
}
