//! Why both gradients are gathered from the lists: the symmetry of the kernel, and what a point reads from its own list.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use pointconv::{NeighborError, Neighborhood, PointwiseConvConfig};

use super::panel::{Panel, parity};
use super::svg::{MARGIN, Svg};
use super::{Scene, flat_kernel};

/// A pair of points, seen from each of them.
pub(super) fn symmetry(scene: &Scene) -> Result<String, NeighborError> {
    let kernel = flat_kernel();
    let lists = scene.lists(&kernel)?;
    let edge = 300.0;
    let mut svg = Svg::new(
        2.0 * edge + 3.0 * MARGIN,
        edge + 2.0 * MARGIN + 24.0,
        "Point j lies in a cell of the kernel of i, and i lies in the mirrored cell of the kernel of j",
    );
    let (i, k) = (0, 8);
    let mut neighbours = lists.lists().row_of(i).subdomain(k);
    let j = neighbours.next().expect("the corner holds points") as usize;
    let seen_from_j =
        lists.lists().row_of(j).runs().find(|(_, points)| points.clone().any(|point| point as usize == i));
    assert_eq!(seen_from_j.map(|(found, _)| found), Some(kernel.mirror(k)), "the lists are symmetric");

    for (index, (centre, other, k, caption)) in [
        (i, j, k, format!("j lies in cell {k} of i")),
        (j, i, kernel.mirror(k), format!("so i lies in cell {} of j", kernel.mirror(k))),
    ]
    .into_iter()
    .enumerate()
    {
        let left = MARGIN + index as f32 * (edge + MARGIN);
        let [x, y, _] = scene.positions[centre];
        let panel = Panel { corner: [left, MARGIN], edge, reach: 2.3, middle: [x, y] };
        panel.cells(&mut svg, &kernel);
        let ([cx, cy], cell) = panel.cell(&kernel, k);
        svg.rect("mark", [cx - cell / 2.0, cy - cell / 2.0], [cell, cell]);
        panel.points(&mut svg, scene, &lists, centre);
        let [from, to] = [centre, other].map(|p| panel.pixel(scene.positions[p][0], scene.positions[p][1]));
        svg.arrow(from, to, 5.0);
        for (point, [x, y]) in [(centre, from), (other, to)] {
            let name = if point == i { "i" } else { "j" };
            svg.text("number", [x - 3.0, y - 9.0], name);
        }
        svg.text("middle", [left + edge / 2.0, MARGIN + edge + 18.0], caption);
    }
    Ok(svg.finish())
}

