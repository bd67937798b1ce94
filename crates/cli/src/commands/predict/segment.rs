//! Labels of the points of scenes: a file for every scene.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use anyhow::bail;
use pointcloud::PointCloud;
use pointcloud::io::{Reader, ReplaceFiles, column_types, create_folder};
use pointcloud::transform::Sampling;
use serde_json::{Map, Value, json};
use train::terminal::note;
use train::{LabelColumns, LabelEstimate, LabelOptions, ProgressMode, RunError, Segmenter, Votes};

use super::{LAS, NONE, Predict, tell_dropped};
use crate::files::{Job, Mirror, ShardWork, existing, refuse_collisions, with_kinds};
use crate::interrupt;
use crate::memory::{Reading, ensure_readable, refusal};
use crate::nearest::hint;
use crate::output::{describe, is_closed_pipe, line};
use crate::progress;

/// What the regions take of their estimate, which is an upper one: 0.6 to 0.7 were measured on rooms.
const TAKEN: f64 = 0.7;

/// A scene that was read, and how many of its points were left out.
type Scene = anyhow::Result<(PointCloud, usize)>;

/// The number of points of each class, those without a label last, and of all.
struct Counts {
    of_class: Vec<usize>,
    points: usize,
}

impl Counts {
    fn of(votes: &Votes, classes: usize) -> Self {
        let mut of_class = vec![0_usize; classes + 1];
        for point in 0..votes.len() {
            of_class[usize::try_from(votes.label(point)).unwrap_or(classes)] += 1;
        }
        Self { of_class, points: votes.len() }
    }

    /// The classes that occur, `None` for points without a label, with their names and number of points.
    fn named<'a>(
        &'a self,
        segmenter: &'a Segmenter,
    ) -> impl Iterator<Item = (Option<usize>, &'a str, usize)> {
        let names = segmenter.classes().iter().map(String::as_str).chain([NONE]).enumerate();
        let classes = segmenter.classes().len();
        let all = names.zip(self.of_class.iter().copied());
        all.filter(|(_, count)| *count > 0)
            .map(move |((class, name), count)| ((class < classes).then_some(class), name, count))
    }
}

/// A scene that was labelled.
struct Labelled {
    /// The file, where it does not have its name yet.
    files: ReplaceFiles,
    counts: Counts,
    /// What the file does not hold of the scene, one sentence each.
    lost: Vec<String>,
}

impl Predict {
    /// Labels every file of the arguments, and goes on after one that cannot be used.
    pub(super) fn segment(&self, segmenter: &Segmenter) -> anyhow::Result<ExitCode> {
        let jobs = self.jobs()?;
        refuse_collisions(&jobs)?;
        let all = jobs.len();
        let (jobs, kept) = existing(jobs, self.existing)?;
        if self.existing.resume {
            note(format_args!("{kept} of {all} scenes are labelled already"));
        }
        let done = Arc::new(AtomicUsize::new(kept));
        interrupt::leaves({
            let done = done.clone();
            move || format!("{} of {all} scenes are labelled; --resume goes on", done.load(Ordering::Relaxed))
        });
        let (mut failed, mut ended, count) = (0, None, jobs.len());
        self.each_scene(segmenter, jobs.into_iter().map(|job| (job.from, job.to)), |path, to, scene| {
            let labelled = scene
                .and_then(|scene| self.label(segmenter, (&path, &to), scene, progress::detect(self.quiet)));
            match labelled {
                Ok(_) => {
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) if is_closed_pipe(&error) => {
                    ended = Some(error);
                    return false;
                }
                Err(error) => {
                    failed += 1;
                    note(format_args!("error: {}{}", describe(error.as_ref()), hint(&path)));
                }
            }
            true
        });
        if let Some(error) = ended {
            return Err(error);
        }
        Ok(super::exit_code(failed, count))
    }

