//! Users: one, many, filters, pages, batches, throttling.

mod client;

use anyhow::{Context as _, Result};
use client::*;
use http::StatusCode;
use mock_graph::{Action, Fault, Operation, SizeClass, Times, User, contoso};
use serde_json::{Value, json};

fn encoded(filter: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("$filter", filter);
    query.finish()
}

fn in_filter(count: usize) -> String {
    let values: Vec<String> = (0..count).map(|n| format!("'x{n}@contoso.com'")).collect();
    format!("userPrincipalName in ({})", values.join(","))
}

fn ids(answer: &Value) -> Vec<&str> {
    let users = answer["value"].as_array().into_iter().flatten();
    users.filter_map(|user| user["id"].as_str()).collect()
}

#[tokio::test]
async fn me_and_users_by_id_upn_and_key_are_found_whatever_the_case() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    mock.directory().add_user(
        contoso::TENANT_ID,
        User::member("00000000-0000-0000-0000-0000000000d0", "$x@contoso.com", "Dollar"),
    )?;
    let me = graph(&mock, &token, "GET", "/v1.0//me", "").await?;
    assert_eq!(me.json()["id"], contoso::SERVICE_ACCOUNT_ID);
    assert!(!me.header("request-id").is_empty());
    for key in ["adelev@CONTOSO.com", contoso::ADVISER_ID] {
        let user = graph(&mock, &token, "GET", &format!("/v1.0/users/{key}"), "").await?;
        assert_eq!(user.json()["displayName"], "Adele Vance");
    }
    let guest = "/v1.0/users/pat_fabrikam.com%23EXT%23@contoso.onmicrosoft.com?$select=userType";
    assert_eq!(graph(&mock, &token, "GET", guest, "").await?.json()["userType"], "Guest");
    let dollar = graph(&mock, &token, "GET", "/v1.0/users('$x@contoso.com')", "").await?;
    assert_eq!(dollar.json()["displayName"], "Dollar");
    let absent = graph(&mock, &token, "GET", "/v1.0/users/nobody@contoso.com", "").await?;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
    assert_eq!(absent.code(), "Request_ResourceNotFound");
    Ok(())
}

#[tokio::test]
async fn a_sixteenth_value_in_a_filter_is_refused_with_microsofts_words() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    let fifteen = format!("/v1.0/users?{}", encoded(&in_filter(15)));
    assert_eq!(graph(&mock, &token, "GET", &fifteen, "").await?.status, StatusCode::OK);
    let sixteen = format!("/v1.0/users?{}", encoded(&in_filter(16)));
    let refused = graph(&mock, &token, "GET", &sixteen, "").await?;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.code(), "Request_UnsupportedQuery");
    assert_eq!(
        refused.json()["error"]["message"],
        "Too many child clauses specified in search filter expression containing 'OR' operators: \
         16. Max allowed: 15"
    );
    Ok(())
}

#[tokio::test]
async fn filters_find_by_upn_mail_and_alias_with_doubled_quotes() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    let mut user = User::member("00000000-0000-0000-0000-00000000000b", "o'neil@contoso.com", "O");
    user.mail = Some("sean.oneil@contoso.com".to_owned());
    mock.directory().add_user(contoso::TENANT_ID, user)?;
    for filter in [
        "userPrincipalName eq 'O''Neil@contoso.com'",
        "mail in ('nobody@contoso.com','SEAN.oneil@contoso.com')",
        "proxyAddresses/any(p:p eq 'smtp:o''neil@contoso.com') or proxyAddresses/any(p:p eq 'smtp:z')",
        "(id eq '00000000-0000-0000-0000-00000000000b') and accountEnabled eq true",
    ] {
        let path = format!("/v1.0/users?{}&$select=id", encoded(filter));
        let answer = graph(&mock, &token, "GET", &path, "").await?.json();
        assert_eq!(ids(&answer), ["00000000-0000-0000-0000-00000000000b"], "{filter}: {answer}");
    }
    let long = format!("mail eq '{}'", "a".repeat(121));
    let long = graph(&mock, &token, "GET", &format!("/v1.0/users?{}", encoded(&long)), "").await?;
    assert_eq!(long.status, StatusCode::BAD_REQUEST);
    Ok(())
}

