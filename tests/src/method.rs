//! The two ways in which the Teams plugin is connected, for suites that do everything in both.

use anyhow::{Result, bail};
use mock_graph::{MockGraph, contoso};
use video_host::provider::{Connection, NextStep, Parameter};
use video_host::store::Purpose;

use crate::{SESSION, World, setup_values};

/// Who organises the meetings, and how that was allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// One account signed in and organises all meetings.
    ServiceAccount,
    /// An administrator consented, and staff organise their own within an application access policy.
    AccessPolicy,
}

impl Method {
    /// Both.
    pub const ALL: [Self; 2] = [Self::ServiceAccount, Self::AccessPolicy];

    /// As the plugin's setup calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ServiceAccount => "service-account",
            Self::AccessPolicy => "access-policy",
        }
    }

    /// What the administrator of Contoso enters to connect in this way.
    pub fn setup_values(self) -> Vec<Parameter> {
        let mut values = setup_values(contoso::TENANT_ID);
        values.push(Parameter { name: "method".to_owned(), value: self.name().to_owned() });
        values
    }

    /// Who signs in at Microsoft.
    pub fn signs_in(self) -> &'static str {
        match self {
            Self::ServiceAccount => contoso::SERVICE_ACCOUNT,
            Self::AccessPolicy => contoso::ADMINISTRATOR,
        }
    }

    /// What has to be done at Microsoft once the connection stands: grants the access policy for the
    /// whole tenant. It applies after the stand-in's `policy_delay`.
    pub fn prepare(self, microsoft: &MockGraph) -> Result<()> {
        if self == Self::AccessPolicy {
            let directory = microsoft.directory();
            directory.grant_access_policy(contoso::CLIENT_ID, contoso::TENANT_ID, None)?;
        }
        Ok(())
    }
}

impl World {
    /// Begins a sign-in of this method, goes through Microsoft's pages, and gives the callback's
    /// parameters.
    pub async fn signed_in(
        &self,
        method: Method,
        integration: &str,
        purpose: Purpose,
    ) -> Result<Vec<Parameter>> {
        let provider = self.teams_on(integration)?;
        let (values, redirect_uri) = (method.setup_values(), contoso::REDIRECT_URI);
        let step = self.host.begin(&provider, purpose, SESSION, values, redirect_uri).await?;
        let NextStep::Visit(url) = step else { bail!("Teams needs a sign-in") };
        self.sign_in(&url, method.signs_in()).await
    }

    /// Connects or reauthorizes an integration by this method.
    pub async fn authorize_by(
        &self,
        method: Method,
        integration: &str,
        purpose: Purpose,
    ) -> Result<Connection> {
        let parameters = self.signed_in(method, integration, purpose).await?;
        Ok(self.finish(parameters).await?)
    }
}
