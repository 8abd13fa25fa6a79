//! The way out, attacked from both sides: by the request and by the server. Everything happens on
//! loopback, through the crate's public interface.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod destinations;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod server;
