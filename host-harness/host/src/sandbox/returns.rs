//! Bounds on what a plugin returns. It is another party's text: it goes into databases, pages and
//! e-mails, so it is checked here, once, for everybody.

use std::collections::BTreeSet;

use crate::egress::{Grant, Purpose};
use crate::provider::{
    AccountMismatch, Choice, Connection, DeadGrant, Description, DirectoryPage, Error, InputError,
    LookUpOutcome, MatchOutcome, Meeting, MeetingOption, Misconfiguration, NextStep, Outage, Refusal,
    SetupKind, SignInError, User,
};
use crate::signing::Links;
use crate::vault::Redactor;

use super::links::join_link;

/// Ids and names, in bytes.
const NAME: usize = 1_024;
/// Sentences, in bytes.
const SENTENCE: usize = 4_096;
/// The URL of a sign-in page, in bytes: it carries scopes and state.
const VISIT: usize = 8_192;
/// Elements of a list that has no other bound.
const LIST: usize = 100;
/// Users of a page, and addresses of a user.
const PAGE: usize = 1_000;
/// The cursor of a page, in bytes: it may be an address with a token in it.
const CURSOR: usize = 8_192;

/// A rule of the contract that an answer breaks.
pub(crate) type Broken = String;

pub(super) fn text(what: &str, text: &str, most: usize) -> Result<(), Broken> {
    if text.len() > most {
        return Err(format!("{what} has {} bytes, more than {most}", text.len()));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(format!("{what} has a control character"));
    }
    Ok(())
}

/// Readers of URLs pass over white space, so that what was checked would not be what people read.
pub(super) fn in_one_piece(what: &str, url: &str) -> Result<(), Broken> {
    if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!("{what} has white space in it"));
    }
    Ok(())
}

fn named(what: &str, value: &str) -> Result<(), Broken> {
    if value.is_empty() {
        return Err(format!("{what} is empty"));
    }
    text(what, value, NAME)
}

fn listed<T>(what: &str, list: &[T], check: impl Fn(&T) -> Result<(), Broken>) -> Result<(), Broken> {
    up_to(LIST, what, list, check)
}

fn up_to<T>(
    most: usize,
    what: &str,
    list: &[T],
    check: impl Fn(&T) -> Result<(), Broken>,
) -> Result<(), Broken> {
    if list.len() > most {
        return Err(format!("{what} has {} elements, more than {most}", list.len()));
    }
    list.iter().try_for_each(check)
}

pub(crate) fn user(user: &User) -> Result<(), Broken> {
    named("a user's id", &user.id)?;
    text("a user's key", &user.key, NAME)?;
    text("a user's name", &user.display_name, NAME)
}

pub(crate) fn connection(connection: &Connection) -> Result<(), Broken> {
    let account = &connection.account;
    named("the account's id", &account.id)?;
    named("the account's tenant", &account.tenant_id)?;
    text("the account's user name", &account.user_name, NAME)?;
    text("the account's display name", &account.display_name, NAME)?;
    listed("scopes", &connection.scopes, |scope| named("a scope", scope))?;
    warnings(&connection.warnings)
}

/// A page that an administrator's browser is sent to: of an identity origin that the operator
/// granted, so that a plugin can send nobody to a page of its own making.
pub(crate) fn next_step(step: &NextStep, grant: &Grant) -> Result<(), Broken> {
    match step {
        NextStep::Connected(connected) => connection(connected),
        NextStep::Visit(url) => {
            text("the sign-in URL", url, VISIT)?;
            in_one_piece("the sign-in URL", url)?;
            let uri = url.parse().map_err(|_| "the sign-in URL is not a URL".to_owned())?;
            grant.permits(&uri, Purpose::Identity).map_err(|denied| format!("the sign-in URL: {denied}"))
        }
    }
}

pub(crate) fn outcomes(outcomes: &[MatchOutcome], keys: usize) -> Result<(), Broken> {
    if outcomes.len() != keys {
        return Err(format!("{} outcomes for {keys} keys", outcomes.len()));
    }
    outcomes.iter().try_for_each(|outcome| match outcome {
        MatchOutcome::Matched(found)
        | MatchOutcome::AliasOf(found)
        | MatchOutcome::Guest(found)
        | MatchOutcome::Disabled(found)
        | MatchOutcome::Unlicensed(found) => user(found),
        MatchOutcome::Ambiguous(users) => listed("ambiguous users", users, user),
        MatchOutcome::NotFound | MatchOutcome::RetryLater(_) => Ok(()),
    })
}

