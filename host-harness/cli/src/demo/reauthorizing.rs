//! A new sign-in for the connected account: first with another one, then with the right one.

use std::io;

use anyhow::{Context as _, Result, bail};
use mock_graph::contoso as registered;
use serde::Serialize;
use video_host::CallError;
use video_host::provider::{Error, Mismatch, NextStep};
use video_platform::{ConnectError, Finished, IntegrationState};

use super::booking::Booked;
use super::connecting::{self, Connected, Standing};
use super::promise::Kept;
use super::stage::{SESSION, Stage};
use super::teller::Tell;
use crate::contoso;
use crate::screen::{Screen, Tone};

#[derive(Debug, Serialize)]
pub(super) struct Reauthorized {
    wrong_account: &'static str,
    refusal: String,
    right_account: String,
    link: String,
    standing: Standing,
    kept: Kept,
}

pub(super) async fn reauthorize(
    stage: &Stage,
    connected: &Connected,
    booked: &Booked,
) -> Result<Reauthorized> {
    let mut kept = Kept::default();
    let before = authorization_in_use(stage, connected).await?;
    let refusal =
        match sign_in(stage, connected, contoso::OTHER_ACCOUNT).await? {
            Err(ConnectError::Call {
                error: CallError::Provider(Error::AccountMismatch(refused)), ..
            }) if refused.mismatch == Mismatch::OtherAccount => refused.message,
            Err(error) => bail!("the wrong account is refused for another reason: {error}"),
            Ok(_) => bail!("this promise does not hold: another account is refused. It was accepted."),
        };
    let after = authorization_in_use(stage, connected).await?;
    unchanged(stage, connected, &mut kept, "It was refused, and the connection still has its account.")
        .await?;
    kept.check(
        before == after,
        "The old authorization is still the one in use.",
        format_args!("calls carry another one."),
    )?;

    let Finished::Reauthorized { .. } = sign_in(stage, connected, contoso::SERVICE_ACCOUNT).await?? else {
        bail!("the sign-in was taken for another connection")
    };
    let renewed = authorization_in_use(stage, connected).await?;
    unchanged(stage, connected, &mut kept, "With the right account it succeeded, for the same account.")
        .await?;
    kept.check(
        renewed != before,
        "The new authorization is in use.",
        format_args!("calls still carry the old one."),
    )?;
    let stored = stage.appointment(&booked.appointment).await?;
    kept.same_link("The appointment's link stands.", &booked.link, stored.link.as_deref())?;
    let meetings = stage.meetings_at(&booked.link).len();
    kept.check(meetings == 1, "Microsoft still has its meeting.", format_args!("{meetings} of it."))?;
    Ok(Reauthorized {
        wrong_account: contoso::OTHER_ACCOUNT,
        refusal,
        right_account: connected.account.clone(),
        link: stored.link.unwrap_or_default(),
        standing: Standing::of(stage, &connected.integration).await?,
        kept,
    })
}

/// Begins to reauthorize and signs in as `user`.
async fn sign_in(stage: &Stage, connected: &Connected, user: &str) -> Result<Result<Finished, ConnectError>> {
    let values = connecting::tenant_value(stage, registered::TENANT_ID);
    let id = &connected.integration;
    let step = stage.platform.start_reauthorize(id, values, SESSION, registered::REDIRECT_URI).await?;
    let NextStep::Visit(url) = step else { bail!("the plugin asks for no sign-in") };
    let parameters = stage.sign_in(&url, user).await?;
    Ok(stage.platform.finish_callback(SESSION, parameters).await)
}

/// Asks Microsoft who is connected, and gives the digest of the authorization that the call carried.
async fn authorization_in_use(stage: &Stage, connected: &Connected) -> Result<String> {
    stage.platform.check(&connected.integration).await?;
    let requests = stage.microsoft.journal().requests();
    let last = requests.into_iter().rev().find_map(|request| request.authorization_sha256);
    last.context("no call carried an authorization")
}

async fn unchanged(stage: &Stage, connected: &Connected, kept: &mut Kept, promise: &str) -> Result<()> {
    let now = connecting::integration(stage, &connected.integration).await?;
    let account = now.account.map(|account| account.id);
    kept.check(
        now.state == IntegrationState::Connected && account.as_ref() == Some(&connected.account_id),
        promise,
        format_args!("{:?} with the account {account:?}.", now.state),
    )
}

impl Tell for Reauthorized {
    fn tell(&self, screen: &mut Screen) -> io::Result<()> {
        screen.fact("Wrong account", self.wrong_account)?;
        screen.fact("Refused", &screen.paint(Tone::Bad, &self.refusal))?;
        screen.fact("Right account", &self.right_account)?;
        self.standing.tell(screen)?;
        screen.link("Link", &self.link)
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }
}
