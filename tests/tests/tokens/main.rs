//! What tokens have to outlast: clocks that differ, answers that are lost, stores that fail, policies that come
//! and go, keys that are lost.

mod clocks;
mod healing;
mod keys;
mod losses;
