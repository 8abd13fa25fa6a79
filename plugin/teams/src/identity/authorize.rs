//! The address that the administrator's browser is sent to, and the answer that it brings back.

use super::{Purpose, pkce, scope};
use crate::bindings::provider::{Error, InputProblem, MisconfigurationProblem, Mismatch, SignInProblem};
use crate::bindings::types::Parameter;
use crate::encode;
use crate::failure;
use crate::identity::pending::Pending;

/// The redirect URI if it is one that a code may be sent to: https, or http on loopback.
pub(crate) fn redirect_uri(text: &str) -> Result<&str, Error> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'\\');
    let (scheme, rest) = text.split_once("://").unwrap_or(("", ""));
    let authority = rest.split(['/', '?']).next().unwrap_or("");
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        _ => authority,
    };
    let good = match scheme {
        "https" => !host.is_empty() && !authority.contains('@'),
        "http" => matches!(host, "localhost" | "127.0.0.1" | "[::1]"),
        _ => false,
    };
    if plain && good {
        Ok(text)
    } else {
        Err(failure::invalid_input(
            "redirect-uri",
            InputProblem::Malformed,
            "The redirect URI must be https, or http on loopback, and without a fragment.",
        ))
    }
}

/// The address of the sign-in page ("Microsoft identity platform and OAuth 2.0 authorization code
/// flow"). `user` is the account that has to sign in, where one is known.
pub(crate) fn url(client: &str, state: &str, pending: &Pending, user: Option<&str>) -> String {
    let mut url = pending.cloud.identity(&pending.tenant, "/oauth2/v2.0/authorize?");
    encode::push_query(
        &mut url,
        &[
            ("client_id", client),
            ("response_type", "code"),
            ("redirect_uri", &pending.redirect_uri),
            ("response_mode", "query"),
            ("scope", &scope::asked(pending.cloud)),
            ("state", state),
            ("nonce", &pending.nonce),
            ("code_challenge", &pkce::challenge(&pending.verifier)),
            ("code_challenge_method", "S256"),
            // A grant is renewed because the old one died: of a password, of a missing second
            // factor. A session that the browser still has would only repeat that.
            (
                "prompt",
                match pending.purpose {
                    Purpose::Connect => "select_account",
                    Purpose::Reauthorize => "login",
                },
            ),
        ],
    );
    if let Some(user) = user {
        url.push('&');
        encode::push_query(&mut url, &[("login_hint", user)]);
    }
    url
}

/// The address at which an administrator installs the application in the tenant ("Admin consent",
/// Microsoft identity platform).
pub(crate) fn consent_url(client: &str, state: &str, pending: &Pending) -> String {
    let mut url = pending.cloud.identity(&pending.tenant, "/v2.0/adminconsent?");
    encode::push_query(
        &mut url,
        &[
            ("client_id", client),
            ("redirect_uri", &pending.redirect_uri),
            ("scope", &pending.cloud.everything()),
            ("state", state),
        ],
    );
    url
}

/// Whether the callback says that an administrator consented, in the tenant asked for. A failure
/// carries `admin_consent=True` too, so that `error` counts first. What it says authorises nothing:
/// anybody can write a callback, and it is the token endpoint that knows.
pub(crate) fn consented(parameters: &[Parameter], tenant: &str) -> Result<(), Error> {
    refused(parameters)?;
    let yes = parameter(parameters, "admin_consent").is_some_and(|it| it.eq_ignore_ascii_case("true"));
    match parameter(parameters, "tenant").filter(|_| yes) {
        Some(found) if found.eq_ignore_ascii_case(tenant) => Ok(()),
        Some(_) => Err(failure::account_mismatch(
            Mismatch::OtherTenant,
            "The administrator consented for another tenant than the one asked for. Nothing was \
             changed. Start again and sign in as an administrator of that tenant.",
        )),
        None => Err(failure::sign_in_failed(
            SignInProblem::NotOurs,
            "Microsoft's answer does not say that the application was consented to. Start again.",
        )),
    }
}

