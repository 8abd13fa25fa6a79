//! A person at a browser, on the pages of a stage.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use chromiumoxide::cdp::browser_protocol::emulation::{
    MediaFeature, SetDeviceMetricsOverrideParams, SetLocaleOverrideParams, SetScriptExecutionDisabledParams,
};
use chromiumoxide::cdp::browser_protocol::input::InsertTextParams;
use chromiumoxide::cdp::browser_protocol::page::SetBypassCspParams;
use chromiumoxide::cdp::js_protocol::runtime::EvaluateParams;
use chromiumoxide::layout::Point;
use chromiumoxide::{Browser, BrowserConfig, Page};
use futures_util::StreamExt as _;
use mock_graph::contoso;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinHandle;

use crate::stage::Stage;

/// How long a page may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often a page is looked at: a browser tells nobody outside when it has painted.
const LOOK: Duration = Duration::from_millis(25);

/// One browser at a time: two would only wait for each other.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Says that something was not tried, or fails where nothing may be left out.
pub(crate) fn not_tried(why: &str) -> Result<()> {
    ensure!(std::env::var("BROWSER").as_deref() != Ok("required"), "the pages could not be tried: {why}");
    // Not through the test's captured output: a skip is to be seen.
    writeln!(std::io::stderr(), "SKIPPED: the pages were not tried in a browser: {why}")?;
    Ok(())
}

fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(named.into());
    }
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    ["chromium", "chromium-browser", "google-chrome", "chrome"]
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}