/// What one point gathers from its list, and what both gradients take of it.
pub(super) fn gradients(scene: &Scene) -> Result<String, NeighborError> {
    let kernel = flat_kernel();
    let lists = scene.lists(&kernel)?;
    let subdomains = kernel.subdomains();
    let features: Vec<f32> =
        (0..lists.points()).map(|p| (((p * 37 + 30) % 41) as f32 - 20.0) / 20.0).collect();
    let weights: Vec<f32> = (0..subdomains).map(|k| ((k * 5 % 9) as f32 - 4.0) / 4.0).collect();
    let shares = shares(&lists, subdomains);
    check_against_layer(&lists, &features, &weights, &shares);

    let j = 0;
    let edge = 300.0;
    let mut svg = Svg::new(
        720.0,
        edge + 2.0 * MARGIN + 24.0,
        "What a point gathers of the gradients of its neighbours, and the two gradients that follow",
    );
    let panel = Panel { corner: [MARGIN, MARGIN], edge, reach: 1.9, middle: [0.0; 2] };
    panel.cells(&mut svg, &kernel);
    panel.points(&mut svg, scene, &lists, j);
    for (_, neighbours) in lists.lists().row_of(j).runs() {
        for i in neighbours.filter(|&i| i as usize != j) {
            let [x, y, _] = scene.positions[i as usize];
            svg.arrow(panel.pixel(x, y), panel.pixel(0.0, 0.0), 9.0);
        }
    }
    svg.text(
        "middle",
        [MARGIN + edge / 2.0, MARGIN + edge + 18.0],
        "the points i that have j as a neighbour",
    );

    let column = |index: usize| MARGIN + edge + 40.0 + [0.0, 70.0, 150.0, 260.0][index];
    let mut y = MARGIN + 22.0;
    for (index, name) in ["k", "s(k)", "W(k) · s(k)", "x · s(k)"].into_iter().enumerate() {
        svg.text("number", [column(index), y], name);
    }
    let mut gradient = 0.0;
    for k in 0..subdomains {
        y += 22.0;
        let share = shares[j][k];
        gradient += weights[k] * share;
        svg.rect(parity(k), [column(0) - 18.0, y - 10.0], [12.0, 12.0]);
        svg.text("", [column(0), y], k);
        svg.text("", [column(1), y], format_args!("{share:.2}"));
        svg.text("", [column(2), y], signed(weights[k] * share));
        svg.text("", [column(3), y], signed(features[j] * share));
    }
    y += 30.0;
    svg.text("number", [column(0), y], "sum");
    svg.text("number", [column(2), y], signed(gradient));
    svg.text("small", [column(2), y + 16.0], "= dL/dx of j");
    svg.text("small", [column(3) - 6.0, y], "summed over");
    svg.text("small", [column(3) - 6.0, y + 16.0], "all j: dL/dW(k)");
    Ok(svg.finish())
}

/// Two places, and no sign where they are all 0.
fn signed(value: f32) -> String {
    let text = format!("{value:+.2}");
    if text.ends_with("0.00") { "0.00".into() } else { text }
}

/// `s [P, K]`: for point `j` and sub-domain `k` the sum of `1 / |Ω_i(k)|` over the points `i` in whose sub-domain `k` it lies.
fn shares(lists: &Neighborhood, subdomains: usize) -> Vec<Vec<f32>> {
    let mut shares = vec![vec![0.0; subdomains]; lists.points()];
    for row in lists.lists().rows() {
        for (k, neighbours) in row.runs() {
            let share = 1.0 / neighbours.len() as f32;
            for j in neighbours {
                shares[j as usize][k] += share;
            }
        }
    }
    shares
}

/// The table of the picture against the backward pass of the layer, for the loss `sum_i y_i`.
fn check_against_layer(lists: &Neighborhood, features: &[f32], weights: &[f32], shares: &[Vec<f32>]) {
    let device = Device::flex().autodiff();
    let (points, subdomains) = (features.len(), weights.len());
    let mut layer = PointwiseConvConfig::for_shape(1, 1, lists.shape()).with_bias(false).init(&device);
    layer.weight =
        Param::from_tensor(Tensor::from_data(TensorData::new(weights.to_vec(), [subdomains, 1, 1]), &device));
    let input =
        Tensor::<2>::from_data(TensorData::new(features.to_vec(), [points, 1]), &device).require_grad();
    let gradients = layer.forward(input.clone(), lists).sum().backward();
    let values = |data: TensorData| data.try_to_vec::<f32>().expect("numbers of f32");
    let of_features = values(input.grad(&gradients).expect("tracked").into_data());
    let of_weights = values(layer.weight.val().grad(&gradients).expect("tracked").into_data());

    let near = |a: f32, b: f32| (a - b).abs() <= 1e-4 * (1.0 + b.abs());
    for (j, found) in of_features.into_iter().enumerate() {
        let expected: f32 = weights.iter().zip(&shares[j]).map(|(w, s)| w * s).sum();
        assert!(near(found, expected), "point {j}: {found}, expected {expected}");
    }
    for (k, found) in of_weights.into_iter().enumerate() {
        let expected: f32 = features.iter().zip(shares).map(|(x, s)| x * s[k]).sum();
        assert!(near(found, expected), "sub-domain {k}: {found}, expected {expected}");
    }
}
