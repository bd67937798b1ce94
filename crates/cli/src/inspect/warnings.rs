//! What may go wrong with a dataset in training, and how to fix it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pointcloud::dataset::{FolderDataset, Layout};
use train::text::files as counted;

use super::folder::FolderInspection;
use super::survey::Surveyed;
use super::warning::Warning;

/// How many times the median radius an extent may be before the scales count as mixed.
const MIXED_SCALES: f64 = 20.0;

/// How many times the smallest class the largest may be before the classes count as uneven.
const UNEVEN_CLASSES: usize = 10;

/// All warnings about a dataset, the gravest kinds first.
pub(super) fn warnings(
    dataset: &FolderInspection,
    listed: &FolderDataset,
    files: &[Surveyed],
    points: usize,
) -> Vec<Warning> {
    let left_out = listed.warnings().iter();
    let mut warnings: Vec<Warning> =
        left_out.map(|what| Warning::new(what, "add what is missing, or leave it so")).collect();
    warnings.extend(layout(dataset, listed.layout()));
    warnings.extend(unreadable(files));
    warnings.extend(duplicates(files));
    warnings.extend(sizes(dataset, files, points));
    warnings
}

/// Splits and classes that are missing or uneven.
fn layout(dataset: &FolderInspection, layout: Layout) -> Vec<Warning> {
    let put = |folder: &Path| format!("put files into {}", folder.display());
    let mut warnings = Vec::new();
    for name in ["train", "test"] {
        let Some(split) = dataset.splits.iter().find(|split| split.name == name) else {
            let what = format!("there is no split {name}");
            let fix = match layout {
                Layout::ClassSplit => put(&dataset.root.join("CLASS").join(name)),
                Layout::SplitClass => put(&dataset.root.join(name).join("CLASS")),
                _ => format!("name files of the split {name} in {}", layout.pattern()),
            };
            warnings.push(Warning::new(what, fix));
            continue;
        };
        let empty: Vec<&str> = split
            .per_class
            .iter()
            .filter(|(_, count)| **count == 0)
            .map(|(class, _)| class.as_str())
            .collect();
        if !empty.is_empty() {
            let what = format!("split {name} has no file of {}", empty.join(", "));
            let consequence = if name == "train" { "cannot be learnt" } else { "are not evaluated" };
            let fix = format!("add files, or remove the folders of classes that {consequence}");
            warnings.push(Warning::new(what, fix));
        }
    }
    if let Some(train) = dataset.splits.iter().find(|split| split.name == "train") {
        let least = train.per_class.iter().filter(|(_, count)| **count > 0).min_by_key(|(_, count)| **count);
        let most = train.per_class.iter().max_by_key(|(_, count)| **count);
        if let (Some((least, few)), Some((most, many))) = (least, most)
            && *many > UNEVEN_CLASSES * few
        {
            let what = format!("training files are uneven: {many} of {most}, {few} of {least}");
            warnings.push(Warning::new(what, "look at the mean class accuracy, not only at the overall one"));
        } else if most.is_some_and(|(_, many)| *many > 1) {
            let single = train.per_class.iter().filter(|(_, count)| **count == 1);
            let single: Vec<&str> = single.map(|(class, _)| class.as_str()).collect();
            if !single.is_empty() {
                let what = format!("split train has one file only of {}", single.join(", "));
                let fix = "add files: such a class can hardly be learnt, and not be validated";
                warnings.push(Warning::new(what, fix));
            }
        }
    }
    warnings
}

/// Files that loading refuses.
fn unreadable(files: &[Surveyed]) -> Vec<Warning> {
    const FIX: &str = "fix or remove them, or set data.skip_bad = true to leave them out";
    let mut warnings = Vec::new();
    let bad: Vec<(&PathBuf, &String)> =
        files.iter().filter_map(|file| file.shape.as_ref().err().map(|error| (&file.path, error))).collect();
    if let Some((_, error)) = bad.first() {
        let what = format!("{} cannot be read; the first: {error}", counted(bad.len()));
        warnings.push(Warning::new(what, FIX).about(bad.iter().map(|(path, _)| *path)));
    }
    let shapes = || files.iter().filter_map(|file| file.shape.as_ref().ok().map(|shape| (&file.path, shape)));
    let non_finite: Vec<&PathBuf> =
        shapes().filter(|(_, shape)| shape.non_finite > 0).map(|(path, _)| path).collect();
    if !non_finite.is_empty() {
        let what = format!("{} with points that are NaN or infinite", counted(non_finite.len()));
        warnings.push(Warning::new(what, FIX).about(non_finite));
    }
    let empty: Vec<&PathBuf> =
        shapes().filter(|(_, shape)| shape.points == 0).map(|(path, _)| path).collect();
    if !empty.is_empty() {
        warnings.push(Warning::new(format!("{} without points", counted(empty.len())), FIX).about(empty));
    }
    warnings
}

