//! The shards of one step: the gradients of each, and their exact sum over all processes.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Shape, Tensor, TensorData};

use super::finite::{first_bad_layer, name_of};
use super::reduce::{FixedPoint, Magnitude, Reduce, share};
use crate::metrics::Confusion;
use crate::network::Network;
use crate::task::{CloudBatch, Shards};

/// What one shard adds to the step.
pub(super) struct Part {
    pub(super) shard: usize,
    /// Sum of the weighted losses, and of their weights.
    loss: [f64; 2],
    /// The gradients of the sum of losses, then the running statistics, in the order of [`Layout`]; all in `f32`.
    tensors: Vec<TensorData>,
}

impl Part {
    fn tensors(&self) -> impl Iterator<Item = &[f32]> {
        self.tensors.iter().map(|tensor| tensor.as_slice().expect("the numbers were converted"))
    }
}

/// The tensors that are summed, in the order in which every process visits the network.
pub(super) struct Layout {
    tensors: Vec<(ParamId, Shape)>,
    /// The first of these are gradients, the others running statistics of normalisations.
    gradients: usize,
}

impl Layout {
    pub(super) fn of(network: &Network) -> Self {
        #[derive(Default)]
        struct Found(Vec<(ParamId, Shape)>, Vec<(ParamId, Shape)>);
        impl ModuleVisitor for Found {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                let tensors = if param.is_require_grad() { &mut self.0 } else { &mut self.1 };
                tensors.push((param.id, param.lazy_shape()));
            }
        }
        let mut found = Found::default();
        network.visit(&mut found);
        let Found(mut tensors, statistics) = found;
        let gradients = tensors.len();
        tensors.extend(statistics);
        Self { tensors, gradients }
    }

    pub(super) fn has_statistics(&self) -> bool {
        self.gradients < self.tensors.len()
    }

    /// One shard, from its gradients and the network after its forward pass.
    pub(super) fn part(
        &self,
        shard: usize,
        loss: [f64; 2],
        gradients: GradientsParams,
        network: &Network,
    ) -> Part {
        struct Take {
            gradients: GradientsParams,
            values: HashMap<ParamId, TensorData>,
        }
        impl ModuleVisitor for Take {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                if let Some(gradient) = self.gradients.remove::<D>(param.id) {
                    self.values.insert(param.id, gradient.into_data().convert::<f32>());
                }
            }
        }
        let mut take = Take { gradients, values: HashMap::new() };
        network.visit(&mut take);
        let mut values = take.values;
        if self.has_statistics() {
            let of_shape = |(id, values): (ParamId, Vec<f32>)| {
                let length = values.len();
                (id, TensorData::new(values, [length]))
            };
            values.extend(self.statistics(network).into_iter().map(of_shape));
        }
        let value = |(id, shape): &(ParamId, Shape)| {
            values
                .remove(id)
                .unwrap_or_else(|| TensorData::new(vec![0f32; shape.num_elements()], shape.clone()))
        };
        Part { shard, loss, tensors: self.tensors.iter().map(value).collect() }
    }

    /// The running statistics of `network`, those of its last forward pass included.
    pub(super) fn statistics(&self, network: &Network) -> HashMap<ParamId, Vec<f32>> {
        struct Take(HashMap<ParamId, Vec<f32>>);
        impl ModuleVisitor for Take {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                if let Some(values) = self.0.get_mut(&param.id) {
                    *values = numbers(param.val().into_data());
                }
            }
        }
        let ids = self.tensors[self.gradients..].iter().map(|(id, _)| (*id, Vec::new()));
        let mut take = Take(ids.collect());
        // The statistics lag behind by one update; `valid` applies it.
        network.valid().visit(&mut take);
        take.0
    }
}

