//! A token endpoint that says what the test tells it to, when it tells it to.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use video_host::clock::ShiftedClock;
use video_host::egress::Grant;
use video_host::store::{Integration, KeyRing, Location, Store};
use video_host::transport::{BoxFuture, SendError, Transport};
use video_host::vault::{
    AccessToken, Caller, ClientAuthentication, ClientKeys, CredentialError, CredentialFailure, GrantSummary,
    Vault,
};

pub(crate) const TOKEN_URL: &str = "https://login.example/t/token";
pub(crate) const CLIENT_SECRET: &str = "client~secret/0815";

pub(crate) type Reply = Result<Response<Bytes>, SendError>;

enum Scripted {
    Now(Reply),
    Held(oneshot::Receiver<Reply>),
}

/// The endpoint. It answers each request with the next of its answers.
pub(crate) struct Endpoint {
    script: Mutex<VecDeque<Scripted>>,
    asked: watch::Sender<Vec<HashMap<String, String>>>,
}

impl Endpoint {
    fn new() -> Arc<Self> {
        Arc::new(Self { script: Mutex::default(), asked: watch::channel(Vec::new()).0 })
    }

    pub(crate) fn then(&self, reply: Reply) {
        self.script.lock().unwrap().push_back(Scripted::Now(reply));
    }

    /// The next answer comes when it is sent here.
    pub(crate) fn then_hold(&self) -> oneshot::Sender<Reply> {
        let (sender, receiver) = oneshot::channel();
        self.script.lock().unwrap().push_back(Scripted::Held(receiver));
        sender
    }

    /// The forms that came so far.
    pub(crate) fn asked(&self) -> Vec<HashMap<String, String>> {
        self.asked.borrow().clone()
    }

    pub(crate) async fn until_asked(&self, times: usize) {
        self.asked.subscribe().wait_for(|asked| asked.len() >= times).await.unwrap();
    }
}

impl Transport for Endpoint {
    fn send(&self, request: Request<Bytes>, deadline: Instant) -> BoxFuture<'_, Reply> {
        let form = url::form_urlencoded::parse(request.body()).into_owned().collect();
        let next = self.script.lock().unwrap().pop_front();
        self.asked.send_modify(|asked| asked.push(form));
        Box::pin(async move {
            match next {
                Some(Scripted::Now(reply)) => reply,
                Some(Scripted::Held(reply)) => match tokio::time::timeout_at(deadline, reply).await {
                    Ok(reply) => reply.unwrap_or(Err(SendError::NoAnswer("never answered".to_owned()))),
                    Err(_) => Err(SendError::Deadline),
                },
                None => Err(SendError::NotSent("the script has ended".to_owned())),
            }
        })
    }
}

#[allow(clippy::unnecessary_wraps, reason = "it is one of the replies that a script is made of")]
pub(crate) fn answer(status: u16, body: &Value) -> Reply {
    Ok(Response::builder().status(status).body(Bytes::from(body.to_string())).unwrap())
}

/// An hour's tokens; an empty refresh token is left out.
pub(crate) fn tokens(access: &str, refresh: &str) -> Reply {
    let mut body = json!({"token_type": "Bearer", "expires_in": 3_600, "access_token": access});
    if !refresh.is_empty() {
        body["refresh_token"] = refresh.into();
    }
    answer(200, &body)
}

pub(crate) fn refused(error: &str) -> Reply {
    refused_with(error, 50_173)
}

pub(crate) fn refused_with(error: &str, code: u32) -> Reply {
    let description = format!("AADSTS{code}: no");
    answer(400, &json!({"error": error, "error_description": description, "error_codes": [code]}))
}

pub(crate) fn parameters(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

/// A database with a vault over it, and the endpoint.
pub(crate) struct Stage {
    pub(crate) folder: TempDir,
    pub(crate) clock: Arc<ShiftedClock>,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) caller: Caller,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        test_store::lay_out(folder.path()).await.unwrap();
        let (clock, endpoint) = (Arc::<ShiftedClock>::default(), Endpoint::new());
        let store = open(folder.path(), clock.clone()).await;
        let vault = Vault::new(store.clone(), endpoint.clone(), clock.clone());
        let integration: Integration = "me".parse().unwrap();
        let caller = Caller {
            integration,
            grant: Arc::new(Grant {
                api: vec!["https://api.example".parse().unwrap()],
                identity: vec!["https://login.example".parse().unwrap()],
            }),
            client: Arc::new(ClientKeys { secret: Some(CLIENT_SECRET.into()), certificate: None }),
        };
        Self { folder, clock, endpoint, store, vault, caller }
    }

    /// A stage whose credential `main` holds `access-1` and `refresh-1`.
    pub(crate) async fn connected() -> Self {
        let stage = Self::new().await;
        stage.endpoint.then(tokens("access-1", "refresh-1"));
        stage.exchange("main").await.unwrap();
        stage
    }

    /// What another process would have: another store and another vault on the same file.
    pub(crate) async fn another_vault(&self) -> Vault {
        let store = open(self.folder.path(), self.clock.clone()).await;
        Vault::new(store, self.endpoint.clone(), self.clock.clone())
    }

    /// The same, on a machine whose clock is ahead by so many seconds.
    pub(crate) async fn vault_ahead(&self, seconds: u64) -> Vault {
        let clock = Arc::<ShiftedClock>::default();
        clock.advance(Duration::from_secs(seconds));
        let store = open(self.folder.path(), clock.clone()).await;
        Vault::new(store, self.endpoint.clone(), clock)
    }

    pub(crate) async fn exchange(&self, name: &str) -> Result<GrantSummary, CredentialError> {
        self.exchange_with(
            name,
            &[
                ("grant_type", "authorization_code"),
                ("client_id", "client-1"),
                ("scope", "offline_access"),
                ("code", "the-code-of-the-callback"),
                ("code_verifier", "the-verifier-of-the-code"),
            ],
            ClientAuthentication::Secret,
        )
        .await
    }

    pub(crate) async fn exchange_with(
        &self,
        name: &str,
        pairs: &[(&str, &str)],
        authentication: ClientAuthentication,
    ) -> Result<GrantSummary, CredentialError> {
        self.vault.exchange(&self.caller, name, TOKEN_URL, &parameters(pairs), authentication, soon()).await
    }

    pub(crate) async fn token(&self) -> Result<AccessToken, CredentialFailure> {
        self.token_of("main").await
    }

    pub(crate) async fn token_of(&self, name: &str) -> Result<AccessToken, CredentialFailure> {
        self.vault.access_token(&self.caller, name, soon()).await
    }

    /// The token's text, where there has to be one.
    pub(crate) async fn text(&self) -> String {
        self.token().await.unwrap().expose().to_owned()
    }

    pub(crate) fn after(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

async fn open(folder: &Path, clock: Arc<ShiftedClock>) -> Store {
    let keys = KeyRing::parse("k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    Store::open(Location::of_folder(folder).unwrap(), keys, clock).await.unwrap()
}
