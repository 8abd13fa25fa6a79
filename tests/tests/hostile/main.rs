//! Plugins that strangers wrote, one evil each, and a host that minds none of it.

mod conduct;
mod exports;
mod isolation;
mod sending;
mod stage;
mod storing;
mod telling;
mod together;
