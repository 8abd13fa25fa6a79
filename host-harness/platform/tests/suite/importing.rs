//! Staff from CSV files.

use std::fmt::Write as _;

use video_platform::{ImportError, Role, RowProblem, StaffQuery};

use crate::rematching::later;
use crate::script::Stage;

/// The ids of those whom a search finds.
async fn search(stage: &Stage, typed: &str) -> anyhow::Result<Vec<String>> {
    let query = StaffQuery { search: typed.to_owned(), ..StaffQuery::default() };
    Ok(stage.platform.staff_list(&query).await?.rows.into_iter().map(|member| member.id).collect())
}

#[tokio::test]
async fn a_file_with_a_byte_order_mark_is_read_like_one_without() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let file = "id,name,email,user_name\n1,Åsa,asa@contoso.com,asa\n";
    let report = stage.platform.import_staff(file.as_bytes()).await?;
    assert_eq!((report.added, report.updated), (1, 0));
    let report = stage.platform.import_staff(format!("\u{feff}{file}").as_bytes()).await?;
    assert_eq!((report.added, report.updated), (0, 1));
    let staff = stage.platform.staff(None, 10).await?;
    assert_eq!(staff.len(), 1);
    assert_eq!((staff[0].name.as_str(), staff[0].user_name.as_str()), ("Åsa", "asa"));
    Ok(())
}

#[tokio::test]
async fn bad_rows_are_named_with_their_lines_and_the_good_ones_go_in() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let mut file = b"user_name,id,email,name\nann,1,a@contoso.com,Ann\nbob,2\n".to_vec();
    file.extend_from_slice(b"\xff,3,c@contoso.com,C\n,,d@contoso.com,D\nx,1,x@contoso.com,Second One\n");
    file.extend_from_slice(b"e,5,e@contoso.com,\"Last, First\"\nf,6,f@contoso.com,Last,First\n");
    file.extend_from_slice(format!("g,7,g@contoso.com,{}\n", "n".repeat(257)).as_bytes());
    file.extend_from_slice(b"h,8,h@contoso.com,No\0body\n");
    let report = stage.platform.import_staff(file.as_slice()).await?;
    let rejected: Vec<_> = report.rejected.into_iter().map(|row| (row.line, row.problem)).collect();
    assert_eq!(
        rejected,
        [
            (3, RowProblem::MissingColumn("name")),
            (4, RowProblem::Encoding("user_name")),
            (5, RowProblem::EmptyId),
            (6, RowProblem::DoubledId { id: "1".to_owned(), first: 2 }),
            (8, RowProblem::TooManyColumns { found: 5, named: 4 }),
            (9, RowProblem::TooLong { field: "name", most: 256 }),
            (10, RowProblem::Control("name")),
        ]
    );
    let names: Vec<_> = stage.platform.staff(None, 10).await?.into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["Ann", "Last, First"]);
    Ok(())
}

#[tokio::test]
async fn a_file_without_its_columns_or_in_utf16_imports_nobody_and_says_why() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let error = stage.platform.import_staff("id;name;email;user_name\n".as_bytes()).await.unwrap_err();
    assert!(error.to_string().contains("separated by commas"), "{error}");
    let error = stage.platform.import_staff("id,name,email\n".as_bytes()).await.unwrap_err();
    assert!(matches!(&error, ImportError::Columns(missing) if missing == &["user_name"]), "{error}");
    let error = stage.platform.import_staff(b"\xff\xfei\0d\0".as_slice()).await.unwrap_err();
    assert!(error.to_string().contains("CSV UTF-8"), "{error}");
    assert_eq!(stage.platform.staff_count().await?, 0);
    Ok(())
}

#[tokio::test]
async fn roles_stay_when_a_later_file_does_not_name_them() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let file =
        "id,name,email,user_name,role\n1,A,a@c.com,a,Administrator\n2,B,b@c.com,b,\n3,C,c@c.com,c,king\n";
    let report = stage.platform.import_staff(file.as_bytes()).await?;
    assert_eq!(report.rejected[0].problem, RowProblem::UnknownRole("king".to_owned()));
    stage.platform.import_staff("id,name,email,user_name\n1,A2,a@c.com,a\n".as_bytes()).await?;
    let one = stage.platform.staff_member("1").await?.unwrap();
    assert_eq!((one.name.as_str(), one.role), ("A2", Role::Administrator));
    Ok(())
}

#[tokio::test]
async fn many_staff_are_paged_in_the_order_of_their_ids() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let names: Vec<_> = (0..2_500).map(|n| format!("{n:04}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    stage.import(&names).await?;
    assert_eq!(stage.platform.staff_count().await?, 2_500);
    let page = stage.platform.staff(Some("0099"), 2).await?;
    assert_eq!(page.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["0100", "0101"]);
    Ok(())
}

#[tokio::test]
async fn the_same_file_again_writes_nothing_and_waits_for_nobody_who_writes() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann", "bob"]).await?;
    let file = "id,name,email,user_name\nann,ann,ann@contoso.com,ann\nbob,bob,bob@contoso.com,bob\n";
    // Whoever wrote now would wait for five seconds, and fail.
    let writing = stage.write_elsewhere().await?;
    let report = stage.platform.import_staff(file.as_bytes()).await?;
    writing.rollback().await?;
    assert_eq!((report.added, report.updated), (0, 2));
    assert!(later(&stage).await?.is_empty(), "nobody is asked for again");
    assert_eq!(search(&stage, "bob").await?, ["bob"]);
    Ok(())
}

#[tokio::test]
async fn of_a_file_the_rows_that_differ_are_written_wherever_they_stand() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let mut file = "id,name,email,user_name\n".to_owned();
    for n in 0..2_500 {
        writeln!(file, "{n:04},Name{n:04},n{n:04}@contoso.com,")?;
    }
    let report = stage.platform.import_staff(file.as_bytes()).await?;
    assert_eq!((report.added, report.updated), (2_500, 0));
    let file = file.replace("Name0007", "Agatha").replace("Name2400", "Agathe") + "new,Agathon,,\n";
    let report = stage.platform.import_staff(file.as_bytes()).await?;
    assert_eq!((report.added, report.updated), (1, 2_500));
    assert_eq!(search(&stage, "agath").await?, ["0007", "2400", "new"]);
    assert!(search(&stage, "name0007").await?.is_empty());
    assert_eq!(search(&stage, "name0008").await?, ["0008"]);

    // A role counts where the file names it.
    let file = "id,name,email,user_name,role\n0008,Name0008,n0008@contoso.com,,scheduler\n";
    stage.platform.import_staff(file.as_bytes()).await?;
    assert_eq!(stage.platform.staff_member("0008").await?.unwrap().role, Role::Scheduler);
    Ok(())
}

#[tokio::test]
async fn an_import_that_the_database_ends_midway_says_that_the_rest_is_missing() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    stage.lose("staff_word").await?;
    let file = "id,name,email,user_name\n1,Ann,ann@contoso.com,ann\n";
    let error = stage.platform.import_staff(file.as_bytes()).await.unwrap_err();
    assert!(matches!(error, ImportError::Database(_)), "{error:?}");
    assert!(error.to_string().contains("not imported to its end"), "{error}");
    assert_eq!(stage.platform.staff_count().await?, 0, "rows that are written together");
    Ok(())
}
