//! A stateful stand-in for Microsoft's identity platform and Microsoft Graph, over HTTPS.
//!
//! It behaves as Microsoft documents its services, or as recorded traffic shows them, as far as a
//! provider of online meetings uses them: authorization code flow with PKCE, client credentials,
//! administrator consent, users, batches, licences and online meetings. Every failure can be had
//! on request, every request is recorded, and time can be moved.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use mock_graph::{Action, Config, Fault, MockGraph, Operation};
//!
//! let microsoft = MockGraph::start(Config::default()).await?;
//! let fault = Fault::once(Operation::CreateMeeting, Action::throttled("2"));
//! microsoft.faults().inject(fault);
//! // … point a client at microsoft.addr(), trusting microsoft.ca_pem() …
//! assert_eq!(microsoft.meetings().len(), 0);
//! # Ok(())
//! # }
//! ```

mod application;
mod browser;
mod certificate;
mod chance;
mod clock;
mod config;
pub mod contoso;
mod control;
mod directory;
mod dispatch;
mod faults;
mod graph;
mod hosts;
mod journal;
mod locks;
mod login;
mod mock;
mod operation;
mod organisation;
mod secrets;
mod server;
mod shared;
mod tls;
mod wire;

pub use application::{Application, Certificate, ClientSecret, RedirectUri};
pub use browser::{Consent, SignIn, SignInError};
pub use clock::Clock;
pub use config::{Config, InteractionRefusal, PolicyRefusal};
pub use directory::{Directory, NotInDirectory};
pub use faults::{Action, Fault, Faults, Held, Injected, Times};
pub use graph::{Attendee, StoredMeeting};
pub use journal::{Answered, Journal, Recorded, RecordedItem};
pub use mock::{MockGraph, StartError};
pub use operation::Operation;
pub use organisation::{Organisation, PERSONAL_ACCOUNTS_TENANT, PersonalAccount, SizeClass, User, UserType};
pub use tls::TlsError;
