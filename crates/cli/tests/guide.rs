//! What the documents say is so: links lead somewhere, commands and configs are understood, generated pages are current.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use train::config::{Config, reference};

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .replace("\r\n", "\n")
}

fn markdown_in(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    files.sort();
    files
}

fn guide() -> Vec<PathBuf> {
    markdown_in(&root().join("docs/src"))
}

/// The guide and the documents beside the code.
fn documents() -> Vec<PathBuf> {
    let root = root();
    let mut files = guide();
    for folder in [
        "",
        "datasets",
        "crates/cli",
        "crates/neighbors",
        "crates/pointcloud",
        "crates/pointconv",
        "crates/train",
    ] {
        files.extend(markdown_in(&root.join(folder)));
    }
    files
}

/// The text with mdBook's `{{#include FILE}}` and `{{#include FILE:ANCHOR}}` resolved.
fn expanded(path: &Path) -> String {
    let mut text = String::new();
    for line in read(path).lines() {
        let Some(argument) = line.strip_prefix("{{#include ").and_then(|line| line.strip_suffix("}}")) else {
            text.push_str(&format!("{line}\n"));
            continue;
        };
        let (file, anchor) = argument.split_once(':').unwrap_or((argument, ""));
        let included = read(&path.with_file_name(file));
        let part = match anchor {
            "" => included.as_str(),
            anchor => {
                let (_, rest) = included.split_once(&format!("ANCHOR: {anchor} -->")).expect(argument);
                rest.split_once(&format!("<!-- ANCHOR_END: {anchor}")).expect(argument).0
            }
        };
        text.push_str(part);
    }
    text
}

/// The lines outside of fenced blocks, and the blocks with their language.
fn parts(text: &str) -> (Vec<&str>, Vec<(&str, Vec<&str>)>) {
    let (mut prose, mut blocks, mut open) = (Vec::new(), Vec::new(), None::<(&str, Vec<&str>)>);
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language, Vec::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => prose.push(line),
        }
    }
    assert!(open.is_none(), "a block is not closed");
    (prose, blocks)
}

/// The anchors of all headings, as GitHub and mdBook make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let heading = |line: &&str| line.starts_with('#');
    let anchor = |line: &str| {
        let kept = |c: &char| c.is_alphanumeric() || "-_ ".contains(*c);
        let title = line.trim_start_matches('#').trim().to_lowercase();
        title.chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    parts(text).0.into_iter().filter(heading).map(anchor).collect()
}

/// What follows `](` up to `)`, for links and pictures outside of code.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in parts(text).0 {
        // Every second piece is code between backticks.
        let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for rest in plain.split("](").skip(1) {
            links.push(rest.split(')').next().unwrap().to_owned());
        }
    }
    links
}

#[test]
fn links_lead_to_files_and_headings() {
    let guide = root().join("docs/src");
    let (mut checked, mut broken) = (0, Vec::new());
    for file in documents() {
        let text = expanded(&file);
        for link in links(&text) {
            if link.contains("://") {
                continue;
            }
            checked += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            let problem = match target.canonicalize() {
                Err(_) => Some("there is no such file"),
                Ok(target) if file.starts_with(&guide) && !target.starts_with(&guide) => {
                    Some("it leaves the guide, where a page of the book has no such file")
                }
                Ok(target) if !anchor.is_empty() && !anchors(&expanded(&target)).contains(anchor) => {
                    Some("there is no such heading")
                }
                Ok(_) => None,
            };
            if let Some(problem) = problem {
                broken.push(format!("{}: {link}: {problem}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(checked > 30, "only {checked} links were found");
}

#[test]
fn the_summary_names_every_page_once() {
    let summary = read(&root().join("docs/src/SUMMARY.md"));
    let mut named = links(&summary);
    named.push("SUMMARY.md".into());
    named.sort();
    let pages: Vec<String> =
        guide().iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    let mut pages = pages;
    pages.sort();
    assert_eq!(named, pages);
}

#[test]
fn the_config_reference_is_current() {
    let page = read(&root().join("docs/src/config.md"));
    assert!(
        page == reference(),
        "docs/src/config.md: run `cargo run --release -- config > docs/src/config.md`"
    );
}

#[test]
fn the_program_knows_every_command_that_is_shown() {
    let mut commands = BTreeSet::new();
    for file in documents() {
        for (_, lines) in parts(&expanded(&file)).1.into_iter().filter(|(language, _)| *language == "sh") {
            commands.extend(lines.into_iter().filter_map(arguments));
        }
    }
    assert!(commands.len() > 25, "{commands:?}");
    for command in ["train", "eval", "predict", "inspect", "convert", "synth", "devices", "completions"] {
        commands.extend(examples(&[command]));
    }
    for bench in ["conv", "search", "load", "train", "kinds"] {
        commands.extend(examples(&["bench", bench]));
    }
    for command in commands {
        // With `--help` at the end it does nothing, but refuses what it does not know.
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let output = pointwise(&words);
        assert!(output.status.success(), "pointwise {command}\n{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn pointwise(words: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_pointwise")).args(words).output().unwrap()
}

/// The examples in the help of a command.
fn examples(command: &[&str]) -> Vec<String> {
    let help = pointwise(&[command, &["--help"]].concat()).stdout;
    let help = String::from_utf8(help).unwrap();
    let found: Vec<String> = help
        .lines()
        .filter_map(|line| line.split_once("  pointwise ").map(|(_, rest)| format!("pointwise {rest}")))
        .filter_map(|line| arguments(&line))
        .collect();
    assert!(!found.is_empty() || command == ["devices"], "the help of {command:?} has no example");
    found
}

/// The arguments of a line that runs the program.
fn arguments(line: &str) -> Option<String> {
    let line = line.trim();
    let rest = line.strip_prefix("pointwise ").or_else(|| {
        let rest = line.strip_prefix("cargo run --release ")?;
        if rest.contains("--example") {
            return None;
        }
        rest.split_once("-- ").map(|(_, rest)| rest)
    })?;
    let ends = |word: &&str| !["#", "|", ">", ">>"].contains(word) && !word.starts_with('(');
    Some(rest.split_whitespace().take_while(ends).collect::<Vec<_>>().join(" "))
}

#[test]
fn every_config_that_is_shown_can_be_read() {
    let mut seen = 0;
    for file in documents() {
        let text = expanded(&file);
        for (_, lines) in parts(&text).1.into_iter().filter(|(language, _)| *language == "toml") {
            let block = lines.join("\n");
            if block.contains("[dependencies]") {
                continue;
            }
            seen += 1;
            let read = if block.starts_with("name = ") {
                Config::parse(&block, &file, &[])
            } else {
                let whole = if block.contains("[scenes]") { "scenes-synth" } else { "shapes10" };
                let table: toml::Table = block.parse().unwrap();
                let mut overrides = Vec::new();
                for (section, keys) in &table {
                    for (key, value) in keys.as_table().expect("a section") {
                        overrides.push(format!("{section}.{key}={value}"));
                    }
                }
                Config::load(root().join(format!("configs/{whole}.toml")), &overrides)
            };
            read.unwrap_or_else(|error| panic!("{}: {error}\n{block}", file.display()));
        }
    }
    assert!(seen >= 2, "{seen}");
}
