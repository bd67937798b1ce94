//! Every file of the corpus goes through its target. The corpus has what fuzzing found: inputs that take different ways through the
//! code, and those that once were faults.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use fuzz::{clean_up, start, targets};

/// Longest time of one input; the slowest takes a tenth of it without other work on the machine.
const MOST: Duration = Duration::from_secs(20);

#[test]
fn every_input_of_the_corpus() {
    start();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for target in targets() {
        let folder = corpus.join(target.name);
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(!files.is_empty(), "{}: no input", folder.display());
        for file in files {
            let bytes = fs::read(&file).unwrap();
            let started = Instant::now();
            // A finding ends the process; this names its input.
            eprintln!("{}", file.display());
            target.run(&bytes);
            assert!(started.elapsed() < MOST, "{}: {:?}", file.display(), started.elapsed());
        }
    }
    clean_up();
}