pub(crate) fn directory_page(page: &DirectoryPage) -> Result<(), Broken> {
    up_to(PAGE, "a page of users", &page.entries, |entry| {
        user(&entry.user)?;
        up_to(PAGE, "a user's other keys", &entry.other_keys, |key| text("a user's other key", key, NAME))
    })?;
    page.next.iter().try_for_each(|cursor| text("a page's cursor", cursor, CURSOR))
}

/// Sentences about what is not as it could be.
pub(crate) fn warnings(warnings: &[String]) -> Result<(), Broken> {
    listed("warnings", warnings, |warning| text("a warning", warning, SENTENCE))
}

/// `links` is where the operator lets links lead.
pub(crate) fn meeting(meeting: &Meeting, links: &[Links]) -> Result<(), Broken> {
    named("the meeting's id", &meeting.id)?;
    text("the organizer's id", &meeting.organizer_id, NAME)?;
    join_link(&meeting.join_url, links)?;
    warnings(&meeting.warnings)
}

pub(crate) fn look_ups(outcomes: &[LookUpOutcome], references: usize, links: &[Links]) -> Result<(), Broken> {
    if outcomes.len() != references {
        return Err(format!("{} outcomes for {references} meetings", outcomes.len()));
    }
    outcomes.iter().try_for_each(|outcome| match outcome {
        LookUpOutcome::Found(state) => {
            named("the meeting's id", &state.id)?;
            text("the organizer's id", &state.organizer_id, NAME)?;
            text("the subject", state.subject.as_deref().unwrap_or_default(), NAME)?;
            join_link(&state.join_url, links)
        }
        LookUpOutcome::Unknown(why) => text("a reason", why, SENTENCE),
        LookUpOutcome::Gone | LookUpOutcome::RetryLater(_) => Ok(()),
    })
}

/// A name that is stored and compared: of characters that look the same wherever they are shown.
fn plain_name(what: &str, name: &str) -> Result<(), Broken> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=64).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    Err(format!("{what} must be 1 to 64 characters of a-z, 0-9 and -"))
}

fn choice(choice: &Choice) -> Result<(), Broken> {
    named("a choice", &choice.value)?;
    named("a choice's label", &choice.label)?;
    text("a choice's help", &choice.help, SENTENCE)
}

/// An option whose default is none of its choices could not be shown, nor left alone.
fn meeting_option(option: &MeetingOption) -> Result<(), Broken> {
    plain_name("a meeting option's name", &option.name)?;
    named("a meeting option's label", &option.label)?;
    text("a meeting option's help", &option.help, SENTENCE)?;
    listed("choices", &option.choices, choice)?;
    if !option.choices.iter().any(|choice| choice.value == option.default) {
        return Err(format!("the default of the meeting option {} is none of its choices", option.name));
    }
    Ok(())
}

pub(crate) fn description(description: &Description) -> Result<(), Broken> {
    plain_name("the id", &description.id)?;
    named("the name", &description.name)?;
    named("the version", &description.version)?;
    text("the match key", &description.match_key, NAME)?;
    if !(1..=1_000).contains(&description.best_batch) {
        return Err("the best batch must be 1 to 1,000".to_owned());
    }
    if description.meetings_per_month == Some(0) {
        return Err("a limit of no meetings a month is none".to_owned());
    }
    listed("setup", &description.setup, |field| {
        named("a setup field's name", &field.name)?;
        named("a setup field's label", &field.label)?;
        text("a setup field's help", &field.help, SENTENCE)?;
        match &field.kind {
            SetupKind::Choice(choices) => listed("choices", choices, choice),
            SetupKind::Text(_) | SetupKind::StaffField => Ok(()),
        }
    })?;
    listed("meeting options", &description.meeting_options, meeting_option)?;
    let names: BTreeSet<_> = description.meeting_options.iter().map(|option| &option.name).collect();
    if names.len() < description.meeting_options.len() {
        return Err("two meeting options have the same name".to_owned());
    }
    for (what, origins) in [
        ("API origins", &description.api_origins),
        ("identity origins", &description.identity_origins),
        ("optional API origins", &description.optional_api_origins),
        ("optional identity origins", &description.optional_identity_origins),
    ] {
        listed(what, origins, |origin| named("an origin", origin))?;
    }
    Ok(())
}

