//! Every config of the repository can be used as it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use train::config::Config;

#[test]
fn every_config_of_the_repository_loads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let config = Config::load(&path, &[]).unwrap_or_else(|error| panic!("{error}"));
        // The name is that of the run directory: two experiments must not share it.
        assert_eq!(Some(config.name.as_str()), path.file_stem().and_then(|stem| stem.to_str()));
        assert!(config.data.root.is_relative(), "{}: data.root is of one machine", path.display());
        assert_eq!(Config::parse(&config.to_toml().unwrap(), &path, &[]).unwrap(), config);
        names.insert(config.name);
    }
    let expected = [
        "shapes10",
        "shapes10-paper",
        "articulated",
        "outdoor",
        "modelnet10-paper",
        "scenes-synth",
        "s3dis-office",
        "s3dis-office-paper",
        "s3dis",
        "shapenetpart",
    ];
    assert!(expected.iter().all(|name| names.contains(*name)), "{names:?}");
}
