//! What an operator does about plugins: pinning them in manifests, and putting new versions in the place of
//! those that work.

mod following;
mod manifests;
mod swapping;
