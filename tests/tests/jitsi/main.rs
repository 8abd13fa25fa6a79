//! The Jitsi Meet provider in the real host and under the platform: alone, and beside Teams.

mod beside_teams;
mod connecting;
mod joining;
mod keys;
mod rooms;
mod signing;
mod stage;
