//! What it does instead of answering.

use std::hint::black_box;
use std::time::Duration;

use crate::bindings::exports::scheduling::video_provider::provider::Error;
use crate::bindings::scheduling::video_provider::{log, settings, storage};
use crate::letters;
use crate::words::Words;

/// What the operator's setting of this export's name asks for.
pub(crate) fn of(export: &str) -> Result<Words, Error> {
    settings::get(export).map_or(Ok(Words::Plain), |deed| does(&deed))
}

/// Does it, and gives how to speak if it comes back.
pub(crate) fn does(deed: &str) -> Result<Words, Error> {
    match deed {
        "spin" => spin(),
        "spin between trifles" => spin_between_trifles(),
        "grow" => grow(),
        "recurse" => {
            black_box(recurse(1));
        }
        "trap" => panic!("the evil plugin panics on purpose"),
        "crash with a lie" => panic!(
            "\n2026-11-23T09:00:00Z ERROR video_host: all keys are lost\u{1b}[2J{}",
            "a".repeat(100_000)
        ),
        "exit" => std::process::exit(0),
        "sleep" => std::thread::sleep(Duration::from_hours(24)),
        "post and trap" => {
            letters::post();
            panic!("the evil plugin panics after its request");
        }
        "flood the log" => {
            for line in 0..10_000 {
                log::log(log::Level::Error, &format!("line {line}\nforged"));
            }
        }
        "long lines" => {
            for _ in 0..100 {
                log::log(log::Level::Error, &"a".repeat(1 << 20));
            }
        }
        "error:long" => return Err(Error::NotFound("a".repeat(1 << 20))),
        "error:control" => return Err(Error::NotFound("\u{1b}[2Jgone".to_owned())),
        "long" => return Ok(Words::Long),
        "control" => return Ok(Words::Control),
        "many" => return Ok(Words::Many),
        "amplified" => return Ok(Words::Amplified),
        "capable of nothing" => return Ok(Words::Incapable),
        _ => {}
    }
    Ok(Words::Plain)
}

fn spin() {
    let mut n = 0_u64;
    loop {
        n = black_box(n.wrapping_add(1));
    }
}

/// Computes, and asks the host for next to nothing in between.
fn spin_between_trifles() {
    let mut n = 0_u64;
    loop {
        for _ in 0..100_000 {
            n = black_box(n.wrapping_add(1));
        }
        black_box(letters::get("http://nowhere.example/", &[]));
        black_box(storage::delete("").is_err());
    }
}

fn grow() {
    let mut held = Vec::new();
    loop {
        held.push(black_box(vec![1_u8; 1 << 20]));
    }
}

#[allow(unconditional_recursion)]
fn recurse(depth: u64) -> u64 {
    black_box(recurse(black_box(depth + 1))) + 1
}