/// The value of a parameter of the callback.
fn parameter<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a str> {
    parameters
        .iter()
        .find(|parameter| parameter.name == name)
        .map(|parameter| parameter.value.as_str())
        .filter(|value| !value.is_empty())
}

/// The code in a callback, or why there is none: `error` counts first.
pub(crate) fn code(parameters: &[Parameter]) -> Result<&str, Error> {
    refused(parameters)?;
    parameter(parameters, "code").ok_or_else(|| {
        failure::sign_in_failed(
            SignInProblem::NotOurs,
            "Microsoft's answer held no authorization code. Start again.",
        )
    })
}

/// The error that a callback is, if it is one.
fn refused(parameters: &[Parameter]) -> Result<(), Error> {
    let Some(error) = parameter(parameters, "error") else {
        return Ok(());
    };
    let description = parameter(parameters, "error_description").unwrap_or("");
    let subcode = parameter(parameters, "error_subcode").unwrap_or("");
    Err(declined(error, subcode, aadsts(description)))
}

/// The number that a description starts with: `AADSTS65004: …`. A redirect has no `error_codes`.
fn aadsts(description: &str) -> Option<u32> {
    let (_, after) = description.split_once("AADSTS")?;
    let end = after.find(|character: char| !character.is_ascii_digit());
    after.get(..end.unwrap_or(after.len()))?.parse().ok()
}

