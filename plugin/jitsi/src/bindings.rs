//! What `wit-bindgen` makes of the contract in `wit/`.
#![allow(missing_docs, unsafe_code, unreachable_pub, clippy::pedantic, clippy::crate_in_macro_def)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "joining-video-provider",
    default_bindings_module: "crate::bindings",
    additional_derives: [PartialEq, Eq],
});

pub(crate) use exports::scheduling::video_provider::{joining, provider};
pub(crate) use scheduling::video_provider::{log, signing, storage, types};
