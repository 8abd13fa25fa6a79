//! Prometheus' text, read again: for the operator's page, and for tests.

use std::collections::BTreeMap;

/// One number of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The metric's name, of histograms with `_bucket`, `_sum` or `_count`.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The number.
    pub value: f64,
}

impl Sample {
    /// A label's value; empty if there is none.
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

/// All numbers of a text. Lines that are none are left out, so that it reads what this program writes and no
/// more: labels here have no quotes, commas and braces in them.
pub fn samples(text: &str) -> Vec<Sample> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(sample).collect()
}

fn sample(line: &str) -> Option<Sample> {
    let (what, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let Some((name, labels)) = what.split_once('{') else {
        return Some(Sample { name: what.to_owned(), labels: BTreeMap::new(), value });
    };
    let pairs = labels.strip_suffix('}')?.split(',').filter(|pair| !pair.is_empty());
    let label = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        Some((name.to_owned(), value.trim_matches('"').to_owned()))
    };
    Some(Sample { name: name.to_owned(), labels: pairs.map(label).collect::<Option<_>>()?, value })
}

#[cfg(test)]
mod tests {
    use super::samples;

    #[test]
    fn numbers_are_read_with_their_labels() {
        let text = "# HELP a A.\n# TYPE a counter\na 1\nb{c=\"d\",e=\"f\"} 2.5\n\n";
        let read = samples(text);
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].name.as_str(), read[0].label("c")), ("a", ""));
        assert_eq!((read[1].label("c"), read[1].label("e"), read[1].value), ("d", "f", 2.5));
    }
}
