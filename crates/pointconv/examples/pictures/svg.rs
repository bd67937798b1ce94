//! SVG as text, in colours that follow the reader's dark or light mode.

use std::fmt::Write;

/// Pixels around every panel.
pub(super) const MARGIN: f32 = 16.0;

const STYLE: &str = "
  svg { --paper: #ffffff; --ink: #1f2328; --faint: #8b949e; --line: #afb8c1; --even: #dbe9fb; --odd: #fdebd3;
        --blue: #0550ae; --orange: #bc4c00; --mark: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #14181d; --ink: #e6edf3; --faint: #848d97; --line: #4d5560; --even: #16304f; --odd: #43301a;
          --blue: #79c0ff; --orange: #ffb26b; --mark: #56d364; }
  }
  text { font: 13px system-ui, sans-serif; fill: var(--ink); }
  .small { font-size: 11px; fill: var(--faint); }
  .number { font-weight: 600; }
  .middle { text-anchor: middle; }
  .paper { fill: var(--paper); }
  .line { fill: none; stroke: var(--line); }
  .even { fill: var(--even); stroke: var(--line); }
  .odd { fill: var(--odd); stroke: var(--line); }
  .mark { fill: none; stroke: var(--mark); stroke-width: 2.5; }
  .arrow { stroke: var(--mark); stroke-width: 1.5; fill: none; }
  .point-even { fill: var(--blue); }
  .point-odd { fill: var(--orange); }
  .point-outside { fill: none; stroke: var(--faint); }
  .point-centre { fill: var(--mark); stroke: var(--ink); stroke-width: 1.5; }
";

/// A picture of a certain size.
pub(super) struct Svg {
    width: f32,
    height: f32,
    body: String,
}

impl Svg {
    /// An empty picture, described by `title` to those who cannot see it.
    pub(super) fn new(width: f32, height: f32, title: &str) -> Self {
        let mut svg = Self { width, height, body: format!("<title>{title}</title>\n") };
        svg.add(format_args!("<rect class='paper' width='{width}' height='{height}' rx='8'/>"));
        svg
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        writeln!(self.body, "{element}").expect("text in memory");
    }

    pub(super) fn rect(&mut self, class: &str, [x, y]: [f32; 2], [width, height]: [f32; 2]) {
        self.add(format_args!(
            "<rect class='{class}' x='{x:.1}' y='{y:.1}' width='{width:.1}' height='{height:.1}'/>"
        ));
    }

    pub(super) fn circle(&mut self, class: &str, [x, y]: [f32; 2], radius: f32) {
        self.add(format_args!("<circle class='{class}' cx='{x:.1}' cy='{y:.1}' r='{radius:.1}'/>"));
    }

    /// A line from `from` to a little before `to`, with a head.
    pub(super) fn arrow(&mut self, [x1, y1]: [f32; 2], [x2, y2]: [f32; 2], gap: f32) {
        let length = (x2 - x1).hypot(y2 - y1).max(1.0);
        let [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
        let [tx, ty] = [x2 - gap * ux, y2 - gap * uy];
        let wing = |side: f32| [tx - 6.0 * ux + side * 3.5 * uy, ty - 6.0 * uy - side * 3.5 * ux];
        let ([ax, ay], [bx, by]) = (wing(1.0), wing(-1.0));
        self.add(format_args!(
            "<path class='arrow' d='M{x1:.1} {y1:.1}L{tx:.1} {ty:.1}M{ax:.1} {ay:.1}L{tx:.1} {ty:.1}L{bx:.1} {by:.1}'/>"
        ));
    }

    pub(super) fn text(&mut self, class: &str, [x, y]: [f32; 2], text: impl std::fmt::Display) {
        self.add(format_args!("<text class='{class}' x='{x:.1}' y='{y:.1}'>{text}</text>"));
    }

    /// The file.
    pub(super) fn finish(self) -> String {
        let Self { width, height, body } = self;
        format!(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}' role='img'>\n\
             <style>{STYLE}</style>\n{body}</svg>\n"
        )
    }
}
