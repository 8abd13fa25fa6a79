//! Bars, as SVG.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

/// Of each side its own, in every picture: a palette that colour-blind people tell apart (Okabe and Ito).
const COLOURS: [RGBColor; 5] = [
    RGBColor(0, 114, 178),
    RGBColor(153, 153, 153),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
];

const SIZE: (u32, u32) = (900, 380);

/// Bars in groups, each bar with its name and its height.
type Groups = [(String, Vec<(String, f64)>)];

/// Draws groups of bars; the same names in the same order in each.
pub(crate) fn bars(file: &Path, title: &str, unit: &str, groups: &Groups) -> Result<()> {
    draw(file, title, unit, groups).map_err(|error| anyhow!("{}: {error}", file.display()))
}

fn draw(file: &Path, title: &str, unit: &str, groups: &Groups) -> Result<(), Box<dyn std::error::Error>> {
    let heights = groups.iter().flat_map(|(_, bars)| bars.iter().map(|(_, height)| *height));
    let top = heights.fold(0.0, f64::max) * 1.15;
    #[allow(clippy::cast_precision_loss)]
    let width = groups.len() as f64;
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(30)
        .y_label_area_size(70)
        .build_cartesian_2d(0.0..width, 0.0..top)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(0)
        .y_desc(unit)
        .y_labels(6)
        .y_label_formatter(&|height| super::compact(*height))
        .draw()?;
    let names = groups.first().map(|(_, bars)| bars.iter().map(|(name, _)| name)).into_iter().flatten();
    for (number, (name, colour)) in names.zip(COLOURS.iter().cycle()).enumerate() {
        let bars = groups.iter().enumerate().filter_map(|(group, (_, bars))| {
            let height = bars.get(number)?.1;
            let (left, right) = place(group, number, bars.len());
            Some(Rectangle::new([(left, 0.0), (right, height)], colour.filled()))
        });
        let (name, colour) = (name.clone(), *colour);
        chart
            .draw_series(bars)?
            .label(name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
    }
    let figures = groups.iter().enumerate().flat_map(|(group, (_, bars))| {
        bars.iter().enumerate().map(move |(number, (_, height))| {
            let (left, right) = place(group, number, bars.len());
            let style = ("sans-serif", 12).into_font().color(&BLACK);
            let style = style.pos(plotters::style::text_anchor::Pos::new(
                plotters::style::text_anchor::HPos::Center,
                plotters::style::text_anchor::VPos::Bottom,
            ));
            Text::new(super::compact(*height), (f64::midpoint(left, right), height + top * 0.01), style)
        })
    });
    chart.draw_series(figures)?;
    for (group, (name, _)) in groups.iter().enumerate() {
        #[allow(clippy::cast_precision_loss)]
        let (x, y) = chart.backend_coord(&(group as f64 + 0.5, 0.0));
        let style = ("sans-serif", 15).into_font().color(&BLACK);
        let style = style.pos(plotters::style::text_anchor::Pos::new(
            plotters::style::text_anchor::HPos::Center,
            plotters::style::text_anchor::VPos::Top,
        ));
        area.draw(&Text::new(name.clone(), (x, y + 8), style))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .label_font(("sans-serif", 13))
        .draw()?;
    area.present()?;
    Ok(())
}

/// From where to where a bar of a group goes.
#[allow(clippy::cast_precision_loss)]
fn place(group: usize, number: usize, of: usize) -> (f64, f64) {
    let each = 0.86 / of as f64;
    let left = group as f64 + 0.07 + each * number as f64;
    (left, left + each * 0.92)
}
