//! Another version of a plugin while the host runs. It has to show that it is one before any call goes to it;
//! until then, and if it does not, the one that works stays.

use video_host::provider::{Description, capability_words};
use video_host::store::Integration as IntegrationId;
use video_host::{CallError, Failure, LoadError, Manifest, Plugin};

use super::{LoadedPlugin, Plugins};

/// How a new version is held against the one that works.
#[derive(Debug, Clone, Default)]
pub struct SwapOptions {
    /// Takes a version that can do less.
    pub force: bool,
    /// A connected integration, for which both versions ask the provider whether the connection works.
    pub check: Option<IntegrationId>,
}

/// What a swap came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swapped {
    /// What calls go to from now on.
    pub now: LoadedPlugin,
    /// What they went to before: calls that were under way end on it. None if it is a new provider.
    pub before: Option<LoadedPlugin>,
}

/// Why a version did not take the place of the one that works, which goes on.
#[derive(Debug, thiserror::Error)]
pub enum SwapRefused {
    /// It cannot be loaded: its digest, contract, description, id or origins are not what they have to be.
    #[error("the new version is not taken: {0}")]
    Load(#[from] LoadError),
    /// It can do less, which integrations may rely on.
    #[error(
        "the new version {version} of {id} is not taken: it cannot {} any more. Integrations may need that; take \
         it by force if none does",
        lost.join(", ")
    )]
    Fewer {
        /// The plugin.
        id: String,
        /// The version that was refused.
        version: String,
        /// The contract's words for what is missing.
        lost: Vec<&'static str>,
    },
    /// It fails for an integration for which the old one works.
    #[error(
        "the new version {version} of {id} is not taken: for the integration {integration} the old one works, \
         and the new one says: {error}"
    )]
    Check {
        /// The plugin.
        id: String,
        /// The version that was refused.
        version: String,
        /// The integration that was asked about.
        integration: IntegrationId,
        /// What the new version answered.
        error: CallError,
    },
}

impl SwapRefused {
    /// Whether the same bytes may be taken at another time: there was no room or no time to ask them who they are.
    pub(super) fn may_pass(&self) -> bool {
        let Self::Load(LoadError::SelfCheck(CallError::Failed { failure, .. })) = self else { return false };
        matches!(
            failure,
            Failure::Busy
                | Failure::Deadline(_)
                | Failure::Computing { .. }
                | Failure::HeldBack
                | Failure::Instance(_)
        )
    }
}

impl Plugins {
    /// Loads a component and has calls go to it, in place of the version that has the same id if there is
    /// one. Before that it has to load under its manifest, to be able to do what the old one can, and, where
    /// [`SwapOptions::check`] names an integration, to work for it if the old one does. Calls that are under
    /// way end on the version that they began with.
    pub async fn swap(
        &self,
        component: &[u8],
        manifest: &Manifest,
        options: &SwapOptions,
    ) -> Result<Swapped, SwapRefused> {
        let swapped = self.try_swap(component, manifest, options).await;
        swapped.inspect_err(|refused| tracing::warn!(%refused, "a plugin is not swapped"))
    }

    /// The same, for who tells by themselves that it is refused.
    pub(super) async fn try_swap(
        &self,
        component: &[u8],
        manifest: &Manifest,
        options: &SwapOptions,
    ) -> Result<Swapped, SwapRefused> {
        let _turn = self.swapping.lock().await;
        let new = self.host.load(component, manifest).await?;
        if let Some(old) = self.get(&new.description().id) {
            compare(&old, &new, options).await?;
        }
        let (now, before) = self.put(new);
        let before = before.as_ref().map(LoadedPlugin::of);
        Ok(Swapped { now, before })
    }
}

async fn compare(old: &Plugin, new: &Plugin, options: &SwapOptions) -> Result<(), SwapRefused> {
    let Description { id, version, .. } = new.description().clone();
    let lost = lost(old, new);
    if !lost.is_empty() && !options.force {
        return Err(SwapRefused::Fewer { id, version, lost });
    }
    let Some(integration) = options.check.clone() else { return Ok(()) };
    if let Err(error) = new.on(&integration).check().await
        && old.on(&integration).check().await.is_ok()
    {
        return Err(SwapRefused::Check { id, version, integration, error });
    }
    Ok(())
}

/// What the old version can do and the new one cannot, in the contract's words.
fn lost(old: &Plugin, new: &Plugin) -> Vec<&'static str> {
    let can = |plugin: &Plugin| plugin.description().capabilities;
    let capabilities = capability_words(can(old) & !can(new));
    // Without it people would be sent to links that no token opens.
    let joining = (old.joins() && !new.joins()).then_some("joining");
    capabilities.chain(joining).collect()
}
