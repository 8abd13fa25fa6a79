//! Whose meetings a call is about, and whether it may touch them.

use std::sync::Arc;

use http::StatusCode;

use super::Call;
use super::access::{require, signed_in_user};
use super::error::GraphError;
use super::route::Who;
use crate::config::PolicyRefusal;
use crate::directory::Account;
use crate::login::Subject;
use crate::organisation::UserType;
use crate::shared::Shared;

/// The organizer a call names. A delegated token works on `/me` only, a token of the application
/// on `/users/{object id}` only, and there only under an application access policy.
pub(super) fn organizer(
    shared: &Shared,
    call: &Call,
    who: &Who,
    writes: bool,
) -> Result<Arc<Account>, GraphError> {
    let account = match (who, &call.token.subject) {
        (Who::Me, _) => {
            let account = signed_in_user(shared, call.token)?;
            let read: &[&str] = &["OnlineMeetings.ReadWrite", "OnlineMeetings.Read"];
            require(call.token, if writes { &read[..1] } else { read })?;
            account
        }
        (Who::User(_), Subject::User { .. }) => {
            return Err(GraphError::new(
                StatusCode::FORBIDDEN,
                "Forbidden",
                "A delegated token can be used for the signed-in user's own meetings only.",
            ));
        }
        (Who::User(key), Subject::Application) => {
            let read: &[&str] = &["OnlineMeetings.ReadWrite.All", "OnlineMeetings.Read.All"];
            require(call.token, if writes { &read[..1] } else { read })?;
            let account = by_object_id(shared, call, key)?;
            if account.user.user_type == UserType::Member {
                policy(shared, call, &account)?;
            }
            account
        }
    };
    if account.user.user_type == UserType::Guest {
        return Err(GraphError::new(StatusCode::FORBIDDEN, "Forbidden", ""));
    }
    if writes && !account.user.teams_licence {
        // Microsoft documents no body for this; the status is what can be relied on.
        return Err(GraphError::new(StatusCode::FORBIDDEN, "Forbidden", ""));
    }
    Ok(account)
}

/// A UPN in place of the object id gives 404.
fn by_object_id(shared: &Shared, call: &Call, key: &str) -> Result<Arc<Account>, GraphError> {
    let not_found = || GraphError::new(StatusCode::NOT_FOUND, "UnknownError", "");
    uuid::Uuid::try_parse(key).map_err(|_| not_found())?;
    shared.directory.account(&call.token.tenant, key).ok_or_else(not_found)
}

fn policy(shared: &Shared, call: &Call, account: &Account) -> Result<(), GraphError> {
    let id = &account.user.id;
    let client = &call.token.client_id;
    let applies = shared
        .directory
        .installed(client, &call.token.tenant, |installed| installed.policy_applies(id, call.trace.at))
        .unwrap_or(false);
    if applies {
        return Ok(());
    }
    let message = "No application access policy found for this app.";
    Err(match shared.config.policy_refusal {
        PolicyRefusal::Forbidden => GraphError::new(StatusCode::FORBIDDEN, "Forbidden", message),
        PolicyRefusal::General => GraphError::new(StatusCode::FORBIDDEN, "General", message),
        PolicyRefusal::Unauthorized => GraphError::new(
            StatusCode::FORBIDDEN,
            "Unauthorized",
            format!("App {client} is not authorized to Create meeting on behalf of user {id}"),
        ),
    })
}