#[tokio::test]
async fn following_every_page_of_a_large_directory_finds_everyone_once() -> Result<()> {
    let mock = start_with(|config| {
        config.empty_page_every = Some(3);
        for organisation in &mut config.organisations {
            organisation.users.extend(User::generate(2_500, contoso::DOMAIN, 7));
        }
    })
    .await?;
    let token = user_token(&mock).await?;
    let mut sender = connect(&mock, GRAPH, true).await?;
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str())];
    let mut next = Some(format!("https://{GRAPH}/v1.0/users?$top=999&$select=id"));
    let (mut seen, mut pages, mut empty) = (std::collections::HashSet::new(), 0, 0);
    while let Some(url) = next {
        let page = sender.send("GET", &url, &headers, "").await?.json();
        let found = ids(&page);
        empty += u32::from(found.is_empty());
        seen.extend(found.into_iter().map(str::to_owned));
        pages += 1;
        next = page["@odata.nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(seen.len(), mock.directory().user_count(contoso::TENANT_ID));
    assert_eq!((pages, empty), (4, 1));
    assert_eq!(graph(&mock, &token, "GET", "/v1.0/users?$skip=1", "").await?.status, 400);
    assert_eq!(graph(&mock, &token, "GET", "/v1.0/users?$top=1000", "").await?.status, 400);
    Ok(())
}

#[tokio::test]
async fn a_directory_of_a_hundred_thousand_answers_a_batch_of_filters() -> Result<()> {
    let mock = start_with(|config| {
        for organisation in &mut config.organisations {
            organisation.users.extend(User::generate(100_000, contoso::DOMAIN, 7));
        }
    })
    .await?;
    let token = user_token(&mock).await?;
    let requests: Vec<Value> = (0..20)
        .map(|item| {
            let upns: Vec<String> =
                (1..=15).map(|n| format!("'adviser{:06}@contoso.com'", item * 15 + n)).collect();
            let filter = encoded(&format!("userPrincipalName in ({})", upns.join(",")));
            json!({ "id": item.to_string(), "method": "GET", "url": format!("/users?{filter}&$select=id") })
        })
        .collect();
    let body = json!({ "requests": requests }).to_string();
    let answer = graph(&mock, &token, "POST", "/v1.0/$batch", &body).await?.json();
    let responses = answer["responses"].as_array().context("responses")?;
    let found: usize = responses.iter().map(|response| ids(&response["body"]).len()).sum();
    assert_eq!(found, 300);
    let order: Vec<_> = responses.iter().map(|response| response["id"].clone()).collect();
    let sent: Vec<_> = requests.iter().map(|request| request["id"].clone()).collect();
    assert_ne!(order, sent, "the answers come in another order");
    Ok(())
}

#[tokio::test]
async fn a_batch_has_limits_and_dependencies() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    let item = |id: &str, url: &str| json!({ "id": id, "method": "GET", "url": url });
    let batch = async |requests: Vec<Value>| {
        let body = json!({ "requests": requests }).to_string();
        graph(&mock, &token, "POST", "/v1.0/$batch", &body).await
    };
    let many = (0..21).map(|n| item(&n.to_string(), "/me")).collect();
    assert_eq!(batch(many).await?.status, StatusCode::BAD_REQUEST);
    assert_eq!(batch(vec![item("a", "/me"), item("A", "/me")]).await?.status, 400);

    let mut dependent = item("2", "https://graph.microsoft.com/v1.0/me");
    dependent["depends_on"] = json!(["1"]);
    let mut fine = item("3", "me");
    fine["dependsOn"] = json!(["4"]);
    let requests = vec![item("1", "/users/nobody"), dependent, fine, item("4", "/me")];
    let answer = batch(requests).await?.json();
    let status = |id: &str| {
        let responses = answer["responses"].as_array().into_iter().flatten();
        responses.clone().find(|one| one["id"] == id).map_or(0, |one| one["status"].as_u64().unwrap_or(0))
    };
    assert_eq!([status("1"), status("2"), status("3"), status("4")], [404, 424, 200, 200]);
    Ok(())
}

