//! `log`: a plugin's lines among the host's, labelled, bounded and without secrets.

use crate::bindings::scheduling::video_provider::log::{self, Level};
use crate::sandbox::{CallState, LOG_LINE};

impl log::Host for CallState {
    async fn log(&mut self, level: Level, message: String) {
        let bytes_left = self.log_bytes_left.checked_sub(message.len());
        self.log_bytes_left = bytes_left.unwrap_or_default();
        // A line that is too long is cut and nothing else. Who writes more than all its lines can hold floods.
        self.misbehaved |= bytes_left.is_none() || self.log_lines_left == 0;
        if self.log_lines_left == 0 {
            return;
        }
        self.log_lines_left -= 1;
        let redactor = self.redactor();
        let text = clean(&redactor.beginning(&message, LOG_LINE));
        let integration = self.integration.as_ref().map_or("", |integration| integration.as_str());
        let plugin = self.plugin.as_ref();
        match level {
            Level::Debug => tracing::debug!(target: "video_host::plugin", plugin, integration, "{text}"),
            Level::Info => tracing::info!(target: "video_host::plugin", plugin, integration, "{text}"),
            Level::Warn => tracing::warn!(target: "video_host::plugin", plugin, integration, "{text}"),
            Level::Error => tracing::error!(target: "video_host::plugin", plugin, integration, "{text}"),
        }
        if self.log_lines_left == 0 {
            tracing::warn!(target: "video_host::plugin", plugin, integration, "further lines of this call are dropped");
        }
    }
}

/// With control characters (line breaks too, which would forge lines) replaced.
fn clean(message: &str) -> String {
    message.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn a_line_cannot_forge_another_one() {
        assert_eq!(clean("done\n2026 ERROR all lost\u{1b}[2J"), "done\u{fffd}2026 ERROR all lost\u{fffd}[2J");
    }
}