pub(crate) fn error(error: &Error) -> Result<(), Broken> {
    match error {
        Error::InvalidInput(input) => {
            named("an error's field", &input.field)?;
            text("an error's message", &input.message, SENTENCE)
        }
        Error::NeedsReauthorization(grant) => text("an error's message", &grant.message, SENTENCE),
        Error::SignInFailed(sign_in) => text("an error's message", &sign_in.message, SENTENCE),
        Error::AccountMismatch(account) => text("an error's message", &account.message, SENTENCE),
        Error::Unavailable(outage) => text("an error's message", &outage.message, SENTENCE),
        Error::Misconfigured(it) => text("an error's message", &it.message, SENTENCE),
        Error::Refused(refusal) => text("an error's message", &refusal.message, SENTENCE),
        Error::NotFound(message) | Error::Internal(message) => text("an error's message", message, SENTENCE),
        Error::NotConnected | Error::Throttled(_) => Ok(()),
    }
}

/// An error whose texts have no secret in them: what was signed for who joins goes into no log and no note.
pub(crate) fn without(error: Error, secrets: &Redactor) -> Error {
    let clean = |text: String| secrets.text(&text).into_owned();
    match error {
        Error::InvalidInput(it) => {
            Error::InvalidInput(InputError { field: clean(it.field), message: clean(it.message), ..it })
        }
        Error::NeedsReauthorization(it) => {
            Error::NeedsReauthorization(DeadGrant { message: clean(it.message), ..it })
        }
        Error::SignInFailed(it) => Error::SignInFailed(SignInError { message: clean(it.message), ..it }),
        Error::AccountMismatch(it) => {
            Error::AccountMismatch(AccountMismatch { message: clean(it.message), ..it })
        }
        Error::Unavailable(it) => Error::Unavailable(Outage { message: clean(it.message), ..it }),
        Error::Misconfigured(it) => {
            Error::Misconfigured(Misconfiguration { message: clean(it.message), ..it })
        }
        Error::Refused(it) => Error::Refused(Refusal { message: clean(it.message), ..it }),
        Error::NotFound(message) => Error::NotFound(clean(message)),
        Error::Internal(message) => Error::Internal(clean(message)),
        Error::NotConnected | Error::Throttled(_) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Capabilities;

    fn option(name: &str, values: &[&str], default: &str) -> MeetingOption {
        let choice = |value: &&str| Choice {
            value: (*value).to_owned(),
            label: (*value).to_owned(),
            help: String::new(),
        };
        MeetingOption {
            name: name.to_owned(),
            label: name.to_owned(),
            help: String::new(),
            choices: values.iter().map(choice).collect(),
            default: default.to_owned(),
        }
    }

    fn offering(meeting_options: Vec<MeetingOption>) -> Result<(), Broken> {
        description(&Description {
            id: "rooms".to_owned(),
            name: "Rooms".to_owned(),
            version: "1".to_owned(),
            setup: Vec::new(),
            meeting_options,
            match_key: String::new(),
            best_batch: 1,
            meetings_per_month: None,
            capabilities: Capabilities::empty(),
            api_origins: Vec::new(),
            identity_origins: Vec::new(),
            optional_api_origins: Vec::new(),
            optional_identity_origins: Vec::new(),
        })
    }

    #[test]
    fn a_plugin_offers_options_with_names_of_their_own_and_a_default_that_can_be_chosen() {
        let lobby = option("lobby", &["everyone", "nobody"], "everyone");
        assert_eq!(offering(vec![lobby.clone(), option("chat", &["on"], "on")]), Ok(()));
        for (wrong, says) in [
            (vec![lobby.clone(), lobby], "same name"),
            (vec![option("lobby", &["everyone"], "nobody")], "none of its choices"),
            (vec![option("lobby", &[], "")], "none of its choices"),
            (vec![option("lobby", &[""], "")], "a choice is empty"),
            (vec![option("", &["x"], "x")], "a-z"),
            (vec![option("the lobby", &["x"], "x")], "a-z"),
        ] {
            let broken = offering(wrong);
            assert!(matches!(&broken, Err(rule) if rule.contains(says)), "{says}: {broken:?}");
        }
    }
}
