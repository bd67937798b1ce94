//! Every layout of a data set, and every mistake in each of them.

use std::fs;
use std::path::Path;

use pointcloud::dataset::{FolderDataset, FolderOptions, ListNames};

const CLOUD: &str = "0 0 0\n1 1 1\n";

/// Writes files: a path that ends in `/` is an empty folder, `=` separates a path from its text, other files are clouds.
fn write(root: &Path, files: &[&str]) {
    for file in files {
        let (path, text) = file.split_once('=').unwrap_or((file, CLOUD));
        let full = root.join(path);
        if path.ends_with('/') {
            fs::create_dir_all(full).unwrap();
        } else {
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(full, text).unwrap();
        }
    }
}

/// `layout; train: bed/1 cup/2; test: ..`, with the class of every file by its name, then the warnings.
fn described(dataset: &FolderDataset) -> String {
    let mut text = dataset.layout().to_string();
    for split in dataset.splits() {
        text += &format!("; {split}:");
        for sample in dataset.split(split).unwrap() {
            let stem = sample.path.file_stem().unwrap().to_str().unwrap();
            text += &format!(" {}/{stem}", dataset.classes()[sample.class]);
        }
    }
    for warning in dataset.warnings() {
        text += &format!("; warning: {warning}");
    }
    text
}

fn opened(files: &[&str], options: &FolderOptions) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    fs::create_dir(&root).unwrap();
    write(&root, files);
    let dataset = FolderDataset::open_with(&root, options);
    dataset.map(|dataset| described(&dataset)).map_err(|error| error.to_string())
}

fn lists(names: &str) -> FolderOptions {
    let lists = match names.split_once(' ') {
        Some((train, test)) => ListNames::Pair([train.to_owned(), test.to_owned()]),
        None => ListNames::Pattern(names.to_owned()),
    };
    FolderOptions { lists: Some(lists), ..FolderOptions::default() }
}

#[test]
fn every_layout_is_read() {
    for (files, expected) in [
        (
            &["bed/train/1.xyz", "bed/test/2.xyz", "cup/train/3.xyz", "cup/fold1/4.xyz", ".git/x/5.xyz"][..],
            "<class>/<split>/<file>; fold1: cup/4; test: bed/2; train: bed/1 cup/3",
        ),
        (&["bed/a/1.xyz", "cup/b/2.xyz"], "<class>/<split>/<file>; a: bed/1; b: cup/2"),
        (
            &["train/bed/1.xyz", "train/cup/2.xyz", "test/bed/3.xyz", "test/cup/4.xyz", "train/.x/5.xyz"],
            "<split>/<class>/<file>; test: bed/3 cup/4; train: bed/1 cup/2",
        ),
        // A class may be named like a split, and a test set may lack classes.
        (
            &["train/train/1.xyz", "train/car/2.xyz", "test/car/3.xyz"],
            "<split>/<class>/<file>; test: car/3; train: car/2 train/1",
        ),
        (
            &["train/train/1.xyz", "train/test/2.xyz", "car/train/3.xyz", "car/test/4.xyz"],
            "<class>/<split>/<file>; test: car/4 train/2; train: car/3 train/1",
        ),
        (
            &["bed/1.xyz", "bed/2.xyz", "cup/3.xyz", "cup/4.xyz", "notes.md=x"],
            "<class>/<file>; test: bed/1 cup/3; train: bed/2 cup/4",
        ),
        (
            &[
                "bed/bed_1.xyz",
                "bed/bed_2.xyz",
                "cup/cup_1.xyz",
                "train.txt=bed_1\ncup_1\n",
                "test.txt=bed_2",
            ],
            "list files; test: bed/bed_2; train: bed/bed_1 cup/cup_1",
        ),
        (
            &[
                "night_stand/night_stand_0001.txt",
                "night_stand/night_stand_0002.txt",
                "m40_train.txt=# all\r\nnight_stand_0001\r\n\r\n",
                "m40_test.txt=./night_stand/night_stand_0002.txt",
                "filelist.txt=night_stand/night_stand_0001.txt",
            ],
            "list files; test: night_stand/night_stand_0002; train: night_stand/night_stand_0001",
        ),
        (
            &[
                "labels.csv=file,class\n1,bed\n2.ply,cup\n3.xyz,bed\nx/4.xyz,cup\n",
                "1.xyz",
                "2.xyz",
                "3.xyz",
                "x/4.xyz",
            ],
            "labels.csv; test: bed/1 cup/4; train: bed/3 cup/2",
        ),
        (
            &["labels.csv=Split;File;Class\ntrain;1.xyz;\"a bed\"\ntest;2.xyz;cup\n", "1.xyz", "2.xyz"],
            "labels.csv; test: cup/2; train: a bed/1",
        ),
        (
            &[
                "labels.csv=file,class,size\ntrain/1.xyz,bed,3\ntest/2.xyz,cup,4\n",
                "train/1.xyz",
                "test/2.xyz",
            ],
            "labels.csv; test: cup/2; train: bed/1",
        ),
        (
            &["labels.csv=id,words\n1,x\n", "bed/train/1.xyz", "bed/test/2.xyz"],
            "<class>/<split>/<file>; test: bed/2; train: bed/1; warning: labels.csv has no columns file and class and is not read",
        ),
    ] {
        assert_eq!(opened(files, &FolderOptions::default()).as_deref(), Ok(expected), "{files:?}");
    }
}

