//! `settings`: what the operator wrote into the manifest.

use crate::bindings::scheduling::video_provider::settings;
use crate::sandbox::CallState;

impl settings::Host for CallState {
    async fn get(&mut self, name: String) -> Option<String> {
        self.lender.settings.get(&name).cloned()
    }
}
