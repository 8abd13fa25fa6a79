//! What the token endpoint's refusal to renew a grant means for the connection. `error` and
//! `suberror` decide; the numbers of `error_codes` only refine the cause and the sentence.

use crate::bindings::http::OauthError;
use crate::bindings::provider::{Error, GrantProblem, MisconfigurationProblem, RefusalProblem};
use crate::failure;
use crate::identity::redeem;

/// Who can tell what is wrong with the registration of the client, by AADSTS code.
pub(crate) fn misconfigured(oauth: &OauthError) -> Error {
    use MisconfigurationProblem as P;
    let has = |code: u32| oauth.codes.contains(&code);
    let (problem, what) = if has(7_000_222) {
        (
            P::ClientAuthenticationExpired,
            "The client secret of the app registration has expired. Make a new one and configure it.",
        )
    } else if has(7_000_215) {
        (P::ClientAuthentication, "The client secret is wrong. Configure the secret's value, and not its id.")
    } else if has(7_000_218) {
        (P::ClientAuthentication, "Microsoft wants a client secret or certificate, and none was presented.")
    } else if has(700_025) {
        (
            P::ClientAuthentication,
            "The app registration is that of a public client. Set client-authentication to none.",
        )
    } else if has(700_027) || has(700_023) || has(700_024) {
        (
            P::ClientAuthentication,
            "Microsoft does not accept the client certificate. Compare it with the app registration, and \
             see that the clock of the platform's machine is right.",
        )
    } else if has(700_016) {
        (
            P::UnknownClient,
            "The tenant does not know the application. Check client-id, and that the app is installed \
             in that tenant.",
        )
    } else if has(50_194) {
        (P::UnknownClient, "The app registration serves its own tenant only. Make it multitenant.")
    } else if has(50_011) {
        (P::RedirectUri, "The redirect URI is not registered with the app registration.")
    } else {
        (P::Other, "Microsoft does not accept the platform's app registration or its authentication.")
    };
    failure::misconfigured(problem, redeem::shown(what, oauth))
}

/// What it means that Microsoft refused to renew the grant of the connection.
pub(crate) fn refused(oauth: &OauthError) -> Error {
    let has = |code: u32| oauth.codes.contains(&code);
    match oauth.error.as_str() {
        // A client loop was detected: it says nothing about the grant.
        "invalid_grant" | "temporarily_unavailable" if has(50_196) => busy(oauth),
        "invalid_grant" | "interaction_required" | "consent_required" | "login_required" => {
            let (problem, what) = cause(oauth);
            failure::needs_reauthorization(problem, redeem::shown(what, oauth))
        }
        "invalid_client" | "unauthorized_client" => misconfigured(oauth),
        "temporarily_unavailable" | "server_error" => busy(oauth),
        // The tenant is gone: no sign-in of any of its accounts can mend that.
        "invalid_request" if has(90_002) || has(900_023) => {
            let what = redeem::shown("Microsoft no longer knows the connected tenant.", oauth);
            failure::refused(RefusalProblem::Other, what)
        }
        "invalid_request" if has(7_000_218) || has(50_194) => misconfigured(oauth),
        _ if oauth.status == 429 || oauth.status >= 500 => busy(oauth),
        _ => failure::internal(redeem::shown(
            "Microsoft did not accept how the access was to be renewed.",
            oauth,
        )),
    }
}

fn busy(oauth: &OauthError) -> Error {
    failure::unavailable(
        false,
        None,
        redeem::shown("Microsoft does not renew the access at the moment.", oauth),
    )
}

/// Why the grant is dead, and what to say about it.
fn cause(oauth: &OauthError) -> (GrantProblem, &'static str) {
    by_code(&oauth.codes).or_else(|| by_suberror(oauth.suberror.as_deref()?)).unwrap_or(
        match oauth.error.as_str() {
            "consent_required" => CONSENT,
            "interaction_required" => MULTI_FACTOR,
            _ => (
                GrantProblem::Other,
                "Microsoft no longer accepts the authorization of the connected account. \
                 Reauthorize.",
            ),
        },
    )
}

const CONSENT: (GrantProblem, &str) = (
    GrantProblem::ConsentWithdrawn,
    "The permissions of the app are no longer consented to. Reauthorize with somebody who may \
     consent.",
);
const MULTI_FACTOR: (GrantProblem, &str) = (
    GrantProblem::MultiFactorRequired,
    "The connected account has to sign in again with a second factor. Reauthorize.",
);
const POLICY: (GrantProblem, &str) = (
    GrantProblem::BlockedByPolicy,
    "A Conditional Access policy of the tenant blocks the connected account. Its administrator \
     has to change the policy; then reauthorize.",
);
const EXPIRED: (GrantProblem, &str) =
    (GrantProblem::Expired, "The authorization of the connected account has expired. Reauthorize.");
const PASSWORD: (GrantProblem, &str) = (
    GrantProblem::PasswordChanged,
    "The password of the connected account has expired or was changed. Reauthorize.",
);

fn by_code(codes: &[u32]) -> Option<(GrantProblem, &'static str)> {
    codes.iter().find_map(|code| {
        Some(match code {
            50_173 => (
                GrantProblem::Revoked,
                "The authorization of the connected account was revoked, or its password was \
                 reset. Reauthorize.",
            ),
            700_082 | 70_008 | 70_043 => EXPIRED,
            700_084 => (
                GrantProblem::Expired,
                "The authorization has expired after a day, because the redirect URI is registered \
                 for a single-page app. The operator has to register it as web; then reauthorize.",
            ),
            50_076 | 50_079 | 50_074 | 50_072 => MULTI_FACTOR,
            53_000..=53_004 => POLICY,
            65_001 => CONSENT,
            50_055 | 50_133 => PASSWORD,
            50_057 => (
                GrantProblem::AccountDisabled,
                "The connected account is disabled. Enable it, and reauthorize.",
            ),
            50_034 => {
                (GrantProblem::AccountDisabled, "The connected account no longer exists in the tenant.")
            }
            _ => return None,
        })
    })
}

fn by_suberror(suberror: &str) -> Option<(GrantProblem, &'static str)> {
    Some(match suberror {
        "consent_required" => CONSENT,
        "basic_action" | "additional_action" => MULTI_FACTOR,
        "message_only" => POLICY,
        "token_expired" => EXPIRED,
        "user_password_expired" => PASSWORD,
        "bad_token" => (
            GrantProblem::Revoked,
            "The authorization of the connected account is no longer valid. Reauthorize.",
        ),
        _ => return None,
    })
}
