//! What Microsoft's answers make of an integration.

use anyhow::{Context, Result};
use mock_graph::{Action, Fault, Operation, contoso};
use video_host::provider::GrantProblem;
use video_platform::{BookingError, IntegrationState, Status};

use crate::stage::{Stage, TOKEN_LIFE, booking};

#[tokio::test]
async fn a_dead_grant_is_noted_once_and_a_new_sign_in_clears_it() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let before = stage.platform.book(&booking("before", "adele")).await?;
    stage.world.microsoft.directory().revoke_sessions(contoso::SERVICE_ACCOUNT)?;
    stage.world.advance(TOKEN_LIFE);
    stage.world.microsoft.journal().clear();

    let error = stage.platform.book(&booking("a", "adele")).await.err().context("the grant is dead")?;
    assert!(matches!(error, BookingError::Waiting { .. }), "{error:?}");
    let dead = stage.state(&id).await?;
    let IntegrationState::NeedsReauthorization { cause, message } = &dead else {
        anyhow::bail!("{dead:?}");
    };
    assert_eq!(*cause, GrantProblem::Revoked);
    assert!(!message.is_empty());
    assert_eq!(stage.requests(), 1, "one refresh, refused");

    // From here on nobody asks Microsoft, and everybody is told what to do.
    for id in ["a", "b"] {
        let error = stage.platform.book(&booking(id, "adele")).await.err().context("still dead")?;
        assert!(matches!(error, BookingError::NotUsable { .. }), "{error:?}");
        assert!(error.to_string().contains("reauthorize"), "{error}");
    }
    assert!(stage.platform.rematch(&id, |_| {}).await.is_err());
    assert_eq!(stage.platform.resume().await?.unfinished.len(), 1);
    assert_eq!(stage.requests(), 0);
    assert_eq!(stage.state(&id).await?, dead);
    assert_eq!(stage.appointment("before").await?, before);

    stage.reauthorize(&id).await?;
    assert_eq!(stage.state(&id).await?, IntegrationState::Connected);
    assert_eq!(stage.platform.resume().await?.finished, ["a"]);
    assert_eq!(stage.appointment("a").await?.status, Status::Booked);
    Ok(())
}

#[tokio::test]
async fn a_secret_that_expired_is_the_operators_and_the_next_success_clears_it() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    stage.world.microsoft.directory().change_secret(contoso::CLIENT_ID, "another secret")?;
    stage.world.advance(TOKEN_LIFE);
    let error = stage.platform.book(&booking("a", "adele")).await.err().context("no token")?;
    assert!(matches!(error, BookingError::Waiting { .. }), "{error:?}");
    let standing = stage.state(&id).await?;
    assert!(matches!(standing, IntegrationState::Misconfigured { .. }), "{standing:?}");

    stage.world.microsoft.directory().change_secret(contoso::CLIENT_ID, contoso::CLIENT_SECRET)?;
    assert_eq!(stage.platform.book(&booking("a", "adele")).await?.status, Status::Booked);
    assert_eq!(stage.state(&id).await?, IntegrationState::Connected);
    Ok(())
}

#[tokio::test]
async fn outages_and_throttling_say_nothing_about_the_integration() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let faults = stage.world.microsoft.faults();
    for (operation, action) in [
        (Operation::CreateMeeting, Action::throttled("60")),
        (Operation::CreateMeeting, Action::status(503)),
        (Operation::CreateMeeting, Action::DropBefore),
    ] {
        faults.inject(Fault::once(operation, action.clone()));
        let error = stage.platform.book(&booking("a", "adele")).await.err().context("not booked")?;
        assert!(matches!(error, BookingError::Waiting { .. }), "{action:?}: {error:?}");
        assert_eq!(stage.state(&id).await?, IntegrationState::Connected, "{action:?}");
    }
    // The sign-in service is away when the token has to be renewed.
    stage.world.advance(TOKEN_LIFE);
    faults.inject(Fault::always(Operation::Token, Action::status(503)));
    let error = stage.platform.book(&booking("a", "adele")).await.err().context("no token")?;
    assert!(matches!(error, BookingError::Waiting { .. }), "{error:?}");
    assert_eq!(stage.state(&id).await?, IntegrationState::Connected);
    faults.clear();
    stage.world.advance(TOKEN_LIFE);
    assert_eq!(stage.platform.resume().await?.finished, ["a"]);
    Ok(())
}

#[tokio::test]
async fn a_check_tells_of_a_dead_grant_and_of_a_connection_that_works() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let checked = stage.platform.check(&id).await?;
    assert_eq!(checked.connection.account.user_name, contoso::SERVICE_ACCOUNT);
    stage.world.microsoft.directory().set_enabled(contoso::SERVICE_ACCOUNT, false)?;
    stage.world.advance(TOKEN_LIFE);
    assert!(stage.platform.check(&id).await.is_err());
    let standing = stage.state(&id).await?;
    assert!(
        matches!(
            standing,
            IntegrationState::NeedsReauthorization { cause: GrantProblem::AccountDisabled, .. }
        ),
        "{standing:?}"
    );
    stage.world.microsoft.directory().set_enabled(contoso::SERVICE_ACCOUNT, true)?;
    stage.reauthorize(&id).await?;
    assert_eq!(stage.state(&id).await?, IntegrationState::Connected);
    assert_eq!(stage.platform.check(&id).await?, checked);
    Ok(())
}
