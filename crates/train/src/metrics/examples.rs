//! Examples of an evaluation for the report: a few clouds with the predictions of the network.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use pointcloud::transform::shuffled_indices;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::Values;
use super::packed::{pack_classes, pack_positions};
use crate::network::Task;
use crate::streams::Stream;

/// Most wrong files among the examples.
const MISSES: usize = 48;
/// Most right files among the examples.
const HITS: usize = 32;
/// Most points of an example cloud.
const CLOUD_POINTS: usize = 512;
/// Guesses of an example file.
const GUESSES: usize = 3;

/// Most points of an example scene.
const SCENE_POINTS: usize = 7_000;
/// Most points of all example scenes together; four scenes may have more.
const ALL_SCENE_POINTS: usize = 28_000;
/// Most example scenes, where they are small.
const MOST_SCENES: usize = 12;

/// A few clouds of an evaluation with the predictions of the network, the same for the same weights and files.
///
/// Of a classifier up to 48 wrong files, every kind of mistake before a second one of any kind and the surest first, and up
/// to 32 right ones, the surest and the least sure of every class. Of a segmenter 4 to 12 scenes, evenly from the worst to
/// the best.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Examples {
    /// Positions in base64: a little-endian `u32` per point, ten bits each for x, y and z from the lowest on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clouds: Vec<String>,
    /// Classified clouds: the wrong ones first, the surest before the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileExample>,
    /// Labelled scenes, the worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenes: Vec<SceneExample>,
}

/// A classified cloud.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileExample {
    /// The file, within the data.
    pub file: String,
    /// Its points: index into [`Examples::clouds`].
    pub cloud: usize,
    /// The true class.
    pub truth: usize,
    /// The most probable classes with their probabilities, most probable first.
    pub guesses: Vec<(usize, f32)>,
}

/// A labelled scene, thinned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SceneExample {
    /// The file, within the data.
    pub file: String,
    /// Its points: index into [`Examples::clouds`].
    pub cloud: usize,
    /// Points of the file that were compared.
    pub points: u64,
    /// The metrics of this scene.
    #[serde(flatten, with = "super::rows::epoch_named")]
    pub values: Values,
    /// The true classes of these points, in base64: a byte each, or two with 256 classes or more. The number of
    /// classes means an ignored point.
    pub truth: String,
    /// The predicted classes, likewise.
    pub predicted: String,
}

/// The guesses of a classifier for one file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FileGuesses {
    truth: usize,
    guesses: Vec<(usize, f32)>,
}

impl FileGuesses {
    /// The guesses by `probabilities`, one per class, of which `predicted` counts as the first guess.
    pub(crate) fn new(truth: usize, predicted: usize, probabilities: &[f32]) -> Self {
        let mut guesses: Vec<(usize, f32)> = probabilities.iter().copied().enumerate().collect();
        // Probabilities may be equal where the logits were not.
        guesses.sort_by(|a, b| (b.0 == predicted).cmp(&(a.0 == predicted)).then(b.1.total_cmp(&a.1)));
        guesses.truncate(GUESSES);
        Self { truth, guesses }
    }

    fn guess(&self) -> usize {
        self.guesses[0].0
    }

    fn confidence(&self) -> f32 {
        self.guesses[0].1
    }
}

/// Which files of `predictions` become examples: wrong ones, surest first, then right ones, surest first.
fn choose(predictions: &[FileGuesses], misses: usize, hits: usize) -> Vec<usize> {
    let mut cells: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (file, prediction) in predictions.iter().enumerate() {
        cells.entry((prediction.truth, prediction.guess())).or_default().push(file);
    }
    // (round, file): everybody's first before anybody's second.
    let (mut wrong, mut right) = (Vec::new(), Vec::new());
    for ((truth, guess), mut files) in cells {
        files.sort_by(|&a, &b| predictions[b].confidence().total_cmp(&predictions[a].confidence()));
        if truth != guess {
            wrong.extend(files.into_iter().enumerate());
            continue;
        }
        let last = files.len() - 1;
        let from_both_ends = (0..files.len()).map(|k| if k % 2 == 0 { k / 2 } else { last - k / 2 });
        right.extend(from_both_ends.map(|at| files[at]).enumerate());
    }
    let surest = |&a: &usize, &b: &usize| predictions[b].confidence().total_cmp(&predictions[a].confidence());
    let take = |mut ranked: Vec<(usize, usize)>, most: usize| {
        ranked.sort_by(|a, b| a.0.cmp(&b.0).then(surest(&a.1, &b.1)));
        let mut files: Vec<usize> = ranked.into_iter().take(most).map(|(_, file)| file).collect();
        files.sort_by(surest);
        files
    };
    [take(wrong, misses), take(right, hits)].concat()
}

