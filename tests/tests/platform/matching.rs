//! From a staff file to users.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use mock_graph::{Action, Fault, Operation, Times, User, contoso};
use video_platform::{BookingError, IntegrationId, MatchState, StaffMatch, Status};

use crate::stage::{Stage, booking};

const STAFF: &str = "id,name,email,user_name
adele,Adele Vance,AdeleV@contoso.com,adelev
alias,Alias,admin.alias@contoso.com,
guest,Guest,pat@fabrikam.com,
gone,Gone,gone@contoso.com,
bare,Bare,bare@contoso.com,
nobody,Nobody,nobody@contoso.com,
keyless,Keyless,,keyless
twin-1,Twin,twin@contoso.com,
twin-2,Other Twin,TWIN@contoso.com,
";

fn member(id: &str, upn: &str) -> User {
    User::member(id, upn, upn)
}

async fn stage() -> Result<(Stage, IntegrationId)> {
    let stage = Stage::start().await?;
    let directory = stage.world.microsoft.directory();
    let gone = member("00000000-0000-4000-8000-000000000001", "gone@contoso.com");
    let bare = member("00000000-0000-4000-8000-000000000002", "bare@contoso.com");
    directory.add_user(contoso::TENANT_ID, User { account_enabled: false, ..gone })?;
    directory.add_user(contoso::TENANT_ID, User { teams_licence: false, ..bare })?;
    directory.update_user(contoso::ADMINISTRATOR, |user| {
        user.proxy_addresses.push("smtp:admin.alias@contoso.com".to_owned());
    })?;
    let id = stage.connect().await?;
    let report = stage.platform.import_staff(STAFF.as_bytes()).await?;
    assert_eq!((report.added, report.rejected.len()), (9, 0));
    Ok((stage, id))
}

async fn found(stage: &Stage, id: &IntegrationId, staff: &str) -> Result<StaffMatch> {
    let matches = stage.platform.matches(id, None, 1_000).await?;
    matches.into_iter().find(|found| found.staff == staff).context("asked for")
}

#[tokio::test]
async fn a_matching_of_an_imported_file_explains_each_outcome() -> Result<()> {
    let (stage, id) = stage().await?;
    let report = stage.platform.rematch(&id, |_| {}).await?;
    assert_eq!((report.total, report.matched(), report.unknown.len()), (9, 1, 0));
    let wanted = [
        ("adele", MatchState::Matched, ""),
        (
            "alias",
            MatchState::Alias,
            "signs in as admin@contoso.com; the e-mail in the staff record is an alias",
        ),
        ("bare", MatchState::Unlicensed, "bare@contoso.com has no licence for Microsoft Teams meetings"),
        ("gone", MatchState::Disabled, "the account gone@contoso.com is disabled"),
        (
            "guest",
            MatchState::Guest,
            "pat_fabrikam.com#EXT#@contoso.onmicrosoft.com is a guest of the organisation",
        ),
        ("keyless", MatchState::NoKey, "the staff record has no e-mail"),
        ("nobody", MatchState::NotFound, "no user with this User Principal Name"),
        ("twin-1", MatchState::Shared, "shared with Other Twin (twin-2)"),
        ("twin-2", MatchState::Shared, "shared with Twin (twin-1)"),
    ];
    let matches = stage.platform.matches(&id, None, 100).await?;
    assert_eq!(matches.len(), wanted.len());
    for (found, (staff, state, reason)) in matches.iter().zip(wanted) {
        assert_eq!((found.staff.as_str(), found.state), (staff, state));
        assert!(found.reason.as_deref().unwrap_or_default().starts_with(reason), "{staff}: {found:?}");
        assert_eq!(found.reason.is_none(), reason.is_empty(), "{staff}: {found:?}");
    }
    let adele = matches[0].user.as_ref().context("matched")?;
    assert_eq!(adele.id, contoso::ADVISER_ID);
    Ok(())
}

