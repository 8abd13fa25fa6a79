#![doc = include_str!("../README.md")]

mod assets;
mod console;
mod database;
mod draining;
mod failure;
mod gate;
mod headers;
mod link;
mod pages;
mod routes;
mod secret;
mod session;
mod settings;
mod view;

pub use console::{Console, OpenError};
pub use database::{ConsoleDatabaseError, migrations};
pub use gate::Access;
pub use routes::{Listed, listed};
pub use settings::{CALLBACK, Detour, Settings, WrongAddress};