#[test]
fn lists_that_are_named_are_read_in_every_spelling() {
    let files = [
        "bed/bed_1.xyz",
        "bed/bed_2.xyz",
        "cup/train/cup_1.xyz",
        "a_train.txt=bed/bed_1.xyz\ncup_1.off",
        "a_test.txt=bed_2",
        "a_val.txt=",
        "b_train.txt=bed\\bed_2.xyz",
        "b_test.txt=cup/train/cup_1",
    ];
    for (names, expected) in [
        ("a_{split}.txt", "list files; test: bed/bed_2; train: bed/bed_1 cup/cup_1; val:"),
        (
            "b_train.txt b_test.txt",
            "list files; test: cup/cup_1; train: bed/bed_2; warning: 1 files are in no list and are left out",
        ),
    ] {
        assert_eq!(opened(&files, &lists(names)).as_deref(), Ok(expected), "{names}");
    }
    // All files in one folder, or in the root: the class is the start of the name.
    for folder in ["", "all/"] {
        let file = |name: &str| format!("{folder}{name}.xyz");
        let files = [file("night_stand_1"), file("cup_1"), file("cup_2")];
        let mut files: Vec<&str> = files.iter().map(String::as_str).collect();
        files.extend(["train.txt=night_stand_1\ncup_2", "test.txt=cup_1"]);
        let expected = "list files; test: cup/cup_1; train: cup/cup_2 night_stand/night_stand_1";
        assert_eq!(opened(&files, &lists("{split}.txt")).as_deref(), Ok(expected), "{folder}");
    }
}

