//! Layer normalisation of each point.

use burn::config::Config;
use burn::module::{Content, DisplaySettings, Initializer, Module, ModuleDisplay, Param};
use burn::tensor::{Device, Tensor};

use crate::op::layer_norm;

/// Configuration of a [`PackedLayerNorm`]; [`init`](Self::init) makes the layer.
#[derive(Config, Debug)]
pub struct PackedLayerNormConfig {
    /// Channels of the features.
    pub channels: usize,
    /// Added to the variance.
    #[config(default = 1e-5)]
    pub epsilon: f64,
}

/// Layer normalisation (Ba, Kiros, Hinton, *Layer Normalization*, 2016) of each point over its channels.
///
/// `y = γ (x - m) / sqrt(v + ε) + β`, with mean `m` and biased variance `v` of the channels of the point. The points do not
/// know of each other, so that batches of no points and of one are nothing special. With one channel the output is `β`.
///
/// It computes what burn's [`LayerNorm`](burn::nn::LayerNorm) computes, with one pass over the features forward and one
/// backward on the CPU.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use pointconv::PackedLayerNormConfig;
///
/// let device = Device::flex();
/// let norm = PackedLayerNormConfig::new(2).init(&device);
/// let output = norm.forward(Tensor::<2>::from_data([[1.0, 3.0]], &device)).into_data();
/// let output = output.to_vec::<f32>().unwrap();
/// assert!((output[0] + 1.0).abs() < 1e-4 && (output[1] - 1.0).abs() < 1e-4);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct PackedLayerNorm {
    /// `γ [C]`.
    pub gamma: Param<Tensor<1>>,
    /// `β [C]`.
    pub beta: Param<Tensor<1>>,
    /// Added to the variance.
    pub epsilon: f64,
}

impl PackedLayerNormConfig {
    /// Makes the layer: `γ` 1, `β` 0.
    ///
    /// # Panics
    /// When `epsilon` is not finite and positive.
    pub fn init(&self, device: &Device) -> PackedLayerNorm {
        let Self { channels, epsilon } = *self;
        assert!(
            epsilon.is_finite() && epsilon > 0.0,
            "PackedLayerNorm: epsilon must be finite and positive, found {epsilon}"
        );
        PackedLayerNorm {
            gamma: Initializer::Ones.init([channels], device),
            beta: Initializer::Zeros.init([channels], device),
            epsilon,
        }
    }
}

impl PackedLayerNorm {
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
            "PackedLayerNorm: features have {found} channels, the layer has {channels}"
        );
        if points * channels == 0 {
            return features;
        }
        layer_norm(features, self.gamma.val(), self.beta.val(), self.epsilon)
    }
}

impl ModuleDisplay for PackedLayerNorm {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new().with_new_line_after_attribute(false).optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        let [channels] = self.gamma.shape().dims();
        content.add("channels", &channels).add("epsilon", &self.epsilon).optional()
    }
}
