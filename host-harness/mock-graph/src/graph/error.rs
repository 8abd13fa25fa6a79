//! Graph's error bodies.

use http::StatusCode;
use serde_json::json;

use crate::clock::inner_error_date;
use crate::wire::{Reply, Trace};

/// An error with its documented code and message; the code can be empty.
#[derive(Clone, Debug)]
pub(crate) struct GraphError {
    pub(crate) status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<String>,
    challenge: Option<String>,
}

impl GraphError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None, challenge: None }
    }

    pub(crate) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn no_such_user(key: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Request_ResourceNotFound",
            format!(
                "Resource '{key}' does not exist or one of its queried reference-property objects \
                 are not present."
            ),
        )
    }

    pub(crate) fn insufficient_privileges() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        )
    }

    pub(crate) fn token(message: &str) -> Self {
        Self {
            challenge: Some(
                "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/\
                 oauth2/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\""
                    .to_owned(),
            ),
            ..Self::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
        }
    }

    pub(crate) fn expired_token() -> Self {
        Self::token("Lifetime validation failed, the token is expired.")
    }

    /// Continuous access evaluation: `claims` is base64 of the claims to ask for.
    pub(crate) fn claims_challenge(trace: &Trace) -> Self {
        use base64::Engine as _;
        let claims = json!({ "access_token": { "nbf": {
            "essential": true, "value": trace.at.as_second().to_string(),
        }}});
        let claims = base64::prelude::BASE64_STANDARD.encode(claims.to_string());
        Self {
            challenge: Some(format!(
                "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/\
                 oauth2/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\", \
                 error=\"insufficient_claims\", claims=\"{claims}\""
            )),
            ..Self::new(
                StatusCode::UNAUTHORIZED,
                "InvalidAuthenticationToken",
                "Continuous access evaluation resulted in challenge with result: \
                 InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp.",
            )
        }
    }

    pub(crate) fn throttled(retry_after: Option<String>) -> Self {
        Self {
            retry_after,
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "Please retry again later.")
        }
    }

    /// The documented body for a status that a fault asks for.
    pub(crate) fn of_status(status: StatusCode, retry_after: Option<String>) -> Self {
        let (code, message) = match status.as_u16() {
            401 => return Self::expired_token(),
            403 => return Self::insufficient_privileges(),
            429 => return Self::throttled(retry_after),
            400 => ("BadRequest", "The request is malformed or incorrect."),
            404 => (
                "Request_ResourceNotFound",
                "Resource does not exist or one of its queried reference-property objects are not \
                 present.",
            ),
            500 => {
                ("InternalServerError", "There was an internal server error while processing the request.")
            }
            502 => ("BadGateway", "The server received an invalid answer from another server."),
            503 => ("ServiceUnavailable", "The service is temporarily unavailable. Please retry later."),
            504 => ("GatewayTimeout", "The server did not receive a timely answer from another server."),
            _ => ("UnknownError", ""),
        };
        Self { retry_after, ..Self::new(status, code, message) }
    }

    pub(crate) fn reply(&self, trace: &Trace) -> Reply {
        let date = inner_error_date(trace.at);
        let client_request_id = trace.client_request_id.as_ref().unwrap_or(&trace.request_id);
        let mut inner = json!({
            "date": date,
            "request-id": trace.request_id,
            "client-request-id": client_request_id,
        });
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            inner["code"] = json!("429");
            inner["status"] = json!("429");
            inner["message"] = json!("Please retry after");
        }
        let body = json!({ "error": {
            "code": self.code,
            "message": self.message,
            "innerError": inner,
        }});
        let mut reply = Reply::json(self.status, &body);
        if let Some(after) = &self.retry_after {
            reply = reply.with("retry-after", after);
        }
        if let Some(challenge) = &self.challenge {
            reply = reply.with("www-authenticate", challenge);
        }
        reply
    }
}
