//! What `bindgen!` makes of the contract. Imports are asynchronous on this side, so that a plugin
//! that waits blocks no thread; the plugin sees plain calls. The world is the larger one; what a component need not
//! export is asked for by name.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "joining-video-provider",
    imports: { default: async },
    exports: { default: async },
    additional_derives: [PartialEq],
});