/// What a refused sign-in means.
fn declined(error: &str, subcode: &str, code: Option<u32>) -> Error {
    let number = code.map(|code| code.to_string()).unwrap_or_default();
    let shown = |text: &str| {
        let mut text = [text, " ("].concat();
        // Whoever has the state could have written the rest of the callback.
        text.extend(error.chars().filter(char::is_ascii_graphic).take(60));
        if !number.is_empty() {
            text.push_str(", AADSTS");
            text.push_str(&number);
        }
        text.push(')');
        text
    };
    match (error, code) {
        // 65004: the user declined to consent; comes with `consent_required` too.
        (_, Some(65_004)) => failure::sign_in_failed(
            SignInProblem::Cancelled,
            shown("The sign-in was declined. Start again and accept the permissions."),
        ),
        // 90094: an administrator has to consent; 90095: that was asked for, and is not decided yet.
        ("consent_required", _) | (_, Some(90_094 | 90_095 | 65_001)) => failure::sign_in_failed(
            SignInProblem::ApprovalRequired,
            shown(
                "An administrator of the Microsoft tenant has to approve the permissions first. \
                 Start again when that is done, or sign in as an administrator.",
            ),
        ),
        ("access_denied", _) => failure::sign_in_failed(
            SignInProblem::Cancelled,
            shown("The sign-in was cancelled. Start again."),
        ),
        _ if subcode == "cancel" => failure::sign_in_failed(
            SignInProblem::Cancelled,
            shown("The sign-in was cancelled. Start again."),
        ),
        ("temporarily_unavailable" | "server_error", _) => failure::unavailable(
            false,
            None,
            shown("Microsoft's sign-in has a fault at the moment. Start again later."),
        ),
        // 16000: several identities, or one that does not fit.
        (_, Some(16_000)) => failure::sign_in_failed(
            SignInProblem::Refused,
            shown("Microsoft could not tell which account was meant. Start again and choose one."),
        ),
        ("unauthorized_client" | "invalid_client", _) => failure::misconfigured(
            MisconfigurationProblem::UnknownClient,
            shown("Microsoft does not let the platform's app registration sign anybody in."),
        ),
        _ => failure::sign_in_failed(
            SignInProblem::Refused,
            shown(
                "Microsoft refused the sign-in. Start again; if it is refused again, show this \
                 to the administrator of the Microsoft tenant.",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::GLOBAL;
    use crate::method::Method;

    #[test]
    fn consent_is_for_the_tenant_asked_for_and_an_error_counts_before_it() {
        let said = [("admin_consent", "True"), ("tenant", "T"), ("scope", "x")];
        assert_eq!(consented(&callback(&said), "t"), Ok(()));
        assert!(matches!(consented(&callback(&said), "u"),
            Err(Error::AccountMismatch(error)) if error.mismatch == Mismatch::OtherTenant));
        let failed = [&said[..], &[("error", "access_denied")]].concat();
        assert!(matches!(consented(&callback(&failed), "t"), Err(Error::SignInFailed(_))));
        for missing in [&said[1..], &said[..1], &[("admin_consent", "False"), ("tenant", "t")]] {
            assert!(matches!(consented(&callback(missing), "t"),
                Err(Error::SignInFailed(error)) if error.problem == SignInProblem::NotOurs));
        }
    }

    fn callback(pairs: &[(&str, &str)]) -> Vec<Parameter> {
        let parameter =
            |(name, value): &(&str, &str)| Parameter { name: (*name).to_owned(), value: (*value).to_owned() };
        pairs.iter().map(parameter).collect()
    }

    fn problem(pairs: &[(&str, &str)]) -> Option<SignInProblem> {
        match code(&callback(pairs)) {
            Err(Error::SignInFailed(error)) => Some(error.problem),
            _ => None,
        }
    }

    #[test]
    fn an_error_counts_before_a_code() {
        assert_eq!(problem(&[("code", "x"), ("error", "access_denied")]), Some(SignInProblem::Cancelled));
        assert_eq!(code(&callback(&[("code", "x"), ("state", "s")])), Ok("x"));
        assert_eq!(problem(&[("state", "s"), ("code", "")]), Some(SignInProblem::NotOurs));
    }

    #[test]
    fn the_number_tells_a_declined_consent_from_one_that_waits() {
        let described = |error, text| problem(&[("error", error), ("error_description", text)]);
        assert_eq!(described("consent_required", "AADSTS65004: declined"), Some(SignInProblem::Cancelled));
        assert_eq!(described("consent_required", ""), Some(SignInProblem::ApprovalRequired));
        assert_eq!(described("access_denied", "AADSTS90094: admin"), Some(SignInProblem::ApprovalRequired));
        assert_eq!(described("interaction_required", "AADSTS16000: x"), Some(SignInProblem::Refused));
        assert_eq!(described("whatever", "AADSTS"), Some(SignInProblem::Refused));
    }

    #[test]
    fn a_code_goes_to_https_or_loopback_only() {
        for good in
            ["https://p.example/cb?x=1", "http://localhost:8080/cb", "http://127.0.0.1/", "http://[::1]:9/cb"]
        {
            assert!(redirect_uri(good).is_ok(), "{good}");
        }
        for bad in [
            "http://p.example/cb",
            "https://p.example/cb#x",
            "/cb",
            "ftp://localhost/",
            "",
            "http://localhost.evil.example/",
        ] {
            assert!(redirect_uri(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_address_holds_everything_encoded() {
        let pending = Pending::new(
            Purpose::Reauthorize,
            "t".to_owned(),
            (Method::ServiceAccount, &GLOBAL),
            "https://p.example/cb?a=b&c".to_owned(),
            ("v".to_owned(), "n".to_owned()),
            0,
        );
        let url = url("id", "s&t", &pending, Some("a+b@c.com"));
        assert_eq!(
            url,
            "https://login.microsoftonline.com/t/oauth2/v2.0/authorize?client_id=id&\
             response_type=code&redirect_uri=https%3A%2F%2Fp.example%2Fcb%3Fa%3Db%26c&\
             response_mode=query&scope=openid%20profile%20offline_access%20User.Read%20\
             User.ReadBasic.All%20OnlineMeetings.ReadWrite&state=s%26t&nonce=n&code_challenge=\
             TJQJqDt41R2xKZr0EzMm8B6fGWpAjf-Wz9fYyOqf6jc&code_challenge_method=S256&prompt=login&\
             login_hint=a%2Bb%40c.com"
                .replace("TJQJqDt41R2xKZr0EzMm8B6fGWpAjf-Wz9fYyOqf6jc", &pkce::challenge("v"))
        );
    }
}
