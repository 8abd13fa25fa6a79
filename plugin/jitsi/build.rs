//! Gives the component a small stack: every call runs in a fresh instance, and what is not there
//! need not be mapped, zeroed or kept resident by the host's pool.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../wit");
    let wasm = std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family.contains("wasm"));
    if wasm {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size=65536");
        // Enough for a booking: to grow a memory is a system call that stops all of the host's threads, and
        // another one when the slot is used again. What is not touched costs nothing.
        println!("cargo::rustc-link-arg-cdylib=--initial-memory=524288");
        println!("cargo::rustc-link-arg-cdylib=--compress-relocations");
    }
}
