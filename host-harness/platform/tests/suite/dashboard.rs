//! The dashboard: found, filtered, sorted and paged in the database, and changed for many at once.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use video_host::provider::MatchOutcome;
use video_platform::{
    Cursor, DashboardQuery, DashboardRow, DashboardSort, Entitlement, IntegrationId, Selection, StaffFilter,
    StaffQuery,
};

use crate::script::Stage;

/// Five staff; `cy` is not found, and video is off for `bo` and `dee`.
async fn five() -> anyhow::Result<(Stage, IntegrationId)> {
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    let file = "id,name,email,user_name\n\
                ab,Zoë Ångström,zoe.a@contoso.com,zangstrom\n\
                bo,adele VANCE,Adele.Vance@Contoso.com,avance\n\
                cy,Brigitte O’Hara,brig@example.org,\n\
                dee,,dee@contoso.com,d\n\
                eve,王 小明,wang@contoso.com,wxm\n";
    stage.platform.import_staff(file.as_bytes()).await?;
    stage.script.outcomes.lock().unwrap().insert("brig@example.org".to_owned(), MatchOutcome::NotFound);
    stage.platform.rematch(&id, |_| {}).await?;
    for staff in ["bo", "dee"] {
        stage.platform.enable_video(staff, false).await?;
    }
    Ok((stage, id))
}

async fn ids(stage: &Stage, id: &IntegrationId, query: &DashboardQuery) -> anyhow::Result<String> {
    let page = stage.platform.dashboard(id, query).await?;
    let ids: Vec<_> = page.rows.iter().map(|row| row.staff.id.as_str()).collect();
    Ok(format!("{} of {}", ids.join(" "), page.total))
}

#[tokio::test]
async fn each_word_of_a_search_begins_a_word_of_the_record_whatever_case_and_accents() -> anyhow::Result<()> {
    let (stage, id) = five().await?;
    for (search, expected) in [
        ("", "bo cy dee ab eve of 5"),
        ("  ", "bo cy dee ab eve of 5"),
        ("ZOE", "ab of 1"),
        ("zoë angs", "ab of 1"),
        ("angstrom zoe", "ab of 1"),
        ("van", "bo of 1"),
        ("adele.vance@contoso.com", "bo of 1"),
        ("contoso", "bo dee ab eve of 4"),
        ("CONT z", "ab of 1"),
        ("o'hara", "cy of 1"),
        ("dee", "dee of 1"),
        ("小", "eve of 1"),
        ("ance", " of 0"),
        ("zoe vance", " of 0"),
        ("%", " of 0"),
        ("_", " of 0"),
        ("' OR 1=1 --", " of 0"),
    ] {
        let query = DashboardQuery { search: search.to_owned(), ..DashboardQuery::default() };
        assert_eq!(ids(&stage, &id, &query).await?, expected, "`{search}`");
        let list = StaffQuery { search: search.to_owned(), ..StaffQuery::default() };
        let found = stage.platform.staff_list(&list).await?;
        let list: Vec<_> = found.rows.into_iter().map(|row| row.id).collect();
        assert_eq!(list.join(" "), expected.split(" of").next().unwrap_or_default(), "`{search}`");
    }
    // A record that changes is found by its new words alone.
    stage.platform.import_staff(&b"id,name,email,user_name\nbo,Adele Smith,as@contoso.com,as\n"[..]).await?;
    for (search, expected) in [("vance", " of 0"), ("smith", "bo of 1")] {
        let query = DashboardQuery { search: search.to_owned(), ..DashboardQuery::default() };
        assert_eq!(ids(&stage, &id, &query).await?, expected);
    }
    Ok(())
}

