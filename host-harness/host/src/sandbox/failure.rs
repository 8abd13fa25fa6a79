//! How a call can end other than by the plugin's own answer.

use wasmtime::{Trap, WasmBacktrace};

use super::limits::Meter;
use crate::provider;

/// Why a call gave no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The plugin answered with an error of the contract, which says what to do.
    #[error("{}", describe(.0))]
    Provider(provider::Error),
    /// The plugin, not the provider, failed. If it had sent requests they may have taken effect.
    #[error("the plugin {plugin} failed in {function}: {failure}")]
    Failed {
        /// The plugin's id, or its digest while it has none.
        plugin: String,
        /// The function of the contract that was called.
        function: &'static str,
        /// What happened.
        failure: Failure,
    },
}

/// What a plugin can do wrong, or what can happen to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The whole call took longer than its deadline. A request may have taken effect.
    #[error("the call was not done within {0} ms")]
    Deadline(u128),
    /// It computed longer than it may.
    #[error("it used up its processor time of {0} ms")]
    ProcessorTime(u128),
    /// It was still computing at its deadline, beside others that do. A request may have taken effect.
    #[error("it was still computing at its deadline of {deadline} ms, after {used} ms of processor time")]
    Computing {
        /// Processor time that it had got, in milliseconds.
        used: u64,
        /// The deadline, in milliseconds.
        deadline: u64,
    },
    /// It wanted more memory than it may have.
    #[error("it wanted more than its {0} bytes of memory")]
    Memory(usize),
    /// It trapped: a panic, most likely. The text is what it said, with the guest's backtrace.
    #[error("it crashed: {0}")]
    Trapped(String),
    /// Its answer breaks the contract.
    #[error("its answer breaks the contract: {0}")]
    BrokeContract(String),
    /// All places for calls were taken until the deadline. Nothing was called.
    #[error("all places for calls were taken")]
    Busy,
    /// Calls before misbehaved, so that this one had to wait for a turn, and none came until the deadline.
    /// Nothing was called.
    #[error("it is held back because it misbehaved before, and its turn did not come until the deadline")]
    HeldBack,
    /// The host could not make an instance.
    #[error("no instance could be made: {0}")]
    Instance(String),
}

impl Failure {
    /// Whether the plugin is to blame, and costs the host more than it gives.
    pub(crate) fn is_misconduct(&self) -> bool {
        match self {
            Self::ProcessorTime(_)
            | Self::Computing { .. }
            | Self::Memory(_)
            | Self::Trapped(_)
            | Self::BrokeContract(_) => true,
            // Most likely it waited for a provider that hangs.
            Self::Deadline(_) | Self::Busy | Self::HeldBack | Self::Instance(_) => false,
        }
    }
}

impl CallError {
    /// A word for it, for those who count: the contract's error, or what happened to the plugin.
    pub fn name(&self) -> &'static str {
        use provider::Error as E;
        match self {
            Self::Provider(error) => match error {
                E::InvalidInput(_) => "invalid_input",
                E::NotConnected => "not_connected",
                E::NeedsReauthorization(_) => "needs_reauthorization",
                E::Misconfigured(_) => "misconfigured",
                E::Refused(_) => "refused",
                E::NotFound(_) => "not_found",
                E::Internal(_) => "internal",
                E::SignInFailed(_) => "sign_in_failed",
                E::AccountMismatch(_) => "account_mismatch",
                E::Throttled(_) => "throttled",
                E::Unavailable(_) => "unavailable",
            },
            Self::Failed { failure, .. } => match failure {
                Failure::Deadline(_) => "deadline",
                Failure::ProcessorTime(_) => "processor_time",
                Failure::Computing { .. } => "computing",
                Failure::Memory(_) => "memory",
                Failure::Trapped(_) => "trapped",
                Failure::BrokeContract(_) => "broke_contract",
                Failure::Busy => "busy",
                Failure::HeldBack => "held_back",
                Failure::Instance(_) => "no_instance",
            },
        }
    }

    /// Whether the call may have had an effect at the provider although it gave no result.
    pub fn may_have_taken_effect(&self) -> bool {
        match self {
            Self::Provider(provider::Error::Unavailable(outage)) => outage.may_have_taken_effect,
            Self::Provider(_) => false,
            Self::Failed { failure, .. } => {
                !matches!(failure, Failure::Busy | Failure::HeldBack | Failure::Instance(_))
            }
        }
    }
}

/// How much of what a guest said, and of where it was, is told: characters.
const TOLD: usize = 4_096;

/// Names the failure behind wasmtime's error.
pub(crate) fn classify(
    error: &wasmtime::Error,
    meter: &Meter,
    stderr: &[u8],
    limits: &super::Limits,
) -> Failure {
    if meter.refused_memory {
        return Failure::Memory(limits.memory);
    }
    if matches!(error.downcast_ref::<Trap>(), Some(Trap::Interrupt)) {
        return Failure::ProcessorTime(limits.processor_time.as_millis());
    }
    let said = shown(String::from_utf8_lossy(stderr).trim());
    let trace = shown(&format!("{error:?}"));
    Failure::Trapped(if said.is_empty() { trace } else { format!("{said}\n{trace}") })
}

/// Whether an error is one of the guest's own, also while it is instantiated: a module may do anything there that
/// it may do later.
pub(crate) fn is_the_guests(error: &wasmtime::Error) -> bool {
    error.is::<Trap>() || error.is::<WasmBacktrace>()
}

/// The beginning and the end of what a guest said, or of what its functions are called, as text of several lines. A
/// trace ends with what stopped it.
fn shown(text: &str) -> String {
    let printable = |c: char| if c.is_control() && c != '\n' { '\u{fffd}' } else { c };
    let characters = text.chars().count();
    if characters <= TOLD {
        return text.chars().map(printable).collect();
    }
    let (begin, end) = (text.chars().take(TOLD / 2), text.chars().skip(characters - TOLD / 2));
    begin.chain("\n…\n".chars()).chain(end).map(printable).collect()
}

/// A sentence for each error of the contract.
fn describe(error: &provider::Error) -> String {
    use provider::Error as E;
    let wait = |ms: &Option<u64>| match ms {
        Some(ms) => format!(" Try again in {} s.", ms.div_ceil(1_000)),
        None => String::new(),
    };
    match error {
        E::InvalidInput(input) => format!("{}: {}", input.field, input.message),
        E::NotConnected => "This integration is not connected.".to_owned(),
        E::NeedsReauthorization(grant) => grant.message.clone(),
        E::Misconfigured(it) => it.message.clone(),
        E::Refused(refusal) => refusal.message.clone(),
        E::NotFound(message) | E::Internal(message) => message.clone(),
        E::SignInFailed(sign_in) => sign_in.message.clone(),
        E::AccountMismatch(account) => account.message.clone(),
        E::Throttled(after) => format!("The provider is busy with too many requests.{}", wait(after)),
        E::Unavailable(outage) => format!("{}{}", outage.message, wait(&outage.retry_after)),
    }
}