/// Sets the running statistics of `network`, and of every clone of it, because clones share them.
pub(super) fn set_statistics(network: &Network, values: HashMap<ParamId, Vec<f32>>) {
    struct Set(HashMap<ParamId, Vec<f32>>);
    impl ModuleMapper for Set {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let Some(values) = self.0.remove(&param.id) else { return param };
            param.map(|before| Tensor::from_data(TensorData::new(values, before.shape()), &before.device()))
        }
    }
    let _ = network.clone().map(&mut Set(values));
}

/// A number that differs, but for rare coincidences, between networks with different weights or running statistics.
pub(super) fn checksum(network: &Network) -> i64 {
    struct Sum(u32);
    impl ModuleVisitor for Sum {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0 = crc32c::crc32c_append(self.0, param.val().into_data().bytes());
        }
    }
    let mut sum = Sum(0);
    network.visit(&mut sum);
    i64::from(sum.0)
}

fn numbers(data: TensorData) -> Vec<f32> {
    data.convert::<f32>().try_into_vec().expect("the numbers were converted")
}

/// The sums over all shards of all processes.
pub(super) struct Total {
    pub(super) gradients: GradientsParams,
    pub(super) statistics: HashMap<ParamId, Vec<f32>>,
    pub(super) loss: f32,
    pub(super) predictions: Confusion,
    /// Whether a process was asked to stop.
    pub(super) stop: bool,
}

/// The first shard with a value that is not finite.
pub(super) struct BadShard {
    shard: usize,
    /// Its losses, and the weight whose gradient is bad; only the process of the shard has them.
    losses: [f64; 2],
    gradient: Option<ParamId>,
}

impl BadShard {
    /// The mean loss of the shard and the first layer with a value that is not finite. The process of the shard finds them and tells
    /// the others.
    pub(super) fn describe(
        self,
        network: &Network,
        batches: &[(usize, CloudBatch)],
        shards: &Shards,
        reduce: &dyn Reduce,
    ) -> (f32, String) {
        let own = batches.iter().find(|(shard, _)| *shard == self.shard);
        let text = own.map(|(_, batch)| {
            let [loss, weight] = self.losses;
            let layer = match self.gradient {
                Some(id) if loss.is_finite() => format!("the gradient of {}", name_of(network, id)),
                _ => first_bad_layer(network, batch),
            };
            format!("{} {layer}", (loss / weight) as f32)
        });
        let of_process = |rank: &usize| {
            Shards::of_process(shards.count(), *rank, reduce.size()).own().contains(&self.shard)
        };
        let owner = (0..reduce.size()).find(of_process).unwrap_or(0);
        let text = share(reduce, owner, text.unwrap_or_default().as_bytes());
        let text = String::from_utf8_lossy(&text);
        let (loss, layer) = text.split_once(' ').unwrap_or(("NaN", "loss"));
        (loss.parse().unwrap_or(f32::NAN), layer.to_owned())
    }
}

/// The largest number of every tensor over all shards, and what else the processes must agree on before they add.
struct Agreed {
    fixed: Vec<FixedPoint>,
    stop: bool,
}

impl Agreed {
    /// The largest numbers of all tensors and of the two losses; `stop` is whether this process was asked to stop.
    fn on(
        parts: &[Part],
        tensors: &[(ParamId, Shape)],
        shards: &Shards,
        stop: bool,
        reduce: &dyn Reduce,
    ) -> Result<Self, BadShard> {
        let count = tensors.len() + 2;
        let (mut most, mut bad, mut found) = (vec![0; count], 0, None);
        for part in parts {
            let of_tensors = part.tensors().map(Magnitude::of);
            let all: Vec<Magnitude> = of_tensors.chain(part.loss.map(Magnitude::of_one)).collect();
            for (most, magnitude) in most.iter_mut().zip(&all) {
                *most = magnitude.bits().max(*most);
            }
            let first = all.iter().position(|magnitude| !magnitude.is_finite());
            if let Some(index) = first.filter(|_| bad == 0) {
                // The lowest shard has the largest number.
                bad = (shards.count() - part.shard) as i64;
                found = Some((part.loss, tensors.get(index).map(|(id, _)| *id)));
            }
        }
        most.extend([bad, i64::from(stop)]);
        reduce.max(&mut most);
        let (bad, stop) = (most[count] as usize, most[count + 1] > 0);
        if bad > 0 {
            let (losses, gradient) = found.unwrap_or_default();
            return Err(BadShard { shard: shards.count() - bad, losses, gradient });
        }
        let fixed = |&bits: &i64| FixedPoint::new(Magnitude::from_bits(bits), shards.count());
        Ok(Self { fixed: most[..count].iter().map(fixed).collect(), stop })
    }
}

