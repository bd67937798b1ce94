//! The schedule of the learning rate from the config.

use burn::lr_scheduler::composed::ComposedLrSchedulerConfig;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::lr_scheduler::step::StepLrSchedulerConfig;

use crate::config::ScheduleConfig;

/// The schedule over all `epochs` of `steps` steps each.
pub(super) fn schedule(config: &ScheduleConfig, lr: f64, epochs: usize, steps: usize) -> ModuleLrScheduler {
    let built = match config {
        ScheduleConfig::Constant => return ModuleLrScheduler::from(lr),
        ScheduleConfig::Cosine { min_lr, warmup_epochs } => {
            let cosine = CosineAnnealingLrSchedulerConfig::new(lr, epochs * steps).with_min_lr(*min_lr);
            match warmup_epochs * steps {
                0 => cosine.init(),
                // The factor grows from 1 / steps to 1.
                warmup => {
                    let linear = LinearLrSchedulerConfig::new(1.0 / warmup as f64, 1.0, warmup);
                    ComposedLrSchedulerConfig::new().cosine(cosine).linear(linear).init()
                }
            }
        }
        ScheduleConfig::Step { every_epochs, gamma } => {
            StepLrSchedulerConfig::new(lr, every_epochs * steps).with_gamma(*gamma).init()
        }
    };
    built.expect("the config was validated")
}
