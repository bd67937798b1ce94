//! A square part of the cloud with a kernel on one of its points.

use pointconv::{KernelShape, Neighborhood};

use super::Scene;
use super::svg::Svg;

/// A square of a picture that shows the surroundings of a point.
#[derive(Clone, Copy)]
pub(super) struct Panel {
    /// Upper left corner, in pixels.
    pub(super) corner: [f32; 2],
    /// Edge, in pixels.
    pub(super) edge: f32,
    /// Half of the edge, in cells.
    pub(super) reach: f32,
    /// What lies in the middle, in cells.
    pub(super) middle: [f32; 2],
}

impl Panel {
    /// The pixel of a place that is given in cells; y points up in the cloud and down in the picture.
    pub(super) fn pixel(&self, x: f32, y: f32) -> [f32; 2] {
        let scale = self.scale();
        [
            self.corner[0] + self.edge / 2.0 + scale * (x - self.middle[0]),
            self.corner[1] + self.edge / 2.0 - scale * (y - self.middle[1]),
        ]
    }

    /// Pixels of a cell.
    pub(super) fn scale(&self) -> f32 {
        self.edge / (2.0 * self.reach)
    }

    /// Pixel of the middle of a cell of the kernel on the point in the middle, and its edge.
    pub(super) fn cell(&self, kernel: &KernelShape, k: usize) -> ([f32; 2], f32) {
        let KernelShape::Cells { size, cell, dilation } = *kernel else {
            panic!("found shells, expected cells");
        };
        let step = |axis: usize, index: usize| {
            (index as f32 - (size[axis] / 2) as f32) * dilation[axis] as f32 * cell
        };
        let [x, y] = [step(0, k % size[0]), step(1, k / size[0])];
        (self.pixel(self.middle[0] + x, self.middle[1] + y), cell * self.scale())
    }

    /// The cells of a kernel on the point in the middle.
    pub(super) fn cells(&self, svg: &mut Svg, kernel: &KernelShape) {
        for k in 0..kernel.subdomains() {
            let ([x, y], edge) = self.cell(kernel, k);
            svg.rect(parity(k), [x - edge / 2.0, y - edge / 2.0], [edge, edge]);
        }
    }

    /// All points that lie in the panel: those in the lists of `centre` in the colour of their sub-domain.
    pub(super) fn points(&self, svg: &mut Svg, scene: &Scene, lists: &Neighborhood, centre: usize) {
        let mut class = vec!["point-outside"; scene.positions.len()];
        for (k, neighbours) in lists.lists().row_of(centre).runs() {
            for j in neighbours {
                class[j as usize] = if k % 2 == 0 { "point-even" } else { "point-odd" };
            }
        }
        class[centre] = "point-centre";
        for (&[x, y, _], class) in scene.positions.iter().zip(class) {
            if (x - self.middle[0]).abs().max((y - self.middle[1]).abs()) < self.reach - 0.1 {
                let radius = if class == "point-centre" { 5.5 } else { 3.5 };
                svg.circle(class, self.pixel(x, y), radius);
            }
        }
    }
}

/// The tint of a sub-domain: neighbours differ.
pub(super) fn parity(k: usize) -> &'static str {
    if k.is_multiple_of(2) { "even" } else { "odd" }
}