/// Files of a data set, the options, and parts of the message that refuses them.
type Refused<'a> = (Vec<&'static str>, &'a FolderOptions, &'a [&'a str]);

fn assert_refused(cases: &[Refused<'_>]) {
    for (files, options, parts) in cases {
        let error = opened(files, options).expect_err(&format!("{files:?}"));
        for part in *parts {
            assert!(error.contains(part), "{files:?}: {error}\nlacks\n{part}");
        }
    }
}

/// Three files whose names say no class, and `more`.
fn beds(more: &[&'static str]) -> Vec<&'static str> {
    [&["bed/bed_1.xyz", "bed/bed_2.xyz", "cup/bed_2.xyz"], more].concat()
}

#[test]
fn mistakes_in_folders_are_named() {
    let default = FolderOptions::default();
    assert_refused(&[
        (
            vec![],
            &default,
            &["root: found an empty folder, expected class folders: <class>/<split>/<file>", "labels.csv"],
        ),
        (
            vec!["1.xyz"],
            &default,
            &["found 0 folders, 1 readable files (first: 1.xyz)", "<split>/<class>/<file>"],
        ),
        (
            vec!["bed/", "cup/"],
            &default,
            &["bed: found an empty folder, expected split folders", "data.lists"],
        ),
        (vec!["bed/a.fbx=x"], &default, &["bed: found 0 folders, 0 readable files, 1 other files"]),
        (
            vec!["bed/train/1.xyz", "train/cup/2.xyz"],
            &default,
            &[
                "root: found two layouts: bed/train and train/cup, expected one, either <class>/<split>/<file> or <split>",
            ],
        ),
        (
            vec!["train/1.xyz", "test/2.xyz"],
            &default,
            &["found files directly in test, train, without folders of classes"],
        ),
        (
            vec!["train/bed/a.fbx=x", "test/bed/"],
            &default,
            &["found 1 classes with 1 files of other types, expected files of type"],
        ),
        (
            vec!["set/bed/train/1.xyz", "set/cup/test/2.xyz"],
            &default,
            &["one folder, set, that holds the data set", "root/set\""],
        ),
        (
            vec!["set/train/bed/1.xyz", "set/test/bed/2.xyz", "__MACOSX/"],
            &default,
            &["one folder, set, that holds"],
        ),
    ]);
}

#[test]
fn mistakes_in_lists_are_named() {
    let default = FolderOptions::default();
    let pair = lists("{split}.txt");
    assert_refused(&[
        (
            beds(&["a_train.txt=x", "a_test.txt=x", "b_train.txt=x", "b_test.txt=x"]),
            &default,
            &[
                "found several pairs of list files: a_{split}.txt, b_{split}.txt, expected data.lists that names one",
            ],
        ),
        (
            beds(&[]),
            &pair,
            &["root/train.txt: found nothing, expected a list file (data.lists)", "there is no text file"],
        ),
        (beds(&["train.txt=bed_1"]), &pair, &["test.txt: found nothing", "there is train.txt"]),
        (
            beds(&["train.txt=bed_1\n\nsofa_7", "test.txt="]),
            &pair,
            &["train.txt: line 3: found 'sofa_7', which is no such file", "such as bed/bed_1.xyz"],
        ),
        (
            beds(&["train.txt=bed_2", "test.txt="]),
            &pair,
            &["line 1: found 'bed_2', which is 2 files: bed/bed_2.xyz, cup/bed_2.xyz"],
        ),
        (
            beds(&["train.txt=bed_1", "test.txt=bed/bed_1"]),
            &pair,
            &["test.txt: line 1: found 'bed/bed_1' again, after train.txt line 1"],
        ),
        (beds(&["train.txt=\n", "test.txt="]), &pair, &["found 0 classes", "expected files of type"]),
        (
            vec!["bed1.xyz", "train.txt=bed1", "test.txt="],
            &pair,
            &["train.txt: line 1: found bed1.xyz, which has no class"],
        ),
    ]);
}

#[test]
fn mistakes_in_tables_are_named() {
    let default = FolderOptions::default();
    let pair = lists("{split}.txt");
    let table = |text: &'static str| vec!["1.xyz", "2.xyz", text];
    assert_refused(&[
        (
            table("labels.csv=name,label\n1,bed"),
            &default,
            &["labels.csv: line 1: found 'name,label', expected the columns file,class"],
        ),
        (table("labels.csv=file,class\n"), &default, &["labels.csv: line 1: found no row below"]),
        (
            table("labels.csv=file,class\n1,bed\n3,bed"),
            &default,
            &["labels.csv: line 3: found '3', which is no such file", "such as 1.xyz"],
        ),
        (
            table("labels.csv=file,class\n1,bed\n1.xyz,cup"),
            &default,
            &["line 3: found '1.xyz' again, after line 2"],
        ),
        (
            table("labels.csv=file,class\n1,bed,x"),
            &default,
            &["line 2: found 3 cells, expected 2, as in line 1"],
        ),
        (
            table("labels.csv=file,class\n1,"),
            &default,
            &["line 2: found no class, expected a class in every line"],
        ),
        (table("labels.csv=file,class,split\n1,bed,"), &default, &["line 2: found no split"]),
        (
            vec!["bed/train/1.xyz", "labels.csv=file,class\nbed/train/1.xyz,bed"],
            &default,
            &["found the table labels.csv and folders of splits such as bed, expected one of them"],
        ),
        (
            beds(&["train.txt=bed_1", "test.txt=", "labels.csv=file,class\nbed_1,bed"]),
            &default,
            &["found the table labels.csv without a column split, and list files {split}.txt"],
        ),
        (
            beds(&["train.txt=bed_1", "test.txt=", "labels.csv=file,class\nbed_1,bed"]),
            &pair,
            &["found the table labels.csv and data.lists, expected one of them"],
        ),
    ]);
}

#[test]
fn what_is_left_out_is_a_warning() {
    let default = FolderOptions::default();
    for (files, warning) in [
        (
            &["bed/train/1.xyz", "bed/test/2.xyz", "cup/"][..],
            "class 'cup' has no readable file and is left out",
        ),
        (
            &["bed/train/1.xyz", "bed/test/2.xyz", "cup/train/", "cup/test/a.fbx=x"],
            "class 'cup' has no readable",
        ),
        (&["train/bed/1.xyz", "test/bed/2.xyz", "train/cup/"], "class 'cup' has no readable"),
        (&["bed/1.xyz", "bed/2.xyz", "cup/"], "class 'cup' has no readable"),
        (
            &["train/bed/1.xyz", "test/bed/2.xyz", "extra/3.xyz"],
            "the folder 'extra' beside the splits is left out",
        ),
        (&["train/bed/1.xyz", "test/bed/2.xyz", "test/3.xyz"], "1 files directly in 'test' have no class"),
        (&["bed/bed_1.xyz", "bed/bed_2.xyz", "train.txt=bed_1", "test.txt="], "1 files are in no list"),
        (&["1.xyz", "2.xyz", "labels.csv=file,class\n1,bed"], "1 files are not in labels.csv"),
    ] {
        let text = opened(files, &default).unwrap();
        assert!(text.contains(&format!("; warning: {warning}")), "{files:?}: {text}");
        assert_eq!(text.matches("warning").count(), 1, "{text}");
    }
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &["train/bed/1.xyz", "train/cup/2.xyz", "test/bed/3.xyz"]);
    let dataset = FolderDataset::open(folder.path()).unwrap();
    assert_eq!(dataset.classes_without("test"), ["cup"]);
    assert!(dataset.classes_without("train").is_empty() && dataset.warnings().is_empty());
    assert_eq!(dataset.drawn_test_files(), None);
}

#[test]
fn the_test_files_are_drawn_by_class_and_seed() {
    let folder = tempfile::tempdir().unwrap();
    for (class, count) in [("bed", 50), ("cup", 11), ("mug", 2), ("one", 1)] {
        let files: Vec<String> = (0..count).map(|i| format!("{class}/{class}_{i}.xyz")).collect();
        write(folder.path(), &files.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let open = |seed, test_fraction| {
        let options = FolderOptions { seed, test_fraction, ..FolderOptions::default() };
        FolderDataset::open_with(folder.path(), &options).unwrap()
    };
    let counts = |dataset: &FolderDataset, split: &str| -> Vec<usize> {
        let classes = dataset.split(split).unwrap().iter().map(|sample| sample.class);
        classes.fold(vec![0; 4], |mut counts, class| {
            counts[class] += 1;
            counts
        })
    };
    let drawn = open(3, 0.2);
    assert_eq!(counts(&drawn, "test"), [10, 2, 1, 0]);
    assert_eq!(counts(&drawn, "train"), [40, 9, 1, 1]);
    assert_eq!(drawn.classes_without("test"), ["one"]);
    assert_eq!(counts(&open(3, 0.99), "train"), [1, 1, 1, 1]);
    assert_eq!(open(3, 0.2), drawn);
    assert_ne!(open(4, 0.2).drawn_test_files(), drawn.drawn_test_files());

    // A draw that was written down is used again, also when there are more files, and must be whole.
    let tests = drawn.drawn_test_files().unwrap();
    assert!(tests.contains(&"mug/mug_0.xyz".to_owned()) || tests.contains(&"mug/mug_1.xyz".to_owned()));
    write(folder.path(), &["bed/bed_new.xyz", "cup/cup_new.xyz"]);
    let options = FolderOptions { test_files: Some(tests.clone()), ..FolderOptions::default() };
    let again = FolderDataset::open_with(folder.path(), &options).unwrap();
    assert_eq!(again.drawn_test_files().unwrap(), tests);
    assert_eq!(counts(&again, "train"), [41, 10, 1, 1]);
    fs::remove_file(folder.path().join(&tests[0])).unwrap();
    let error = FolderDataset::open_with(folder.path(), &options).unwrap_err().to_string();
    assert!(error.contains(&format!("no file {}, which was drawn", tests[0])), "{error}");
}
