//! How integrations come, change and go.

use std::time::Duration;

use video_host::provider::{
    Error, GrantProblem, MisconfigurationProblem, Parameter, SetupField, SetupKind, SignInError,
    SignInProblem,
};
use video_platform::{ConnectError, Entitlement, Finished, IntegrationState, MatchField, Setup};

use crate::script::{Stage, connection, dead, misconfigured, outage, refused, request};

#[tokio::test]
async fn the_first_integration_that_connects_becomes_the_default_and_the_second_does_not()
-> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let (id, answer) = stage.begin().await?;
    let pending = stage.platform.integration(&id).await?.unwrap();
    assert_eq!((pending.state, pending.is_default), (IntegrationState::Pending, false));

    let finished = stage.callback(&answer).await?;
    assert_eq!(finished, Finished::Connected { integration: id.clone(), connection: connection() });
    let first = stage.platform.integration(&id).await?.unwrap();
    assert_eq!((first.state, first.is_default), (IntegrationState::Connected, true));
    assert_eq!(first.account, Some(connection().account));
    assert!(first.last_success.is_some());

    stage.platform.set_entitlement(Entitlement::MultipleIntegrations, true).await?;
    let second = stage.connect().await?;
    assert!(!stage.platform.integration(&second).await?.unwrap().is_default);
    stage.platform.set_default(&second).await?;
    assert!(!stage.platform.integration(&id).await?.unwrap().is_default);
    assert!(stage.platform.integration(&second).await?.unwrap().is_default);
    Ok(())
}

#[tokio::test]
async fn a_connection_that_fails_leaves_nothing_behind() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let values = vec![Parameter { name: "tenant-id".to_owned(), value: "refuse".to_owned() }];
    let setup = Setup { match_field: MatchField::Email, values };
    let error = stage.platform.start_connect("microsoft-teams", setup, "s", "https://p").await.unwrap_err();
    assert_eq!(error.to_string(), "Microsoft Teams: No.");
    assert_eq!(stage.script.take_calls(), ["forget"]);

    let cancelled =
        SignInError { problem: SignInProblem::Cancelled, message: "You cancelled the sign-in.".to_owned() };
    stage.script.connections.lock().unwrap().push_back(Err(Error::SignInFailed(cancelled)));
    let (_, answer) = stage.begin().await?;
    let error = stage.callback(&answer).await.unwrap_err();
    assert_eq!(error.to_string(), "Microsoft Teams: You cancelled the sign-in.");
    assert_eq!(stage.script.take_calls(), ["forget"]);
    assert!(stage.platform.integrations().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_sign_in_that_nobody_finished_is_removed_after_an_hour() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    stage.begin().await?;
    assert_eq!(stage.platform.discard_abandoned().await?, 0);
    stage.clock.advance(Duration::from_mins(61));
    assert_eq!(stage.platform.discard_abandoned().await?, 1);
    assert!(stage.platform.integrations().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn setup_is_checked_before_anything_is_stored() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    stage.script.description.lock().unwrap().setup = vec![SetupField {
        name: "tenant-id".to_owned(),
        label: "Tenant ID".to_owned(),
        help: String::new(),
        required: true,
        asked_again: true,
        kind: SetupKind::Text(3),
    }];
    for (value, expected) in [("", "Tenant ID: fill this in"), ("long", "Tenant ID: at most 3 characters")] {
        let values = vec![Parameter { name: "tenant-id".to_owned(), value: value.to_owned() }];
        let setup = Setup { match_field: MatchField::Email, values };
        let error =
            stage.platform.start_connect("microsoft-teams", setup, "s", "https://p").await.unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    assert!(stage.platform.integrations().await?.is_empty());
    assert!(stage.script.take_calls().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_dead_grant_is_noted_once_and_outages_change_nothing_and_a_success_clears_it() -> anyhow::Result<()>
{
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    let health = async || anyhow::Ok(stage.platform.integration(&id).await?.unwrap().state);
    let fail = async |error: Error| {
        stage.script.connections.lock().unwrap().push_back(Err(error));
        stage.platform.check(&id).await.unwrap_err()
    };

    fail(outage()).await;
    fail(Error::Throttled(Some(1))).await;
    assert_eq!(health().await?, IntegrationState::Connected);

    fail(misconfigured("The client id is wrong.")).await;
    assert_eq!(
        health().await?,
        IntegrationState::Misconfigured {
            cause: MisconfigurationProblem::UnknownClient,
            message: "The client id is wrong.".to_owned()
        }
    );
    fail(dead()).await;
    let needs = IntegrationState::NeedsReauthorization {
        cause: GrantProblem::PasswordChanged,
        message: "The password of video@contoso.com was changed.".to_owned(),
    };
    assert_eq!(health().await?, needs);
    fail(misconfigured("Later.")).await;
    assert_eq!(health().await?, needs);

    stage.platform.check(&id).await?;
    assert_eq!(health().await?, IntegrationState::Connected);
    Ok(())
}

#[tokio::test]
async fn reauthorizing_with_the_wrong_account_keeps_the_integration_and_the_right_one_mends_it()
-> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    stage.script.connections.lock().unwrap().push_back(Err(dead()));
    stage.platform.check(&id).await.unwrap_err();
    for refusing in [true, false] {
        let step = stage.platform.start_reauthorize(&id, vec![], "session", "https://p").await?;
        let video_host::provider::NextStep::Visit(answer) = step else { anyhow::bail!("no sign-in") };
        if refusing {
            stage.script.connections.lock().unwrap().push_back(Err(refused("Another account.")));
            stage.callback(&answer).await.unwrap_err();
            let kept = stage.platform.integration(&id).await?.unwrap();
            assert!(matches!(kept.state, IntegrationState::NeedsReauthorization { .. }));
        } else {
            let finished = stage.callback(&answer).await?;
            assert!(matches!(finished, Finished::Reauthorized { integration, .. } if integration == id));
        }
    }
    assert_eq!(stage.platform.integration(&id).await?.unwrap().state, IntegrationState::Connected);
    Ok(())
}

#[tokio::test]
async fn a_disconnected_integration_stays_listed_with_its_appointments_and_cannot_be_used()
-> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    let booked = stage.platform.book(&request("a", "ann")).await?;
    stage.platform.disconnect(&id).await?;
    stage.platform.disconnect(&id).await?;
    assert_eq!(stage.script.take_calls(), ["create a", "disconnect", "forget", "disconnect", "forget"]);
    let listed = stage.platform.integrations().await?;
    assert_eq!((listed.len(), &listed[0].state), (1, &IntegrationState::Disconnected));
    assert_eq!(stage.platform.appointment("a").await?, Some(booked));
    assert!(matches!(stage.platform.check(&id).await, Err(ConnectError::NotUsable { .. })));
    // The next one that connects is the default again.
    let next = stage.connect().await?;
    assert!(stage.platform.integration(&next).await?.unwrap().is_default);
    Ok(())
}
