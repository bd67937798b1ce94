//! Batch normalisation over the points of a batch.

use burn::config::Config;
use burn::module::{Content, DisplaySettings, Flag, Initializer, Module, ModuleDisplay, Param, RunningState};
use burn::tensor::{Device, Tensor};

use crate::op::batch_norm;

/// Configuration of a [`PackedBatchNorm`]; [`init`](Self::init) makes the layer.
#[derive(Config, Debug)]
pub struct PackedBatchNormConfig {
    /// Channels of the features.
    pub channels: usize,
    /// Added to the variance.
    #[config(default = 1e-5)]
    pub epsilon: f64,
    /// The share of a batch in the running statistics, in `0..=1`.
    #[config(default = 0.1)]
    pub momentum: f64,
}

/// Batch normalisation (Ioffe, Szegedy, *Batch Normalization*, ICML 2015) over all points of a packed batch.
///
/// `y = γ (x - m) / sqrt(v + ε) + β`. In training, `m` and `v` are mean and biased variance of each channel over the points of
/// the batch, and the running statistics move towards them: `r ← (1 - momentum) r + momentum · m`, likewise for `v`.
/// Otherwise the running statistics are `m` and `v`. Training is where the features are on a device with autodiff and the
/// layer is not frozen.
///
/// It computes what burn's [`BatchNorm`](burn::nn::BatchNorm) computes, and its fields have the same names, so that a
/// checkpoint of one serves the other. On the CPU it takes two passes over the features forward and two backward. A batch of
/// no points leaves the running statistics as they are (burn's become NaN). A batch of one point has variance 0: its output is
/// `β`, and the running variance shrinks.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use pointconv::PackedBatchNormConfig;
///
/// let device = Device::flex().autodiff();
/// let norm = PackedBatchNormConfig::new(1).init(&device);
/// let features = Tensor::<2>::from_data([[1.0], [3.0]], &device);
/// let output = norm.forward(features).into_data().to_vec::<f32>().unwrap();
/// assert!((output[0] + 1.0).abs() < 1e-4 && (output[1] - 1.0).abs() < 1e-4);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct PackedBatchNorm {
    /// `γ [C]`.
    pub gamma: Param<Tensor<1>>,
    /// `β [C]`.
    pub beta: Param<Tensor<1>>,
    /// Whether the layer takes part in training; cleared when it is frozen.
    pub training: Param<Flag>,
    /// The running mean `[C]`.
    pub running_mean: RunningState<Tensor<1>>,
    /// The running variance `[C]`.
    pub running_var: RunningState<Tensor<1>>,
    /// The share of a batch in the running statistics.
    pub momentum: f64,
    /// Added to the variance.
    pub epsilon: f64,
}

impl PackedBatchNormConfig {
    /// Makes the layer: `γ` and the running variance 1, `β` and the running mean 0.
    ///
    /// # Panics
    /// When `epsilon` is not finite and positive, or `momentum` not in `0..=1`.
    pub fn init(&self, device: &Device) -> PackedBatchNorm {
        let Self { channels, epsilon, momentum } = *self;
        assert!(
            epsilon.is_finite() && epsilon > 0.0,
            "PackedBatchNorm: epsilon must be finite and positive, found {epsilon}"
        );
        assert!(
            (0.0..=1.0).contains(&momentum),
            "PackedBatchNorm: momentum must be in 0..=1, found {momentum}"
        );
        PackedBatchNorm {
            gamma: Initializer::Ones.init([channels], device),
            beta: Initializer::Zeros.init([channels], device),
            training: Param::from_bool(true),
            running_mean: RunningState::new(Tensor::zeros([channels], device)),
            running_var: RunningState::new(Tensor::ones([channels], device)),
            momentum,
            epsilon,
        }
    }
}

impl PackedBatchNorm {
    /// Applies the layer.
    ///
    /// # Shapes
    /// - features `[P, C]`
    /// - output `[P, C]`
    ///
    /// # Panics
    /// When the channels are not the layer's.
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        let [points, found] = features.dims();
        let [channels] = self.gamma.shape().dims();
        assert_eq!(
            found, channels,
            "PackedBatchNorm: features have {found} channels, the layer has {channels}"
        );
        if points * channels == 0 {
            return features;
        }
        if features.device().is_autodiff() && self.training.is_enabled() {
            self.forward_train(features)
        } else {
            self.forward_inference(features)
        }
    }

    fn forward_train(&self, features: Tensor<2>) -> Tensor<2> {
        let device = features.device();
        let (output, mean, variance) = batch_norm(features, self.gamma.val(), self.beta.val(), self.epsilon);
        for (state, found) in [(&self.running_mean, mean), (&self.running_var, variance)] {
            let running = state.value_sync().to_device(&device);
            let found = found.detach() * self.momentum;
            state.update((running * (1.0 - self.momentum) + found).detach());
        }
        output
    }

    fn forward_inference(&self, features: Tensor<2>) -> Tensor<2> {
        let device = features.device();
        let mean = self.running_mean.value().to_device(&device);
        let variance = self.running_var.value().to_device(&device);
        let factor = self.gamma.val() / (variance + self.epsilon).sqrt();
        (features - mean.unsqueeze()) * factor.unsqueeze() + self.beta.val().unsqueeze()
    }
}

impl ModuleDisplay for PackedBatchNorm {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new().with_new_line_after_attribute(false).optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        let [channels] = self.gamma.shape().dims();
        content
            .add("channels", &channels)
            .add("momentum", &self.momentum)
            .add("epsilon", &self.epsilon)
            .optional()
    }
}
