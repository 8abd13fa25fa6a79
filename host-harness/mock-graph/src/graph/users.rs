//! `/me` and `/users/{id or UPN}`.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::Call;
use super::access::{READ_ME, READ_USERS, require, signed_in_user};
use super::error::GraphError;
use super::user_json::Selection;
use crate::directory::Account;
use crate::login::Subject;
use crate::shared::Shared;
use crate::wire::Reply;

pub(super) fn me(shared: &Shared, call: &Call) -> Result<Reply, GraphError> {
    let account = signed_in_user(shared, call.token)?;
    require(call.token, READ_ME)?;
    entity(call, &account)
}

pub(super) fn one(shared: &Shared, call: &Call, key: &str) -> Result<Reply, GraphError> {
    let found = by_key(shared, call, key);
    let own = matches!(
        (&call.token.subject, &found),
        (Subject::User { id, .. }, Some(account)) if *id == account.user.id
    );
    require(call.token, if own { READ_ME } else { READ_USERS })?;
    let account = found.ok_or_else(|| GraphError::no_such_user(key))?;
    entity(call, &account)
}

/// By object id or UPN, in the tenant of the token.
pub(super) fn by_key(shared: &Shared, call: &Call, key: &str) -> Option<Arc<Account>> {
    shared.directory.people(&call.token.tenant, |people| people.find(key).cloned())?
}

fn entity(call: &Call, account: &Account) -> Result<Reply, GraphError> {
    let selection = Selection::of(call.parameters().get("$select"))?;
    let mut body = serde_json::Map::new();
    let context = format!("{}/$metadata#users{}/$entity", call.base, selection.context());
    body.insert("@odata.context".to_owned(), json!(context));
    body.extend(selection.show(&account.user));
    Ok(Reply::odata(StatusCode::OK, &Value::Object(body)))
}