#[tokio::test]
async fn filters_and_orders_hold_together_and_pages_do_not_overlap() -> anyhow::Result<()> {
    let (stage, id) = five().await?;
    let all = DashboardQuery::default;
    let by = |sort, descending| DashboardQuery { sort, descending, ..all() };
    for (query, expected) in [
        (DashboardQuery { enabled: Some(true), ..all() }, "cy ab eve of 3"),
        (DashboardQuery { enabled: Some(false), ..all() }, "bo dee of 2"),
        (DashboardQuery { matched: Some(true), ..all() }, "bo dee ab eve of 4"),
        (DashboardQuery { matched: Some(false), ..all() }, "cy of 1"),
        (DashboardQuery { matched: Some(true), enabled: Some(true), ..all() }, "ab eve of 2"),
        (DashboardQuery { search: "con".to_owned(), enabled: Some(false), ..all() }, "bo dee of 2"),
        (by(DashboardSort::Name, true), "eve ab dee cy bo of 5"),
        (by(DashboardSort::Email, false), "bo cy dee eve ab of 5"),
        (by(DashboardSort::Email, true), "ab eve dee cy bo of 5"),
        (by(DashboardSort::UserName, false), "cy bo dee eve ab of 5"),
        (by(DashboardSort::Enabled, false), "bo dee cy ab eve of 5"),
        (by(DashboardSort::Enabled, true), "eve ab cy dee bo of 5"),
        (by(DashboardSort::Matched, false), "cy bo dee ab eve of 5"),
        (DashboardQuery { page: 1, rows_per_page: 2, ..all() }, "bo cy of 5"),
        (DashboardQuery { page: 2, rows_per_page: 2, ..all() }, "dee ab of 5"),
        (DashboardQuery { page: 3, rows_per_page: 2, ..all() }, "eve of 5"),
        (DashboardQuery { matched: Some(false), enabled: Some(true), ..all() }, "cy of 1"),
        (DashboardQuery { matched: Some(true), enabled: Some(false), ..all() }, "bo dee of 2"),
        (DashboardQuery { matched: Some(false), enabled: Some(false), ..all() }, " of 0"),
        // A page with the end of one list and the beginning of the other.
        (DashboardQuery { page: 2, rows_per_page: 1, ..by(DashboardSort::Enabled, false) }, "dee of 5"),
        (DashboardQuery { page: 1, rows_per_page: 3, ..by(DashboardSort::Enabled, false) }, "bo dee cy of 5"),
        (DashboardQuery { page: 2, rows_per_page: 3, ..by(DashboardSort::Enabled, false) }, "ab eve of 5"),
        (DashboardQuery { page: 2, rows_per_page: 3, ..by(DashboardSort::Matched, true) }, "bo cy of 5"),
        (DashboardQuery { enabled: Some(true), ..by(DashboardSort::Enabled, false) }, "cy ab eve of 3"),
        // Behind the last page is the last page, before the first the first.
        (DashboardQuery { page: 99, rows_per_page: 2, ..all() }, "eve of 5"),
        (DashboardQuery { page: 0, rows_per_page: 0, ..all() }, "bo of 5"),
    ] {
        assert_eq!(ids(&stage, &id, &query).await?, expected, "{query:?}");
    }
    let page = stage.platform.dashboard(&id, &DashboardQuery { page: 9, rows_per_page: 2, ..all() }).await?;
    assert_eq!((page.page, page.pages(), page.rows_per_page), (3, Some(3), 2));
    Ok(())
}

#[tokio::test]
async fn a_row_tells_who_is_matched_why_not_and_whose_integration_it_is() -> anyhow::Result<()> {
    let (stage, id) = five().await?;
    stage.platform.set_entitlement(Entitlement::MultipleIntegrations, true).await?;
    let second = stage.connect().await?;
    stage.platform.choose_integration("bo", Some(&second)).await?;
    let told =
        async |id: &IntegrationId, staff: &str| -> anyhow::Result<(bool, bool, bool, Option<String>)> {
            let page = stage.platform.dashboard(id, &DashboardQuery::default()).await?;
            let row = page.rows.into_iter().find(|row| row.staff.id == staff).unwrap();
            Ok((row.enabled, row.uses, row.is_matched(), row.explanation()))
        };
    assert_eq!(told(&id, "ab").await?, (true, true, true, None));
    assert_eq!(told(&id, "bo").await?, (false, false, true, None));
    let why = Some("no user with this User Principal Name".to_owned());
    assert_eq!(told(&id, "cy").await?, (true, true, false, why));
    let never = Some("not asked for yet; rematch users to look for them".to_owned());
    assert_eq!(told(&second, "ab").await?, (true, false, false, never.clone()));
    assert_eq!(told(&second, "bo").await?, (false, true, false, never));
    Ok(())
}

