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
        let [points, channels] = features.shape().dims();
        if points == 0 {
            let found = Self::batch_norm_train(features, gamma, beta, epsilon);
            return (found.output, found.mean, found.variance);
        }
        // Centre twice: the first mean is rounded, and a difference of mean squares would lose the variance beside a
        // large mean, as burn's own operation does.
        let first_mean = Self::float_mean_dim(features.clone(), 0);
        let centred = Self::float_sub(features, first_mean.clone());
        let rest = Self::float_mean_dim(centred.clone(), 0);
        let centred = Self::float_sub(centred, rest.clone());
        let mean = Self::float_add(first_mean, rest);
        let variance = Self::float_mean_dim(Self::float_mul(centred.clone(), centred.clone()), 0);
        let normalised = Self::float_div(centred, deviation(variance.clone(), epsilon));
        let row = Shape::new([1, channels]);
        let scaled = Self::float_mul(normalised, Self::float_reshape(gamma, row.clone()));
        let output = Self::float_add(scaled, Self::float_reshape(beta, row));
        let flat = Shape::new([channels]);
        (output, Self::float_reshape(mean, flat.clone()), Self::float_reshape(variance, flat))
    }

    fn point_batch_norm_backward(
        features: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [points, channels] = features.shape().dims();
        if points == 0 {
            let found = Self::batch_norm_train_backward(features, gamma, mean, variance, epsilon, grad);
            return (found.x_grad, found.gamma_grad, found.beta_grad);
        }
        let row = Shape::new([1, channels]);
        let centred = Self::float_sub(features, Self::float_reshape(mean, row.clone()));
        let deviation = deviation(Self::float_reshape(variance, row.clone()), epsilon);
        let normalised = Self::float_div(centred, deviation.clone());
        let products = Self::float_mul(grad.clone(), normalised.clone());
        let flat = Shape::new([channels]);
        let grad_gamma = Self::float_reshape(Self::float_sum_dim(products.clone(), 0), flat.clone());
        let grad_beta = Self::float_reshape(Self::float_sum_dim(grad.clone(), 0), flat);
        let rest = Self::float_mul(normalised, Self::float_mean_dim(products, 0));
        let rest = Self::float_add(Self::float_mean_dim(grad.clone(), 0), rest);
        let scale = Self::float_div(Self::float_reshape(gamma, row), deviation);
        (Self::float_mul(Self::float_sub(grad, rest), scale), grad_gamma, grad_beta)
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
        let deviation = deviation(variance, epsilon);
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

/// `sqrt(variance + epsilon)`.
fn deviation(variance: FloatTensor<CubeBackend>, epsilon: f64) -> FloatTensor<CubeBackend> {
    CubeBackend::float_sqrt(CubeBackend::float_add_scalar(variance, Scalar::Float(epsilon)))
}
