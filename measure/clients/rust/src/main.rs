//! Creates meetings with the Graph SDK for Rust, as `measure` orders.

use std::error::Error;
use std::sync::Arc;

use graph_rs_sdk::GraphClient;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use url::Url;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let variable = |name: &str| std::env::var(name).map_err(|error| format!("{name}: {error}"));
    let mut graph = GraphClient::new(variable("TOKEN")?);
    graph.use_test_endpoint(&Url::parse(&format!("{}/v1.0", variable("STAND_IN")?))?);
    let staff: Arc<(String, String)> = Arc::new((variable("STAFF")?, variable("STAFF_ID")?));
    measure_driver::serve(&Runtime::new()?, move |_work, id| create_meeting(graph.clone(), staff.clone(), id))?;
    Ok(())
}

async fn create_meeting(graph: GraphClient, staff: Arc<(String, String)>, id: String) -> Result<(), Failure> {
    let meeting = json!({
        "externalId": id,
        "startDateTime": "2030-03-17T17:46:40Z",
        "endDateTime": "2030-03-17T18:16:40Z",
        "subject": "Mortgage advice",
        "participants": { "attendees": [{
            "upn": staff.0,
            "role": "presenter",
            "identity": { "user": { "id": staff.1 } },
        }] },
    });
    let answer = graph.me().online_meetings().create_or_get(&meeting).send().await?;
    if answer.status() != 201 {
        return Err(format!("status {}: {}", answer.status(), answer.text().await?).into());
    }
    let meeting: Value = answer.json().await?;
    match meeting["joinWebUrl"].as_str() {
        Some(link) if link.starts_with("https://") => Ok(()),
        other => Err(format!("no link: {other:?}").into()),
    }
}
