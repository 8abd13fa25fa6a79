//! The Jitsi Meet provider in the real host and under the platform: alone, and beside Teams.

mod beside_teams;
mod connecting;
mod rooms;
mod stage;
