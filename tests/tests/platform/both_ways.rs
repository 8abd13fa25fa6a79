//! Asking for keys and reading the directory are two ways to the same outcomes.

use anyhow::{Result, ensure};
use mock_graph::{User, UserType, contoso};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use video_platform::{IntegrationId, MatchState, Role, StaffMember, Way};

use crate::stage::Stage;

/// Names of one case: few, so that staff and users meet.
const ADDRESSES: usize = 12;

/// What is in front of the `@`: what people have, and what breaks quoting.
fn local_part() -> impl Strategy<Value = String> {
    // A filter takes 120 characters, `smtp:` included: whose a longer address is, only the directory shows.
    prop_oneof!["[a-zA-Z.'+$%#&-]{1,12}", "[äöüßéİıſΣ学生😀 ]{1,6}", "[a-z]{80,92}"]
}

/// A user: which of the addresses they have, and what is wrong with them.
#[derive(Debug, Clone)]
struct Drawn {
    mail: Option<Index>,
    proxies: Vec<Index>,
    standing: u8,
}

fn user() -> impl Strategy<Value = Drawn> {
    (proptest::option::of(any::<Index>()), vec(any::<Index>(), 0..3), 0..8_u8)
        .prop_map(|(mail, proxies, standing)| Drawn { mail, proxies, standing })
}

/// A key: an address that somebody may have, or anything at all; upper case or as it is.
#[derive(Debug, Clone)]
enum Key {
    Address(Index, bool),
    Anything(String),
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        4 => (any::<Index>(), any::<bool>()).prop_map(|(which, loud)| Key::Address(which, loud)),
        1 => prop_oneof!["\\PC{0,40}", "\\PC{0,20}@contoso\\.com", " *"].prop_map(Key::Anything),
    ]
}

#[test]
fn any_staff_list_comes_to_the_same_by_keys_and_by_directory() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let (stage, id) = runtime.block_on(async {
        let stage = Stage::start().await?;
        let id = stage.connect().await?;
        anyhow::Ok((stage, id))
    })?;
    let mut number = 0_u32;
    let mut seen = [0_usize; 2];
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    let strategy = (vec(local_part(), ADDRESSES), vec(user(), ADDRESSES), vec(key(), 20));
    let cases = std::cell::RefCell::new((&mut number, &mut seen));
    TestRunner::new(config).run(&strategy, |(names, users, keys)| {
        let mut cases = cases.borrow_mut();
        let (number, seen) = &mut *cases;
        **number += 1;
        // Names are of their case alone: the directory keeps those of the cases before.
        let addresses: Vec<_> =
            names.iter().enumerate().map(|(n, name)| format!("{number}-{n}{name}@contoso.com")).collect();
        let done = runtime.block_on(async {
            for (n, drawn) in users.iter().enumerate() {
                let user = made(**number, n, drawn, &addresses);
                stage.world.microsoft.directory().add_user(contoso::TENANT_ID, user)?;
            }
            for (n, key) in keys.iter().enumerate() {
                let email = match key {
                    Key::Address(which, true) => which.get(&addresses).to_ascii_uppercase(),
                    Key::Address(which, false) => which.get(&addresses).clone(),
                    Key::Anything(text) => text.clone(),
                };
                let (id, name, user_name) = (format!("s{n}"), String::new(), String::new());
                stage
                    .platform
                    .put_staff(StaffMember { id, name, email, user_name, role: Role::Staff })
                    .await?;
            }
            let by_keys = outcomes(&stage, &id, Way::Keys).await?;
            let by_directory = outcomes(&stage, &id, Way::Directory).await?;
            for (one, other) in by_keys.iter().zip(&by_directory) {
                ensure!(one == other, "by keys {one:?}, by directory {other:?}");
            }
            ensure!(by_keys.len() == keys.len() && by_directory.len() == keys.len(), "somebody is missing");
            seen[0] += by_keys.iter().filter(|(_, state, _)| *state == MatchState::Matched).count();
            seen[1] += by_keys.iter().filter(|(_, state, _)| *state == MatchState::Alias).count();
            Ok(())
        });
        done.map_err(|error: anyhow::Error| TestCaseError::fail(format!("{error:#}")))
    })?;
    ensure!(seen.iter().all(|found| *found > 0), "matched and aliases: {seen:?}");
    Ok(())
}

/// The `n`th user of a case: some sign in with an address of the case, others with a name of their own.
fn made(case: u32, n: usize, drawn: &Drawn, addresses: &[String]) -> User {
    let id = format!("00000000-0000-4000-{:04x}-{n:012x}", 0x8000 + case);
    let upn = if n.is_multiple_of(2) { addresses[n].clone() } else { format!("own{case}-{n}@contoso.com") };
    let user = User::member(&id, &upn, &upn);
    User {
        mail: drawn.mail.map(|which| which.get(addresses).clone()),
        proxy_addresses: drawn.proxies.iter().map(|it| format!("smtp:{}", it.get(addresses))).collect(),
        user_type: if drawn.standing == 0 { UserType::Guest } else { UserType::Member },
        account_enabled: drawn.standing != 1,
        teams_licence: drawn.standing != 2,
        ..user
    }
}

/// Who was found for each, one way.
async fn outcomes(
    stage: &Stage,
    id: &IntegrationId,
    way: Way,
) -> Result<Vec<(String, MatchState, Option<String>)>> {
    stage.platform.start_rematch_by(id, way).await?;
    stage.platform.rematch(id, |_| {}).await?;
    let matches = stage.platform.matches(id, None, 1_000).await?;
    Ok(matches.into_iter().map(|it| (it.staff, it.state, it.user.map(|user| user.id))).collect())
}
