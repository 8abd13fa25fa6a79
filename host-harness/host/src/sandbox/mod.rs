//! Running what strangers wrote: the engine, the check of a component, its compiled code, one
//! instance a call, and the bounds on all of it.

mod cache;
mod engine;
mod failure;
#[cfg(test)]
mod fuzz;
mod limits;
mod linker;
mod links;
mod pace;
mod places;
mod returns;
mod run;
mod state;
mod surface;
mod usage;

pub use engine::{Memory, Pool};
pub use failure::{CallError, Failure};
pub(crate) use limits::MEMORIES;
pub use limits::{Limits, TICK};
pub use surface::{Surface, SurfaceError};

pub(crate) use cache::CodeCache;
pub(crate) use engine::{CONCURRENT_CALLS, LARGEST_MEMORY, engine};
pub(crate) use linker::linker;
pub(crate) use pace::{Queue, queue};
pub(crate) use places::Places;
pub(crate) use run::{Runner, Sandboxed};
pub(crate) use state::{CallState, LOG_LINE};
pub(crate) use surface::{JOINING, PROVIDER, surface};
pub(crate) mod check {
    pub(crate) use super::links::participant_link;
    pub(crate) use super::returns::{
        connection, description, directory_page, error, look_ups, meeting, next_step, outcomes, warnings,
        without,
    };
}
