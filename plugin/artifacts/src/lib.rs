//! The plugins of this workspace, as the components that ship.

/// The Microsoft Teams provider.
pub const TEAMS: &[u8] = include_bytes!(env!("TEAMS_COMPONENT"));

/// The Jitsi Meet provider.
pub const JITSI: &[u8] = include_bytes!(env!("JITSI_COMPONENT"));

/// A provider that breaks every rule, for tests.
pub const EVIL: &[u8] = include_bytes!(env!("EVIL_COMPONENT"));
