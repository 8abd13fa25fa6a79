//! The way out of the sandbox.

mod grant;

pub use grant::{Denied, Grant, Origin, OriginError, Purpose};
