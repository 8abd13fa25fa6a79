//! A link that signs somebody in, for whoever the operator gives it to.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use video_console::Console;
use video_host::egress::Trust;
use video_host::store::KeyFile;
use video_host::{Host, HostConfig};
use video_platform::Platform;

use crate::arguments::SignInOptions;
use crate::screen::{Screen, count};
use crate::serve;

/// Makes the link in the store, where every host of it finds it.
pub(crate) async fn run(options: &SignInOptions, screen: &mut Screen) -> Result<()> {
    let kept = serve::kept(&options.config)?;
    // Neither a store nor keys are made here, for a host that would then find another user's.
    ensure!(
        kept.store.path().is_none_or(Path::is_file),
        "there is no {}: start the host once, which reads the staff list into it",
        kept.store
    );
    let keys = KeyFile::new(&kept.keys);
    keys.load()?;
    let mut config = HostConfig::new(&kept.data);
    config.keys = Some(keys.into());
    config.store = Some(kept.store);
    // Nothing is sent anywhere.
    config.trust = Trust::Only(Vec::new());
    let platform = Platform::open(Host::start(config).await?).await?;
    let id = &options.staff;
    let member = platform.staff_member(id).await?.with_context(|| {
        format!(
            "there is no staff member {id}. Who is on the staff list is known from the next start of a host on; \
             what counts is the column id"
        )
    })?;
    let minutes = kept.settings.link_lifetime.as_secs() / 60;
    let console = Console::open(platform, kept.settings).await?;
    // Alone on its line: it is copied, or read by a program.
    screen.line(console.sign_in_link(id).await?)?;
    screen.text(&format!(
        "It signs {} ({}) in, once, within {}. Give it to nobody else.",
        member.name,
        member.role.label(),
        count(minutes, "minute")
    ))?;
    Ok(())
}
