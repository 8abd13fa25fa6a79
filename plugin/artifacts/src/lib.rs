//! The plugins of this workspace, as the components that ship.

/// The Microsoft Teams provider.
pub const TEAMS: &[u8] = include_bytes!(env!("TEAMS_COMPONENT"));

/// The Jitsi Meet provider.
pub const JITSI: &[u8] = include_bytes!(env!("JITSI_COMPONENT"));

/// A provider that breaks every rule, for tests.
pub const EVIL: &[u8] = include_bytes!(env!("EVIL_COMPONENT"));

/// A provider that keeps every rule but the one that its settings name, for tests.
pub const WRONG: &[u8] = include_bytes!(env!("WRONG_COMPONENT"));
