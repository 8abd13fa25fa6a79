//! Tenant ids that cannot be connected: one that is none, and one that Microsoft does not have.

use std::io;

use anyhow::{Result, bail};
use serde::Serialize;
use video_host::CallError;
use video_host::provider::{Error, InputProblem};
use video_platform::ConnectError;

use super::connecting;
use super::promise::Kept;
use super::stage::Stage;
use super::teller::Tell;
use crate::screen::{Screen, Tone};

/// What administrators paste into a field for ids.
const MALFORMED: &str = "contoso.com";
/// A GUID that is nobody's.
const UNKNOWN: &str = "5f0c6b1e-8a5d-4c0e-9d57-0f6f4b1f3c11";

#[derive(Debug, Serialize)]
pub(super) struct Tenants {
    refused: Vec<Refused>,
    kept: Kept,
}

#[derive(Debug, Serialize)]
struct Refused {
    tenant: &'static str,
    answer: String,
    calls: u64,
}

pub(super) async fn refuse(stage: &Stage) -> Result<Tenants> {
    let mut kept = Kept::default();
    let (malformed, problem) = enter(stage, MALFORMED).await?;
    kept.check(
        problem == InputProblem::Malformed && malformed.calls == 0,
        "What cannot be a tenant id was refused before anything was sent.",
        format_args!("{problem:?} after {} requests.", malformed.calls),
    )?;
    let (unknown, problem) = enter(stage, UNKNOWN).await?;
    kept.check(
        problem == InputProblem::Unknown && stage.pages() == 0,
        "A tenant that does not exist was refused before anybody was sent to sign in.",
        format_args!("{problem:?}, and {} pages were opened.", stage.pages()),
    )?;
    let left = stage.platform.integrations().await?;
    kept.check(left.is_empty(), "Neither left an integration behind.", format_args!("{left:?}"))?;
    Ok(Tenants { refused: vec![malformed, unknown], kept })
}

async fn enter(stage: &Stage, tenant: &'static str) -> Result<(Refused, InputProblem)> {
    let before = stage.calls();
    match connecting::begin(stage, tenant).await {
        Err(ConnectError::Call { error: CallError::Provider(Error::InvalidInput(input)), .. }) => {
            let calls = stage.calls() - before;
            Ok((Refused { tenant, answer: input.message, calls }, input.problem))
        }
        Err(error) => bail!("the tenant {tenant} is refused for another reason: {error}"),
        Ok(_) => bail!("the tenant {tenant} is accepted"),
    }
}

impl Tell for Tenants {
    fn tell(&self, screen: &mut Screen) -> io::Result<()> {
        for refused in &self.refused {
            screen.fact("Tenant ID", &screen.paint(Tone::Strong, refused.tenant))?;
            screen.fact("", &refused.answer)?;
        }
        Ok(())
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }
}
