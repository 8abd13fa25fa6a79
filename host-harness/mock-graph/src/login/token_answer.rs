//! What a token answer holds.

use aws_lc_rs::error::Unspecified;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::aadsts::Aadsts;
use super::grants::{AccessToken, Grant, Subject};
use crate::application::Application;
use crate::chance::secret;
use crate::clock::later;
use crate::directory::Account;
use crate::journal::hex;
use crate::shared::Shared;
use crate::wire::{Reply, Trace};

const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// The terms of an answer for a user.
pub(super) struct ForUser<'a> {
    pub(super) grant: &'a Grant,
    pub(super) account: &'a Account,
    pub(super) nonce: Option<&'a str>,
    /// The host the request was made to, which is the issuer's.
    pub(super) host: &'a str,
    pub(super) continuous: bool,
    pub(super) client_info: bool,
    /// When the chain of refresh tokens began; `None` leaves the refresh token out.
    pub(super) refresh_token_since: Option<Timestamp>,
}

pub(super) fn for_user(shared: &Shared, terms: &ForUser, trace: &Trace) -> Result<Reply, Aadsts> {
    let grant = terms.grant;
    let permissions = if grant.scopes.wants_default() {
        shared
            .directory
            .installed(&grant.client_id, &grant.tenant, |installed| installed.scopes_of(&grant.user))
            .unwrap_or_default()
    } else {
        grant.scopes.permissions().into_iter().map(str::to_owned).collect()
    };
    let user = &terms.account.user;
    let mut claims = access_claims(shared, &grant.client_id, &grant.tenant, terms.host, trace);
    claims["oid"] = json!(user.id);
    claims["scp"] = json!(permissions.join(" "));
    claims["upn"] = json!(user.user_principal_name);
    claims["name"] = json!(user.display_name);
    if terms.continuous {
        claims["xms_cc"] = json!(["CP1"]);
    }
    let scope = grant.scopes.granted_text(&permissions);
    let token = AccessToken {
        client_id: grant.client_id.clone(),
        tenant: grant.tenant.clone(),
        subject: Subject::User {
            id: user.id.clone(),
            sessions: grant.sessions,
            demands: grant.demands,
            continuous: terms.continuous,
        },
        permissions,
        resource: grant.scopes.resource_host(),
        expires: expiry(shared, trace),
    };
    let mut body = token_body(shared, &claims, token).map_err(unsigned)?;
    body["scope"] = json!(scope);
    if let Some(since) = terms.refresh_token_since {
        let refresh = shared.grants.issue_refresh(grant.clone(), since, trace.at);
        shared.secrets.note_token(&refresh);
        body["refresh_token"] = json!(refresh);
    }
    if grant.scopes.contains("openid") {
        let id_token = shared.key.sign(&id_claims(shared, terms, trace)).map_err(unsigned)?;
        shared.secrets.note(&id_token);
        body["id_token"] = json!(id_token);
    }
    if terms.client_info {
        body["client_info"] = json!(client_info(&grant.tenant, &user.id));
    }
    Ok(finished(&body))
}

pub(super) fn for_application(
    shared: &Shared,
    application: &Application,
    tenant: &str,
    host: &str,
    resource: Option<&'static str>,
    mut roles: Vec<String>,
    trace: &Trace,
) -> Result<Reply, Aadsts> {
    roles.sort();
    let mut claims = access_claims(shared, &application.client_id, tenant, host, trace);
    claims["roles"] = json!(roles);
    claims["idtyp"] = json!("app");
    let token = AccessToken {
        client_id: application.client_id.clone(),
        tenant: tenant.to_owned(),
        subject: Subject::Application,
        permissions: roles,
        resource,
        expires: expiry(shared, trace),
    };
    let body = token_body(shared, &claims, token).map_err(unsigned)?;
    Ok(finished(&body))
}

/// base64url JSON of `uid` and `utid`: what MSAL keys its accounts on.
pub(super) fn client_info(tenant: &str, user: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json!({ "uid": user, "utid": tenant }).to_string())
}

fn token_body(shared: &Shared, claims: &Value, token: AccessToken) -> Result<Value, Unspecified> {
    let access = shared.key.sign(claims)?;
    shared.secrets.note_token(&access);
    shared.grants.keep_access(&access, token);
    let lifetime = shared.config.access_token_lifetime.as_secs();
    Ok(json!({
        "token_type": "Bearer",
        "expires_in": lifetime,
        "ext_expires_in": lifetime,
        "access_token": access,
    }))
}

fn access_claims(shared: &Shared, client_id: &str, tenant: &str, host: &str, trace: &Trace) -> Value {
    let now = trace.at.as_second();
    json!({
        "aud": GRAPH,
        "iss": format!("https://{host}/{tenant}/v2.0"),
        "iat": now,
        "nbf": now,
        "exp": expiry(shared, trace).as_second(),
        "appid": client_id,
        "tid": tenant,
        // Two tokens of the same second must still differ.
        "uti": secret(16),
        "ver": "2.0",
    })
}

fn id_claims(shared: &Shared, terms: &ForUser, trace: &Trace) -> Value {
    let (grant, user) = (terms.grant, &terms.account.user);
    let now = trace.at.as_second();
    let pairwise = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA256,
        format!("{}/{}", grant.client_id, user.id).as_bytes(),
    );
    let mut claims = json!({
        "aud": grant.client_id,
        "iss": format!("https://{}/{}/v2.0", terms.host, grant.tenant),
        "iat": now,
        "nbf": now,
        "exp": expiry(shared, trace).as_second(),
        "sub": hex(pairwise.as_ref()),
        "oid": user.id,
        "tid": grant.tenant,
        "uti": secret(16),
        "ver": "2.0",
    });
    if grant.scopes.contains("profile") {
        claims["name"] = json!(user.display_name);
        claims["preferred_username"] = json!(user.user_principal_name);
    }
    if let (true, Some(mail)) = (grant.scopes.contains("email"), &user.mail) {
        claims["email"] = json!(mail);
    }
    if let Some(nonce) = terms.nonce {
        claims["nonce"] = json!(nonce);
    }
    claims
}

fn expiry(shared: &Shared, trace: &Trace) -> Timestamp {
    later(trace.at, shared.config.access_token_lifetime)
}

fn finished(body: &Value) -> Reply {
    Reply::json(StatusCode::OK, body)
        .with("cache-control", "no-store, no-cache")
        .with("pragma", "no-cache")
        .having_effect()
}

/// Signing does not fail for any reason a client could cause; it looks like an outage to it.
fn unsigned(_: Unspecified) -> Aadsts {
    Aadsts::new(90033)
}
