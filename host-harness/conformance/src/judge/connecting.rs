//! Describing, setting up and signing in.

use video_host::Provider;
use video_host::provider::{Capabilities, Error, NextStep, Parameter, SetupField, SetupKind};
use video_host::store::Purpose;

use super::{Outcome, Stop, holds, refused, succeeded};
use crate::backend::Who;
use crate::bench::{Bench, appointment};

pub(super) async fn describes_the_same(bench: &Bench<'_>) -> Outcome {
    for _ in 0..2 {
        let (_, again) = bench.another_host().await.map_err(Stop::suite)?;
        let (first, second) = (format!("{:?}", bench.description()), format!("{:?}", again.description()));
        holds(first == second, "asked it twice to describe itself", format!("{first}, and then {second}"))?;
    }
    Ok(())
}

pub(super) async fn not_connected(bench: &Bench<'_>) -> Outcome {
    let provider = bench.integration()?;
    let says = |error: &Error| *error == Error::NotConnected;
    let of = |call: &str| format!("called {call} of an integration that was never connected");
    refused(&provider.check().await, says, &of("check"))?;
    let request = appointment(&bench.name("appointment"));
    refused(&provider.create_meeting(&request).await, says, &of("create-meeting"))?;
    if bench.has(Capabilities::RESCHEDULE) {
        refused(&provider.update_meeting(&request).await, says, &of("update-meeting"))?;
    }
    if bench.has(Capabilities::LOOK_UP) {
        let reference = video_host::provider::MeetingReference {
            appointment_id: request.appointment_id,
            meeting_id: None,
            organizer_id: None,
            staff: None,
        };
        refused(&provider.look_up_meetings(&[reference]).await, says, &of("look-up-meetings"))?;
    }
    let begun = bench.begin(&provider, Purpose::Reauthorize, bench.backend.setup()).await?;
    refused(&begun, says, &of("begin-reauthorize"))
}

/// The good setup with one value in the place of another.
fn with(good: &[Parameter], field: &SetupField, value: String) -> Vec<Parameter> {
    let others = good.iter().filter(|parameter| parameter.name != field.name).cloned();
    others.chain([Parameter { name: field.name.clone(), value }]).collect()
}

pub(super) async fn setup(bench: &Bench<'_>) -> Outcome {
    let mut tried = false;
    let good = bench.backend.setup();
    for field in &bench.description().setup {
        let mut wrong = Vec::new();
        match &field.kind {
            SetupKind::Text(most) => {
                wrong.push(("a text that is too long", "x".repeat(*most as usize + 1)));
                if field.required {
                    wrong.push(("nothing", String::new()));
                }
            }
            SetupKind::Choice(_) => wrong.push(("none of the choices", "none-of-the-choices".to_owned())),
            SetupKind::StaffField => {}
        }
        for (what, value) in wrong {
            tried = true;
            let provider = bench.integration()?;
            let begun = bench.begin(&provider, Purpose::Connect, with(&good, field, value)).await?;
            let of_field = |error: &Error| matches!(error, Error::InvalidInput(it) if it.field == field.name);
            refused(&begun, of_field, &format!("began to connect with {what} for `{}`", field.name))?;
        }
    }
    if tried {
        return Ok(());
    }
    Err(Stop::NotApplicable("the setup has no text and no choice".to_owned()))
}

pub(super) async fn connects(bench: &Bench<'_>) -> Outcome {
    let before = bench.backend.meetings();
    let provider = bench.integration()?;
    let ended = bench.authorize(&provider, Purpose::Connect, Who::Account).await?;
    let connection = succeeded(ended, "connected")?;
    let checked = succeeded(provider.check().await, "called check of what was just connected")?;
    holds(
        checked.account == connection.account,
        "connected, and called check",
        format!("{:?}, and then {:?}", connection.account, checked.account),
    )?;
    let made = bench.backend.meetings() - before.min(bench.backend.meetings());
    holds(made == 0, "connected", format!("{made} meetings at the service, which connecting makes none of"))
}

/// Begins to connect, and goes on where the plugin has somebody sign in; gives the `state`.
async fn begun(bench: &Bench<'_>, provider: &Provider) -> Result<Parameter, Stop> {
    let step = bench.begin(provider, Purpose::Connect, bench.backend.setup()).await?;
    let url = match step {
        Ok(NextStep::Visit(url)) => url,
        Ok(NextStep::Connected(_)) => {
            return Err(Stop::NotApplicable("it is connected without a sign-in".to_owned()));
        }
        Err(error) => return Err(Stop::NotJudged(format!("connecting does not begin: {error}"))),
    };
    let back = bench.backend.sign_in(&url, Who::Account).await;
    let parameters = back.map_err(|error| Stop::NotJudged(format!("nobody could sign in: {error:#}")))?;
    let state = parameters.into_iter().find(|parameter| parameter.name == "state");
    state.ok_or_else(|| Stop::NotJudged("the callback has no `state`".to_owned()))
}

/// Broken if there is a connection.
async fn connects_nothing(provider: &Provider, did: &str) -> Outcome {
    refused(
        &provider.check().await,
        |error| *error == Error::NotConnected,
        &format!("{did}, and called check"),
    )
}

pub(super) async fn beginning(bench: &Bench<'_>) -> Outcome {
    let provider = bench.integration()?;
    let before = bench.connect(&provider).await?;
    let request = appointment(&bench.name("appointment"));
    let made = succeeded(provider.create_meeting(&request).await, "made a meeting")?;
    match begun(bench, &provider).await {
        // Nobody signs in, so it is connected once more, with the same setup.
        Ok(_) | Err(Stop::NotApplicable(_)) => {}
        Err(stop) => return Err(stop),
    }
    let did = "began to connect what is connected, and called check";
    let after = succeeded(provider.check().await, did)?;
    holds(
        before.account == after.account,
        did,
        format!("{:?}, and then {:?}", before.account, after.account),
    )?;
    let did = "began to connect what is connected, and asked for the appointment's meeting again";
    let again = succeeded(provider.create_meeting(&request).await, did)?;
    holds(made.join_url == again.join_url, did, format!("{}, and then {}", made.join_url, again.join_url))
}

pub(super) async fn nobody_began(bench: &Bench<'_>) -> Outcome {
    let provider = bench.integration()?;
    let state = bench.state_of_nobody(&provider).await?;
    let code = Parameter { name: "code".to_owned(), value: "a-code-from-nowhere".to_owned() };
    let did = "ended a sign-in that the plugin never began";
    refused(&bench.finish(vec![state, code]).await?, |_| true, did)?;
    connects_nothing(&provider, did).await
}

pub(super) async fn without_an_answer(bench: &Bench<'_>) -> Outcome {
    let provider = bench.integration()?;
    let state = begun(bench, &provider).await?;
    let did = "ended a sign-in with a callback that has nothing but its `state`";
    let fits = |error: &Error| matches!(error, Error::SignInFailed(_) | Error::InvalidInput(_));
    refused(&bench.finish(vec![state]).await?, fits, did)?;
    connects_nothing(&provider, did).await
}

pub(super) async fn declined(bench: &Bench<'_>) -> Outcome {
    let provider = bench.integration()?;
    let state = begun(bench, &provider).await?;
    // RFC 6749, 4.1.2.1.
    let error = Parameter { name: "error".to_owned(), value: "access_denied".to_owned() };
    let did = "ended a sign-in with `error=access_denied`";
    let fits = |error: &Error| matches!(error, Error::SignInFailed(_));
    refused(&bench.finish(vec![state, error]).await?, fits, did)?;
    connects_nothing(&provider, did).await
}
