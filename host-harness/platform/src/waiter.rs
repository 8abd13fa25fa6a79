//! Waiting, as something that can be handed in: tests wait for nobody.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

/// Waits until a provider may be asked again.
pub trait Waiter: fmt::Debug + Send + Sync + 'static {
    /// Returns when `time` has passed, as far as the caller is concerned.
    fn wait(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// Waits by the machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct Sleep;

impl Waiter for Sleep {
    fn wait(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(time))
    }
}
