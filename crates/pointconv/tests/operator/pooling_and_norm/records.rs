//! Records and displays of the layers.

use burn::module::Module;
use burn::tensor::DType;
use pointconv::{GlobalPoolConfig, PackedBatchNormConfig, PackedLayerNormConfig, Pooling, VoxelPoolConfig};

use super::harness::Matrix;
use crate::common::{assert_same_bits, device, values};

#[test]
fn a_record_restores_the_running_statistics() {
    let device = device().autodiff();
    let features = Matrix::random(30, 4, 1).map(|v| v + 3.0).tensor(DType::F32, &device);
    let config = PackedBatchNormConfig::new(4);
    let (trained, fresh) = (config.init(&device), config.init(&device));
    let _ = trained.forward(features.clone());
    let features = features.inner();
    let expected = values(trained.valid().forward(features.clone()));
    assert_ne!(values(fresh.valid().forward(features.clone())), expected);
    let restored = fresh.load_record(trained.into_record());
    assert_same_bits("restored", &values(restored.valid().forward(features)), &expected);
}

#[test]
fn display_names_the_settings() {
    let device = device();
    for (text, parts) in [
        (GlobalPoolConfig::new().with_pooling(Pooling::Both).init().to_string(), vec!["pooling: Both"]),
        (VoxelPoolConfig::new(0.25).init().to_string(), vec!["voxel: 0.25", "pooling: Max"]),
        (PackedBatchNormConfig::new(9).init(&device).to_string(), vec!["channels: 9", "momentum: 0.1"]),
        (PackedLayerNormConfig::new(9).init(&device).to_string(), vec!["channels: 9", "params: 18"]),
    ] {
        for part in parts {
            assert!(text.contains(part), "`{part}` in {text}");
        }
    }
}
