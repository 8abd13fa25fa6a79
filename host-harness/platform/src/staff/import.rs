//! From a CSV file to staff records, row by row: one bad row spoils no other.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};

use super::{Role, StaffMember};
use crate::database::DatabaseError;
use crate::word;

/// Columns that have to be there.
const REQUIRED: [&str; 4] = ["id", "name", "email", "user_name"];
const ROLE: &str = "role";
/// Characters of a field; a meeting's attendee can have no longer name.
const LONGEST: usize = 256;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why nobody was imported, or not everybody.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file could not be read to its end.
    #[error("The staff file could not be read ({0}), so nobody was imported. Try again.")]
    Unreadable(#[from] csv::Error),
    /// A file in the encoding that spreadsheets call "Unicode".
    #[error(
        "The staff file is in UTF-16, so nobody was imported. Save it again as `CSV UTF-8`, and import that."
    )]
    Utf16,
    /// The first line lacks columns.
    #[error(
        "The first line of the staff file does not name the column {}, so nobody was imported. It has to \
         name id,name,email,user_name, separated by commas.",
        .0.join(" and the column ")
    )]
    Columns(Vec<&'static str>),
    /// Not all records could be saved. Those that could stay, and are left out the next time.
    #[error(
        "The platform's database did not answer ({}), so the staff file was not imported to its end. Import it \
         again in a minute: that does the rest.",
        why(.0)
    )]
    Database(DatabaseError),
}

/// Without the sentence that says that nothing was saved: rows before it may have been.
fn why(error: &DatabaseError) -> &sqlx::Error {
    &error.0
}

impl From<DatabaseError> for ImportError {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

/// What became of a staff file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// How many staff are new.
    pub added: usize,
    /// How many were known and are now as the file has them.
    pub updated: usize,
    /// The rows that were left out, in their order.
    pub rejected: Vec<RejectedRow>,
}

/// A row that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// Its line in the file, the first line being 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: RowProblem,
}

impl fmt::Display for RejectedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line {}: {}", self.line, self.problem)
    }
}