/// A tab of a browser of its own.
pub(crate) struct Tab {
    browser: Browser,
    page: Page,
    address: String,
    events: JoinHandle<()>,
    _profile: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Tab {
    /// Opens one in front of a stage; none where there is no Chromium.
    pub(crate) async fn open(stage: &mut Stage) -> Result<Option<Self>> {
        let Some(executable) = chromium() else {
            not_tried("there is no Chromium (Debian: apt-get install chromium)")?;
            return Ok(None);
        };
        let alone = ALONE.lock().await;
        stage.serve()?;
        let profile = TempDir::new()?;
        // Microsoft's name leads to the stand-in, whose certificate authority this browser does not know.
        let rules = format!("MAP login.microsoftonline.com {}", stage.world.microsoft.addr());
        let config = BrowserConfig::builder()
            .chrome_executable(executable)
            .user_data_dir(profile.path())
            .no_sandbox()
            .new_headless_mode()
            .viewport(None)
            .window_size(1280, 900)
            .launch_timeout(PATIENCE)
            .request_timeout(PATIENCE)
            .args(["disable-gpu", "disable-dev-shm-usage", "force-prefers-reduced-motion"])
            .arg(("host-resolver-rules", rules.as_str()))
            .build()
            .map_err(anyhow::Error::msg)?;
        let (browser, mut handler) = Browser::launch(config).await.context("Chromium does not start")?;
        let events = tokio::spawn(async move { while handler.next().await.is_some() {} });
        let page = browser.new_page("about:blank").await?;
        let address = stage.address.origin().ascii_serialization();
        let tab = Self { browser, page, address, events, _profile: profile, _alone: alone };
        tab.size(1280, 900).await?;
        tab.page.emulate_timezone("Europe/Zurich").await?;
        tab.page.emulate_locale(SetLocaleOverrideParams::builder().locale("en-GB").build()).await?;
        Ok(Some(tab))
    }

    /// A window of this size, in CSS pixels.
    pub(crate) async fn size(&self, width: i64, height: i64) -> Result<()> {
        self.page.execute(SetDeviceMetricsOverrideParams::new(width, height, 1.0, width < 600)).await?;
        Ok(())
    }

    /// Light or dark.
    pub(crate) async fn scheme(&self, scheme: &str) -> Result<()> {
        let feature = MediaFeature::new("prefers-color-scheme", scheme);
        self.page.emulate_media_features(vec![feature]).await?;
        Ok(())
    }

    pub(crate) fn page(&self) -> &Page {
        &self.page
    }

    /// Lets scripts in that the pages' own policy forbids, for a checker.
    pub(crate) async fn bypass_policy(&self) -> Result<()> {
        self.page.execute(SetBypassCspParams::new(true)).await?;
        Ok(())
    }

    /// Runs no script of any page from here on. What the test itself asks for is still answered.
    pub(crate) async fn without_scripts(&self) -> Result<()> {
        self.page.execute(SetScriptExecutionDisabledParams::new(true)).await?;
        Ok(())
    }

    /// What an expression comes to; promises are waited for.
    pub(crate) async fn value(&self, expression: &str) -> Result<Value> {
        let parameters = EvaluateParams::builder()
            .expression(expression)
            .await_promise(true)
            .return_by_value(true)
            .build()
            .map_err(anyhow::Error::msg)?;
        let answer = self.page.execute(parameters).await?.result;
        if let Some(thrown) = answer.exception_details {
            bail!("{expression}: {thrown:?}");
        }
        Ok(answer.result.value.unwrap_or_default())
    }

    /// Waits until an expression is true.
    pub(crate) async fn until(&self, expression: &str) -> Result<()> {
        let begun = Instant::now();
        loop {
            // While a page gives way to the next one there is nothing to ask.
            if self.value(expression).await.is_ok_and(|value| value == Value::Bool(true)) {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                let page = self.value("location.href + '\\n' + document.body.innerText").await;
                bail!(
                    "this did not come true: {expression}\n{}",
                    page.unwrap_or_default().as_str().unwrap_or_default()
                );
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until a text is on the page.
    pub(crate) async fn see(&self, text: &str) -> Result<()> {
        self.until(&format!(
            "document.readyState === 'complete' && document.body.innerText.includes({})",
            quoted(text)
        ))
        .await
    }

    /// Whether a text is on the page now.
    pub(crate) async fn sees(&self, text: &str) -> Result<bool> {
        Ok(self.value(&format!("document.body.innerText.includes({})", quoted(text))).await?
            == Value::Bool(true))
    }

    /// Opens a page.
    pub(crate) async fn goto(&self, path: &str) -> Result<()> {
        self.leave(async {
            let target =
                if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.address) };
            self.value(&format!("location.href = {}; true", quoted(&target))).await?;
            Ok(())
        })
        .await
    }

    /// Clicks what bears this text or label.
    pub(crate) async fn click(&self, text: &str) -> Result<()> {
        let find = format!(
            "(() => {{ const text = {}; \
             const all = [...document.querySelectorAll('a, button, summary, label, input')]; \
             const named = (it) => [it.innerText, it.getAttribute('aria-label')].some((name) => name && name.trim() === text); \
             const begins = (it) => it.innerText && it.innerText.trim().startsWith(text); \
             const seen = (it) => it.checkVisibility(); \
             return all.filter(seen).find(named) ?? all.filter(seen).find(begins) ?? null; }})()",
            quoted(text)
        );
        self.click_on(&find).await.with_context(|| format!("there is no {text} to click"))
    }

    /// Clicks what a selector finds first.
    pub(crate) async fn click_at(&self, selector: &str) -> Result<()> {
        self.click_on(&format!("document.querySelector({})", quoted(selector))).await
    }

    async fn click_on(&self, find: &str) -> Result<()> {
        let place = format!(
            "(() => {{ const it = {find}; if (!it) return null; it.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
             const box = it.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        );
        self.until(&format!("({place}) !== null")).await?;
        let place = self.value(&place).await?;
        let at = |index: usize| place.get(index).and_then(Value::as_f64).context("it has no place");
        self.page.click(Point { x: at(0)?, y: at(1)? }).await?;
        Ok(())
    }

    /// Clicks, and waits for the page that follows.
    pub(crate) async fn follow(&self, text: &str) -> Result<()> {
        self.leave(self.click(text)).await
    }

    pub(crate) async fn follow_at(&self, selector: &str) -> Result<()> {
        self.leave(self.click_at(selector)).await
    }

    /// Does something that leads to another page, and waits for it.
    async fn leave(&self, act: impl Future<Output = Result<()>>) -> Result<()> {
        self.value("window.before = true").await?;
        act.await?;
        self.until("window.before === undefined && document.readyState === 'complete'").await
    }

    /// Types into a field, in the place of what is there.
    pub(crate) async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        let field = format!("document.querySelector({})", quoted(selector));
        self.until(&format!("{field} !== null")).await?;
        self.value(&format!("{field}.focus(); {field}.select(); true")).await?;
        self.page.execute(InsertTextParams::new(text)).await?;
        Ok(())
    }

    /// Sets a field that is not typed into, as a person's choice would.
    pub(crate) async fn set(&self, selector: &str, value: &str) -> Result<()> {
        let field = format!("document.querySelector({})", quoted(selector));
        self.until(&format!("{field} !== null")).await?;
        self.value(&format!(
            "{field}.value = {}; {field}.dispatchEvent(new Event('input', {{ bubbles: true }})); \
             {field}.dispatchEvent(new Event('change', {{ bubbles: true }})); true",
            quoted(value)
        ))
        .await?;
        Ok(())
    }

    /// The text of what a selector finds first.
    pub(crate) async fn text(&self, selector: &str) -> Result<String> {
        let text =
            self.value(&format!("document.querySelector({})?.innerText ?? null", quoted(selector))).await?;
        Ok(text.as_str().with_context(|| format!("there is no {selector}"))?.trim().to_owned())
    }

    /// The texts of all that a selector finds.
    pub(crate) async fn texts(&self, selector: &str) -> Result<Vec<String>> {
        let list = self
            .value(&format!(
                "[...document.querySelectorAll({})].map((it) => it.innerText.trim())",
                quoted(selector)
            ))
            .await?;
        Ok(serde_json::from_value(list)?)
    }

    /// Uses a sign-in link.
    pub(crate) async fn sign_in(&self, stage: &Stage, staff: &str) -> Result<()> {
        self.goto(stage.console.sign_in_link(staff).await?.as_str()).await?;
        self.follow("Sign in").await
    }

    /// Signs in on Microsoft's pages, and accepts if that is asked for; comes back to ours.
    pub(crate) async fn sign_in_at_microsoft(&self, user: &str) -> Result<()> {
        self.until("location.host === 'login.microsoftonline.com'").await?;
        self.fill("#username", user).await?;
        self.fill("#password", contoso::PASSWORD).await?;
        self.follow("Sign in").await?;
        if self.sees("Permissions requested").await? {
            self.follow("Accept").await?;
        }
        self.until("location.host !== 'login.microsoftonline.com' && document.readyState === 'complete'")
            .await
    }

    /// Ends the browser.
    pub(crate) async fn close(mut self) -> Result<()> {
        self.browser.close().await?;
        self.browser.wait().await?;
        self.events.abort();
        Ok(())
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