    /// Labels a shard of the list.
    pub(super) fn segment_list(&self, segmenter: &Segmenter) -> anyhow::Result<ExitCode> {
        let list = self.file_list(false);
        let output = list.output.clone();
        let work = ShardWork::open(list, &self.list, &self.key()?, progress::detect(self.quiet))?;
        self.each_scene(segmenter, work.todo()?, |path, todo, scene| {
            let to = todo.listed.to.clone().expect("a segmenter writes a file for every input");
            let labelled =
                scene.and_then(|scene| self.label(segmenter, (&path, &to), scene, ProgressMode::Quiet));
            let facts = |Labelled { files, counts, lost }: Labelled| {
                let of_class: Map<String, Value> = counts
                    .named(segmenter)
                    .map(|(_, class, count)| (class.to_owned(), json!(count)))
                    .collect();
                let to = to.strip_prefix(&output).unwrap_or(&to).to_string_lossy().into_owned();
                let facts = [
                    ("output".to_owned(), json!(to)),
                    ("points".to_owned(), json!(counts.points)),
                    ("classes".to_owned(), Value::Object(of_class)),
                    ("lost".to_owned(), json!(lost)),
                ];
                (files, Map::from_iter(facts))
            };
            work.finish_output(todo, labelled.map(facts).map_err(|error| describe(error.as_ref())))
        });
        work.end()
    }

    /// The inputs with their outputs: beside them or, with `--output`, in the tree of the inputs.
    fn jobs(&self) -> anyhow::Result<Vec<Job>> {
        let (mirror, ending) = (Mirror::of(&with_kinds(&self.inputs)?), self.ending());
        let job = |from: PathBuf| match &self.output {
            Some(folder) => Job { to: ending.output_below(folder, &mirror.below(&from)), from },
            None => Job { to: ending.output_below(Path::new(""), &from), from },
        };
        Ok(self.files()?.into_iter().map(job).collect())
    }

