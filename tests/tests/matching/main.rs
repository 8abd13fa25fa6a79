//! Matching staff to users: what is asked of Microsoft, and what becomes of its answers.

mod exact;
mod later;
mod outcomes;
mod pages;
mod requests;
mod stage;
