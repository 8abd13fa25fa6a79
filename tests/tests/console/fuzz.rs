//! Whatever a browser, or who writes requests by hand, may send to the pages.

use anyhow::Result;
use axum::http::{Method, Uri};
use url::form_urlencoded;

use crate::stage::{ADMINISTRATOR, Stage};

/// The first line of an input is an address, with this in place of the integration's; what follows is a form.
const INTEGRATION: &str = "/INTEGRATION";

#[tokio::test]
async fn fuzz_request() -> Result<()> {
    let (stage, id) = Stage::connected().await?;
    let administrator = stage.signed_in(ADMINISTRATOR).await?;
    let csrf = administrator.get("/no-such-page").await?.csrf()?;
    let home = format!("/settings/video-calls/{}", id.as_str());
    for input in fuzzing::inputs("request") {
        let text = String::from_utf8_lossy(&input);
        let (address, form) = text.split_once('\n').unwrap_or((&text, ""));
        let address = address.replacen(INTEGRATION, &home, 1);
        // What is no address at all reaches no page.
        if !address.starts_with('/') || address.parse::<Uri>().is_err() {
            continue;
        }
        let pairs: Vec<_> = form_urlencoded::parse(form.as_bytes()).collect();
        let mut pairs: Vec<_> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
        let method = if pairs.is_empty() { Method::GET } else { Method::POST };
        pairs.push(("csrf", &csrf));
        for visitor in [&administrator, &stage.nobody()] {
            let answer = visitor.send(method.clone(), &address, &pairs, &[]).await?;
            let broken = answer.status.is_server_error();
            assert!(!broken, "{} for {address} with {pairs:?}: {}", answer.status, answer.text);
        }
    }
    Ok(())
}
