//! What a plugin cannot have signed, and where a token gets that a plugin does not keep to itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use end_to_end::{Log, World, contract_error, find, listen};
use tracing::Level;
use video_host::egress::Grant;
use video_host::provider::{Error, JoinableMeeting, Participant, ParticipantRole, User};
use video_host::signing::SigningKeys;
use video_host::{CallError, Failure, LoadError, Manifest, ManifestFile, Provider, sha256};

use crate::keys::{NAME, Pair, SECRET};
use crate::stage::SERVER;

const ROOM: &str = "https://rooms.example/join/room-1";

fn meeting() -> JoinableMeeting {
    JoinableMeeting {
        appointment_id: "a".to_owned(),
        meeting_id: "room-1".to_owned(),
        join_url: ROOM.to_owned(),
        organizer_id: None,
        start: 0,
        end: 1,
    }
}

fn guest() -> Participant {
    Participant { role: ParticipantRole::Guest, display_name: "A Customer".to_owned() }
}

fn granted(settings: &[(&str, &str)]) -> Result<Manifest> {
    let origin = vec!["https://rooms.example".parse()?];
    let (keys, _) = SigningKeys::drawn(["rooms-token"], &"https://rooms.example".parse()?)?;
    let settings: BTreeMap<_, _> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Ok(Manifest {
        grant: Grant { api: origin.clone(), identity: origin },
        signing: Arc::new(keys),
        settings,
        ..Manifest::default()
    })
}

/// A provider that does what its settings say.
async fn wrong(world: &World, settings: &[(&str, &str)]) -> Result<Provider> {
    let plugin = world.host.load(plugin_artifacts::WRONG, &granted(settings)?).await?;
    Ok(plugin.on(&"rooms".parse()?))
}

/// What the host said to it.
async fn refusal(world: &World, settings: &[(&str, &str)]) -> Result<String> {
    match contract_error(wrong(world, settings).await?.join_link(&meeting(), &guest()).await)? {
        Error::Internal(told) => Ok(told),
        other => bail!("{other:?}"),
    }
}

