//! The program as people run it: the built binary, its output and its exit code.

mod check;
mod demo;
mod following;
mod inspect;
mod keys;
mod matching;
mod operating;
mod reconcile;
mod recording;
mod serve;
mod several;
mod stand_in;
mod stopping;

use std::ffi::OsStr;
use std::process::{Command, Output};

/// The built program, with nothing in its environment that changes what it prints.
fn program<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_host-harness"));
    command.args(arguments).env_remove("RUST_LOG").env_remove("VIDEO_DATABASE_URL");
    command
}

fn run<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Output {
    program(arguments).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}
