//! Random histories of two processes on one store, against a model of what each of them can know: a live grant
//! is never called dead, a dead one never alive, and a rotated refresh token is never lost.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;
use tokio::time::Instant;
use video_host::clock::{Clock as _, ShiftedClock};
use video_host::egress::Grant;
use video_host::store::{KeyRing, Location, Store};
use video_host::transport::{BoxFuture, SendError, Transport};
use video_host::vault::{Caller, ClientAuthentication, ClientKeys, CredentialFailure, Vault};

use super::stage::{Reply, TOKEN_URL, answer, parameters, refused_with, soon, tokens};

/// An hour, as [`tokens`] live.
const LIFE_MS: i64 = 3_600_000;

#[derive(Debug, Clone, Copy)]
enum Op {
    /// One of the two processes wants a token.
    Call(usize),
    /// Seconds pass.
    Advance(u64),
    /// From now on the endpoint behaves so.
    Mood(Mood),
    /// The store takes no credentials any more, or does again.
    StoreFails(bool),
    /// A person signs in again, at one of the two.
    Replace(usize),
    /// A person disconnects, at one of the two.
    Discard(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Well,
    /// Renews, and keeps the refresh token to itself.
    Omits,
    /// Refuses the grant with this code.
    Refuses(u32),
    /// Refuses the client.
    RefusesClient,
    /// Renews, and the answer is lost.
    Loses,
    Down,
    Unreachable,
}

/// A request for a renewal.
#[derive(Debug, Clone)]
struct Asked {
    refresh: String,
    mood: Mood,
    /// What was answered with, if it arrived.
    access: Option<String>,
    new_refresh: Option<String>,
}

/// The token endpoint. What it issued before keeps working, as Microsoft's refresh tokens do.
#[derive(Default)]
struct Endpoint(Mutex<State>);

struct State {
    mood: Mood,
    issued: u32,
    asked: Vec<Asked>,
}

impl Default for State {
    fn default() -> Self {
        Self { mood: Mood::Well, issued: 0, asked: Vec::new() }
    }
}

impl Transport for Endpoint {
    fn send(&self, request: Request<Bytes>, _: Instant) -> BoxFuture<'_, Reply> {
        let field = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(request.body());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let mut state = self.0.lock().unwrap();
        state.issued += 1;
        let (access, mut new) = (format!("access-{}", state.issued), format!("refresh-{}", state.issued));
        // People sign in whatever mood the endpoint is in.
        let mood = if field("refresh_token").is_some() { state.mood } else { Mood::Well };
        if mood == Mood::Omits {
            new.clear();
        }
        if let Some(refresh) = field("refresh_token") {
            let arrives = matches!(mood, Mood::Well | Mood::Omits);
            state.asked.push(Asked {
                refresh,
                mood,
                access: arrives.then(|| access.clone()),
                new_refresh: (arrives && !new.is_empty()).then(|| new.clone()),
            });
        }
        let reply = match mood {
            Mood::Well | Mood::Omits => tokens(&access, &new),
            Mood::Refuses(code) => refused_with("invalid_grant", code),
            Mood::RefusesClient => refused_with("invalid_client", 7_000_215),
            Mood::Loses => Err(SendError::NoAnswer("reset".to_owned())),
            Mood::Down => answer(503, &serde_json::json!({})),
            Mood::Unreachable => Err(SendError::NotSent("no route".to_owned())),
        };
        Box::pin(async move { reply })
    }
}

/// What there is to know of a credential.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    refresh: String,
    access: String,
    issued_at: i64,
    /// The code of the last refusal, and when it was.
    dead: Option<(u32, i64)>,
}

impl Known {
    fn believed(&self, now: i64) -> Option<u32> {
        let (code, at) = self.dead?;
        let lasts = if matches!(code, 50_173 | 700_082) { 86_400_000 } else { 900_000 };
        // What is measured here is a moment later than what the vault measured.
        (now - at < lasts - 1_000).then_some(code)
    }
}

struct Model {
    endpoint: Arc<Endpoint>,
    clock: Arc<ShiftedClock>,
    store: Store,
    vaults: [Vault; 2],
    caller: Caller,
    /// What the store has, and what one process has in memory because the store would not take it.
    row: Option<(i64, Known)>,
    memory: [Option<(i64, Known)>; 2],
    /// When a renewal last failed.
    failed_at: [i64; 2],
    store_fails: bool,
    _folder: TempDir,
}

