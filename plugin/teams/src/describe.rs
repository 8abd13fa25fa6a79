//! What this provider says about itself.

use crate::bindings::provider::{Capabilities, Description, SetupField, SetupKind};
use crate::cloud::GLOBAL;
use crate::matching::BEST_BATCH;

/// The setup field that holds the tenant id.
pub(crate) const TENANT_FIELD: &str = "tenant-id";

/// The answer to `describe`: always the same, and made without imports.
pub(crate) fn description() -> Description {
    Description {
        id: "microsoft-teams".to_owned(),
        name: "Microsoft Teams".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        setup: vec![
            SetupField {
                name: "match-field".to_owned(),
                label: "Select which field holds the UPN".to_owned(),
                help: "The field of a staff record whose value is the user principal name, with \
                       which the person signs in to Microsoft 365."
                    .to_owned(),
                required: true,
                asked_again: false,
                kind: SetupKind::StaffField,
            },
            SetupField {
                name: TENANT_FIELD.to_owned(),
                label: "Tenant ID".to_owned(),
                help: "In the Microsoft Entra admin center, under Overview: the tenant ID, such \
                       as 72f988bf-86f1-41af-91ab-2d7cd011db47."
                    .to_owned(),
                required: true,
                asked_again: true,
                kind: SetupKind::Text(64),
            },
        ],
        match_key: "User Principal Name".to_owned(),
        best_batch: BEST_BATCH,
        capabilities: Capabilities::all(),
        api_origins: vec![GLOBAL.graph.to_owned()],
        identity_origins: vec![GLOBAL.login.to_owned()],
    }
}
