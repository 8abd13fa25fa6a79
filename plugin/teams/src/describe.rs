//! What this provider says about itself.

use crate::bindings::provider::{Capabilities, Choice, Description, SetupField, SetupKind};
use crate::bindings::types::Parameter;
use crate::cloud::{CHINA, GLOBAL, NATIONAL};
use crate::matching::BEST_BATCH;
use crate::meeting::options;
use crate::method::Method;
use crate::wants;

/// The setup field that holds the tenant id.
pub(crate) const TENANT_FIELD: &str = "tenant-id";
/// The setup field that holds who organises the meetings.
pub(crate) const METHOD_FIELD: &str = "method";
/// The setup field that holds the cloud.
pub(crate) const CLOUD_FIELD: &str = "cloud";

/// "About 2,000 meetings per user and month" ("Limits and specifications for Microsoft Teams").
const MEETINGS_PER_MONTH: u32 = 2_000;

/// What was answered to a setup field, trimmed; empty if nothing was.
pub(crate) fn chosen<'a>(values: &'a [Parameter], field: &str) -> &'a str {
    values.iter().find(|value| value.name == field).map_or("", |value| value.value.trim())
}

fn field(name: &str, label: &str, help: &str, kind: SetupKind) -> SetupField {
    SetupField {
        name: name.to_owned(),
        label: label.to_owned(),
        help: help.to_owned(),
        required: !matches!(kind, SetupKind::Choice(_)),
        asked_again: matches!(name, TENANT_FIELD | METHOD_FIELD),
        kind,
    }
}

/// Choices as the contract has them, from value, label and help.
pub(crate) fn offered(choices: &[[&str; 3]]) -> Vec<Choice> {
    let choice = |[value, label, help]: &[&str; 3]| Choice {
        value: (*value).to_owned(),
        label: (*label).to_owned(),
        help: (*help).to_owned(),
    };
    choices.iter().map(choice).collect()
}

fn choices(choices: &[[&str; 3]]) -> SetupKind {
    SetupKind::Choice(offered(choices))
}

/// The answer to `describe`: always the same, and made without imports.
pub(crate) fn description() -> Description {
    let [government, defense] = &NATIONAL;
    Description {
        id: "microsoft-teams".to_owned(),
        name: "Microsoft Teams".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        setup: vec![
            field(
                "match-field",
                "Select which field holds the UPN",
                "The field of a staff record whose value is the user principal name, with which the \
                 person signs in to Microsoft 365.",
                SetupKind::StaffField,
            ),
            field(
                TENANT_FIELD,
                "Tenant ID",
                "In the Microsoft Entra admin center, under Overview: the tenant ID, such as \
                 72f988bf-86f1-41af-91ab-2d7cd011db47.",
                SetupKind::Text(64),
            ),
            field(
                METHOD_FIELD,
                "Who organizes the meetings",
                "Without a choice, one service account does.",
                choices(&[
                    [
                        Method::ServiceAccount.name(),
                        "One service account",
                        "An account of your organization signs in once and organizes every meeting: \
                         clients see its name as the organizer, and staff are co-organizers. It needs a \
                         Teams licence and the delegated permissions User.Read, User.ReadBasic.All and \
                         OnlineMeetings.ReadWrite, can make about 2,000 meetings a month, and has to \
                         sign in again when its password or a policy changes.",
                    ],
                    [
                        Method::AccessPolicy.name(),
                        "Each staff member (application access policy)",
                        "Each staff member organizes their own meetings, there is no service account, \
                         and the limit of about 2,000 meetings a month is each one's own. A global \
                         administrator grants the application permissions User.ReadBasic.All and \
                         OnlineMeetings.ReadWrite.All, and a Teams administrator an application access \
                         policy for the staff, which takes up to 30 minutes to apply. Every staff member \
                         needs a Teams licence.",
                    ],
                ]),
            ),
            field(
                CLOUD_FIELD,
                "Microsoft cloud",
                "Where your organization's tenant is. Without a choice, the worldwide cloud.",
                choices(&[
                    [GLOBAL.name, "Worldwide", "Also for GCC."],
                    [
                        government.name,
                        "US Government (GCC High)",
                        "Only if the operator of the platform has granted it.",
                    ],
                    [
                        defense.name,
                        "US Department of Defense",
                        "Only if the operator of the platform has granted it.",
                    ],
                    [
                        CHINA,
                        "China (21Vianet)",
                        "Cannot be connected: Microsoft offers applications no online meetings there.",
                    ],
                ]),
            ),
        ],
        meeting_options: options::described(),
        match_key: "User Principal Name".to_owned(),
        best_batch: BEST_BATCH,
        capabilities: Capabilities::all(),
        meetings_per_month: Some(MEETINGS_PER_MONTH),
        api_origins: wants::origins("api"),
        identity_origins: wants::origins("identity"),
        optional_api_origins: wants::origins("optional-api"),
        optional_identity_origins: wants::origins("optional-identity"),
    }
}