    /// Labels a scene and writes it. Prints figures unless the work is on a list; then the file is returned without its name.
    fn label(
        &self,
        segmenter: &Segmenter,
        (path, output): (&Path, &Path),
        (cloud, dropped): (PointCloud, usize),
        progress: ProgressMode,
    ) -> anyhow::Result<Labelled> {
        let columns = self.columns_of(segmenter, path, output)?;
        let tells = self.list.list.is_none();
        tell_dropped(path, dropped);
        let memory = self.memory.saturating_mul(1_000_000);
        let options = LabelOptions { memory, shift: [self.shift; 3], votes: self.votes };
        let print_estimate = |estimate: &LabelEstimate| {
            if tells && !self.quiet {
                note(format_args!("{}: {estimate}", path.display()));
            }
            if self.force { Ok(()) } else { ensure_labels_fit(estimate, path) }
        };
        let started = Instant::now();
        let mut votes = segmenter.label_with(&cloud, path, &options, progress, &print_estimate)?;
        votes.reject_below(self.reject);
        let seconds = started.elapsed().as_secs_f64();
        if let Some(folder) = output.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            create_folder(folder)?;
        }
        let counts = Counts::of(&votes, segmenter.classes().len());
        let compared = if tells { segmenter.compare(&votes, &cloud, path) } else { Ok(None) };
        let labels = cloud.label_name().map(str::to_owned);
        let mut files = ReplaceFiles::default();
        // Its memory is needed for writing.
        drop(cloud);
        let lost = segmenter.write_votes(&mut files, (path, output), &votes, &columns)?;
        if !tells {
            return Ok(Labelled { files, counts, lost });
        }
        files.finish()?;
        for lost in &lost {
            note(format_args!("{}: {lost}", path.display()));
        }
        let points = counts.points;
        line(format_args!(
            "{}: {points} points in {seconds:.1} s, {:.0} points/s",
            output.display(),
            points as f64 / seconds
        ))?;
        let share = |count: usize| 100.0 * count as f64 / points as f64;
        let codes = segmenter.class_codes();
        let code = |class: Option<usize>| match columns {
            LabelColumns::Own => String::new(),
            _ => format!("{} ", class.map_or(codes.rejected(), |class| codes.of_class(class))),
        };
        let found: Vec<String> = counts
            .named(segmenter)
            .map(|(class, name, count)| format!("{}{name} {:.1} %", code(class), share(count)))
            .collect();
        line(format_args!("  {}", found.join("  ")))?;
        match compared {
            Ok(Some(evaluation)) => line(format_args!("\n{}", evaluation.table()))?,
            Ok(None) => {
                if let Some(labels) = labels.filter(|_| !self.quiet) {
                    let expected = segmenter.label_name();
                    note(format_args!(
                        "the labels '{labels}' were not compared: those of this network are called '{expected}'"
                    ));
                }
            }
            // The prediction does not depend on them.
            Err(error) => note(format_args!("the labels were not compared: {}", describe(&error))),
        }
        Ok(Labelled { files: ReplaceFiles::default(), counts, lost })
    }

    /// How labels are written in the file `output`.
    fn columns_of(&self, segmenter: &Segmenter, path: &Path, output: &Path) -> anyhow::Result<LabelColumns> {
        let is_las = output.extension().is_some_and(|extension| LAS.iter().any(|las| extension == *las));
        match &self.dimension {
            Some(name) if is_las => {
                // Told before the work is done.
                if has_column(&segmenter.config().data.reader(), path, name)? {
                    bail!("{}: has a column '{name}'; choose another name for --dimension", path.display());
                }
                Ok(LabelColumns::Dimension(name.clone(), segmenter.class_codes()))
            }
            Some(_) => bail!(
                "{}: --dimension is for las and laz, whose classification it keeps; leave it out, or choose one of them with --format",
                output.display()
            ),
            None if is_las => Ok(LabelColumns::Classification(segmenter.class_codes())),
            None => Ok(LabelColumns::Own),
        }
    }

    /// Gives every scene to `each`, in order; one is read while the one before is labelled. `each` ends the work with `false`.
    fn each_scene<T: Send>(
        &self,
        segmenter: &Segmenter,
        files: impl Iterator<Item = (PathBuf, T)> + Send,
        mut each: impl FnMut(PathBuf, T, Scene) -> bool,
    ) {
        let (reader, force) = (segmenter.reader(), self.force);
        // Without room in the channel, one scene waits and no second one is read: scenes are large.
        let (sender, receiver) = sync_channel::<(PathBuf, T, Scene)>(0);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for (path, with) in files {
                    let fits = if force { Ok(()) } else { ensure_readable(&path, &reader, Reading::Whole) };
                    let scene = fits.and_then(|()| Ok(segmenter.read(&path)?));
                    // The receiver is gone when the work was ended.
                    if sender.send((path, with, scene)).is_err() {
                        return;
                    }
                }
            });
            for (path, with, scene) in receiver {
                if !each(path, with, scene) {
                    break;
                }
            }
        });
    }
}

fn has_column(reader: &Reader, path: &Path, name: &str) -> pointcloud::Result<bool> {
    let first = reader.clone().points(1).sampling(Sampling::First).surfaces(false).read(path)?;
    Ok(column_types(&first).iter().any(|(column, _)| *column == name))
}

/// Refuses a scene whose labels do not fit into the memory that is left: those of its points, and of the parts that the network is
/// given at once.
fn ensure_labels_fit(estimate: &LabelEstimate, path: &Path) -> Result<(), RunError> {
    let regions = (TAKEN * estimate.region_bytes as f64) as u64;
    let needed = estimate.scene_bytes.saturating_add(regions);
    let what = format!("labelling {} points", estimate.points);
    let advice = match regions > estimate.scene_bytes {
        true => "allow less for the parts of the scene with --memory",
        false => "cut the scene into smaller files",
    };
    match refusal(needed, &what, advice) {
        Some(problem) => Err(RunError::BadFile { path: path.to_owned(), problem }),
        None => Ok(()),
    }
}
