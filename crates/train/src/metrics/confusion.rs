//! The confusion matrix, from which every figure of an evaluation follows.

/// Counts of predictions: rows are the true classes, columns the predicted ones.
///
/// Counts are whole numbers, so the figures do not depend on the order in which files were seen or
/// matrices merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    counts: Vec<u64>,
}

impl Confusion {
    /// An empty matrix for `classes` classes.
    #[must_use]
    pub fn new(classes: usize) -> Self {
        Self { classes, counts: vec![0; classes * classes] }
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Counts one prediction.
    ///
    /// # Panics
    /// When a class is not below [`Confusion::classes`].
    pub fn record(&mut self, truth: usize, predicted: usize) {
        self.add(truth, predicted, 1);
    }

    /// Counts `count` equal predictions.
    ///
    /// # Panics
    /// As [`record`](Self::record).
    pub fn add(&mut self, truth: usize, predicted: usize, count: u64) {
        let at = self.index(truth, predicted);
        self.counts[at] += count;
    }

    /// Adds the counts of another matrix.
    ///
    /// # Panics
    /// When the numbers of classes differ.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.classes, other.classes, "merging confusion matrices of different numbers of classes");
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    /// How often `truth` was taken for `predicted`.
    ///
    /// # Panics
    /// When a class is not below [`Confusion::classes`].
    #[must_use]
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        self.counts[self.index(truth, predicted)]
    }

