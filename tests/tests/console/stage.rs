//! A console in front of a platform, a host with the Teams plugin, and the stand-in.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use end_to_end::{World, WorldOptions};
use http_body_util::BodyExt as _;
use mock_graph::{Config, RedirectUri, User, contoso};
use tokio::net::TcpListener;
use tower_service::Service as _;
use url::Url;
use url::form_urlencoded::Serializer;
use video_console::{CALLBACK, Console, Settings};
use video_platform::{AuditEntry, AuditFilter, Entitlement, IntegrationId, MeetingMethod, Platform, Service};

pub(crate) const ADMINISTRATOR: &str = "A-1";
pub(crate) const SCHEDULER: &str = "B-1";
/// Adele Vance, who is a user of Microsoft's.
pub(crate) const ADVISER: &str = "C-1";
/// A staff member whose name is markup.
pub(crate) const MARKUP: &str = "C-6";
pub(crate) const MARKUP_NAME: &str = "<script>document.title='owned'</script><b>Eve</b>";
/// The service with all meeting methods, which everybody gives.
pub(crate) const SERVICE: &str = "mortgage";

/// Advisers besides those with a story: the stand-in has them too.
const MORE: usize = 60;

const STORIES: &str = "id,name,email,user_name,role\n\
    A-1,Alex Hartmann,admin@contoso.com,ahartmann,administrator\n\
    B-1,Robin Okafor,robin@contoso.com,rokafor,scheduler\n\
    C-1,Adele Vance,AdeleV@contoso.com,adelev,staff\n\
    C-2,Alias Adviser,a000001@contoso.com,aalias,staff\n\
    C-3,Pat Fabrikam,pat@fabrikam.com,pat,staff\n\
    C-4,Nobody Known,nobody@contoso.com,nobody,staff\n\
    C-5,No Address,,noaddress,staff\n\
    C-6,<script>document.title='owned'</script><b>Eve</b>,adviser000002@contoso.com,eve,staff\n";

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) platform: Platform,
    pub(crate) console: Console,
    pub(crate) address: Url,
    listener: Option<TcpListener>,
}

impl Stage {
    /// Staff and services, and nothing connected.
    pub(crate) async fn start() -> Result<Self> {
        // The port is needed before the stand-in knows the redirect URI.
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = Url::parse(&format!("http://localhost:{}", listener.local_addr()?.port()))?;
        let redirect = format!("{}{CALLBACK}", address.origin().ascii_serialization());
        let mut application = contoso::application();
        application.redirect_uris.push(RedirectUri::web(&redirect));
        let mut organisation = contoso::organisation();
        organisation.users.extend(User::generate(MORE, contoso::DOMAIN, 7));
        let microsoft = Config {
            applications: vec![application],
            organisations: vec![organisation],
            ..Config::default()
        };
        let world = World::with(WorldOptions { microsoft, ..WorldOptions::default() }).await?;
        let platform = Platform::open(world.host.clone()).await?;
        platform.providers().install(world.teams.clone());
        let mut staff = STORIES.to_owned();
        for number in 3..=MORE {
            writeln!(
                staff,
                "D-{number:03},Adviser {number:03},adviser{number:06}@contoso.com,adviser{number},staff"
            )?;
        }
        platform.import_staff(staff.as_bytes()).await?;
        platform.set_entitlement(Entitlement::MultipleIntegrations, true).await?;
        let service = Service {
            id: SERVICE.to_owned(),
            name: "Mortgage advice".to_owned(),
            methods: MeetingMethod::ALL.to_vec(),
        };
        platform.put_service(&service).await?;
        for member in ["C-1", "C-4", "C-6", "D-003", "D-004", "D-005"] {
            platform.assign(SERVICE, member, true).await?;
        }
        let console = Console::open(platform.clone(), Settings::new(address.clone())).await?;
        Ok(Self { world, platform, console, address, listener: Some(listener) })
    }

    /// The same, with an integration that is connected and everybody matched.
    pub(crate) async fn connected() -> Result<(Self, IntegrationId)> {
        let stage = Self::start().await?;
        let administrator = stage.signed_in(ADMINISTRATOR).await?;
        let id = administrator.connect(contoso::SERVICE_ACCOUNT).await?;
        stage.platform.rematch(&id, |_| {}).await?;
        Ok((stage, id))
    }

