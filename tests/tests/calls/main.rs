//! How the host makes calls: what it repeats and when, whom it leaves alone, and who goes first.

mod circuit;
mod fairness;
mod repeating;
mod signing_in;
mod stage;