#[tokio::test]
async fn select_all_changes_what_the_filter_finds_on_all_pages_and_nobody_else() -> anyhow::Result<()> {
    let (stage, id) = five().await?;
    let matched = StaffFilter { matched: Some(true), ..StaffFilter::default() };
    let off = DashboardQuery { enabled: Some(false), ..DashboardQuery::default() };
    let change =
        async |selection: Selection, enabled| stage.platform.enable_video_for(&id, &selection, enabled).await;
    // Two of the four are off already.
    assert_eq!(change(Selection::Filter(matched), false).await?, 2);
    assert_eq!(ids(&stage, &id, &off).await?, "bo dee ab eve of 4");
    let search = StaffFilter { search: "wang".to_owned(), ..StaffFilter::default() };
    assert_eq!(change(Selection::Filter(search), true).await?, 1);
    assert_eq!(ids(&stage, &id, &off).await?, "bo dee ab of 3");
    let some = ["bo", "cy", "nobody"].map(str::to_owned).to_vec();
    assert_eq!(change(Selection::Staff(some), true).await?, 1, "cy is on already, and nobody is nobody");
    assert_eq!(change(Selection::Staff(vec![]), true).await?, 0);
    assert_eq!(change(Selection::Filter(StaffFilter::default()), true).await?, 2);
    assert_eq!(ids(&stage, &id, &off).await?, " of 0");
    let many = (0..501).map(|number| number.to_string()).collect();
    assert!(change(Selection::Staff(many), true).await.unwrap_err().to_string().contains("by a filter"));
    let unknown = "nobody".parse()?;
    stage.platform.enable_video_for(&unknown, &Selection::Staff(vec![]), true).await.unwrap_err();
    Ok(())
}

#[tokio::test]
async fn a_search_that_finds_thousands_is_paged_like_any_other_and_counted_up_to_a_thousand()
-> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    let mut file = String::from("id,name,email,user_name\n");
    for number in 0..2_500 {
        writeln!(file, "s{number:04},Adviser {number:04},a{number}@contoso.com,a{number}")?;
    }
    stage.platform.import_staff(file.as_bytes()).await?;
    let search = "CONTOSO adv".to_owned();
    let query = DashboardQuery { search, page: 250, rows_per_page: 10, ..DashboardQuery::default() };
    let page = stage.platform.dashboard(&id, &query).await?;
    // They are counted up to a thousand, so that nobody waits for it, and further where somebody asks.
    assert_eq!((page.total, page.more, page.pages(), page.rows.len()), (1_000, true, None, 10));
    assert_eq!(page.rows[9].staff.id, "s2499");
    assert_eq!(stage.platform.count_staff(&id, &query.filter()).await?, 2_500);
    // Words that begin so are several, and one of a record is counted with the others.
    let words = StaffFilter { search: "a".to_owned(), ..StaffFilter::default() };
    assert_eq!(stage.platform.count_staff(&id, &words).await?, 2_500);
    let off = StaffFilter { enabled: Some(false), ..query.filter() };
    assert_eq!(stage.platform.count_staff(&id, &off).await?, 0);
    let few = DashboardQuery { search: "adv s00".to_owned(), ..DashboardQuery::default() };
    let page = stage.platform.dashboard(&id, &few).await?;
    assert_eq!((page.total, page.more, page.pages()), (100, false, Some(4)));
    let all = Selection::Filter(query.filter());
    assert_eq!(stage.platform.enable_video_for(&id, &all, false).await?, 2_500);
    assert_eq!(stage.platform.count_staff(&id, &off).await?, 2_500);
    let off = DashboardQuery { enabled: Some(false), ..query };
    assert_eq!(stage.platform.dashboard(&id, &off).await?.rows[9].staff.id, "s2499");
    Ok(())
}

