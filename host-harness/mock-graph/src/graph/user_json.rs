//! A user as Graph writes one.

use serde_json::{Map, Value, json};

use super::error::GraphError;
use crate::organisation::{User, UserType};

/// What comes without `$select`.
const BY_DEFAULT: &[&str] = &[
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];

/// Further properties that exist and that the stand-in has a value for.
const ON_REQUEST: &[&str] = &[
    "accountEnabled",
    "assignedLicenses",
    "assignedPlans",
    "mailNickname",
    "otherMails",
    "proxyAddresses",
    "userType",
];

/// Properties that exist and are null here.
const UNKNOWN_HERE: &[&str] = &[
    "ageGroup",
    "city",
    "companyName",
    "country",
    "createdDateTime",
    "creationType",
    "department",
    "employeeId",
    "employeeType",
    "externalUserState",
    "faxNumber",
    "lastPasswordChangeDateTime",
    "onPremisesImmutableId",
    "onPremisesSamAccountName",
    "onPremisesSyncEnabled",
    "onPremisesUserPrincipalName",
    "postalCode",
    "securityIdentifier",
    "state",
    "streetAddress",
    "usageLocation",
];

/// The service plan of Teams, `TEAMS1`.
pub(super) const TEAMS_PLAN: &str = "57ff2da0-773e-42df-b2af-ffb7a2317929";
/// The product that holds it, `SPE_E3` (Microsoft 365 E3).
pub(super) const SKU: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
/// Its name.
pub(super) const SKU_NAME: &str = "SPE_E3";

/// The properties to show, by their canonical names.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    names: Vec<&'static str>,
    chosen: bool,
}

impl Selection {
    pub(super) fn of(select: Option<&str>) -> Result<Self, GraphError> {
        let Some(select) = select else {
            return Ok(Self { names: BY_DEFAULT.to_vec(), chosen: false });
        };
        let names = select.split(',').map(str::trim).map(canonical).collect::<Result<_, _>>()?;
        Ok(Self { names, chosen: true })
    }

    /// `(a,b)` after the entity set in `@odata.context`, or nothing.
    pub(super) fn context(&self) -> String {
        if self.chosen { format!("({})", self.names.join(",")) } else { String::new() }
    }

    pub(super) fn show(&self, user: &User) -> Map<String, Value> {
        let properties = self.names.iter();
        properties.map(|name| ((*name).to_owned(), property(user, name))).collect()
    }
}

fn canonical(name: &str) -> Result<&'static str, GraphError> {
    [BY_DEFAULT, ON_REQUEST, UNKNOWN_HERE]
        .into_iter()
        .flatten()
        .find(|known| known.eq_ignore_ascii_case(name))
        .copied()
        .ok_or_else(|| {
            GraphError::bad_request(
                "BadRequest",
                format!(
                    "Parsing OData Select and Expand failed: Could not find a property named \
                     '{name}' on type 'microsoft.graph.user'."
                ),
            )
        })
}

fn plan(service: &str, id: &str) -> Value {
    json!({
        "assignedDateTime": "2024-01-15T08:00:00Z",
        "capabilityStatus": "Enabled",
        "service": service,
        "servicePlanId": id,
    })
}

fn property(user: &User, name: &str) -> Value {
    let (given, sur) = match user.display_name.split_once(' ') {
        Some((given, sur)) => (Some(given), Some(sur)),
        None => (None, None),
    };
    match name {
        "displayName" => json!(user.display_name),
        "givenName" => json!(given),
        "surname" => json!(sur),
        "mail" => json!(user.mail),
        "userPrincipalName" => json!(user.user_principal_name),
        "id" => json!(user.id),
        "accountEnabled" => json!(user.account_enabled),
        "proxyAddresses" => json!(user.proxy_addresses),
        "mailNickname" => json!(user.user_principal_name.rsplit_once('@').map(|(name, _)| name)),
        "userType" => json!(match user.user_type {
            UserType::Member => "Member",
            UserType::Guest => "Guest",
        }),
        "assignedPlans" => {
            let others =
                (0..user.other_plans).map(|n| plan("exchange", &format!("efb87545-963c-4e0d-99df-{n:012x}")));
            let teams = user.teams_licence.then(|| plan("TeamspaceAPI", TEAMS_PLAN));
            others.chain(teams).collect()
        }
        "assignedLicenses" if user.teams_licence => json!([{ "disabledPlans": [], "skuId": SKU }]),
        "assignedLicenses" | "businessPhones" | "otherMails" => json!([]),
        _ => Value::Null,
    }
}