    /// Serves the pages for a browser, until the end of the test.
    pub(crate) fn serve(&mut self) -> Result<()> {
        let listener = self.listener.take().context("it is served already")?;
        let (console, platform) = (self.console.clone(), self.platform.clone());
        tokio::spawn(async move { platform.run_jobs(std::future::pending(), Duration::ZERO).await });
        tokio::spawn(async move { console.serve(listener, std::future::pending()).await });
        Ok(())
    }

    /// Somebody who has not signed in.
    pub(crate) fn nobody(&self) -> Visitor<'_> {
        Visitor { stage: self, cookie: String::new() }
    }

    /// A staff member, who used a sign-in link.
    pub(crate) async fn signed_in(&self, staff: &str) -> Result<Visitor<'_>> {
        let link = self.console.sign_in_link(staff).await?;
        let (_, token) = link.query_pairs().next().context("a link has a token")?;
        let answer = self.nobody().send(Method::POST, "/sign-in", &[("token", &token)], &[]).await?;
        ensure!(answer.status == StatusCode::SEE_OTHER, "the sign-in ended with {}", answer.status);
        let cookie = answer.headers[header::SET_COOKIE].to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(Visitor { stage: self, cookie })
    }

    /// The newest rows of the audit log.
    pub(crate) async fn log(&self) -> Result<Vec<AuditEntry>> {
        Ok(self.platform.audit(&AuditFilter::default(), None, 500).await?.entries)
    }

    pub(crate) async fn is_enabled(&self, staff: &str) -> Result<bool> {
        Ok(self.platform.video_settings(staff).await?.context("they exist")?.enabled)
    }
}

/// What a page answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// Where it leads.
    pub(crate) fn location(&self) -> Result<&str> {
        let location = self.headers.get(header::LOCATION);
        let location = location.with_context(|| format!("{} leads nowhere: {}", self.status, self.text))?;
        Ok(location.to_str()?)
    }

    /// The token of its forms.
    pub(crate) fn csrf(&self) -> Result<String> {
        let rest = self.text.split("name=\"csrf\" value=\"").nth(1).context("it has no form")?;
        Ok(rest.split('"').next().unwrap_or_default().to_owned())
    }
}

/// Somebody who sends requests.
pub(crate) struct Visitor<'a> {
    stage: &'a Stage,
    pub(crate) cookie: String,
}

impl Visitor<'_> {
    pub(crate) async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, &[], &[]).await
    }

    /// Sends a form with the token of this session.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Answer> {
        // Every page of somebody who is signed in has a form: to sign out.
        let csrf = self.get("/no-such-page").await?.csrf()?;
        let form = [form, &[("csrf", csrf.as_str())]].concat();
        self.send(Method::POST, path, &form, &[]).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Result<Answer> {
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 50_000))));
        if !self.cookie.is_empty() {
            request = request.header(header::COOKIE, &self.cookie);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.stage.console.router().call(request.body(Body::from(body))?).await?;
        let (parts, body) = response.into_parts();
        let bytes: Bytes = body.collect().await?.to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Answer { status: parts.status, headers: parts.headers, text })
    }

    /// Goes through the wizard up to Microsoft's sign-in, and gives its address.
    pub(crate) async fn begin(&self) -> Result<String> {
        let form = [("match-field", "email"), ("tenant-id", contoso::TENANT_ID)];
        let answer = self.post("/settings/video-calls/new/microsoft-teams", &form).await?;
        Ok(answer.location()?.to_owned())
    }

    /// Signs in at Microsoft, and gives the path to which the browser comes back.
    pub(crate) async fn come_back(&self, visit: &str, user: &str) -> Result<String> {
        let back = self.stage.world.microsoft.sign_in(visit, mock_graph::SignIn::accepting(user)).await?;
        let back = Url::parse(&back)?;
        Ok(back[url::Position::BeforePath..].to_owned())
    }

    /// Connects Contoso.
    pub(crate) async fn connect(&self, user: &str) -> Result<IntegrationId> {
        let visit = self.begin().await?;
        let back = self.come_back(&visit, user).await?;
        let answer = self.get(&back).await?;
        let home = answer.location()?;
        Ok(home.rsplit('/').next().unwrap_or_default().parse()?)
    }
}