    /// The counts, one row per true class.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[u64]> {
        // A matrix without classes has no rows; chunks of 0 would panic.
        self.counts.chunks_exact(self.classes.max(1))
    }

    /// Number of recorded predictions.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Number of predictions whose true class is `class`.
    #[must_use]
    pub fn truth_count(&self, class: usize) -> u64 {
        (0..self.classes).map(|predicted| self.count(class, predicted)).sum()
    }

    /// Number of predictions of `class`, right or wrong.
    #[must_use]
    pub fn predicted_count(&self, class: usize) -> u64 {
        (0..self.classes).map(|truth| self.count(truth, class)).sum()
    }

    /// Part of all predictions that is right, in `[0, 1]`; `None` when there are none.
    #[must_use]
    pub fn overall_accuracy(&self) -> Option<f64> {
        let correct = (0..self.classes).map(|class| self.count(class, class)).sum();
        ratio(correct, self.total())
    }

    /// Mean of [`Confusion::accuracy`] over the classes that occur in the truth, in `[0, 1]`;
    /// `None` when none occurs.
    #[must_use]
    pub fn mean_class_accuracy(&self) -> Option<f64> {
        mean((0..self.classes).filter_map(|class| self.accuracy(class)))
    }

    /// Mean of [`Confusion::iou`] over the classes that occur in the truth, in `[0, 1]`; `None` when none
    /// occurs.
    #[must_use]
    pub fn mean_iou(&self) -> Option<f64> {
        mean((0..self.classes).filter_map(|class| self.iou(class)))
    }

    /// Part of the files of `class` that is predicted right (the recall), in `[0, 1]`; `None` when
    /// the truth lacks it.
    #[must_use]
    pub fn accuracy(&self, class: usize) -> Option<f64> {
        ratio(self.count(class, class), self.truth_count(class))
    }

    /// Part of the predictions of `class` that is right, in `[0, 1]`; `None` when it was never
    /// predicted.
    #[must_use]
    pub fn precision(&self, class: usize) -> Option<f64> {
        ratio(self.count(class, class), self.predicted_count(class))
    }

    /// Harmonic mean of precision and accuracy, `2 tp / (truth + predicted)`, in `[0, 1]`; `None`
    /// when the truth lacks the class.
    #[must_use]
    pub fn f1(&self, class: usize) -> Option<f64> {
        let truth = self.truth_count(class);
        if truth == 0 {
            return None;
        }
        ratio(2 * self.count(class, class), truth + self.predicted_count(class))
    }

    /// Intersection over union, `tp / (truth + predicted - tp)`, in `[0, 1]`; `None` when the truth lacks the
    /// class. Predictions of such a class count against the classes that they should have been.
    #[must_use]
    pub fn iou(&self, class: usize) -> Option<f64> {
        let truth = self.truth_count(class);
        if truth == 0 {
            return None;
        }
        let both = self.count(class, class);
        ratio(both, truth + self.predicted_count(class) - both)
    }

    /// The mistakes as (truth, predicted, count), most frequent first, at most `limit`.
    #[must_use]
    pub fn most_confused(&self, limit: usize) -> Vec<(usize, usize, u64)> {
        let mut pairs = Vec::new();
        for truth in 0..self.classes {
            for predicted in 0..self.classes {
                let count = self.count(truth, predicted);
                if truth != predicted && count > 0 {
                    pairs.push((truth, predicted, count));
                }
            }
        }
        // A stable sort, so that equal counts stay in the order of the classes.
        pairs.sort_by_key(|&(_, _, count)| std::cmp::Reverse(count));
        pairs.truncate(limit);
        pairs
    }

    fn index(&self, truth: usize, predicted: usize) -> usize {
        assert!(
            truth < self.classes && predicted < self.classes,
            "classes {truth} (truth) and {predicted} (predicted) must be below {}",
            self.classes
        );
        truth * self.classes + predicted
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Truth 0: 3 right, 1 as 1. Truth 1: 1 right, 1 as 2. Truth 2 never occurs. Truth 3: 2 as 1.
    fn confusion() -> Confusion {
        let mut confusion = Confusion::new(4);
        for (truth, predicted) in [(0, 0), (0, 0), (0, 0), (0, 1), (1, 1), (1, 2), (3, 1), (3, 1)] {
            confusion.record(truth, predicted);
        }
        confusion
    }

    #[test]
    fn rows_are_the_truth() {
        let confusion = confusion();
        assert_eq!(confusion.count(0, 1), 1);
        assert_eq!(confusion.count(1, 0), 0);
        let rows: Vec<&[u64]> = confusion.rows().collect();
        assert_eq!(rows, [[3, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 2, 0, 0]]);
    }

    #[test]
    fn figures_by_hand() {
        let confusion = confusion();
        assert_eq!(confusion.total(), 8);
        assert_eq!(confusion.overall_accuracy(), Some(4.0 / 8.0));
        // Class 2 is not in the truth and stays out of the mean.
        assert_eq!(confusion.mean_class_accuracy(), Some((0.75 + 0.5 + 0.0) / 3.0));
        assert_eq!(confusion.accuracy(2), None);
        assert_eq!(confusion.f1(2), None);
        assert_eq!(confusion.precision(1), Some(1.0 / 4.0));
        assert_eq!(confusion.precision(2), Some(0.0));
        assert_eq!(confusion.precision(3), None);
        assert_eq!(confusion.f1(1), Some(2.0 / 6.0));
        assert_eq!(confusion.iou(0), Some(3.0 / 4.0));
        assert_eq!(confusion.iou(1), Some(1.0 / 5.0));
        // Class 2 is predicted, but not in the truth: it stays out, too.
        assert_eq!(confusion.iou(2), None);
        assert_eq!(confusion.mean_iou(), Some((0.75 + 0.2 + 0.0) / 3.0));
    }

    #[test]
    fn f1_is_the_harmonic_mean() {
        let confusion = confusion();
        let (precision, recall) = (confusion.precision(0).unwrap(), confusion.accuracy(0).unwrap());
        let expected = 2.0 * precision * recall / (precision + recall);
        assert!((confusion.f1(0).unwrap() - expected).abs() < 1e-15);
    }

    #[test]
    fn nothing_recorded_has_no_figures() {
        for classes in [0, 3] {
            let confusion = Confusion::new(classes);
            assert_eq!(confusion.overall_accuracy(), None);
            assert_eq!(confusion.mean_class_accuracy(), None);
            assert_eq!(confusion.mean_iou(), None);
            assert_eq!(confusion.rows().len(), classes);
        }
    }

    #[test]
    fn merging_adds() {
        let mut both = confusion();
        let mut other = Confusion::new(4);
        other.record(2, 3);
        both.merge(&other);
        assert_eq!((both.total(), both.count(2, 3), both.count(0, 0)), (9, 1, 3));
    }

    #[test]
    fn mistakes_come_most_frequent_first() {
        assert_eq!(confusion().most_confused(2), [(3, 1, 2), (0, 1, 1)]);
        assert_eq!(confusion().most_confused(9).len(), 3);
    }

    #[test]
    #[should_panic(expected = "classes 4 (truth) and 0 (predicted) must be below 4")]
    fn a_class_out_of_range_panics() {
        confusion().record(4, 0);
    }
}
