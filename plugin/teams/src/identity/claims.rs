//! The id token: who signed in. It came from the token endpoint over TLS, so that its signature need
//! not be checked (`OpenID` Connect Core 1.0, 3.1.3.7, rule 6); its claims are.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::tenant;
use crate::bindings::provider::{Error, Mismatch, SignInProblem};
use crate::bindings::types::Instant;
use crate::cloud::Cloud;
use crate::failure;
use crate::graph::user::is_guest_name;
use crate::json::Json;

/// How far Microsoft's clock and this one may differ, in seconds.
const SKEW: i64 = 300;

/// What the id token is checked against.
pub(crate) struct Expected<'a> {
    /// The cloud that issued it.
    pub(crate) cloud: &'a Cloud,
    /// The client id.
    pub(crate) client: &'a str,
    /// The tenant asked for.
    pub(crate) tenant: &'a str,
    /// The nonce of the sign-in.
    pub(crate) nonce: &'a str,
    /// The time.
    pub(crate) now: Instant,
}

/// The object id of who signed in, in lower case.
pub(crate) fn object_id(token: &str, expected: &Expected<'_>) -> Result<String, Error> {
    let not_ours = |message: &str| failure::sign_in_failed(SignInProblem::NotOurs, message);
    let payload = payload(token).ok_or_else(|| not_ours("Microsoft's id token cannot be read."))?;
    // "ID token claims reference", Microsoft identity platform.
    let claims = Json::read(&payload).unwrap_or(Json::Null);
    let claim = |name: &str| claims.get(name).text().unwrap_or("");
    if !claim("aud").eq_ignore_ascii_case(expected.client) {
        return Err(not_ours("Microsoft's id token is meant for another application."));
    }
    if claim("nonce") != expected.nonce {
        return Err(not_ours("Microsoft's id token belongs to another sign-in. Start again."));
    }
    let now = expected.now.div_euclid(1000);
    let ends = claims.get("exp").number().unwrap_or(0);
    let begins = claims.get("nbf").number().unwrap_or(0);
    if ends.saturating_add(SKEW) <= now || begins.saturating_sub(SKEW) > now {
        return Err(not_ours(
            "Microsoft's id token is not valid now. Compare the clock of this server, and start \
             again.",
        ));
    }
    let tid = claim("tid").to_ascii_lowercase();
    if tid.is_empty() || !claim("iss").eq_ignore_ascii_case(&expected.cloud.issuer(&tid)) {
        return Err(not_ours("Microsoft's id token has an issuer that does not fit its tenant."));
    }
    if tid == tenant::PERSONAL {
        return Err(failure::account_mismatch(
            Mismatch::PersonalAccount,
            "A personal Microsoft account signed in. Sign in with an account of the organisation.",
        ));
    }
    if tid != expected.tenant {
        return Err(other_tenant(&tid, expected.tenant));
    }
    // `idp` is only there if the account is at home somewhere else than in the tenant. `acct` is 1
    // for a guest and 0 for a member, where the registration asks for the claim.
    let foreign = !claim("idp").is_empty() && claim("idp") != claim("iss");
    let guest = claims.get("acct").number() == Some(1) || claim("acct") == "1";
    if foreign || guest || is_guest_name(claim("preferred_username")) {
        return Err(guest_account());
    }
    match claim("oid") {
        "" => Err(not_ours("Microsoft's id token does not tell which account signed in.")),
        oid => Ok(oid.to_ascii_lowercase()),
    }
}

/// Another tenant signed in, or was asked for, than the one that had to.
pub(crate) fn other_tenant(found: &str, expected: &str) -> Error {
    failure::account_mismatch(
        Mismatch::OtherTenant,
        [
            "The account belongs to the tenant ",
            found,
            ", and not to ",
            expected,
            ". Nothing was changed. Use an account of that tenant, or disconnect first to \
             connect another one.",
        ]
        .concat(),
    )
}

