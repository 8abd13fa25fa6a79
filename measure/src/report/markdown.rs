//! For people.

use std::fmt::Write as _;

use super::{Aim, Cell, Report, Row, Table};

impl Report {
    /// As Markdown, with a heading of the second level.
    pub fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n{}.\n\n`{}`\n", self.title, self.machine, self.repeat);
        for (file, shows) in &self.pictures {
            let _ = write!(text, "\n![{shows}]({file})\n");
        }
        for table in &self.tables {
            text.push_str(&table.markdown());
        }
        if !self.aims.is_empty() {
            text.push_str("\n| aim | wanted | measured | reached |\n| --- | --- | --- | --- |\n");
            for Aim { what, wanted, measured, reached } in &self.aims {
                let reached = if *reached { "yes" } else { "**no**" };
                let _ = writeln!(text, "| {what} | {wanted} | {measured} | {reached} |");
            }
        }
        if !self.notes.is_empty() {
            text.push('\n');
            for note in &self.notes {
                let _ = writeln!(text, "- {note}");
            }
        }
        text
    }
}

impl Table {
    fn markdown(&self) -> String {
        let mut text = format!("\n**{}**\n\n", self.title);
        let repeated = self.rows.iter().any(|row| !row.repeat.is_empty());
        let last = if repeated { " again, after `cargo bench --` |" } else { "" };
        let _ = writeln!(text, "| {} |{last}", self.columns.join(" | "));
        let columns = self.columns.len() + usize::from(repeated);
        let _ = writeln!(text, "|{}", " --- |".repeat(columns));
        for Row { cells, repeat } in &self.rows {
            for cell in cells {
                let _ = match cell {
                    Cell::Text(said) => write!(text, "| {said} "),
                    Cell::Figure(figure) => write!(text, "| {figure} "),
                };
            }
            text.push_str(if repeat.is_empty() { "|" } else { "| " });
            let _ = if repeat.is_empty() { writeln!(text) } else { writeln!(text, "`{repeat}` |") };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use crate::report::{Figure, Row, Table};

    #[test]
    fn a_line_says_how_to_repeat_it() {
        let table = Table {
            title: "Calls".to_owned(),
            columns: vec!["side".to_owned(), "calls a second".to_owned()],
            rows: vec![Row {
                cells: vec!["ours".into(), Figure::of("", vec![1.0, 2.0, 3.0]).into()],
                repeat: "create-meeting --latency 20".to_owned(),
            }],
        };
        assert_eq!(
            table.markdown(),
            "\n**Calls**\n\n\
             | side | calls a second | again, after `cargo bench --` |\n\
             | --- | --- | --- |\n\
             | ours | 2.00 (1.00 to 3.00) | `create-meeting --latency 20` |\n"
        );
    }
}
