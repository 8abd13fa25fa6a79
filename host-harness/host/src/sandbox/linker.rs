//! Everything that a guest can call, and nothing else: what is not defined here cannot be reached,
//! whatever the check of a component's imports let pass.

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::p2::bindings::{cli, random};
use wasmtime_wasi::random::WasiRandom;

use super::state::CallState;
use crate::bindings::scheduling::video_provider;

/// The linker of all plugins of an engine.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    let l = &mut linker;

    video_provider::http::add_to_linker::<_, HasSelf<CallState>>(l, |state| state)?;
    video_provider::storage::add_to_linker::<_, HasSelf<CallState>>(l, |state| state)?;
    video_provider::credentials::add_to_linker::<_, HasSelf<CallState>>(l, |state| state)?;
    video_provider::settings::add_to_linker::<_, HasSelf<CallState>>(l, |state| state)?;
    video_provider::log::add_to_linker::<_, HasSelf<CallState>>(l, |state| state)?;
    video_provider::signing::add_to_linker::<_, HasSelf<CallState>>(l, |state| state)?;
    video_provider::types::add_to_linker::<_, HasSelf<CallState>>(l, |state| state)?;

    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(l)?;
    random::insecure::add_to_linker::<CallState, WasiRandom>(l, |state| state.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<CallState, WasiRandom>(l, |state| state.ctx().ctx.random())?;
    cli::exit::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    cli::environment::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    cli::terminal_input::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    cli::terminal_output::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    cli::terminal_stdin::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    cli::terminal_stdout::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    cli::terminal_stderr::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    Ok(linker)
}