impl Model {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (clock, endpoint) = (Arc::<ShiftedClock>::default(), Arc::<Endpoint>::default());
        let keys = KeyRing::parse("k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
        test_store::lay_out(folder.path()).await.unwrap();
        let location = Location::of_folder(folder.path()).unwrap();
        let open = || Store::open(location.clone(), keys.clone(), clock.clone());
        let (store, other) = (open().await.unwrap(), open().await.unwrap());
        let vault = |store: &Store| Vault::new(store.clone(), endpoint.clone(), clock.clone());
        let caller = Caller {
            integration: "me".parse().unwrap(),
            grant: Arc::new(Grant {
                api: Vec::new(),
                identity: vec!["https://login.example".parse().unwrap()],
            }),
            client: Arc::new(ClientKeys::default()),
        };
        let vaults = [vault(&store), vault(&other)];
        let (row, memory, failed_at) = (None, [None, None], [i64::MIN; 2]);
        let mut model = Self {
            endpoint,
            clock,
            store,
            vaults,
            caller,
            row,
            memory,
            failed_at,
            store_fails: false,
            _folder: folder,
        };
        model.replace(0).await;
        model
    }

    async fn run(&mut self, op: Op) {
        match op {
            Op::Call(who) => self.call(who).await,
            Op::Advance(seconds) => self.clock.advance(Duration::from_secs(seconds)),
            Op::Mood(mood) => self.endpoint.0.lock().unwrap().mood = mood,
            Op::StoreFails(fails) => self.fail_store(fails).await,
            Op::Replace(who) => self.replace(who).await,
            Op::Discard(who) => {
                self.vaults[who].discard(&self.caller.integration, "main").await.unwrap();
                self.row = None;
            }
        }
    }

    async fn fail_store(&mut self, fails: bool) {
        if fails == self.store_fails {
            return;
        }
        if fails {
            test_store::refuse_updates(self.store.pool(), "credential", "sealed").await.unwrap();
        } else {
            test_store::accept_updates(self.store.pool(), "credential").await.unwrap();
        }
        self.store_fails = fails;
    }

    /// A person signs in, and the new credential takes the old one's place: or not, if the store will not.
    async fn replace(&mut self, who: usize) {
        let vault = &self.vaults[who];
        let pairs =
            parameters(&[("grant_type", "authorization_code"), ("client_id", "c"), ("code", "the-code")]);
        let asked_at = self.clock.now_ms();
        let exchange =
            vault.exchange(&self.caller, "pending/1", TOKEN_URL, &pairs, ClientAuthentication::None, soon());
        let promoted = match exchange.await {
            Ok(_) => vault.promote(&self.caller.integration, "pending/1", "main").await.is_ok(),
            Err(_) => false,
        };
        assert!(promoted || self.store_fails);
        if promoted {
            let issued = self.endpoint.0.lock().unwrap().issued;
            let known = Known {
                refresh: format!("refresh-{issued}"),
                access: format!("access-{issued}"),
                issued_at: asked_at,
                dead: None,
            };
            self.row = Some((self.version().await.unwrap(), known));
        }
    }

    async fn version(&self) -> Option<i64> {
        let version = sqlx::query_scalar("SELECT version FROM credential WHERE name = 'main'");
        version.fetch_optional(self.store.pool()).await.unwrap()
    }

    /// What one process knows: what it could not save, as long as nothing else came in its place.
    fn known_to(&self, who: usize) -> Option<Known> {
        let (version, saved) = self.row.as_ref()?;
        let unsaved = self.memory[who].as_ref().filter(|(base, _)| base == version);
        Some(unsaved.map_or(saved, |(_, unsaved)| unsaved).clone())
    }

    async fn call(&mut self, who: usize) {
        let (before, now) = (self.known_to(who), self.clock.now_ms());
        self.endpoint.0.lock().unwrap().asked.clear();
        let got = self.vaults[who].access_token(&self.caller, "main", soon()).await;
        let asked = std::mem::take(&mut self.endpoint.0.lock().unwrap().asked);
        let Some(before) = before else {
            assert_eq!(got.unwrap_err(), CredentialFailure::Missing);
            assert!(asked.is_empty());
            return;
        };
        assert!(asked.len() <= 1, "{asked:?}");
        let mut after = before.clone();
        if let Some(asked) = asked.first() {
            assert_eq!(asked.refresh, before.refresh, "a rotated refresh token was lost");
            match (&asked.access, asked.mood) {
                (Some(access), _) => {
                    after.access.clone_from(access);
                    after.refresh = asked.new_refresh.clone().unwrap_or(before.refresh.clone());
                    (after.issued_at, after.dead) = (now, None);
                }
                (None, Mood::Refuses(code)) => after.dead = Some((code, now)),
                (None, _) => self.failed_at[who] = now,
            }
        }
        self.judge(who, &before, &after, asked.first(), &got.map(|token| token.expose().to_owned()), now);
        self.note(who, &before, after).await;
    }