impl Layout {
    /// Sums the parts of all processes. `items` is the number of items of the whole batch, `stop` whether this process was asked to
    /// stop, and `predictions` are those of this process.
    ///
    /// # Errors
    /// The first shard with a value that is not finite, in all processes.
    pub(super) fn sum(
        &self,
        parts: Vec<Part>,
        predictions: &Confusion,
        (shards, items): (&Shards, usize),
        stop: bool,
        (network, reduce): (&Network, &dyn Reduce),
    ) -> Result<Total, BadShard> {
        let Agreed { fixed, stop } = Agreed::on(&parts, &self.tensors, shards, stop, reduce)?;
        let sizes: Vec<usize> = self.tensors.iter().map(|(_, shape)| shape.num_elements()).collect();
        let (numbers, classes) = (sizes.iter().sum::<usize>(), predictions.classes());
        let mut sums = Vec::with_capacity(numbers + 2 + classes * classes);
        sums.resize(numbers, 0);
        for part in &parts {
            let mut rest = &mut sums[..];
            for (tensor, fixed) in part.tensors().zip(&fixed) {
                let (own, after) = rest.split_at_mut(tensor.len());
                fixed.add(tensor, own);
                rest = after;
            }
        }
        let of_losses = &fixed[self.tensors.len()..];
        let loss =
            |index: usize| parts.iter().map(|part| of_losses[index].integer(part.loss[index])).sum::<i64>();
        sums.extend([loss(0), loss(1)]);
        sums.extend(predictions.rows().flatten().map(|&count| count as i64));
        // The parts are as large as the gradients of every shard.
        drop(parts);
        reduce.sum(&mut sums);

        let [loss, weight] = [0, 1].map(|index| of_losses[index].number(sums[numbers + index]));
        let mut predictions = Confusion::new(classes);
        for (index, &count) in sums[numbers + 2..].iter().enumerate() {
            predictions.add(index / classes, index % classes, count as u64);
        }
        let (mut values, mut rest) = (HashMap::new(), &sums[..]);
        for (index, ((id, _), size)) in self.tensors.iter().zip(sizes).enumerate() {
            let (own, after) = rest.split_at(size);
            let divisor = if index < self.gradients { weight } else { shards.filled(items) as f64 };
            values.insert(*id, fixed[index].quotients(own, divisor));
            rest = after;
        }
        let statistics =
            self.tensors[self.gradients..].iter().filter_map(|(id, _)| values.remove_entry(id)).collect();
        let gradients = as_gradients(values, network);
        let loss = if weight == 0.0 { 0.0 } else { (loss / weight) as f32 };
        Ok(Total { gradients, statistics, loss, predictions, stop })
    }
}

/// The values as the optimizer takes them.
fn as_gradients(values: HashMap<ParamId, Vec<f32>>, network: &Network) -> GradientsParams {
    struct Register {
        values: HashMap<ParamId, Vec<f32>>,
        gradients: GradientsParams,
    }
    impl ModuleVisitor for Register {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let Some(values) = self.values.remove(&param.id) else { return };
            let data = TensorData::new(values, param.lazy_shape());
            let device = param.val().device().inner();
            self.gradients.register(param.id, Tensor::<D>::from_data(data, &device));
        }
    }
    let mut register = Register { values, gradients: GradientsParams::new() };
    network.visit(&mut register);
    register.gradients
}