/// Files with the same content in several splits or classes.
fn duplicates(files: &[Surveyed]) -> Vec<Warning> {
    let mut groups: BTreeMap<(usize, u64), Vec<&Surveyed>> = BTreeMap::new();
    for file in files {
        if let Some(content) = file.content {
            groups.entry(content).or_default().push(file);
        }
    }
    let leaking = |group: &&Vec<&Surveyed>| group.iter().any(|file| file.split != group[0].split);
    let mixed = |group: &&Vec<&Surveyed>| group.iter().any(|file| file.class != group[0].class);
    let paths = |groups: &[&Vec<&Surveyed>]| -> Vec<PathBuf> {
        groups.iter().flat_map(|group| group.iter().map(|file| file.path.clone())).collect()
    };
    let mut warnings = Vec::new();
    let across: Vec<&Vec<&Surveyed>> = groups.values().filter(leaking).collect();
    if !across.is_empty() {
        let what = format!("{} in more than one split, with the same content", counted(across.len()));
        let fix = "remove them from all splits but one; the accuracy on test would be too good";
        warnings.push(Warning::new(what, fix).about(&paths(&across)));
    }
    let classes: Vec<&Vec<&Surveyed>> = groups.values().filter(mixed).collect();
    if !classes.is_empty() {
        let what = format!("{} in more than one class, with the same content", counted(classes.len()));
        warnings.push(Warning::new(what, "leave each in one class only").about(&paths(&classes)));
    }
    warnings
}