#[tokio::test]
async fn booking_somebody_who_is_not_matched_says_why() -> Result<()> {
    let (stage, id) = stage().await?;
    stage.offer(&["adele"]).await?;
    let error = stage.platform.book(&booking("a", "adele")).await.err().context("not matched yet")?;
    assert!(error.to_string().contains("match the staff first"), "{error}");
    stage.platform.rematch(&id, |_| {}).await?;
    stage.world.microsoft.journal().clear();
    for (staff, name, reason) in [
        ("gone", "Gone", "the account gone@contoso.com is disabled"),
        ("nobody", "Nobody", "no user with this User Principal Name"),
        ("guest", "Guest", "is a guest"),
        ("bare", "Bare", "no licence"),
        ("alias", "Alias", "signs in as admin@contoso.com"),
        ("twin-2", "Other Twin", "shared with Twin"),
        ("keyless", "Keyless", "no e-mail"),
    ] {
        stage.offer(&[staff]).await?;
        let error = stage.platform.book(&booking("a", staff)).await.err().context("not matched")?;
        assert!(matches!(error, BookingError::NotMatched { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(name) && text.contains(reason) && text.contains("Microsoft Teams"), "{text}");
    }
    assert_eq!(stage.requests(), 0);
    assert!(stage.platform.appointment("a").await?.is_none(), "nothing is saved");
    Ok(())
}

#[tokio::test]
async fn somebody_who_is_disabled_at_microsoft_is_found_out_by_matching_again() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    stage.world.microsoft.directory().set_enabled(contoso::ADVISER, false)?;
    assert_eq!(stage.platform.rematch_one("adele").await?.state, MatchState::Disabled);
    let error = stage.platform.book(&booking("a", "adele")).await.err().context("disabled")?;
    assert!(error.to_string().contains("the account AdeleV@contoso.com is disabled"), "{error}");
    assert_eq!(found(&stage, &id, "mod").await?.state, MatchState::Matched);
    Ok(())
}

#[tokio::test]
async fn a_throttled_item_turns_nobody_who_is_matched_into_somebody_who_is_not() -> Result<()> {
    let stage = Stage::start().await?;
    let directory = stage.world.microsoft.directory();
    let users = User::generate(40, contoso::DOMAIN, 9);
    let mut csv = "id,name,email,user_name\n".to_owned();
    for (n, user) in users.iter().enumerate() {
        writeln!(csv, "s{n:02},,{},", user.user_principal_name)?;
        directory.add_user(contoso::TENANT_ID, user.clone())?;
    }
    let id = stage.connect().await?;
    stage.platform.import_staff(csv.as_bytes()).await?;
    assert_eq!(stage.platform.rematch(&id, |_| {}).await?.matched(), 40);
    // Whoever is really gone is found out, beside the item that is not answered.
    directory.remove_user(&users[39].id)?;

    let faults = stage.world.microsoft.faults();
    faults.inject(Fault {
        // By itself, once only the 15 of the item are left to be asked for.
        operation: Operation::ListUsers,
        times: Times::Always,
        matching: Some("adviser000001%40".to_owned()),
        action: Action::throttled("2.5"),
    });
    faults.inject(Fault {
        operation: Operation::BatchItem,
        times: Times::Always,
        matching: Some("adviser000001%40".to_owned()),
        action: Action::throttled("2.5"),
    });
    let report = stage.platform.rematch(&id, |_| {}).await?;
    assert_eq!((report.matched(), report.unknown.len()), (24, 15), "{report:?}");
    // Those of the item were asked for again by themselves, and never before Microsoft said.
    let requests = stage.world.microsoft.journal().of(Operation::ListUsers);
    let again = requests.iter().filter(|request| request.path_and_query.contains("adviser000001"));
    let answers: Vec<_> = again.filter_map(|request| request.answer.as_ref()).collect();
    assert!(!answers.is_empty() && answers.iter().all(|answer| !answer.before_retry_after), "{answers:?}");
    for staff in &report.unknown {
        let known = found(&stage, &id, staff).await?;
        assert_eq!(known.state, MatchState::Matched, "{staff}");
        assert!(known.unanswered_at.is_some());
    }
    assert_eq!(found(&stage, &id, "s39").await?.state, MatchState::NotFound);
    // And can be booked.
    stage.offer(&["s00"]).await?;
    assert_eq!(stage.platform.book(&booking("a", "s00")).await?.status, Status::Booked);

    faults.clear();
    let report = stage.platform.rematch(&id, |_| {}).await?;
    assert_eq!((report.matched(), report.unknown.len()), (39, 0));
    Ok(())
}
