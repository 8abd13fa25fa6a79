//! Something that moves while the program works.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// On standard error, and only if that is a terminal.
pub fn spinner(title: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(format!("{title} …"));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(80));
    bar
}
