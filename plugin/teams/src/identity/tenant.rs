//! Which organisation signs in.

use crate::bindings::provider::{Error, InputProblem};
use crate::bindings::types::Parameter;
use crate::cloud::Cloud;
use crate::describe::{self, TENANT_FIELD};
use crate::failure;
use crate::graph::Request;
use crate::host::Host;
use crate::json::Json;

/// The tenant of all personal Microsoft accounts ("ID token claims reference", `tid`).
pub(crate) const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// The tenant id among the setup values, in lower case. Only a GUID is taken: a domain name could
/// come to belong to somebody else, and what is compared later is the GUID.
pub(crate) fn asked_for(values: &[Parameter]) -> Result<String, Error> {
    let value = describe::chosen(values, TENANT_FIELD).to_ascii_lowercase();
    let problem = |problem, message: &str| Err(failure::invalid_input(TENANT_FIELD, problem, message));
    match value.as_str() {
        "" => problem(InputProblem::Missing, "Enter the tenant ID of the organisation."),
        "common" | "organizations" | "consumers" | PERSONAL => problem(
            InputProblem::Unsupported,
            "The tenant ID must be that of one organisation; personal accounts cannot be \
             connected.",
        ),
        text if !is_guid(text) => problem(
            InputProblem::Malformed,
            "The tenant ID is 32 hexadecimal digits in five groups, such as \
             72f988bf-86f1-41af-91ab-2d7cd011db47. The Microsoft Entra admin center shows it \
             under Overview.",
        ),
        _ => Ok(value),
    }
}

/// Whether a text is the id of a tenant or of a directory object.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The error for a tenant that Microsoft does not have (AADSTS90002).
pub(crate) fn unknown() -> Error {
    failure::invalid_input(
        TENANT_FIELD,
        InputProblem::Unknown,
        "Microsoft knows no organisation with this tenant ID. Compare it with the one in the \
         Microsoft Entra admin center.",
    )
}

/// The error for a tenant id that Microsoft cannot read (AADSTS900023).
pub(crate) fn malformed() -> Error {
    failure::invalid_input(TENANT_FIELD, InputProblem::Malformed, "Microsoft cannot read this tenant ID.")
}

/// Asks the identity platform whether it has the tenant: 90002 is `invalid_tenant` here, before
/// anybody was sent to sign in.
pub(crate) fn discover(host: &dyn Host, cloud: &Cloud, tenant: &str) -> Result<(), Error> {
    let url = cloud.identity(tenant, "/v2.0/.well-known/openid-configuration");
    let answer = Request::anonymous(url).send(host)?;
    // A discovery document (`OpenID` Connect Discovery 1.0, 3), or the error in its place.
    if answer.status.is_success() {
        let document = answer.json()?;
        let issuer = document.get("issuer").text().unwrap_or("");
        return if issuer.eq_ignore_ascii_case(&cloud.issuer(tenant)) {
            Ok(())
        } else {
            Err(failure::internal(
                "Microsoft's discovery document names another issuer than that of the tenant.",
            ))
        };
    }
    let document = answer.json().unwrap_or(Json::Null);
    let codes = document.get("error_codes").list().unwrap_or_default();
    if codes.contains(&Json::Number(900_023)) {
        return Err(malformed());
    }
    let error = document.get("error").text();
    if codes.contains(&Json::Number(90_002)) || error == Some("invalid_tenant") {
        return Err(unknown());
    }
    Err(match answer.refused().error {
        // An anonymous question has no grant that could be dead or refused.
        error @ (Error::Throttled(_) | Error::Unavailable(_)) => error,
        _ => failure::internal("Microsoft's discovery endpoint refused to answer."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Result<String, Error> {
        asked_for(&[Parameter { name: TENANT_FIELD.to_owned(), value: value.to_owned() }])
    }

    fn problem(value: &str) -> Option<InputProblem> {
        match of(value) {
            Err(Error::InvalidInput(error)) if error.field == TENANT_FIELD => Some(error.problem),
            _ => None,
        }
    }

    #[test]
    fn a_guid_is_trimmed_and_lowered() {
        assert_eq!(
            of(" 72F988BF-86f1-41af-91ab-2d7cd011db47\n").as_deref(),
            Ok("72f988bf-86f1-41af-91ab-2d7cd011db47")
        );
    }

    #[test]
    fn whatever_is_not_the_id_of_an_organisation_is_refused() {
        assert_eq!(problem("  "), Some(InputProblem::Missing));
        assert_eq!(problem("Common"), Some(InputProblem::Unsupported));
        assert_eq!(problem(PERSONAL), Some(InputProblem::Unsupported));
        for text in [
            "contoso.com",
            "72f988bf86f141af91ab2d7cd011db47",
            "../../x",
            "72f988bf-86f1-41af-91ab-2d7cd011db4g",
        ] {
            assert_eq!(problem(text), Some(InputProblem::Malformed), "{text}");
        }
    }
}
