//! What this provider says about itself.

use crate::bindings::provider::{Capabilities, Description, SetupField, SetupKind};
use crate::domain;
use crate::room;

/// The setup field that holds the server's name.
pub(crate) const DOMAIN_FIELD: &str = "domain";
/// The setup field that holds the beginning of all rooms' names.
pub(crate) const PREFIX_FIELD: &str = "prefix";

fn field(name: &str, label: &str, help: &str, most: usize) -> SetupField {
    SetupField {
        name: name.to_owned(),
        label: label.to_owned(),
        help: help.to_owned(),
        required: false,
        asked_again: false,
        kind: SetupKind::Text(u32::try_from(most).unwrap_or(u32::MAX)),
    }
}

/// The answer to `describe`: always the same, and made without imports.
pub(crate) fn description() -> Description {
    Description {
        id: "jitsi-meet".to_owned(),
        name: "Jitsi Meet".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        setup: vec![
            field(
                DOMAIN_FIELD,
                "Jitsi Meet server",
                "The name of your organization's own server, such as meet.example.com, with the tenant behind \
                 a slash where it has several. Without one, meet.jit.si, the public server, which is for trying \
                 things out.",
                domain::LONGEST,
            ),
            field(
                PREFIX_FIELD,
                "Beginning of room names",
                "What every room's name begins with, for clients to recognize: letters, digits and \
                 hyphens. It is seen in every link.",
                room::LONGEST_PREFIX,
            ),
        ],
        meeting_options: Vec::new(),
        match_key: String::new(),
        best_batch: 1,
        capabilities: Capabilities::RESCHEDULE | Capabilities::CANCEL | Capabilities::LOOK_UP,
        meetings_per_month: None,
        api_origins: Vec::new(),
        identity_origins: Vec::new(),
        optional_api_origins: Vec::new(),
        optional_identity_origins: Vec::new(),
    }
}
