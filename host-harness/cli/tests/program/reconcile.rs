//! A real data folder, a stand-in for Microsoft in which somebody changed meetings, and the program.

use std::fs;
use std::process::Output;

use mock_graph::{Action, Config, Fault, MockGraph, Operation, SignIn, contoso};
use serde_json::Value;
use tempfile::TempDir;
use url::Url;
use video_host::calls::CallPolicy;
use video_host::provider::{MeetingReference, MeetingRequest, NextStep, Parameter};
use video_host::{Host, HostConfig};
use video_platform::{
    BookingRequest, Channel, MatchField, MeetingMethod, MeetingOptions, Platform, Service, Setup,
};

use crate::{program, text};

/// 2100-01-01T09:00:00Z, in milliseconds since 1970: what is over is not made again.
const START: i64 = 4_102_477_200_000;
const HOUR: i64 = 3_600_000;
const SESSION: &str = "session";

struct Scene {
    microsoft: MockGraph,
    folder: TempDir,
}

impl Scene {
    /// Five appointments on a connected platform, which is closed again: one was deleted in Microsoft, one
    /// moved, one never deleted there, one has no link yet, and one is sound.
    async fn set() -> anyhow::Result<Self> {
        let microsoft = MockGraph::start(Config::default()).await?;
        let folder = TempDir::new()?;
        fs::write(folder.path().join("ca.pem"), microsoft.ca_pem())?;
        fs::write(folder.path().join("secret"), format!("{}\n", contoso::CLIENT_SECRET))?;

        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        test_store::lay_out(&data).await?;
        let mut config = HostConfig::new(data);
        // What is lost here stays lost, for `reconcile` to find.
        config.calls = CallPolicy::once();
        host_harness::configured::lead_to(&mut config, microsoft.addr(), microsoft.ca_pem(), &[])?;
        let host = Host::start(config).await?;
        let grant = host_harness::configured::worldwide()?;
        let manifest = host_harness::configured::manifest(contoso::CLIENT_ID, contoso::CLIENT_SECRET, grant);
        let teams = host.load(plugin_artifacts::TEAMS, &manifest).await?;
        let platform = Platform::open(host).await?;
        platform.providers().install(teams.clone());

        let tenant = Parameter { name: "tenant-id".to_owned(), value: contoso::TENANT_ID.to_owned() };
        let setup = Setup { match_field: MatchField::Email, values: vec![tenant] };
        let (id, step) =
            platform.start_connect("microsoft-teams", setup, SESSION, contoso::REDIRECT_URI).await?;
        let NextStep::Visit(url) = step else { anyhow::bail!("Teams needs a sign-in") };
        let back = microsoft.sign_in(&url, SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?;
        let parameters = Url::parse(&back)?
            .query_pairs()
            .map(|(name, value)| Parameter { name: name.into_owned(), value: value.into_owned() })
            .collect();
        platform.finish_callback(SESSION, parameters).await?;
        let staff = format!("id,name,email,user_name\nadele,Adele Vance,{},adele\n", contoso::ADVISER);
        platform.import_staff(staff.as_bytes()).await?;
        platform
            .put_service(&Service {
                id: "advice".to_owned(),
                name: "Advice".to_owned(),
                methods: MeetingMethod::ALL.to_vec(),
            })
            .await?;
        platform.assign("advice", "adele", true).await?;
        platform.rematch(&id, |_| {}).await?;

        for name in ["alive", "gone", "moved", "sound"] {
            platform.book(&booking(name)).await?;
        }
        let reference = async |name: &str| -> anyhow::Result<MeetingReference> {
            let appointment = platform.appointment(name).await?.expect("it is booked");
            Ok(MeetingReference {
                appointment_id: appointment.id,
                meeting_id: appointment.meeting_id,
                organizer_id: appointment.organizer_id,
                staff: None,
            })
        };
        microsoft.faults().inject(Fault::once(Operation::DeleteMeeting, Action::status(404)));
        platform.cancel("alive").await?;
        let behind = teams.on(&id);
        behind.cancel_meeting(&reference("gone").await?).await?;
        let MeetingReference { appointment_id, meeting_id, organizer_id, staff } = reference("moved").await?;
        let elsewhere = MeetingRequest {
            appointment_id,
            meeting_id,
            organizer_id,
            staff,
            subject: "Moved in Teams".to_owned(),
            start: START + 5 * HOUR,
            end: START + 6 * HOUR,
            attendees: Vec::new(),
            options: Vec::new(),
        };
        behind.update_meeting(&elsewhere).await?;
        microsoft.faults().inject(Fault::once(Operation::CreateMeeting, Action::DropAfter));
        assert!(platform.book(&booking("unlinked")).await.is_err());
        microsoft.journal().clear();
        Ok(Self { microsoft, folder })
    }

    /// Runs `reconcile` on the folder, in a process of its own.
    async fn reconcile(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let path = |name: &str| self.folder.path().join(name).into_os_string();
        let mut command = program(["reconcile", "--since", "2099-12-31", "--client-id", contoso::CLIENT_ID]);
        command
            .arg("--data")
            .arg(path("data"))
            .arg("--client-secret-file")
            .arg(path("secret"))
            .args(["--microsoft", &self.microsoft.addr().to_string(), "--ca"])
            .arg(path("ca.pem"))
            .args(arguments);
        Ok(tokio::task::spawn_blocking(move || command.output()).await??)
    }

    /// Requests of each kind that Microsoft received since the last time.
    fn operations(&self) -> Vec<Operation> {
        let journal = self.microsoft.journal();
        let operations = journal.requests().iter().map(|request| request.operation).collect();
        journal.clear();
        operations
    }
}

fn booking(id: &str) -> BookingRequest {
    BookingRequest {
        id: id.to_owned(),
        service: "advice".to_owned(),
        method: MeetingMethod::VideoCall,
        staff: "adele".to_owned(),
        client_name: "A Customer".to_owned(),
        client_email: "customer@example.com".to_owned(),
        subject: "Mortgage advice".to_owned(),
        start: START,
        end: START + HOUR,
        channel: Channel::Schedule,
        options: MeetingOptions::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_in_microsoft_is_told_and_mended_only_on_request() -> anyhow::Result<()> {
    let scene = Scene::set().await?;
    let dry = scene.reconcile(&[]).await?;
    assert_eq!(dry.status.code(), Some(2), "{}", text(&dry.stderr));
    insta::assert_snapshot!("dry_run", text(&dry.stdout));
    assert_eq!(scene.operations(), [Operation::Batch], "a dry run only reads");

    let mended = scene.reconcile(&["--mend"]).await?;
    assert_eq!(mended.status.code(), Some(2), "a missing meeting is not made again without being asked for");
    insta::assert_snapshot!("mended", text(&mended.stdout));

    let recreated = scene.reconcile(&["--mend", "--recreate", "--json"]).await?;
    assert_eq!(recreated.status.code(), Some(0), "{}", text(&recreated.stderr));
    let told: Value = serde_json::from_slice(&recreated.stdout)?;
    assert_eq!(told["compared"], 5);
    let [gone] = told["differences"].as_array().map(Vec::as_slice).unwrap_or_default() else {
        anyhow::bail!("{told}")
    };
    assert_eq!((&gone["appointment"], &gone["outcome"]), (&"gone".into(), &"recreated".into()));
    let links: Vec<_> = scene.microsoft.meetings().into_iter().map(|meeting| meeting.join_web_url).collect();
    assert!(links.iter().any(|link| gone["new_link"] == link.as_str()), "{told}");

    let again = scene.reconcile(&[]).await?;
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stdout));
    assert!(text(&again.stdout).contains("✓ Both sides agree."), "{}", text(&again.stdout));
    Ok(())
}

#[test]
fn what_is_missing_to_open_a_platform_is_named() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().to_string_lossy();
    let output = program(["reconcile", "--data", &data]).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("holds no platform's data"), "{}", text(&output.stderr));

    fs::write(folder.path().join("video.db"), "").expect("written");
    for (variable, says) in [("", "VIDEO_CLIENT_ID"), ("VIDEO_CLIENT_ID", "--client-secret-file")] {
        let mut command = program(["reconcile", "--data", &data]);
        command.env_remove("VIDEO_CLIENT_ID").env_remove("VIDEO_CLIENT_SECRET");
        if !variable.is_empty() {
            command.env(variable, "x");
        }
        let output = command.output().expect("the program runs");
        assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
    }
}