#[tokio::test]
async fn items_of_a_batch_are_throttled_one_by_one_with_their_own_retry_after() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    mock.faults().inject(Fault {
        matching: Some("AdeleV".to_owned()),
        ..Fault::once(Operation::BatchItem, Action::throttled("2.128"))
    });
    let body = json!({ "requests": [
        { "id": "1", "method": "GET", "url": "/users/AdeleV@contoso.com" },
        { "id": "2", "method": "GET", "url": "/me" },
    ]})
    .to_string();
    let answer = graph(&mock, &token, "POST", "/v1.0/$batch", &body).await?;
    assert_eq!(answer.status, StatusCode::OK);
    let answer = answer.json();
    let responses = answer["responses"].as_array().context("responses")?;
    for response in responses {
        if response["id"] == "1" {
            assert_eq!(response["status"], 429);
            assert_eq!(response["headers"]["Retry-After"], "2.128");
        } else {
            assert_eq!(response["status"], 200);
        }
    }
    assert_eq!(mock.journal().count(Operation::BatchItem), 2);
    Ok(())
}

#[tokio::test]
async fn used_up_resource_units_are_refused_until_the_window_ends() -> Result<()> {
    let mock = start_with(|config| {
        for organisation in &mut config.organisations {
            organisation.size = SizeClass::Units(4);
            organisation.enforce_throttling = true;
        }
    })
    .await?;
    let token = user_token(&mock).await?;
    let list = "/v1.0/users";
    assert_eq!(graph(&mock, &token, "GET", list, "").await?.header("x-ms-resource-unit"), "2");
    let cheap = graph(&mock, &token, "GET", "/v1.0/users?$select=id&$top=5", "").await?;
    assert_eq!(cheap.header("x-ms-resource-unit"), "1");
    assert_eq!(graph(&mock, &token, "GET", "/v1.0/me", "").await?.status, StatusCode::OK);
    let refused = graph(&mock, &token, "GET", "/v1.0/me", "").await?;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = refused.header("retry-after").parse()?;
    assert_eq!(graph(&mock, &token, "GET", "/v1.0/me", "").await?.status, 429);
    let early = mock.journal().of(Operation::Me).into_iter().filter_map(|one| one.answer);
    assert_eq!(early.filter(|answer| answer.before_retry_after).count(), 1);
    mock.clock().advance(std::time::Duration::from_secs(wait));
    assert_eq!(graph(&mock, &token, "GET", "/v1.0/me", "").await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_token_expires_by_the_clock_and_lacks_what_was_not_granted() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    let skus = graph(&mock, &token, "GET", "/v1.0/subscribedSkus", "").await?;
    assert_eq!((skus.status, skus.code()), (StatusCode::FORBIDDEN, "Authorization_RequestDenied".to_owned()));
    mock.clock().advance(std::time::Duration::from_hours(1));
    let expired = graph(&mock, &token, "GET", "/v1.0/me", "").await?;
    assert_eq!(expired.status, StatusCode::UNAUTHORIZED);
    assert_eq!(expired.code(), "InvalidAuthenticationToken");
    assert_eq!(expired.json()["error"]["message"], "Lifetime validation failed, the token is expired.");
    Ok(())
}

#[tokio::test]
async fn licences_follow_the_directory() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    let path = "/v1.0/me/licenseDetails/getTeamsLicensingDetails";
    assert_eq!(graph(&mock, &token, "GET", path, "").await?.json()["hasTeamsLicense"], true);
    mock.directory().set_teams_licence(contoso::SERVICE_ACCOUNT, false)?;
    assert_eq!(graph(&mock, &token, "GET", path, "").await?.json()["hasTeamsLicense"], false);
    let me = graph(&mock, &token, "GET", "/v1.0/me?$select=assignedPlans", "").await?.json();
    assert_eq!(me["assignedPlans"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_rate_of_faults_is_the_same_for_the_same_seed() -> Result<()> {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let mock = start().await?;
        let token = user_token(&mock).await?;
        mock.faults().inject(Fault {
            times: Times::Rate { per_thousand: 300, seed: 5 },
            ..Fault::once(Operation::Me, Action::status(503))
        });
        let mut statuses = Vec::new();
        for _ in 0..20 {
            statuses.push(graph(&mock, &token, "GET", "/v1.0/me", "").await?.status);
        }
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&StatusCode::SERVICE_UNAVAILABLE));
    assert!(runs[0].contains(&StatusCode::OK));
    Ok(())
}