impl Examples {
    /// Examples of the files `paths` in `root`, which have the points `clouds`; all three slices in the same order.
    pub(crate) fn of_files(
        root: &Path,
        paths: &[impl AsRef<Path>],
        clouds: &[&[[f32; 3]]],
        predictions: &[FileGuesses],
        seed: u64,
    ) -> Self {
        let mut examples = Self::default();
        for file in choose(predictions, MISSES, HITS) {
            let (path, cloud) = (paths[file].as_ref(), clouds[file]);
            let mut points = some(cloud.len(), CLOUD_POINTS, seed, file);
            points.sort_unstable();
            examples.files.push(FileExample {
                file: within(root, path),
                cloud: examples.clouds.len(),
                truth: predictions[file].truth,
                guesses: predictions[file].guesses.clone(),
            });
            examples.clouds.push(pack_positions(points.iter().map(|&point| cloud[point])));
        }
        examples
    }

    /// Moves the clouds into the table `clouds`, where equal ones are stored once; the examples then refer to this table.
    pub fn share_clouds(&mut self, clouds: &mut Vec<String>) {
        let mut indices: HashMap<String, usize> =
            clouds.iter().enumerate().map(|(index, cloud)| (cloud.clone(), index)).collect();
        let own = std::mem::take(&mut self.clouds);
        let index_of: Vec<usize> = own
            .into_iter()
            .map(|cloud| {
                *indices.entry(cloud).or_insert_with_key(|cloud| {
                    clouds.push(cloud.clone());
                    clouds.len() - 1
                })
            })
            .collect();
        self.indices().for_each(|index| *index = index_of[*index]);
    }

    /// Copies the clouds that are referred to out of the table `clouds`; the other way round than
    /// [`share_clouds`](Self::share_clouds). `None` when one is not there.
    #[must_use]
    pub fn own_clouds(&mut self, clouds: &[String]) -> Option<()> {
        let mut own = Vec::new();
        for index in self.indices() {
            own.push(clouds.get(*index)?.clone());
            *index = own.len() - 1;
        }
        self.clouds = own;
        Some(())
    }

    fn indices(&mut self) -> impl Iterator<Item = &mut usize> {
        let files = self.files.iter_mut().map(|file| &mut file.cloud);
        files.chain(self.scenes.iter_mut().map(|scene| &mut scene.cloud))
    }
}

/// The scenes of an evaluation, as they come.
#[derive(Debug, Default)]
pub(crate) struct SceneCollector {
    scenes: Vec<(SceneExample, String)>,
    largest: usize,
}

/// What a scene has at one point.
pub(crate) struct LabelledPoint {
    /// Where it lies.
    pub(crate) position: [f32; 3],
    /// Its true class, the number of classes where it is ignored.
    pub(crate) truth: usize,
    /// The predicted class.
    pub(crate) predicted: usize,
}

impl SceneCollector {
    /// Adds a scene with some of its `candidates` points; `point` gives one of them.
    pub(crate) fn add(
        &mut self,
        scene: SceneExample,
        classes: usize,
        candidates: usize,
        seed: u64,
        point: impl Fn(usize) -> LabelledPoint,
    ) {
        let chosen = some(candidates, SCENE_POINTS, seed, self.scenes.len());
        let points: Vec<LabelledPoint> = chosen.into_iter().map(point).collect();
        self.largest = self.largest.max(points.len());
        let scene = SceneExample {
            truth: pack_classes(points.iter().map(|point| point.truth), classes),
            predicted: pack_classes(points.iter().map(|point| point.predicted), classes),
            ..scene
        };
        self.scenes.push((scene, pack_positions(points.iter().map(|point| point.position))));
    }

    /// The examples among the scenes.
    pub(crate) fn finish(self) -> Examples {
        let Self { mut scenes, largest } = self;
        let score = |scene: &SceneExample| scene.values.get("mean_iou").unwrap_or(-1.0);
        scenes.sort_by(|a, b| score(&a.0).total_cmp(&score(&b.0)));
        let most = (ALL_SCENE_POINTS / largest.max(1)).clamp(4, MOST_SCENES);
        let mut examples = Examples::default();
        for index in evenly(scenes.len(), most) {
            let (scene, cloud) = std::mem::take(&mut scenes[index]);
            examples.scenes.push(SceneExample { cloud: examples.clouds.len(), ..scene });
            examples.clouds.push(cloud);
        }
        examples
    }
}

impl SceneExample {
    /// The figures of a scene, still without its points.
    pub(crate) fn new(root: &Path, path: &Path, confusion: &super::Confusion) -> Self {
        Self {
            file: within(root, path),
            points: confusion.total(),
            values: Values::of(Task::Segmentation, confusion),
            ..Self::default()
        }
    }
}

/// `most` of `0..len`, evenly, with both ends; all where there are not more.
fn evenly(len: usize, most: usize) -> Vec<usize> {
    if len <= most {
        return (0..len).collect();
    }
    (0..most).map(|k| (k * (len - 1) + (most - 1) / 2) / (most - 1)).collect()
}

/// At most `most` of `0..len` at random, the same for the same seed and `item`.
fn some(len: usize, most: usize, seed: u64, item: usize) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(Stream::Examples.seed(seed, &[item as u64]));
    let mut indices = shuffled_indices(len, &mut rng);
    indices.truncate(most);
    indices
}

