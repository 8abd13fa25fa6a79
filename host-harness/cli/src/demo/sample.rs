//! Contoso's platform, connected to the stand-in: what a command works on that was given nothing else.

use std::path::PathBuf;

use anyhow::Result;
use video_platform::{IntegrationId, Platform};

use super::connecting;
use super::stage::Stage;
use crate::arguments::DemoOptions;

/// A platform with the staff of a file, connected.
pub(crate) struct Sample {
    stage: Stage,
    integration: IntegrationId,
    /// Rows of the file that were left out, each with its line.
    pub(crate) rejected: Vec<String>,
}

impl Sample {
    /// Imports the staff file and connects, with the plugin of a manifest or the one that is built in.
    pub(crate) async fn open(staff: PathBuf, manifest: Option<PathBuf>) -> Result<Self> {
        let options = DemoOptions { staff: Some(staff), manifest, ..DemoOptions::default() };
        let (stage, setting) = Stage::open(&options).await?;
        let integration = connecting::connect(&stage).await?.integration;
        Ok(Self { stage, integration, rejected: setting.rejected_rows })
    }

    pub(crate) fn platform(&self) -> &Platform {
        &self.stage.platform
    }

    pub(crate) fn integration(&self) -> &IntegrationId {
        &self.integration
    }

    /// Requests to Microsoft so far.
    pub(crate) fn calls(&self) -> u64 {
        self.stage.calls()
    }

    pub(crate) async fn close(self) {
        self.stage.microsoft.shutdown().await;
    }
}
