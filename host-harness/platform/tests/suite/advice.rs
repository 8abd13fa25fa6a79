//! What the administrator reads for each state and cause, and which button stands beside it.

use std::fmt::Write as _;

use video_host::provider::{GrantProblem as G, MisconfigurationProblem as M, RefusalProblem as R};
use video_platform::{Asked, Integration, IntegrationState as S, Unavailable};

use crate::script::Stage;

#[tokio::test]
async fn every_state_and_cause_has_a_sentence_and_a_next_step() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    let connected = stage.platform.integration(&id).await?.unwrap();
    let message = || "(What the provider said.)".to_owned();
    let mut states = vec![S::Connected, S::Pending, S::Disconnected];
    states.extend(
        [
            G::Revoked,
            G::Expired,
            G::PasswordChanged,
            G::MultiFactorRequired,
            G::BlockedByPolicy,
            G::ConsentWithdrawn,
            G::AccountDisabled,
            G::ClaimsChallenge,
            G::Other,
        ]
        .map(|cause| S::NeedsReauthorization { cause, message: message() }),
    );
    states.extend(
        [
            M::ClientAuthentication,
            M::ClientAuthenticationExpired,
            M::UnknownClient,
            M::RedirectUri,
            M::Host,
            M::Other,
        ]
        .map(|cause| S::Misconfigured { cause, message: message() }),
    );
    states.extend([R::Policy, R::Licence, R::Permission, R::Other].map(|cause| S::Refused {
        cause,
        asked: Asked::Meetings,
        message: message(),
    }));
    let mut table = String::new();
    for state in states {
        let cause = state.cause().map(|cause| format!(" {cause:?}")).unwrap_or_default();
        let title = format!("{:?}{cause}", state.kind());
        tell(&mut table, &title, &Integration { state, ..connected.clone() })?;
    }
    for (title, until) in [("until", Some(1_796_115_660_000)), ("without an end", None)] {
        let unavailable = Some(Unavailable { since: 1_796_115_600_000, until, message: message() });
        tell(
            &mut table,
            &format!("Connected, unavailable {title}"),
            &Integration { unavailable, ..connected.clone() },
        )?;
    }
    // Waiting would not mend a dead grant.
    let unavailable = Some(Unavailable { since: 0, until: None, message: message() });
    let dead = S::NeedsReauthorization { cause: G::Revoked, message: message() };
    tell(
        &mut table,
        "NeedsReauthorization, unavailable",
        &Integration { state: dead, unavailable, ..connected },
    )?;
    insta::assert_snapshot!(table);
    Ok(())
}

fn tell(table: &mut String, title: &str, integration: &Integration) -> anyhow::Result<()> {
    let advice = integration.advice();
    writeln!(table, "{title}\n    {}", advice.sentence)?;
    if let Some(detail) = &advice.detail {
        writeln!(table, "    {detail}")?;
    }
    writeln!(table, "    {}", advice.instruction.as_deref().unwrap_or("–"))?;
    writeln!(table, "    [{:?}]\n", advice.remedy)?;
    Ok(())
}