/// `path` as it is named in `root`, with `/` between its parts.
fn within(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Confusion;

    fn prediction(truth: usize, guess: usize, confidence: f32) -> FileGuesses {
        let mut probabilities = vec![(1.0 - confidence) / 3.0; 4];
        probabilities[guess] = confidence;
        FileGuesses::new(truth, guess, &probabilities)
    }

    #[test]
    fn guesses_are_the_three_most_probable() {
        let guess = FileGuesses::new(2, 1, &[0.1, 0.5, 0.15, 0.25]);
        assert_eq!(guess.guesses, [(1, 0.5), (3, 0.25), (2, 0.15)]);
        // Of equal ones that which was counted.
        assert_eq!(FileGuesses::new(0, 1, &[0.5, 0.5]).guesses, [(1, 0.5), (0, 0.5)]);
    }

    #[test]
    fn every_kind_of_mistake_comes_before_a_second_of_any() {
        let predictions = [
            prediction(0, 1, 0.9),
            prediction(0, 1, 0.99),
            prediction(0, 1, 0.95),
            prediction(2, 1, 0.6),
            prediction(3, 0, 0.7),
            prediction(0, 0, 0.8),
            prediction(0, 0, 0.9),
            prediction(0, 0, 0.5),
            prediction(1, 1, 0.4),
        ];
        // Three kinds of mistakes; then the second of the first kind.
        assert_eq!(choose(&predictions, 3, 0), [1, 4, 3]);
        assert_eq!(choose(&predictions, 4, 0), [1, 2, 4, 3]);
        // The surest of each class, then the least sure of class 0.
        assert_eq!(choose(&predictions, 0, 2), [6, 8]);
        assert_eq!(choose(&predictions, 0, 3), [6, 7, 8]);
        assert_eq!(choose(&predictions, 99, 99).len(), predictions.len());
        assert!(choose(&[], 9, 9).is_empty());
    }

    #[test]
    fn files_are_named_within_the_data_and_the_choice_repeats() {
        let positions = (0..2000).map(|i| [i as f32, 0.0, 0.0]).collect::<Vec<_>>();
        let clouds = vec![positions.as_slice(); 2];
        let predictions = [prediction(0, 1, 0.9), prediction(1, 1, 0.9)];
        let paths = ["data/cup/test/a.ply", "data/jug/test/b.ply"];
        let make = |seed| Examples::of_files("data".as_ref(), &paths, &clouds, &predictions, seed);
        let examples = make(1);
        let names: Vec<&str> = examples.files.iter().map(|file| file.file.as_str()).collect();
        assert_eq!(names, ["cup/test/a.ply", "jug/test/b.ply"]);
        // Four bytes for each of 512 points, in base64.
        assert_eq!(examples.clouds[0].len(), (4 * CLOUD_POINTS).div_ceil(3) * 4);
        assert_eq!(examples, make(1));
        assert_ne!(examples.clouds, make(2).clouds);
    }

    #[test]
    fn equal_clouds_are_shared_and_given_back() {
        let example = |file: &str, cloud| FileExample { file: file.into(), cloud, truth: 0, guesses: vec![] };
        let own = Examples {
            clouds: vec!["B".into(), "A".into()],
            files: vec![example("b", 0), example("a", 1)],
            scenes: vec![],
        };
        let mut table = vec!["A".to_owned()];
        let mut shared = own.clone();
        shared.share_clouds(&mut table);
        assert_eq!(table, ["A", "B"]);
        assert_eq!(
            (&shared.clouds[..], &shared.files[..]),
            (&[][..], &[example("b", 1), example("a", 0)][..])
        );
        assert_eq!(shared.clone().own_clouds(&table[..1]), None);
        shared.own_clouds(&table).unwrap();
        assert_eq!(shared, own);
    }

    #[test]
    fn scenes_are_chosen_from_the_worst_to_the_best() {
        let mut collector = SceneCollector::default();
        for wrong in [3, 0, 5, 1, 9, 7, 2] {
            let mut confusion = Confusion::new(2);
            confusion.add(0, 0, 10 - wrong);
            confusion.add(0, 1, wrong);
            let scene =
                SceneExample::new("data".as_ref(), format!("data/test/{wrong}.ply").as_ref(), &confusion);
            collector.add(scene, 2, SCENE_POINTS + 1, 5, |point| LabelledPoint {
                position: [point as f32, 0.0, 0.0],
                truth: 0,
                predicted: 1,
            });
        }
        let examples = collector.finish();
        let names: Vec<&str> = examples.scenes.iter().map(|scene| scene.file.as_str()).collect();
        assert_eq!(names, ["test/9.ply", "test/5.ply", "test/2.ply", "test/0.ply"]);
        assert_eq!(examples.scenes[0].truth.len(), SCENE_POINTS.div_ceil(3) * 4);
        assert_eq!(
            (examples.scenes[0].points, examples.scenes[0].values.get("overall_accuracy")),
            (10, Some(0.1))
        );
    }

    #[test]
    fn even_choices_have_both_ends() {
        assert_eq!(evenly(3, 4), [0, 1, 2]);
        assert_eq!(evenly(100, 4), [0, 33, 66, 99]);
        assert_eq!(evenly(5, 4), [0, 1, 3, 4]);
    }
}
