//! The way out of the sandbox.
//!
//! Three questions stand between a plugin and the network, and each has its own place: may it reach
//! this origin ([`Grant`]), may it say this ([`admit_headers`]), and is that really where the name
//! leads ([`Client`], by [`forbidden`]). Everything that is not allowed is refused.

mod address;
mod answer;
mod client;
mod connector;
mod destination;
#[cfg(test)]
mod fuzz;
mod grant;
mod headers;
mod resolve;
mod room;
mod stand_in;
mod traffic;

pub use address::forbidden;
pub use client::{Client, ClientError, ClientOptions, MAX_REQUEST_BODY, Trust, tls};
pub use grant::{Denied, Grant, Origin, OriginError, Purpose};
pub use headers::{MAX_HEADER_BYTES, MAX_HEADERS, admit_headers};
pub use resolve::{Resolved, Resolver, StaticRoutes, SystemResolver};
pub use room::AnswerRoom;
pub use stand_in::{DenyAll, RecordingTransport};
pub use traffic::Traffic;