    /// Whether an answer is one that follows from what is known.
    fn judge(
        &self,
        who: usize,
        before: &Known,
        after: &Known,
        asked: Option<&Asked>,
        got: &Result<String, CredentialFailure>,
        now: i64,
    ) {
        let left = after.issued_at + LIFE_MS - now;
        if let Some(code) = before.believed(now) {
            assert!(asked.is_none(), "a dead grant was asked about again too soon");
            assert!(matches!(got, Err(CredentialFailure::Refused(it)) if it.codes == [code]), "{got:?}");
            return;
        }
        match got {
            Ok(token) => {
                assert_eq!(after.dead, None, "a dead grant was called alive");
                assert_eq!(token, &after.access);
                assert!(left > 0, "a token was handed out that had ended");
            }
            Err(CredentialFailure::Refused(refusal)) => match after.dead {
                Some((code, _)) => assert_eq!(refusal.codes, [code]),
                None => assert_eq!(
                    asked.map(|it| it.mood),
                    Some(Mood::RefusesClient),
                    "a live grant was called dead"
                ),
            },
            Err(CredentialFailure::Unavailable(_)) => {
                assert!(
                    asked.is_some_and(|it| it.access.is_none()) && left <= 30_000,
                    "{asked:?}, {left} ms left"
                );
            }
            Err(other) => panic!("{other:?}"),
        }
        // Who is not asked though there is reason to was asked in vain a moment ago.
        if before.dead.is_some() && asked.is_none() {
            let lately = now - self.failed_at[who] < 11_000;
            let nearly = before.dead.is_some_and(|(code, at)| {
                Known { dead: Some((code, at + 2_000)), ..before.clone() }.believed(now).is_some()
            });
            assert!(lately || nearly, "a refusal was believed for too long");
        }
    }

    /// Notes what came of a call, and where: in the store, or in memory.
    async fn note(&mut self, who: usize, before: &Known, after: Known) {
        let version = self.version().await.unwrap();
        let base = self.row.as_ref().map_or(version, |(version, _)| *version);
        if version != base {
            assert!(!self.store_fails);
            self.row = Some((version, after));
        } else if after != *before {
            assert!(self.store_fails, "what came from the endpoint was not saved");
            self.memory[who] = Some((base, after));
        }
    }
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let mood = prop_oneof![
        4 => Just(Mood::Well),
        1 => Just(Mood::Omits),
        1 => Just(Mood::Refuses(53_003)),
        1 => Just(Mood::Refuses(65_001)),
        1 => Just(Mood::Refuses(50_173)),
        1 => Just(Mood::Refuses(700_082)),
        1 => Just(Mood::RefusesClient),
        1 => Just(Mood::Loses),
        1 => Just(Mood::Down),
        1 => Just(Mood::Unreachable),
    ];
    let seconds = prop_oneof![Just(1), Just(5), Just(60), Just(905), Just(3_300), Just(4_000), Just(87_000)];
    let op = prop_oneof![
        12 => (0..2_usize).prop_map(Op::Call),
        6 => seconds.prop_map(Op::Advance),
        5 => mood.prop_map(Op::Mood),
        1 => any::<bool>().prop_map(Op::StoreFails),
        1 => (0..2_usize).prop_map(Op::Replace),
        1 => (0..16_usize).prop_map(|who| if who < 2 { Op::Discard(who) } else { Op::Call(who % 2) }),
    ];
    vec(op, 1..60)
}

#[test]
fn whatever_happens_a_live_grant_is_not_called_dead_nor_a_dead_one_alive_and_no_token_is_lost() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // The environment may ask for more (PROPTEST_CASES).
    let cases = std::env::var("PROPTEST_CASES").map_or(24, |cases| cases.parse().unwrap());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&ops(), |ops| {
            runtime.block_on(async {
                let mut model = Model::new().await;
                for op in ops {
                    model.run(op).await;
                }
            });
            Ok(())
        })
        .unwrap();
}
