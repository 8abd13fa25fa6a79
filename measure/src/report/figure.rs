//! A number that was measured several times.

use serde::{Deserialize, Serialize};

/// The median of several rounds, with the least and the most of them.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Figure {
    /// What it counts; nothing for ratios.
    pub unit: String,
    /// The middle one; of an even number the upper.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
    /// All, in the order of the rounds.
    pub samples: Vec<f64>,
}

impl Figure {
    /// Of at least one sample.
    pub(crate) fn of(unit: &str, samples: Vec<f64>) -> Self {
        let mut sorted = samples.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
        let (median, least, most) = (at(sorted.len() / 2), at(0), at(sorted.len().saturating_sub(1)));
        Self { unit: unit.to_owned(), median, least, most, samples }
    }

    /// Measured once, or counted.
    pub(crate) fn once(unit: &str, value: f64) -> Self {
        Self::of(unit, vec![value])
    }
}

/// Of more rounds than this one that was disturbed tells nothing.
const MANY: usize = 20;

impl Figure {
    /// What stands in brackets: the least and the most, or of many rounds the middle half.
    fn spread(&self) -> (f64, f64) {
        if self.samples.len() <= MANY {
            return (self.least, self.most);
        }
        let mut sorted = self.samples.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |quarter: usize| sorted.get(sorted.len() * quarter / 4).copied().unwrap_or(f64::NAN);
        (at(1), at(3))
    }
}

/// One by the other, round by round: what happened to the machine in a round happened to both.
pub(crate) fn ratio(one: &[f64], other: &[f64]) -> Figure {
    Figure::of("", one.iter().zip(other).map(|(one, other)| one / other).collect())
}

/// Three digits, or all before the point.
pub(crate) fn compact(number: f64) -> String {
    let decimals = match number.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 0.1 || size == 0.0 => 2,
        _ => 4,
    };
    let text = format!("{number:.decimals$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), ""), |(whole, rest)| (whole, rest));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if rest.is_empty() { grouped } else { format!("{grouped}.{rest}") }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&compact(self.median))?;
        if self.samples.len() > 1 {
            let (low, high) = self.spread();
            write!(f, " ({} to {})", compact(low), compact(high))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_its_median_with_the_least_and_the_most() {
        let figure = Figure::of("ms", vec![3.0, 1.0, 2.0]);
        assert_eq!((figure.median, figure.least, figure.most), (2.0, 1.0, 3.0));
        assert_eq!(figure.to_string(), "2.00 (1.00 to 3.00)");
        assert_eq!(Figure::once("ms", 0.5).to_string(), "0.50");
    }

    #[test]
    fn of_many_rounds_the_middle_half_is_shown() {
        let figure = Figure::of("ms", (0..40).map(f64::from).collect());
        assert_eq!(figure.to_string(), "20.0 (10.0 to 30.0)");
        assert!(figure.least.abs() < f64::EPSILON && (figure.most - 39.0).abs() < f64::EPSILON, "{figure:?}");
    }

    #[test]
    fn a_ratio_is_of_the_rounds_and_not_of_the_medians() {
        let figure = ratio(&[1.0, 6.0, 4.0], &[1.0, 2.0, 4.0]);
        assert_eq!(figure.to_string(), "1.00 (1.00 to 3.00)");
    }

    #[test]
    fn numbers_have_three_digits_and_are_grouped() {
        let shown = [0.0123, 0.5, 12.34, 999.6, 1_234_567.0, -1_234.0].map(compact);
        assert_eq!(shown, ["0.0123", "0.50", "12.3", "1,000", "1,234,567", "-1,234"]);
    }
}
