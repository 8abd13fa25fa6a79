//! The AADSTS errors: code, HTTP status, `error`, `suberror` and text as Microsoft documents or
//! as recorded traffic shows them (<https://learn.microsoft.com/entra/identity-platform/reference-error-codes>).

use std::borrow::Cow;

use http::StatusCode;
use serde_json::{Value, json};

use crate::clock::login_time;
use crate::config::InteractionRefusal;
use crate::wire::{Reply, Trace};

struct Row(u32, u16, &'static str, Option<&'static str>, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row(50173, 400, "invalid_grant", Some("bad_token"), "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password."),
    Row(700_082, 400, "invalid_grant", None, "The refresh token has expired due to inactivity."),
    Row(70008, 400, "invalid_grant", None, "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource."),
    Row(70043, 400, "invalid_grant", Some("token_expired"), "The refresh token has expired or is invalid due to sign-in frequency checks by Conditional Access."),
    Row(700_084, 400, "invalid_grant", None, "The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime of 1.00:00:00, which can't be extended."),
    Row(70000, 400, "invalid_grant", None, "Provided grant is invalid or malformed. The refresh token isn't valid."),
    Row(54005, 400, "invalid_grant", None, "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."),
    Row(501_481, 400, "invalid_grant", None, "The Code_Verifier does not match the code_challenge supplied in the authorization request."),
    Row(700_005, 400, "invalid_grant", None, "Provided Authorization Code is intended to use against other tenant, thus rejected."),
    Row(50076, 400, "invalid_grant", Some("basic_action"), "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'."),
    Row(50079, 400, "invalid_grant", Some("basic_action"), "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multifactor authentication to access '00000003-0000-0000-c000-000000000000'."),
    Row(53003, 400, "invalid_grant", Some("message_only"), "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."),
    Row(65001, 400, "invalid_grant", Some("consent_required"), "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource."),
    Row(65004, 400, "access_denied", None, "User declined to consent to access the app."),
    Row(90094, 400, "access_denied", None, "AdminConsentRequired - Administrator consent is required."),
    Row(7_000_215, 401, "invalid_client", None, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to the app."),
    Row(7_000_222, 401, "invalid_client", None, "The provided client secret keys for the app are expired."),
    Row(7_000_218, 401, "invalid_client", None, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."),
    Row(700_025, 401, "invalid_client", None, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."),
    Row(700_027, 401, "invalid_client", None, "Client assertion failed signature validation."),
    Row(700_023, 401, "invalid_client", None, "Client assertion audience claim does not match Realm issuer."),
    Row(700_024, 401, "invalid_client", None, "Client assertion is not within its valid time range."),
    Row(700_016, 400, "unauthorized_client", None, "Application was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant."),
    Row(90002, 400, "invalid_request", None, "Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."),
    Row(900_023, 400, "invalid_request", None, "Specified tenant identifier is neither a valid DNS name, nor a valid external domain."),
    Row(50055, 400, "invalid_grant", Some("user_password_expired"), "The password is expired. Reset the password for this account at the next sign-in."),
    Row(50133, 400, "invalid_grant", None, "The session is not valid due to password expiration or recent password change."),
    Row(50034, 400, "invalid_grant", Some("bad_token"), "The user account does not exist in the directory. To sign into this application, the account must be added to the directory."),
    Row(50020, 400, "invalid_grant", None, "User account from identity provider does not exist in tenant and cannot access the application in that tenant. The account needs to be added as an external user in the tenant first."),
    Row(16000, 400, "interaction_required", None, "Either multiple user identities are available for the current request or selected account is not supported for the scenario."),
    Row(50196, 400, "invalid_grant", None, "A client loop has been detected. The server terminated an operation because it encountered a client request loop."),
    Row(50057, 400, "invalid_grant", None, "The user account is disabled."),
    Row(50194, 400, "invalid_request", None, "Application is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such apps. Use a tenant-specific endpoint or configure the application to be multi-tenant."),
    Row(9_002_313, 400, "invalid_request", None, "Invalid request. Request is malformed or invalid."),
    Row(70011, 400, "invalid_scope", None, "The provided value for the input parameter 'scope' is not valid."),
    Row(50011, 400, "invalid_request", None, "The redirect URI specified in the request does not match the redirect URIs configured for the application."),
    // Not among the rows a provider must tell apart, but what a wrong request meets.
    Row(50058, 400, "login_required", None, "A silent sign-in request was sent but no user is signed in."),
    Row(50089, 400, "invalid_grant", None, "Authentication failed due to flow token expired."),
    Row(50126, 400, "invalid_grant", None, "Error validating credentials due to invalid username or password."),
    Row(70003, 400, "unsupported_grant_type", None, "The app requested an unsupported grant type."),
    Row(700_054, 400, "unsupported_response_type", None, "response_type is not enabled for the application."),
    Row(90033, 503, "temporarily_unavailable", None, "A transient error has occurred. Please try again."),
    Row(500_112, 400, "invalid_grant", None, "The reply address does not match the reply address provided when requesting Authorization code."),
    Row(900_144, 400, "invalid_request", None, "The request body must contain the following parameter."),
];

/// One error, ready to be shown in either form.
#[derive(Clone, Debug)]
pub(crate) struct Aadsts {
    pub(crate) code: u32,
    pub(crate) status: StatusCode,
    pub(crate) error: Cow<'static, str>,
    suberror: Option<&'static str>,
    text: String,
    /// Whether `error` is another than the code's usual one.
    renamed: bool,
}

impl Aadsts {
    /// An error by its code; one that is not listed is a plain `invalid_request`.
    pub(crate) fn new(code: u32) -> Self {
        let unlisted = Row(code, 400, "invalid_request", None, "An error occurred.");
        let row = ROWS.iter().find(|row| row.0 == code).unwrap_or(&unlisted);
        Self {
            code,
            status: StatusCode::from_u16(row.1).unwrap_or(StatusCode::BAD_REQUEST),
            error: Cow::Borrowed(row.2),
            suberror: row.3,
            text: row.4.to_owned(),
            renamed: false,
        }
    }

    /// The same error with the names of the case in its text.
    pub(crate) fn saying(code: u32, text: String) -> Self {
        Self { text, ..Self::new(code) }
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        Self::saying(
            900_144,
            format!("The request body must contain the following parameter: '{parameter}'."),
        )
    }

    /// 90002 is `invalid_tenant` on discovery and `invalid_request` elsewhere.
    pub(crate) fn on_discovery(mut self) -> Self {
        if self.code == 90002 {
            self.error = Cow::Borrowed("invalid_tenant");
        }
        self
    }

    /// The same code under another `error`: several occur with two.
    pub(crate) fn called(mut self, error: &str) -> Self {
        self.error = Cow::Owned(error.to_owned());
        self.renamed = true;
        self
    }

    /// Where a person has to do something, `invalid_grant` or `interaction_required` occurs.
    pub(crate) fn for_interaction(mut self, refusal: InteractionRefusal) -> Self {
        if matches!(self.code, 50076 | 50079 | 53003) && refusal == InteractionRefusal::InteractionRequired {
            self.error = Cow::Borrowed("interaction_required");
        }
        self
    }

    /// The `error` of the redirect with which the sign-in pages tell the application; none if the error
    /// stays on Microsoft's own page.
    pub(crate) fn redirected(&self) -> Option<&str> {
        if self.renamed {
            return Some(&self.error);
        }
        match self.code {
            65004 | 90094 => Some("access_denied"),
            16000 => Some("interaction_required"),
            50058 => Some("login_required"),
            70011 => Some("invalid_scope"),
            700_054 => Some("unsupported_response_type"),
            90033 => Some("temporarily_unavailable"),
            900_144 | 9_002_313 => Some("invalid_request"),
            _ => None,
        }
    }

    /// `AADSTS<code>: <text> Trace ID: … Correlation ID: … Timestamp: …`, as today's replies
    /// have it; older ones have line ends between the parts.
    pub(crate) fn description(&self, trace: &Trace) -> String {
        format!(
            "AADSTS{}: {} Trace ID: {} Correlation ID: {} Timestamp: {}",
            self.code,
            self.text,
            trace.request_id,
            correlation(trace),
            login_time(trace.at),
        )
    }

    pub(crate) fn reply(&self, trace: &Trace) -> Reply {
        let mut body = json!({
            "error": self.error,
            "error_description": self.description(trace),
            "error_codes": [self.code],
            "timestamp": login_time(trace.at),
            "trace_id": trace.request_id,
            "correlation_id": correlation(trace),
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code),
        });
        if let Some(suberror) = self.suberror {
            body["suberror"] = Value::from(suberror);
        }
        Reply::json(self.status, &body).with("cache-control", "no-store")
    }
}

fn correlation(trace: &Trace) -> &str {
    trace.client_request_id.as_deref().unwrap_or(&trace.request_id)
}
