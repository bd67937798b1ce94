//! The normalisations on a GPU, composed of burn's own operations.

use burn::backend::ops::{FloatTensorOps, ModuleOps};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Scalar, TensorMetadata};
use burn::tensor::Shape;
use burn_cubecl::CubeBackend;

use crate::op::NormBackend;

impl NormBackend for CubeBackend {
    fn point_batch_norm(
        features: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let found = Self::batch_norm_train(features, gamma, beta, epsilon);
        (found.output, found.mean, found.variance)
    }

    fn point_batch_norm_backward(
        features: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let found = Self::batch_norm_train_backward(features, gamma, mean, variance, epsilon, grad);
        (found.x_grad, found.gamma_grad, found.beta_grad)
    }

    fn point_layer_norm(
        features: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        Self::layer_norm(features, gamma, Some(beta), epsilon)
    }

    fn point_layer_norm_backward(
        features: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [_, channels] = features.shape().dims();
        // [P, C] and [P, 1]
        let mean = Self::float_mean_dim(features.clone(), 1);
        let centred = Self::float_sub(features, mean);
        let variance = Self::float_mean_dim(Self::float_mul(centred.clone(), centred.clone()), 1);
        let deviation = Self::float_sqrt(Self::float_add_scalar(variance, Scalar::Float(epsilon)));
        let normalised = Self::float_div(centred, deviation.clone());
        let row = Shape::new([channels]);
        let products = Self::float_mul(grad.clone(), normalised.clone());
        let grad_gamma = Self::float_reshape(Self::float_sum_dim(products, 0), row.clone());
        let grad_beta = Self::float_reshape(Self::float_sum_dim(grad.clone(), 0), row);
        let scaled = Self::float_mul(grad, Self::float_reshape(gamma, Shape::new([1, channels])));
        let mean_grad = Self::float_mean_dim(scaled.clone(), 1);
        let mean_product = Self::float_mean_dim(Self::float_mul(scaled.clone(), normalised.clone()), 1);
        let rest = Self::float_add(mean_grad, Self::float_mul(normalised, mean_product));
        (Self::float_div(Self::float_sub(scaled, rest), deviation), grad_gamma, grad_beta)
    }
}
