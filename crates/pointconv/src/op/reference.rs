//! The operators from plain tensor operations: the specification, kept as the oracle of every kernel.

use burn::tensor::{IndexingUpdateOp, Int, Tensor, TensorData};

use super::kind::ConvKind;
use crate::neighborhood::Neighborhood;

/// [`pointwise_conv`](crate::pointwise_conv) from `select`, `select_assign` and `matmul`, differentiated by burn itself.
///
/// One sub-domain after the other: gather the neighbours, average them into `[P, C_in]`, multiply with `W_k`, add. Slow
/// and hungry for memory, on purpose plain; runs on every backend.
///
/// # Shapes
/// As [`pointwise_conv`](crate::pointwise_conv).
///
/// # Panics
/// When a shape does not agree with the others or with the neighbourhood.
pub fn pointwise_conv(
    features: Tensor<2>,
    weight: Tensor<3>,
    bias: Option<Tensor<1>>,
    neighborhood: &Neighborhood,
) -> Tensor<2> {
    let [_, channels_in] = features.dims();
    let centres = neighborhood.centres().points();
    let [subdomains, _, channels_out] = weight.dims();
    ConvKind::Full.check_shapes(
        features.dims(),
        weight.dims(),
        bias.as_ref().map(|b| b.dims()),
        neighborhood,
    );
    let mut output = Tensor::<2>::zeros([centres, channels_out], (&features.device(), features.dtype()));
    for k in 0..subdomains {
        let Some(means) = means(&features, neighborhood, k) else { continue };
        let weight = weight.clone().narrow(0, k, 1).reshape([channels_in, channels_out]);
        output = output + means.matmul(weight);
    }
    match bias {
        Some(bias) => output + bias.unsqueeze(),
        None => output,
    }
}

/// [`depthwise_point_conv`](crate::depthwise_point_conv) in the same way: the averages, then a product channel by
/// channel.
///
/// # Shapes
/// As [`depthwise_point_conv`](crate::depthwise_point_conv).
///
/// # Panics
/// When a shape does not agree with the others or with the neighbourhood.
pub fn depthwise_point_conv(
    features: Tensor<2>,
    weight: Tensor<3>,
    bias: Option<Tensor<1>>,
    neighborhood: &Neighborhood,
) -> Tensor<2> {
    let [_, channels] = features.dims();
    let centres = neighborhood.centres().points();
    let [subdomains, _, multiplier] = weight.dims();
    ConvKind::Depthwise.check_shapes(
        features.dims(),
        weight.dims(),
        bias.as_ref().map(|b| b.dims()),
        neighborhood,
    );
    let mut output =
        Tensor::<3>::zeros([centres, channels, multiplier], (&features.device(), features.dtype()));
    for k in 0..subdomains {
        let Some(means) = means(&features, neighborhood, k) else { continue };
        // [Q, C_in, 1] · [1, C_in, M]
        output = output + means.unsqueeze_dim(2) * weight.clone().narrow(0, k, 1);
    }
    let output = output.reshape([centres, channels * multiplier]);
    match bias {
        Some(bias) => output + bias.unsqueeze(),
        None => output,
    }
}

/// The averages `[Q, C_in]` over one sub-domain, zero where it is empty; nothing when it is empty everywhere.
fn means(features: &Tensor<2>, neighborhood: &Neighborhood, subdomain: usize) -> Option<Tensor<2>> {
    let edges = SubdomainEdges::of(neighborhood, subdomain);
    if edges.neighbours.is_empty() {
        return None;
    }
    let device = features.device();
    let options = (&device, features.dtype());
    let count = edges.neighbours.len();
    let int = |values: Vec<i32>| Tensor::<1, Int>::from_data(TensorData::new(values, [count]), &device);
    let weights = Tensor::<2>::from_data(TensorData::new(edges.weights, [count, 1]), options);
    let gathered = features.clone().select(0, int(edges.neighbours)) * weights;
    let zeros = Tensor::<2>::zeros([neighborhood.centres().points(), features.dims()[1]], options);
    Some(zeros.select_assign(0, int(edges.centres), gathered, IndexingUpdateOp::Add))
}

/// The edges of one sub-domain: who is the centre, who the neighbour, and the weight `1/|Ω_i(k)|` of the neighbour.
struct SubdomainEdges {
    centres: Vec<i32>,
    neighbours: Vec<i32>,
    weights: Vec<f64>,
}

impl SubdomainEdges {
    fn of(neighborhood: &Neighborhood, subdomain: usize) -> Self {
        let mut edges = Self { centres: Vec::new(), neighbours: Vec::new(), weights: Vec::new() };
        for row in neighborhood.lists().rows() {
            let neighbours: Vec<u32> = row.subdomain(subdomain).collect();
            for &neighbour in &neighbours {
                edges.centres.push(row.centre() as i32);
                edges.neighbours.push(neighbour as i32);
                edges.weights.push(1.0 / neighbours.len() as f64);
            }
        }
        edges
    }
}
