//! Which of Microsoft's clouds is spoken to.

use serde::{Serialize, Serializer};

use crate::bindings::provider::{Error, InputProblem};
use crate::bindings::types::Parameter;
use crate::describe::{self, CLOUD_FIELD};
use crate::failure;
use crate::host::Host;

/// The hosts of one cloud ("National clouds", Graph documentation).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cloud {
    /// What it is stored and asked for as.
    pub(crate) name: &'static str,
    /// Origin of the identity platform.
    pub(crate) login: &'static str,
    /// Origin of Microsoft Graph.
    pub(crate) graph: &'static str,
}

/// The worldwide cloud, which also serves GCC.
pub(crate) static GLOBAL: Cloud = Cloud {
    name: "global",
    login: "https://login.microsoftonline.com",
    graph: "https://graph.microsoft.com",
};

/// The clouds that an operator has to grant by themselves.
pub(crate) static NATIONAL: [Cloud; 2] = [
    Cloud {
        name: "us-government",
        login: "https://login.microsoftonline.us",
        graph: "https://graph.microsoft.us",
    },
    Cloud {
        name: "us-dod",
        login: "https://login.microsoftonline.us",
        graph: "https://dod-graph.microsoft.us",
    },
];

/// The cloud in China, whose Graph has no online meetings ("National cloud deployments", Graph).
pub(crate) const CHINA: &str = "china";

impl Cloud {
    /// The cloud of this name, if it is one with online meetings.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        std::iter::once(&GLOBAL).chain(&NATIONAL).find(|cloud| cloud.name == name)
    }

    /// The cloud among the setup values; none if it was not asked for.
    pub(crate) fn asked_for(values: &[Parameter]) -> Result<Option<&'static Self>, Error> {
        let problem = |problem, message| Err(failure::invalid_input(CLOUD_FIELD, problem, message));
        match describe::chosen(values, CLOUD_FIELD) {
            "" => Ok(None),
            CHINA => problem(
                InputProblem::Unsupported,
                "Microsoft's cloud in China offers applications no online meetings.",
            ),
            name => match Self::named(name) {
                Some(cloud) => Ok(Some(cloud)),
                None => problem(InputProblem::Unknown, "Choose one of Microsoft's clouds."),
            },
        }
    }

    /// An address of the identity platform under one tenant.
    pub(crate) fn identity(&self, tenant: &str, path: &str) -> String {
        [self.login, "/", tenant, path].concat()
    }

    /// What the identity platform calls itself in the tokens of one tenant.
    pub(crate) fn issuer(&self, tenant: &str) -> String {
        self.identity(tenant, "/v2.0")
    }

    /// An address of Graph v1.0; `path` starts with a slash.
    pub(crate) fn resource(&self, path: &str) -> String {
        [self.graph, "/v1.0", path].concat()
    }

    /// All that was consented to: the scope of the client credentials flow.
    pub(crate) fn everything(&self) -> String {
        [self.graph, "/.default"].concat()
    }

    /// What a refusal of the host means: the worldwide cloud is what every operator grants.
    pub(crate) fn ungranted(&self, error: Error) -> Error {
        match error {
            Error::Misconfigured(_) if self.name != GLOBAL.name => failure::invalid_input(
                CLOUD_FIELD,
                InputProblem::Unsupported,
                [
                    "The operator of the platform has not granted this cloud. To use it, ",
                    self.graph,
                    " has to be granted for requests and ",
                    self.login,
                    " for signing in.",
                ]
                .concat(),
            ),
            error => error,
        }
    }

    /// Asks the Graph of a national cloud anything, without a credential, to learn whether the host
    /// lets it out; what it answers does not matter.
    pub(crate) fn reach(&self, host: &dyn Host) -> Result<(), Error> {
        if self.name == GLOBAL.name {
            return Ok(());
        }
        let url = self.resource("/me?$select=id");
        match crate::graph::Request::anonymous(url).send(host).map_err(|failure| failure.error) {
            Err(error @ Error::Misconfigured(_)) => Err(self.ungranted(error)),
            _ => Ok(()),
        }
    }
}

impl Serialize for Cloud {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}
