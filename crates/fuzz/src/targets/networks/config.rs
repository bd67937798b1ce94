//! Config files and `--set`.

use train::config::Config;

/// Configs that overrides are written over.
const CONFIGS: [&str; 4] = [
    include_str!("../../../../../configs/shapes10.toml"),
    include_str!("../../../../../configs/scenes-synth.toml"),
    include_str!("../../../../../configs/modelnet10-paper.toml"),
    "",
];

/// Reads a config; one that is accepted is written and reads back equal.
fn read(text: &str, overrides: &[String]) {
    match Config::parse(text, "a.toml", overrides) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(config) => {
            let written = config.to_toml().unwrap_or_else(|error| panic!("{error}: {config:?}"));
            let back =
                Config::parse(&written, "b.toml", &[]).unwrap_or_else(|error| panic!("{error}\n{written}"));
            assert_eq!(back, config, "{written}");
        }
    }
}

/// The text of a config.
pub(super) fn text(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        read(text, &[]);
    }
}

/// Overrides, one on each line; the first byte chooses the config.
pub(super) fn overrides(bytes: &[u8]) {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let Ok(text) = str::from_utf8(rest) else { return };
    let overrides: Vec<String> = text.lines().map(str::to_owned).collect();
    read(CONFIGS[usize::from(first) % CONFIGS.len()], &overrides);
}