/// What can be wrong with a row. The text says what to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// It ends before this column.
    #[error("the column {0} is missing. Add it, or leave it empty between its commas.")]
    MissingColumn(&'static str),
    /// It has more fields than the first line names.
    #[error("it has {found} fields, and the first line names {named}. Put fields with a comma in quotes.")]
    TooManyColumns {
        /// How many it has.
        found: usize,
        /// How many the first line names.
        named: usize,
    },
    /// A field is no UTF-8.
    #[error("the field {0} is not in UTF-8. Save the file as `CSV UTF-8`.")]
    Encoding(&'static str),
    /// Nothing says who it is.
    #[error("the id is empty. Give every staff member an id.")]
    EmptyId,
    /// The id came before; that row counts.
    #[error("the id {id} is also in line {first}, which was imported. Give each staff member one line.")]
    DoubledId {
        /// Whose.
        id: String,
        /// Where it came first.
        first: u64,
    },
    /// A field has more characters than this.
    #[error("the field {field} has more than {most} characters. Shorten it.")]
    TooLong {
        /// Which field.
        field: &'static str,
        /// How many characters it may have.
        most: usize,
    },
    /// A field has a character that nobody sees.
    #[error("the field {0} has a control character. Remove it, or type the field anew.")]
    Control(&'static str),
    /// A role that there is not.
    #[error("`{0}` is not a role. Write staff, scheduler or administrator.")]
    UnknownRole(String),
}

/// Why a staff record was not saved. The texts are for the administrator.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    /// Something about it cannot be. Nothing was saved.
    #[error("The staff record was not saved: {0}")]
    Problem(#[from] RowProblem),
    /// The record could not be saved.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Whether a record that came from no file is one.
pub(super) fn check(member: &StaffMember) -> Result<(), RowProblem> {
    let StaffMember { id, name, email, user_name, .. } = member;
    let fields = [("id", id), ("name", name), ("email", email), ("user_name", user_name)];
    for (field, text) in fields {
        fits(field, text)?;
    }
    if id.trim().is_empty() { Err(RowProblem::EmptyId) } else { Ok(()) }
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) rows: Vec<StaffMember>,
    pub(super) rejected: Vec<RejectedRow>,
    pub(super) has_roles: bool,
}

/// Where the columns are.
struct Columns {
    required: [usize; 4],
    role: Option<usize>,
    named: usize,
}

pub(super) fn parse(reader: impl Read) -> Result<Parsed, ImportError> {
    let mut file = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(reader);
    let mut record = ByteRecord::new();
    file.read_byte_record(&mut record)?;
    let columns = Columns::of(&record)?;

    let mut parsed = Parsed { rows: Vec::new(), rejected: Vec::new(), has_roles: columns.role.is_some() };
    let mut lines = HashMap::<String, u64>::new();
    while file.read_byte_record(&mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        let row = columns.read(&record).and_then(|row| match lines.get(&row.id) {
            Some(first) => Err(RowProblem::DoubledId { id: row.id, first: *first }),
            None => Ok(row),
        });
        match row {
            Ok(row) => {
                lines.insert(row.id.clone(), line);
                parsed.rows.push(row);
            }
            Err(problem) => parsed.rejected.push(RejectedRow { line, problem }),
        }
    }
    Ok(parsed)
}

impl Columns {
    fn of(header: &ByteRecord) -> Result<Self, ImportError> {
        let first = header.get(0).unwrap_or_default();
        if first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff") {
            return Err(ImportError::Utf16);
        }
        let place = |name: &str| {
            header.iter().position(|field| {
                let field = field.strip_prefix(BYTE_ORDER_MARK).unwrap_or(field);
                field.trim_ascii().eq_ignore_ascii_case(name.as_bytes())
            })
        };
        let places = REQUIRED.map(place);
        let missing: Vec<_> =
            REQUIRED.iter().zip(places).filter(|(_, place)| place.is_none()).map(|(name, _)| *name).collect();
        if !missing.is_empty() {
            return Err(ImportError::Columns(missing));
        }
        Ok(Self { required: places.map(Option::unwrap_or_default), role: place(ROLE), named: header.len() })
    }

    fn read(&self, record: &ByteRecord) -> Result<StaffMember, RowProblem> {
        if record.len() > self.named {
            return Err(RowProblem::TooManyColumns { found: record.len(), named: self.named });
        }
        let [id, name, email, user_name] = self.required;
        let row = StaffMember {
            id: text(record, "id", id)?,
            name: text(record, "name", name)?,
            email: text(record, "email", email)?,
            user_name: text(record, "user_name", user_name)?,
            role: self.role(record)?,
        };
        if row.id.is_empty() { Err(RowProblem::EmptyId) } else { Ok(row) }
    }

    fn role(&self, record: &ByteRecord) -> Result<Role, RowProblem> {
        let Some(place) = self.role else {
            return Ok(Role::default());
        };
        let role = text(record, ROLE, place)?;
        if role.is_empty() {
            return Ok(Role::default());
        }
        word::parse(&role.to_ascii_lowercase()).ok_or(RowProblem::UnknownRole(role))
    }
}

fn text(record: &ByteRecord, field: &'static str, place: usize) -> Result<String, RowProblem> {
    let bytes = record.get(place).ok_or(RowProblem::MissingColumn(field))?;
    let text = std::str::from_utf8(bytes).map_err(|_| RowProblem::Encoding(field))?.trim();
    fits(field, text)?;
    Ok(text.to_owned())
}

fn fits(field: &'static str, text: &str) -> Result<(), RowProblem> {
    if text.chars().any(char::is_control) {
        return Err(RowProblem::Control(field));
    }
    if text.chars().count() > LONGEST {
        return Err(RowProblem::TooLong { field, most: LONGEST });
    }
    Ok(())
}
