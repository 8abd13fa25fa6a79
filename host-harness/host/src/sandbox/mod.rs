//! Running what strangers wrote: the engine, the check of a component, its compiled code, one
//! instance a call, and the bounds on all of it.

mod cache;
mod engine;
mod failure;
mod limits;
mod linker;
mod pace;
mod returns;
mod run;
mod state;
mod surface;
mod usage;

pub use engine::Memory;
pub use failure::{CallError, Failure};
pub(crate) use limits::MEMORIES;
pub use limits::{Limits, TICK};
pub use surface::{Surface, SurfaceError};

pub(crate) use cache::CodeCache;
pub(crate) use engine::{CONCURRENT_CALLS, LARGEST_MEMORY, PLUGIN_CALLS, engine};
pub(crate) use linker::linker;
pub(crate) use run::{Runner, Sandboxed};
pub(crate) use state::{CallState, LOG_LINE};
pub(crate) use surface::{JOINING, PROVIDER, surface};
pub(crate) mod check {
    pub(crate) use super::returns::{
        connection, description, directory_page, error, look_ups, meeting, next_step, outcomes,
        participant_link, warnings, without,
    };
}
