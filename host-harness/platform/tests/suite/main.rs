//! The platform over providers that answer by a script. The real plugin is tested end to end elsewhere.

#![expect(
    clippy::unwrap_used,
    reason = "the script stands in for providers, and a test that breaks it may panic"
)]

mod acting;
mod advice;
mod audit;
mod booking;
mod changes;
mod changing_many;
mod connecting;
mod dashboard;
mod directory;
mod entitlements;
mod events;
mod figures;
mod histories;
mod importing;
mod matching;
mod options;
mod reassigning;
mod reconciling;
mod rematching;
mod script;
mod services;
mod staff_checks;
mod states;