#[tokio::test]
async fn a_plugin_can_claim_nothing_of_the_hosts() -> Result<()> {
    let world = World::start().await?;
    for claim in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"] {
        let claims = format!(r#"{{"room":"room-1","{claim}":4102444800}}"#);
        let told = refusal(&world, &[("claims", &claims)]).await?;
        assert!(told.contains("ReservedClaim") && told.contains(claim), "{claim}: {told}");
    }
    for claims in ["", "[]", "{", "\"text\"", &format!(r#"{{"room":"{}"}}"#, "x".repeat(9_000))] {
        let told = refusal(&world, &[("claims", claims)]).await?;
        assert!(told.contains("Malformed"), "{told}");
    }
    Ok(())
}

#[tokio::test]
async fn a_plugin_has_the_keys_that_the_manifest_names_and_no_others() -> Result<()> {
    let world = World::start().await?;
    for key in ["another-token", "", "rooms-token ", "../rooms-token"] {
        let told = refusal(&world, &[("key", key)]).await?;
        assert!(told.contains("UnknownKey"), "{key}: {told}");
    }
    // The key is for links of another server than this meeting's.
    let elsewhere =
        JoinableMeeting { join_url: "https://rooms.example.evil.example/".to_owned(), ..meeting() };
    let rooms = wrong(&world, &[("key", "rooms-token")]).await?;
    let Error::Internal(told) = contract_error(rooms.join_link(&elsewhere, &guest()).await)? else {
        bail!("signed")
    };
    assert!(told.contains("UnknownKey"), "{told}");
    Ok(())
}

#[tokio::test]
async fn tokens_are_signed_for_who_joins_and_not_without_end() -> Result<()> {
    let world = World::start().await?;
    let told = refusal(&world, &[("signs-again", "8")]).await?;
    assert!(told.contains("Denied"), "{told}");
    assert!(wrong(&world, &[("signs-again", "7")]).await?.join_link(&meeting(), &guest()).await?.is_some());

    let rooms = wrong(&world, &[("signs-early", "{}")]).await?;
    let user = User { id: "user-ada".to_owned(), key: "ada".to_owned(), display_name: "Ada".to_owned() };
    let told = rooms.check_user(&user).await?;
    assert!(matches!(&told[..], [said] if said.contains("Denied")), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn a_link_that_takes_a_token_elsewhere_is_handed_to_nobody() -> Result<()> {
    let world = World::start().await?;
    let rooms = wrong(&world, &[("breaks", "a-token-leads-where-it-may")]).await?;
    let error = rooms.join_link(&meeting(), &guest()).await.err().context("it was handed on")?;
    let CallError::Failed { failure: Failure::BrokeContract(rule), .. } = &error else { bail!("{error}") };
    assert!(rule.contains("https://elsewhere.example") && !rule.contains("token="), "{rule}");
    Ok(())
}

#[tokio::test]
async fn a_plugin_that_tells_a_token_is_not_heard() -> Result<()> {
    let world = World::start().await?;
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(log.clone()).finish();
    let _listening = listen(subscriber);
    // The header of every such token.
    let begins = "eyJhbGciOiJIUzI1NiIs";
    for leaks in ["log", "error", "trap"] {
        let rooms = wrong(&world, &[("leaks", leaks)]).await?;
        let ended = rooms.join_link(&meeting(), &guest()).await;
        if let Ok(Some(link)) = &ended {
            assert!(link.expose().contains(begins), "the link itself has it");
        }
        let told = format!("{ended:?}");
        assert!(!told.contains(begins), "{leaks}: {told}");
        let logged = log.take();
        assert!(!find(&logged, begins.as_bytes()), "{leaks}");
        let redacted = find(&logged, b"[redacted]") || told.contains("[redacted]");
        assert!(redacted, "{leaks}: {told} {}", String::from_utf8_lossy(&logged));
    }
    Ok(())
}

#[tokio::test]
async fn a_provider_without_such_links_gives_none() -> Result<()> {
    let world = World::start().await?;
    assert!(!world.teams.joins());
    let link = world.teams_on("contoso")?.join_link(&meeting(), &guest()).await?;
    assert!(link.is_none());
    Ok(())
}

/// A manifest for the Jitsi plugin, with a table for a key.
fn manifest(signing: &str) -> String {
    let digest = sha256(plugin_artifacts::JITSI);
    format!("plugin = \"jitsi.wasm\"\nsha256 = \"{digest}\"\nprovider = \"jitsi-meet\"\n\n{signing}")
}

fn table(algorithm: &str, file: &str) -> String {
    format!(
        "[[signing]]\nname = \"{NAME}\"\nlinks = \"https://{SERVER}\"\nalgorithm = \"{algorithm}\"\n\
         key = {{ file = \"{file}\" }}\nissuer = \"example-bank\"\naudience = \"jitsi\"\nsubject = \"{SERVER}\"\n"
    )
}

#[tokio::test]
async fn a_manifest_names_each_key_by_its_place_and_what_is_wrong_is_told_with_its_line() -> Result<()> {
    let folder = tempfile::TempDir::new()?;
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("jitsi.wasm"), plugin_artifacts::JITSI)?;
    std::fs::write(path("secret"), SECRET)?;
    std::fs::write(path("short"), "swordfish")?;
    std::fs::write(path("key.pem"), Pair::generate("1")?.pem()?)?;
    let read = |text: &str| {
        std::fs::write(path("jitsi.toml"), text)?;
        anyhow::Ok(ManifestFile::read(&path("jitsi.toml")))
    };
    let world = World::start().await?;
    for (algorithm, file) in [("HS256", "secret"), ("RS256", "key.pem")] {
        let good = read(&manifest(&table(algorithm, file)))??;
        assert_eq!(good.manifest.signing.names().collect::<Vec<_>>(), [NAME]);
        world.host.load(&good.component, &good.manifest).await?;
        let shown = format!("{:?}", good.manifest);
        assert!(
            shown.contains(algorithm) && !shown.contains("app-secret") && !shown.contains("PRIVATE"),
            "{shown}"
        );
    }
    let good = manifest(&table("HS256", "secret"));
    let with = |line: &str| format!("{good}{line}\n");
    for (line, text, says) in [
        (9, good.replace("\"secret\"", "\"none\""), "Put the secret there"),
        (9, good.replace("\"secret\"", "\"short\""), "has 9 bytes, and HS256 takes at least 32"),
        (9, good.replace("{ file = \"secret\" }", "\"swordfish\""), "must not stand in the manifest"),
        (9, good.replace("HS256", "RS256"), "no RSA key"),
        (8, good.replace("HS256", "none"), "HS256 or RS256"),
        (7, good.replace("https://", "http://"), "not how links begin"),
        (13, with("lifetime-seconds = 3601"), "from 1 to 3600"),
        (13, with("kid = \"1\""), "unknown field `kid`"),
        (
            5,
            good.replace(NAME, "jitsi-tokne"),
            "does not ask for a key \"jitsi-tokne\"; the keys that it can use: jitsi-token",
        ),
        (13, format!("{good}{}", table("HS256", "secret")), "two keys"),
        (
            5,
            good.replace("[[signing]]", "[wants]\nsigning = [\"jitsi-token\", \"more\"]\n[[signing]]"),
            "needs a key more",
        ),
    ] {
        let error = read(&text)?.err().with_context(|| format!("it was read: {text}"))?;
        assert!(error.to_string().contains(says), "{says}: {error}");
        assert!(!error.to_string().contains("swordfish"), "{error}");
        let near = error.line.is_some_and(|found| found.abs_diff(line) <= 1);
        assert!(near, "{says}: line {:?}, and not {line}", error.line);
    }
    Ok(())
}

#[tokio::test]
async fn a_plugin_that_is_of_no_use_without_a_key_is_not_compiled_without_it() -> Result<()> {
    let data = tempfile::TempDir::new()?;
    let world = World::start().await?;
    let host =
        video_host::Host::start(World::config(data.path(), &world.microsoft, world.clock.clone())?).await?;
    // The same plugin, whose section, which stands behind its code and data, wants the key more.
    let name = b"optional-signing rooms-token";
    let at =
        plugin_artifacts::WRONG.windows(name.len()).rposition(|part| part == name).context("its section")?;
    let mut demanding = plugin_artifacts::WRONG.to_vec();
    demanding[at..at + name.len()].copy_from_slice(b"signing rooms-token         ");
    let keyless = Manifest { signing: Arc::default(), ..granted(&[])? };
    let error = host.load(&demanding, &keyless).await.err().context("it was loaded")?;
    assert!(matches!(&error, LoadError::NoKey(name) if name == "rooms-token"), "{error}");
    assert_eq!(std::fs::read_dir(data.path().join("compiled"))?.count(), 0, "something was compiled");
    host.load(&demanding, &granted(&[])?).await?;
    Ok(())
}

#[tokio::test]
async fn the_manifest_that_jitsi_asks_for_shows_its_key_and_loads_it_without() -> Result<()> {
    let world = World::start().await?;
    let jitsi = crate::stage::load(&world.host).await?;
    let asked = video_host::manifest::asked_by(&jitsi, "jitsi.wasm");
    assert!(asked.contains("optional-signing = [\"jitsi-token\"]"), "{asked}");
    assert!(asked.contains("# name = \"jitsi-token\""), "{asked}");
    let folder = tempfile::TempDir::new()?;
    std::fs::write(folder.path().join("jitsi.wasm"), plugin_artifacts::JITSI)?;
    std::fs::write(folder.path().join("jitsi.toml"), &asked)?;
    let read = ManifestFile::read(&folder.path().join("jitsi.toml"))?;
    assert_eq!(read.manifest.signing.names().count(), 0);
    Ok(())
}
