//! The part of a page that moves while something is under way.

use maud::{Markup, html};

use super::count;

/// Is put in its own place anew every half second, by a script. Without scripts the page loads itself again.
#[expect(clippy::needless_pass_by_value, reason = "markup is written where it is handed in")]
pub(crate) fn moving(source: &str, content: Markup) -> Markup {
    html! {
        div.progress id="progress" hx-get=(source) hx-trigger="every 500ms" hx-swap="outerHTML" { (content) }
    }
}

/// How far it is.
pub(crate) fn bar(label: &str, done: u64, total: u64) -> Markup {
    html! {
        progress aria-label=(label) max=(total.max(1)) value=(done) {}
        p { (count(done)) " of " (count(total)) " done" }
    }
}