/// Clouds with few points and extents that differ much.
fn sizes(dataset: &FolderInspection, files: &[Surveyed], points: usize) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let few = |file: &&Surveyed| {
        file.shape.as_ref().is_ok_and(|shape| !shape.is_mesh && shape.points > 0 && shape.points < points)
    };
    let few: Vec<&PathBuf> = files.iter().filter(few).map(|file| &file.path).collect();
    if !few.is_empty() {
        let what =
            format!("{} clouds have fewer than {points} points; some of theirs will be repeated", few.len());
        let fix =
            "set data.points to the least number of points, if that is enough to distinguish the classes";
        warnings.push(Warning::new(what, fix).about(few));
    }
    if let Some(radius) = dataset.radius
        && radius.max > MIXED_SCALES * radius.min
    {
        let what = format!("extents differ much: radius {:.4} to {:.4}", radius.min, radius.max);
        let fix =
            "leave data.normalize = \"unit-sphere\", or bring the files to one unit; look for stray points";
        warnings.push(Warning::new(what, fix));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::inspect::{Inspection, inspect};

    /// A PLY file of `count` points on a line of length `length`, shifted by `shift` along y.
    fn ply(count: usize, length: f32, shift: f32) -> String {
        let mut text = format!(
            "ply\nformat ascii 1.0\nelement vertex {count}\nproperty float x\nproperty float y\nproperty float z\n\
             end_header\n"
        );
        for i in 0..count {
            let x = length * i as f32 / (count.max(2) - 1) as f32;
            text.push_str(&format!("{x} {shift} 0\n"));
        }
        text
    }

    fn inspected(files: &[(&str, String)]) -> FolderInspection {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let (reader, options) =
            (pointcloud::io::Reader::new(), pointcloud::dataset::FolderOptions::default());
        match inspect(folder.path(), 8, &reader, &options, &|_| ()).unwrap() {
            Inspection::Folder(folder) => folder,
            other => panic!("{other}"),
        }
    }

    fn good() -> Vec<(&'static str, String)> {
        vec![
            ("bed/train/1.ply", ply(8, 1.0, 0.0)),
            ("bed/test/1.ply", ply(9, 1.0, 0.1)),
            ("cup/train/1.ply", ply(10, 2.0, 0.2)),
            ("cup/test/1.ply", ply(12, 2.0, 0.3)),
        ]
    }

    fn with(more: &[(&'static str, String)]) -> FolderInspection {
        inspected(&[good(), more.to_vec()].concat())
    }

    /// The warnings, but for that about the single files of these small sets.
    fn others(inspection: &FolderInspection) -> Vec<&str> {
        let found = inspection.warnings.iter().map(|warning| warning.what.as_str());
        found.filter(|what| !what.contains("has one file only of")).collect()
    }

    fn only_warning(inspection: &FolderInspection, start: &str) {
        let found = others(inspection);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(start), "{found:?}");
        assert!(inspection.to_string().contains("  fix: "));
    }

    #[test]
    fn a_good_set_has_counts_and_no_warnings() {
        let folder = with(&[]);
        assert!(folder.warnings.is_empty(), "{folder}");
        let json = serde_json::to_value(&folder).unwrap();
        assert_eq!(json["classes"], serde_json::json!(["bed", "cup"]));
        assert_eq!(json["files"], 4);
        assert_eq!(json["splits"][1]["name"], "train");
        assert_eq!(json["splits"][1]["per_class"], serde_json::json!({"bed": 1, "cup": 1}));
        assert_eq!(json["points"], serde_json::json!({"min": 8, "median": 9, "max": 12}));
        assert_eq!(json["radius"]["min"], 0.5);
        assert!(folder.to_string().contains("  class  test  train\n  bed       1      1\n"), "{folder}");
    }

    #[test]
    fn an_empty_class_and_a_missing_split() {
        only_warning(&with(&[("mug/train/.hidden", String::new())]), "class 'mug' has no readable file");
        only_warning(&with(&[("mug/train/1.ply", ply(8, 1.0, 0.5))]), "split test has no file of mug");
        let train_only: Vec<_> = good().into_iter().filter(|(name, _)| name.contains("train")).collect();
        only_warning(&inspected(&train_only), "there is no split test");
    }

    #[test]
    fn every_layout_is_told_with_its_splits() {
        let clouds: Vec<String> = (0..4).map(|i| ply(8, 1.0, i as f32)).collect();
        let with = |names: [&'static str; 4]| names.into_iter().zip(clouds.clone()).collect::<Vec<_>>();
        let split_class = with(["train/bed/1.ply", "train/cup/2.ply", "test/bed/3.ply", "test/cup/4.ply"]);
        let class = with(["bed/1.ply", "bed/2.ply", "cup/3.ply", "cup/4.ply"]);
        let lists = [("train.txt", "1\n3".to_owned()), ("test.txt", "2\n4".to_owned())];
        let table = ("labels.csv", "file,class,split\n1,a,train\n2,a,test\n3,b,train\n4,b,test\n".to_owned());
        for (files, layout) in [
            (split_class.clone(), "layout: <split>/<class>/<file>\n"),
            (class.clone(), "layout: <class>/<file>, without splits: test is drawn (data.test_fraction)\n"),
            ([class.clone(), lists.to_vec()].concat(), "layout: list files\n"),
            ([class, vec![table]].concat(), "layout: labels.csv\n"),
        ] {
            let folder = inspected(&files);
            let text = folder.to_string();
            assert!(folder.warnings.is_empty() && text.contains(layout), "{text}");
            assert!(
                folder.splits.iter().all(|split| split.per_class.values().all(|&count| count == 1)),
                "{text}"
            );
        }
        only_warning(&inspected(&split_class[..2]), "there is no split test");
        only_warning(&inspected(&split_class[..3]), "split test has no file of cup");
    }

    #[test]
    fn files_that_loading_refuses() {
        only_warning(&with(&[("bed/train/2.ply", "ply\n".to_owned())]), "1 file cannot be read; the first: ");
        let nan = ply(8, 1.0, 0.7).replacen("0 0.7 0", "nan 0.7 0", 1);
        only_warning(&with(&[("bed/train/2.ply", nan)]), "1 file with points that are NaN");
        only_warning(&with(&[("bed/train/2.ply", ply(0, 1.0, 0.0))]), "1 file without points");
    }

    #[test]
    fn the_same_content_twice() {
        only_warning(&with(&[("bed/test/2.ply", ply(8, 1.0, 0.0))]), "1 file in more than one split");
        only_warning(&with(&[("cup/train/2.ply", ply(8, 1.0, 0.0))]), "1 file in more than one class");
        let twice_in_one = with(&[("bed/train/2.ply", ply(8, 1.0, 0.0))]);
        assert!(others(&twice_in_one).is_empty());
        assert_eq!(twice_in_one.warnings[0].what, "split train has one file only of cup");
    }

    #[test]
    fn few_points_and_mixed_scales() {
        only_warning(&with(&[("bed/train/2.ply", ply(7, 1.0, 0.0))]), "1 clouds have fewer than 8 points");
        only_warning(&with(&[("bed/train/2.ply", ply(8, 1000.0, 0.0))]), "extents differ much");
        let mesh = "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n".to_owned();
        assert!(others(&with(&[("bed/train/2.off", mesh)])).is_empty());
    }

    #[test]
    fn files_that_are_left_out() {
        only_warning(&with(&[("bed/train/2.dae", String::new())]), "1 file with extension .dae: ignored");
        only_warning(&with(&[("bed/2.ply", ply(8, 1.0, 0.0))]), "1 file beside the split folders: ignored");
        assert!(
            with(&[("README.md", String::new()), ("bed/train/.hidden", String::new())]).warnings.is_empty()
        );
    }

    #[test]
    fn uneven_classes() {
        let names: Vec<String> = (0..11).map(|i| format!("bed/train/more{i}.ply")).collect();
        let mut files = good();
        let more: Vec<(&str, String)> =
            names.iter().enumerate().map(|(i, name)| (name.as_str(), ply(8, 1.0, 10.0 + i as f32))).collect();
        files.extend(more.iter().cloned());
        only_warning(&inspected(&files), "training files are uneven: 12 of bed, 1 of cup");
    }
}
