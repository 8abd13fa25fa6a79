//! What `bindgen!` makes of the contract. Imports are asynchronous on this side, so that a plugin
//! that waits blocks no thread; the plugin sees plain calls.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "video-provider",
    imports: { default: async },
    exports: { default: async },
    additional_derives: [PartialEq],
});