/// The ids of all pages, by the links from one to the next, and back again.
async fn leafed(
    stage: &Stage,
    id: &IntegrationId,
    query: &DashboardQuery,
) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let value = |row: &DashboardRow| match query.sort {
        DashboardSort::Enabled => Some(row.enabled),
        DashboardSort::Matched => Some(row.is_matched()),
        _ => None,
    };
    let (mut there, mut back) = (Vec::new(), Vec::new());
    let mut page = stage.platform.dashboard(id, query).await?;
    let mut number = 1;
    loop {
        there.extend(page.rows.iter().map(|row| row.staff.id.clone()));
        let Some(last) = page.rows.last().filter(|_| page.has_next()) else { break };
        number += 1;
        let beside = Some(Cursor::behind(&last.staff.id, value(last)));
        page =
            stage.platform.dashboard(id, &DashboardQuery { page: number, beside, ..query.clone() }).await?;
    }
    loop {
        back.splice(0..0, page.rows.iter().map(|row| row.staff.id.clone()));
        let Some(first) = page.rows.first().filter(|_| number > 1) else { break };
        number -= 1;
        let beside = Some(Cursor::before(&first.staff.id, value(first)));
        page =
            stage.platform.dashboard(id, &DashboardQuery { page: number, beside, ..query.clone() }).await?;
    }
    Ok((there, back))
}

