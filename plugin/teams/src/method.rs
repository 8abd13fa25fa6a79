//! The two ways in which meetings are organised.

use serde::Serialize;

use crate::bindings::provider::{Error, InputProblem};
use crate::bindings::types::Parameter;
use crate::describe::{self, METHOD_FIELD};
use crate::failure;

/// Who organises the meetings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Method {
    /// One account of the organisation, which signs in once (delegated).
    ServiceAccount,
    /// Each staff member, by the application alone, within an application access policy.
    AccessPolicy,
}

impl Method {
    /// What it is stored and asked for as.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ServiceAccount => "service-account",
            Self::AccessPolicy => "access-policy",
        }
    }

    /// The name of the credential with which Graph is asked. Each method has its own, so that a change
    /// from one to the other is made by the one write of the record.
    pub(crate) fn credential(self) -> &'static str {
        match self {
            Self::ServiceAccount => "account",
            Self::AccessPolicy => "application",
        }
    }

    /// The other method.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::ServiceAccount => Self::AccessPolicy,
            Self::AccessPolicy => Self::ServiceAccount,
        }
    }

    /// The method of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::ServiceAccount, Self::AccessPolicy].into_iter().find(|method| method.name() == name)
    }

    /// The method among the setup values; none if it was not asked for.
    pub(crate) fn asked_for(values: &[Parameter]) -> Result<Option<Self>, Error> {
        match describe::chosen(values, METHOD_FIELD) {
            "" => Ok(None),
            name => Self::named(name).map(Some).ok_or_else(|| {
                let message = "Choose who organises the meetings.";
                failure::invalid_input(METHOD_FIELD, InputProblem::Unknown, message)
            }),
        }
    }
}