/// A guest signed in, who cannot organise meetings of the tenant.
pub(crate) fn guest_account() -> Error {
    failure::account_mismatch(
        Mismatch::GuestAccount,
        "The account is a guest of the tenant, and guests cannot organise its meetings. Sign in \
         with a member.",
    )
}

/// The middle one of the three parts of a JSON Web Signature (RFC 7515, 7.1).
fn payload(token: &str) -> Option<Vec<u8>> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::GLOBAL;

    const TENANT: &str = "11111111-2222-3333-4444-555555555555";
    const NOW: i64 = 1_800_000_000;

    fn check(claims: &str) -> Result<String, Error> {
        let claims = claims.replace("TENANT", TENANT);
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        object_id(
            &token,
            &Expected { cloud: &GLOBAL, client: "client", tenant: TENANT, nonce: "n", now: NOW * 1000 },
        )
    }

    const GOOD: &str = r#"{"aud":"client","iss":"https://login.microsoftonline.com/TENANT/v2.0","exp":1800003600,"nbf":1800000000,"nonce":"n","tid":"TENANT","oid":"ABC"}"#;

    fn mismatch(claims: &str) -> Option<Mismatch> {
        match check(claims) {
            Err(Error::AccountMismatch(error)) => Some(error.mismatch),
            _ => None,
        }
    }

    #[test]
    fn good_claims_give_the_object_id() {
        assert_eq!(check(GOOD).as_deref(), Ok("abc"));
    }

    #[test]
    fn claims_of_another_sign_in_are_not_ours() {
        for (from, to) in [
            ("\"client\"", "\"other\""),
            ("\"nonce\":\"n\"", "\"nonce\":\"m\""),
            (",\"nonce\":\"n\"", ""),
            ("1800003600", "1799999700"),
            ("\"nbf\":1800000000", "\"nbf\":1800000301"),
            ("login.microsoftonline.com", "login.evil.example"),
            ("/v2.0", ""),
            (",\"oid\":\"ABC\"", ""),
            (",\"tid\":\"TENANT\"", ""),
        ] {
            let claims = GOOD.replace(from, to);
            assert_ne!(claims, GOOD);
            let problem = match check(&claims) {
                Err(Error::SignInFailed(error)) => Some(error.problem),
                _ => None,
            };
            assert_eq!(problem, Some(SignInProblem::NotOurs), "{from} -> {to}");
        }
    }

    #[test]
    fn clocks_may_differ_by_five_minutes() {
        assert!(check(&GOOD.replace("1800003600", "1799999701")).is_ok());
        assert!(check(&GOOD.replace("\"nbf\":1800000000", "\"nbf\":1800000300")).is_ok());
    }

    #[test]
    fn another_tenant_and_a_personal_account_are_told_apart() {
        assert_eq!(mismatch(&GOOD.replace("TENANT", tenant::PERSONAL)), Some(Mismatch::PersonalAccount));
        assert_eq!(
            mismatch(&GOOD.replace("TENANT", "99999999-2222-3333-4444-555555555555")),
            Some(Mismatch::OtherTenant)
        );
    }

    #[test]
    fn a_guest_is_told_by_any_of_three_signs() {
        for sign in [
            r#""idp":"https://sts.windows.net/99999999-2222-3333-4444-555555555555/""#,
            r#""acct":1"#,
            r#""acct":"1""#,
            r#""preferred_username":"bob_x.com#EXT#@c.onmicrosoft.com""#,
        ] {
            let claims = GOOD.replace("\"aud\"", &format!("{sign},\"aud\""));
            assert_eq!(mismatch(&claims), Some(Mismatch::GuestAccount), "{sign}");
        }
        assert!(check(&GOOD.replace("\"aud\"", "\"acct\":0,\"aud\"")).is_ok());
    }

    #[test]
    fn what_is_no_token_is_not_read() {
        for token in ["", "a.b", "a.b.c.d", "e30.%%.x", "e30.e30.e30"] {
            assert!(
                object_id(token, &Expected { cloud: &GLOBAL, client: "", tenant: "", nonce: "", now: 0 })
                    .is_err()
            );
        }
    }
}
