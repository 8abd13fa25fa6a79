//! Discovery documents, with endpoints under the host that was asked.

use http::StatusCode;
use serde_json::json;

use super::authority::Authority;
use crate::shared::Shared;
use crate::wire::{Form, Incoming, Reply, Trace};

/// `{tenant}/v2.0/.well-known/openid-configuration`. The issuer of `common` and `organizations`
/// is the literal `…/{tenantid}/v2.0`.
pub(super) fn configuration(shared: &Shared, segment: &str, incoming: &Incoming, trace: &Trace) -> Reply {
    let authority = match Authority::resolve(shared, segment) {
        Ok(authority) => authority,
        Err(error) => return error.on_discovery().reply(trace),
    };
    let issuing = match &authority {
        Authority::Any(_) => "{tenantid}",
        Authority::Consumers => crate::organisation::PERSONAL_ACCOUNTS_TENANT,
        Authority::Tenant(tenant) => &tenant.id,
    };
    let base = format!("https://{}", incoming.authority);
    let tenant = authority.key();
    Reply::json(
        StatusCode::OK,
        &json!({
            "token_endpoint": format!("{base}/{tenant}/oauth2/v2.0/token"),
            "token_endpoint_auth_methods_supported":
                ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": format!("{base}/{tenant}/discovery/v2.0/keys"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": format!("{base}/{issuing}/v2.0"),
            "request_uri_parameter_supported": false,
            "authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/authorize"),
            "http_logout_supported": true,
            "frontchannel_logout_supported": true,
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce",
                "preferred_username", "name", "tid", "ver", "email", "oid"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
        }),
    )
}

/// `common/discovery/instance`: what MSAL asks before it trusts an authority.
pub(super) fn instance(incoming: &Incoming) -> Reply {
    let request = Form::parse(incoming.query.as_bytes());
    let tenant = request
        .get("authorization_endpoint")
        .and_then(|endpoint| url::Url::parse(endpoint).ok())
        .and_then(|endpoint| endpoint.path_segments()?.next().map(str::to_owned))
        .unwrap_or_else(|| "common".to_owned());
    let host = &incoming.authority;
    Reply::json(
        StatusCode::OK,
        &json!({
            "tenant_discovery_endpoint":
                format!("https://{host}/{tenant}/v2.0/.well-known/openid-configuration"),
            "api-version": "1.1",
            "metadata": [{
                "preferred_network": host,
                "preferred_cache": host,
                "aliases": [host],
            }],
        }),
    )
}
