//! Kernels on a point: cells, gaps between them, shells.

use pointconv::{KernelShape, NeighborError};

use super::panel::{Panel, parity};
use super::svg::{MARGIN, Svg};
use super::{Scene, flat_kernel};

/// Height of the line of text under a panel.
const CAPTION: f32 = 24.0;

/// The nine cells around a point with what the lists say of each.
pub(super) fn cells(scene: &Scene) -> Result<String, NeighborError> {
    let kernel = flat_kernel();
    let lists = scene.lists(&kernel)?;
    let panel = Panel { corner: [MARGIN, MARGIN], edge: 340.0, reach: 2.1, middle: [0.0; 2] };
    let mut svg = Svg::new(
        720.0,
        340.0 + 2.0 * MARGIN,
        "A point, the nine cells of its kernel, and the points that the lists have for each cell",
    );
    panel.cells(&mut svg, &kernel);
    panel.points(&mut svg, scene, &lists, 0);
    for k in 0..kernel.subdomains() {
        let ([x, y], edge) = panel.cell(&kernel, k);
        svg.text("small", [x - edge / 2.0 + 4.0, y + edge / 2.0 - 5.0], format_args!("k = {k}"));
    }
    let left = 2.0 * MARGIN + 340.0 + 10.0;
    let mut y = MARGIN + 40.0;
    svg.text("number", [left, y], "the lists of the point in the middle");
    for k in 0..kernel.subdomains() {
        y += 24.0;
        let points = lists.lists().row_of(0).subdomain(k);
        let points: Vec<String> = points.map(|point| point.to_string()).collect();
        svg.rect(parity(k), [left, y - 10.0], [12.0, 12.0]);
        svg.text("", [left + 20.0, y], format_args!("Ω({k}) = {{ {} }}", points.join(", ")));
    }
    svg.text("small", [left, y + 36.0], "an empty cell adds nothing");
    Ok(svg.finish())
}

/// The same point and cells with gaps between them.
pub(super) fn dilation(scene: &Scene) -> Result<String, NeighborError> {
    let edge = 216.0;
    let mut svg = Svg::new(
        3.0 * edge + 4.0 * MARGIN,
        edge + 2.0 * MARGIN + CAPTION,
        "Kernels of nine cells with dilation 1, 2 and 3 on the same point",
    );
    for dilation in 1..=3_usize {
        let kernel = flat_kernel().with_dilation([dilation, dilation, 1]);
        let lists = scene.lists(&kernel)?;
        let left = MARGIN + (dilation - 1) as f32 * (edge + MARGIN);
        let panel = Panel { corner: [left, MARGIN], edge, reach: 3.7, middle: [0.0; 2] };
        panel.cells(&mut svg, &kernel);
        panel.points(&mut svg, scene, &lists, 0);
        let neighbours: usize = lists.lists().row_of(0).runs().map(|(_, neighbours)| neighbours.len()).sum();
        svg.text(
            "middle",
            [left + edge / 2.0, MARGIN + edge + 18.0],
            format_args!("dilation {dilation}: {neighbours} neighbours"),
        );
    }
    Ok(svg.finish())
}

/// Balls of shells without and with gaps.
pub(super) fn shells(scene: &Scene) -> Result<String, NeighborError> {
    let edge = 256.0;
    let mut svg = Svg::new(
        2.0 * edge + 3.0 * MARGIN,
        edge + 2.0 * MARGIN + CAPTION,
        "Balls of three shells around a point, without gaps and with gaps",
    );
    for (index, dilation) in [1_usize, 2].into_iter().enumerate() {
        let shape = KernelShape::shells(3.0, 3).with_dilation([dilation; 3]);
        let lists = scene.lists(&shape)?;
        let left = MARGIN + index as f32 * (edge + MARGIN);
        let panel = Panel { corner: [left, MARGIN], edge, reach: 3.4, middle: [0.0; 2] };
        for m in (0..shape.subdomains()).rev() {
            let (lower, upper) = shape.shell_bounds(m).expect("a ball of shells");
            svg.circle(parity(m), panel.pixel(0.0, 0.0), upper * panel.scale());
            svg.circle("paper", panel.pixel(0.0, 0.0), lower * panel.scale());
        }
        panel.points(&mut svg, scene, &lists, 0);
        svg.text(
            "middle",
            [left + edge / 2.0, MARGIN + edge + 18.0],
            format_args!("3 shells, radius 3, dilation {dilation}"),
        );
    }
    Ok(svg.finish())
}