#[tokio::test]
async fn leafing_there_and_back_shows_everybody_once_in_every_order() -> anyhow::Result<()> {
    let (stage, id) = five().await?;
    let sorts = [
        DashboardSort::Name,
        DashboardSort::Email,
        DashboardSort::UserName,
        DashboardSort::Enabled,
        DashboardSort::Matched,
    ];
    for sort in sorts {
        for descending in [false, true] {
            for search in ["", "con", "e"] {
                for rows_per_page in [1, 2, 3, 5] {
                    let search = search.to_owned();
                    let all = DashboardQuery { search, sort, descending, ..DashboardQuery::default() };
                    let expected = stage.platform.dashboard(&id, &all).await?.rows;
                    let expected: Vec<_> = expected.into_iter().map(|row| row.staff.id).collect();
                    let query = DashboardQuery { rows_per_page, ..all };
                    let (there, back) = leafed(&stage, &id, &query).await?;
                    assert_eq!(there, expected, "{query:?}");
                    assert_eq!(back, expected, "back: {query:?}");
                }
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn who_changes_the_last_row_of_a_page_misses_nobody_on_the_next() -> anyhow::Result<()> {
    let (stage, id) = five().await?;
    // Off come bo and dee first, then cy, ab and eve, who are on.
    let query =
        DashboardQuery { sort: DashboardSort::Enabled, rows_per_page: 1, ..DashboardQuery::default() };
    assert_eq!(ids(&stage, &id, &query).await?, "bo of 5");
    stage.platform.enable_video("bo", true).await?;
    let next = DashboardQuery { page: 2, beside: Some(Cursor::behind("bo", Some(false))), ..query.clone() };
    assert_eq!(ids(&stage, &id, &next).await?, "dee of 5", "by its number it would be bo again");
    // The same with a filter that bo does not pass any more.
    let off = DashboardQuery { enabled: Some(false), sort: DashboardSort::Name, ..next };
    assert_eq!(ids(&stage, &id, &off).await?, "dee of 1");
    // Beside a row of nobody's, a page is found by its number.
    let gone = DashboardQuery { page: 2, beside: Some(Cursor::behind("nobody", None)), ..query };
    assert_eq!(ids(&stage, &id, &gone).await?, "bo of 5");
    Ok(())
}

/// Counts that were kept, against counting.
async fn counts_hold(stage: &Stage, id: &IntegrationId) -> Result<(), TestCaseError> {
    let options = [None, Some(true), Some(false)];
    for (enabled, matched) in options.iter().flat_map(|one| options.iter().map(move |other| (*one, *other))) {
        let query = DashboardQuery { enabled, matched, rows_per_page: 500, ..DashboardQuery::default() };
        let page = stage.platform.dashboard(id, &query).await.unwrap();
        prop_assert_eq!(page.total, page.rows.len() as u64, "{:?} {:?}", enabled, matched);
        prop_assert!(page.rows.iter().all(|row| enabled.is_none_or(|on| row.enabled == on)));
        prop_assert!(page.rows.iter().all(|row| matched.is_none_or(|is| row.is_matched() == is)));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_to_staff_the_counts_are_those_of_counting(
        deeds in prop::collection::vec((0_u8..6, 0_usize..7, any::<bool>()), 1..14)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (stage, id) = five().await.unwrap();
            let staff = ["ab", "bo", "cy", "dee", "eve", "fin", "gil"];
            let platform = &stage.platform;
            for (deed, whom, on) in deeds {
                let whom = staff[whom];
                let filter = StaffFilter { enabled: Some(!on), matched: Some(on), ..StaffFilter::default() };
                match deed {
                    0 => drop(platform.enable_video(whom, on).await),
                    1 => {
                        let file = format!("id,name,email,user_name\n{whom},N {whom},{whom}{on}@contoso.com,u\n");
                        platform.import_staff(file.as_bytes()).await.unwrap();
                    }
                    2 => {
                        let outcome = if on { MatchOutcome::Ambiguous(vec![]) } else { MatchOutcome::NotFound };
                        let key = format!("{whom}{on}@contoso.com");
                        stage.script.outcomes.lock().unwrap().insert(key, outcome);
                        platform.rematch(&id, |_| {}).await.unwrap();
                    }
                    3 => drop(platform.enable_video_for(&id, &Selection::Filter(filter), on).await.unwrap()),
                    4 => {
                        platform.start_video_change(&id, &filter, on).await.unwrap();
                        platform.run_due_jobs().await.unwrap();
                    }
                    _ => drop(platform.rematch_one(whom).await),
                }
                counts_hold(&stage, &id).await?;
            }
            // Opening it counts anew: that changes nothing.
            stage.restarted().await.unwrap();
            counts_hold(&stage, &id).await
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_names_with_a_letter_or_figure_are_everybody_is_found_by_their_own_and_all_pages_together_are_everybody(
        names in prop::collection::vec("\\PC{0,9}[a-z\\p{Lu}\\p{Nd}]\\PC{0,9}", 1..12)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stage = Stage::new().await.unwrap();
            let id = stage.connect().await.unwrap();
            let quoted = names.iter().enumerate().map(|(number, name)| {
                format!("n{number},\"{}\",,", name.replace('"', "\"\""))
            });
            let file = std::iter::once("id,name,email,user_name".to_owned()).chain(quoted);
            let file = file.collect::<Vec<_>>().join("\n");
            let added = stage.platform.import_staff(file.as_bytes()).await.unwrap().added;
            prop_assert_eq!(added, names.len());
            let mut seen = Vec::new();
            for page in 1..=u32::try_from(names.len()).unwrap().div_ceil(3) {
                let query = DashboardQuery { page, rows_per_page: 3, ..DashboardQuery::default() };
                let page = stage.platform.dashboard(&id, &query).await.unwrap();
                prop_assert_eq!(page.total, names.len() as u64);
                seen.extend(page.rows.into_iter().map(|row| row.staff.id));
            }
            seen.sort();
            let mut everybody: Vec<_> = (0..names.len()).map(|number| format!("n{number}")).collect();
            everybody.sort();
            prop_assert_eq!(seen, everybody);
            for (number, name) in names.iter().enumerate() {
                let query = DashboardQuery { search: name.clone(), ..DashboardQuery::default() };
                let found = stage.platform.dashboard(&id, &query).await.unwrap();
                let own = format!("n{number}");
                prop_assert!(found.rows.iter().any(|row| row.staff.id == own), "{:?}", name);
            }
            Ok::<_, TestCaseError>(())
        })?;
    }
}
