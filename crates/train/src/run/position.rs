//! The position of a training: its progress, to the step.

use serde::{Deserialize, Serialize};

/// The part of a checkpoint that is not weights, optimizer or schedule. With it, a resumed training gives the same result as
/// one that never stopped.
///
/// It is stored as TOML, whose numbers are read back to the last bit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Completed steps over all epochs: the number of the checkpoint.
    pub steps: usize,
    /// Completed epochs, including their validation.
    pub epochs: usize,
    /// Completed steps of the next epoch.
    pub step: usize,
    /// Sums over these steps; left out if there are none.
    #[serde(default, skip_serializing_if = "Sums::is_empty")]
    pub sums: Sums,
    /// The epoch with the best result on the validation files so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Best>,
}

/// Sums over the steps of an epoch, from which its row of metrics is computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Sum of the losses of the files or points.
    pub loss: f64,
    /// Learning rate of the last step.
    pub lr: f64,
    /// Wall-clock time, in seconds.
    pub seconds: f64,
    /// How often each true class (row) was predicted as each class (column); empty before the first step.
    pub confusion: Vec<Vec<u64>>,
}

impl Sums {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The epoch with the best result on the validation files.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Accuracy, or the mean intersection over union of a segmenter.
    pub score: f64,
    /// Mean loss.
    pub loss: f64,
}

impl Best {
    /// Whether `score` is higher, or equal with a lower `loss`. In a tie, the earlier epoch is kept.
    #[must_use]
    pub fn is_beaten_by(&self, score: f64, loss: f64) -> bool {
        score > self.score || (score == self.score && loss < self.loss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_to_the_last_bit() {
        // Sums whose shortest decimal form has 16 and 17 digits.
        for seed in 1..2000_u32 {
            let loss = f64::from(seed).sqrt() * 37.0 / 11.0;
            let position = Position {
                steps: 7,
                epochs: 1,
                step: 2,
                sums: Sums {
                    loss,
                    lr: 1e-3 / f64::from(seed),
                    seconds: 0.1,
                    confusion: vec![vec![3, 0], vec![1, 2]],
                },
                best: Some(Best { epoch: 1, score: 1.0 / f64::from(seed), loss }),
            };
            let text = toml::to_string(&position).unwrap();
            assert_eq!(toml::from_str::<Position>(&text).unwrap(), position, "{text}");
        }
    }

    #[test]
    fn the_first_of_equals_is_best() {
        let best = Best { epoch: 3, score: 0.5, loss: 1.0 };
        assert!(best.is_beaten_by(0.6, 2.0) && best.is_beaten_by(0.5, 0.9));
        assert!(!best.is_beaten_by(0.5, 1.0) && !best.is_beaten_by(0.4, 0.1));
    }
}
