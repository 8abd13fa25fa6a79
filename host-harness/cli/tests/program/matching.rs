//! A staff file in, an outcome for each row out.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::{run, text};

/// Rows that are good, and rows that are not: a doubled id, no id, another encoding, a missing column.
const STAFF: &[u8] = b"id,name,email,user_name
1,Siobhan O'Brien,O'Brien@contoso.com,obrien
2,Nobody,nobody@contoso.com,
1,Again,again@contoso.com,
,Nameless,x@contoso.com,
3,J\xfcrgen,j@contoso.com,
4,Short,s@contoso.com
5,No Mail,,nomail
";

fn staff(folder: &TempDir, rows: &[u8]) -> PathBuf {
    let file = folder.path().join("staff.csv");
    std::fs::write(&file, rows).expect("written");
    file
}

#[test]
fn bad_rows_are_named_with_their_line_and_the_good_ones_are_matched() {
    let folder = TempDir::new().expect("a folder");
    let staff = staff(&folder, STAFF);
    for name in ["result.json", "result.csv"] {
        let result = folder.path().join(name);
        let output = run([
            "match".as_ref(),
            "--staff".as_ref(),
            staff.as_os_str(),
            "--output".as_ref(),
            result.as_os_str(),
        ]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let told = text(&output.stdout);
        for row in [
            "Line 4: the id 1 is also in line 2",
            "Line 5: the id is empty",
            "Line 6: the field name is not in UTF-8",
            "Line 7: the column user_name is missing",
        ] {
            assert!(told.contains(row), "{row}: {told}");
        }
        let written = std::fs::read(&result).expect("a result");
        if name.ends_with("json") {
            let rows: Value = serde_json::from_slice(&written).expect("JSON");
            let outcomes: Vec<_> = rows
                .as_array()
                .expect("rows")
                .iter()
                .map(|row| (row["id"].clone(), row["outcome"].clone()))
                .collect();
            assert_eq!(
                outcomes,
                [
                    ("1".into(), "matched".into()),
                    ("2".into(), "not_found".into()),
                    ("5".into(), "no_key".into())
                ]
            );
            assert_eq!(rows[2]["reason"], "the staff record has no e-mail");
        } else {
            assert_eq!(text(&written).lines().count(), 4, "a line for the columns, and one for each");
        }
    }
}

#[test]
fn a_plan_tells_the_cost_and_matches_nobody() {
    let folder = TempDir::new().expect("a folder");
    let staff = staff(&folder, STAFF);
    let output = run(["match".as_ref(), "--plan".as_ref(), "--staff".as_ref(), staff.as_os_str()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert!(told.contains("3 staff: asking for keys takes 1 call"), "{told}");
    assert!(!told.contains("matched"), "{told}");
}

#[test]
fn a_file_without_a_column_is_refused_with_the_reason() {
    let folder = TempDir::new().expect("a folder");
    let staff = staff(&folder, b"id,name,email\n1,A,a@contoso.com\n");
    let output = run(["match".as_ref(), "--staff".as_ref(), staff.as_os_str()]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("does not name the column user_name"), "{}", text(&output.stderr));
}
