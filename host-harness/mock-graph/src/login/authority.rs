//! The tenant segment of a path.

use std::sync::Arc;

use super::aadsts::Aadsts;
use crate::directory::TenantInfo;
use crate::shared::Shared;

#[derive(Debug, Clone)]
pub(crate) enum Authority {
    Tenant(Arc<TenantInfo>),
    /// `common` and `organizations`, by name.
    Any(&'static str),
    Consumers,
}

impl Authority {
    /// AADSTS900023 for what cannot be a tenant, AADSTS90002 for what could be and is not.
    pub(crate) fn resolve(shared: &Shared, segment: &str) -> Result<Self, Aadsts> {
        match segment.to_lowercase().as_str() {
            "common" => return Ok(Self::Any("common")),
            "organizations" => return Ok(Self::Any("organizations")),
            "consumers" => return Ok(Self::Consumers),
            _ => {}
        }
        if let Some(tenant) = shared.directory.tenant(segment) {
            return Ok(Self::Tenant(tenant));
        }
        if uuid::Uuid::try_parse(segment).is_ok() || is_domain(segment) {
            Err(Aadsts::saying(
                90002,
                format!(
                    "Tenant '{segment}' not found. Check to make sure you have the correct tenant \
                     ID and are signing into the correct cloud. Check with your subscription \
                     administrator, this may happen if there are no active subscriptions for the \
                     tenant."
                ),
            ))
        } else {
            Err(Aadsts::saying(
                900_023,
                format!(
                    "Specified tenant identifier '{segment}' is neither a valid DNS name, nor a \
                     valid external domain."
                ),
            ))
        }
    }

    /// Tells the paths apart between authorize and token: the tenant's id, however it was named.
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Tenant(tenant) => &tenant.id,
            Self::Any(name) => name,
            Self::Consumers => "consumers",
        }
    }
}

fn is_domain(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}
