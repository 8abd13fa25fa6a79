//! The vault: exchanges, renewals, what survives a crash, and what never leaves.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod assertion;
mod crash;
mod death;
mod exchange;
mod model;
mod names;
mod renewal;
mod secrecy;
mod stage;
mod together;
