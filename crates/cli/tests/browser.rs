//! The report in a browser: it opens without a complaint or a request, draws what it has, and answers.
#![cfg(unix)]

#[path = "common/browser.rs"]
mod browser;
mod common;

use std::fs;
use std::path::Path;

use browser::Browser;
use common::{Workplace, json};
use pointcloud::synth::{SceneSynthConfig, generate_scenes};
use serde_json::Value;

/// Names that would do harm where they are taken for HTML.
const CLASS: &str = "<img src=x onerror=boom()>";
const RUN: &str = "run</script><script>boom()<";

/// The sum that `each` makes of the bytes of the canvas that an expression names; 0 while it has no size.
fn pixels(canvas: &str, each: &str) -> String {
    // Read from a copy, for the browser warns of canvases that are drawn on its card and read often.
    format!(
        "(() => {{ const c = {canvas}; if (!c.width || !c.height) return 0; \
         const copy = Object.assign(document.createElement('canvas'), {{ width: c.width, height: c.height }}); \
         const context = copy.getContext('2d', {{ willReadFrequently: true }}); context.drawImage(c, 0, 0); \
         return context.getImageData(0, 0, c.width, c.height).data.reduce((sum, value, at) => {each}, 0); }})()"
    )
}

/// Whether anything is drawn on the canvas that an expression names.
fn drawn(canvas: &str) -> String {
    format!("{} > 0", pixels(canvas, "sum + (at % 4 === 3 ? value : 0)"))
}

/// A number for what is drawn on the canvas that an expression names.
fn picture(canvas: &str) -> String {
    pixels(canvas, "(sum * 31 + value * (at % 97 + 1)) % 1000003")
}

/// Every chart shows as many lines as it has names, every one of them with numbers, and has drawn something.
fn charts_have_data(browser: &mut Browser, expected: usize) {
    assert_eq!(browser.value("charts.length"), expected);
    let full = "charts.every(({ plot, lines, epochs }) => lines.length > 0 && plot.data.length === lines.length + 1 \
                && plot.data.slice(1).every((values) => values.length === epochs.length && values.every((v) => v === null || Number.isFinite(v)) \
                && values.some((v) => v !== null)))";
    assert_eq!(browser.value(full), true);
    for index in 0..expected {
        browser.wait(&drawn(&format!("charts[{index}].plot.ctx.canvas")));
    }
}

/// The page fits on a telephone and on a desk, light and dark.
fn fits_everywhere(browser: &mut Browser) {
    for (width, dark) in [(390, false), (390, true), (1280, true), (1280, false)] {
        browser.screen(width, dark);
        browser
            .wait(&format!("innerWidth === {width} && document.documentElement.scrollWidth <= innerWidth"));
        let red = browser.value("parseInt(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])");
        assert_eq!(red.as_u64().unwrap() < 64, dark, "{width} {red}");
    }
}

fn open(browser: &mut Browser, page: &Path) {
    browser.screen(1280, false);
    browser.open(page);
    browser.wait("typeof charts === 'object' && charts.length > 0 && charts.every((chart) => chart.plot)");
}

fn quiet(browser: &Browser) {
    assert!(browser.complaints.is_empty(), "{:#?}", browser.complaints);
}

#[test]
#[ignore = "needs Chromium: cargo test --release -p pointwise --test browser -- --ignored"]
fn a_classifier() {
    let mut browser = Browser::start();
    let place = Workplace::new();
    fs::rename(place.path("set/ring"), place.path("set").join(CLASS)).unwrap();
    place.succeed(&["train", "tiny.toml", "--set", "train.epochs=3", "--output", RUN, "--quiet"]);
    let stored: Value = json(place.path(RUN).join("evaluation.json"));
    let page = place.path(RUN).join("report.html");
    open(&mut browser, &page);

    // Loss, accuracy, mean class accuracy, learning rate, seconds.
    charts_have_data(&mut browser, 5);
    let hidden =
        "[...document.querySelectorAll('[hidden]')].every((one) => getComputedStyle(one).display === 'none')";
    assert_eq!(browser.value(hidden), true);
    let text = |selector: &str| format!("document.querySelector('{selector}').textContent");
    for (index, tab) in ["best", "last"].into_iter().enumerate() {
        browser.value(&format!("document.querySelectorAll('#results .choice button')[{index}].click()"));
        let accuracy = 100.0 * stored[index]["overall_accuracy"].as_f64().unwrap();
        assert_eq!(browser.value(&text("#results .tile b")), format!("{accuracy:.1} %"), "{tab}");
        let rows = browser.value(
            "[...document.querySelectorAll('.classes tbody tr')].map((row) => row.cells[2].textContent)",
        );
        for (class, row) in
            stored[index]["per_class"].as_array().unwrap().iter().zip(rows.as_array().unwrap())
        {
            assert_eq!(*row, format!("{:.1}", 100.0 * class["accuracy"].as_f64().unwrap()), "{class}");
        }
        let cells = browser.value(
            "[...document.querySelectorAll('.matrix tbody tr')].map((row) => [...row.cells].slice(1).map((cell) => Number(cell.textContent)))",
        );
        assert_eq!(cells, stored[index]["confusion"]);
    }

    // Nothing that is named in the data became an element.
    assert_eq!(browser.value("document.querySelectorAll('img').length + document.scripts.length"), 2);
    let names =
        browser.value("[...document.querySelectorAll('.classes tbody th')].map((cell) => cell.textContent)");
    assert!(names.as_array().unwrap().contains(&CLASS.into()), "{names}");

    examples_can_be_seen_and_filtered(&mut browser);
    a_head_sorts(&mut browser);
    fits_everywhere(&mut browser);
    quiet(&browser);

    // Two runs side by side.
    place.succeed(&["train", "tiny.toml", "--set", "seed=6", "--output", "second", "--quiet"]);
    place.succeed(&["report", RUN, "second", "--output", "both.html"]);
    open(&mut browser, &place.path("both.html"));
    // The learning rate is that of the other split.
    charts_have_data(&mut browser, 4);
    assert_eq!(browser.value("charts.every((chart) => chart.lines.length === 2)"), true);
    let second = json(place.path("second/evaluation.json"));
    let accuracies =
        [&stored, &second].map(|run| format!("{:.1}", 100.0 * run[0]["overall_accuracy"].as_f64().unwrap()));
    let row = browser.value("[...document.querySelector('.results tbody tr').cells].slice(1).map((cell) => cell.textContent.replace(' ▲', ''))");
    assert_eq!(row, serde_json::json!(accuracies));
    fits_everywhere(&mut browser);
    quiet(&browser);
}

fn examples_can_be_seen_and_filtered(browser: &mut Browser) {
    // Clouds are drawn when they come into sight, and turn until they are to hold still.
    let canvas = "document.querySelector('.example canvas')";
    browser.value("document.getElementById('examples').scrollIntoView()");
    browser.wait(&drawn(canvas));
    let before = browser.value(&picture(canvas));
    browser.wait(&format!("{} !== {before}", picture(canvas)));
    browser.value("document.querySelector('.play').click()");
    assert_eq!(browser.value("Stage.playing"), false);

    // A cell of the matrix leads to its examples: those and no others, as many as it counts.
    let cell = "document.querySelector('.matrix .wrong button')";
    let filtered = format!(
        "(() => {{ const cell = {cell}; cell.click(); const shown = [...document.querySelectorAll('.example')]; \
         return shown.length === Number(cell.textContent) && shown.every((one) => one.dataset.truth === cell.dataset.truth \
         && one.dataset.predicted === cell.dataset.predicted) && cell.parentElement.classList.contains('chosen'); }})()"
    );
    let all = browser.value("document.querySelectorAll('.example').length").as_u64().unwrap();
    assert_eq!(browser.value(&filtered), true);
    assert!(browser.value("document.querySelectorAll('.example').length").as_u64().unwrap() < all);
    browser.value("[...document.querySelectorAll('#examples button')].find((one) => one.textContent === 'reset').click()");
    assert_eq!(browser.value("document.querySelectorAll('.example').length"), all);
    // So does a row of the table of classes.
    browser.value("document.querySelector('.classes tbody tr').click()");
    assert_eq!(
        browser.value("[...document.querySelectorAll('.example')].every((one) => one.dataset.truth === '0')"),
        true
    );

    // The large view, forth and away.
    browser.value("document.querySelector('.larger').click()");
    browser.wait(&drawn("document.querySelector('dialog canvas')"));
    browser.value("document.querySelector('dialog button:nth-of-type(2)').click()");
    browser.value("[...document.querySelectorAll('dialog button')].at(-1).click()");
    browser.wait("document.querySelector('dialog') === null");
}

/// Numbers are sorted from the largest, then from the smallest.
fn a_head_sorts(browser: &mut Browser) {
    let sorted = |better: &str| {
        format!(
            "(() => {{ document.querySelectorAll('.classes thead button')[2].click(); \
             const shares = [...document.querySelectorAll('.classes tbody tr')].map((row) => Number(row.cells[2].textContent)); \
             return shares.every((share, at) => at === 0 || shares[at - 1] {better} share); }})()"
        )
    };
    assert_eq!(browser.value(&sorted(">=")), true);
    assert_eq!(browser.value(&sorted("<=")), true);
}

#[test]
#[ignore = "needs Chromium: cargo test --release -p pointwise --test browser -- --ignored"]
fn a_segmenter() {
    let mut browser = Browser::start();
    let place = Workplace::new();
    let settings = SceneSynthConfig { train: 2, test: 2, density: 40.0, ..SceneSynthConfig::default() };
    generate_scenes(place.path("rooms"), &settings, &|_| ()).unwrap();
    let config = "name = 'rooms'\n[data]\nroot = 'rooms'\n\
                  [scenes]\ninputs = ['height', 'one']\nvoxel = 0.15\nsize = 2.0\npoints = 400\nregions = 6\n\
                  [model]\nkind = 'paper-segmenter'\ncell = 0.3\ndilations = [1, 2]\n\
                  [optimizer]\nkind = 'adam'\nlr = 0.01\n[train]\nepochs = 2\nbatch_size = 4\n";
    fs::write(place.path("rooms.toml"), config).unwrap();
    place.succeed(&["train", "rooms.toml", "--output", "run", "--quiet"]);
    let stored = json(place.path("run/evaluation.json"));
    open(&mut browser, &place.path("run/report.html"));
    // Without validation: loss, accuracy, mean class accuracy, mean IoU, learning rate, seconds.
    let metrics = fs::read_to_string(place.path("run/metrics.jsonl")).unwrap();
    let first: Value = serde_json::from_str(metrics.lines().next().unwrap()).unwrap();
    let numbers =
        first.as_object().unwrap().iter().filter(|(key, value)| *key != "epoch" && value.is_number()).count();
    charts_have_data(&mut browser, numbers);
    let tile = browser.value("document.querySelector('#results .tile b').textContent");
    assert_eq!(tile, format!("{:.1} %", 100.0 * stored[0]["mean_iou"].as_f64().unwrap()));
    let shares = browser
        .value("[...document.querySelectorAll('.classes tbody tr')].map((row) => row.cells[2].textContent)");
    for (class, share) in stored[0]["per_class"].as_array().unwrap().iter().zip(shares.as_array().unwrap()) {
        let expected = class["iou"].as_f64().map_or("absent".to_owned(), |iou| format!("{:.1}", 100.0 * iou));
        assert_eq!(*share, expected, "{class}");
    }

    browser.value("document.getElementById('examples').scrollIntoView()");
    browser.value("document.querySelector('.play').click()");
    assert_eq!(browser.value("document.querySelectorAll('.scene').length"), 2);
    for panel in 0..2 {
        browser.wait(&drawn(&format!("document.querySelectorAll('.scene canvas')[{panel}]")));
    }
    // A class is taken away and comes back; the ceiling is away at first.
    let canvas = "document.querySelector('.scene canvas')";
    assert_eq!(
        browser.value(
            "[...document.querySelectorAll('.legend [aria-pressed=false]')].map((one) => one.textContent)"
        ),
        serde_json::json!(["ceiling"])
    );
    let whole = browser.value(&picture(canvas));
    let floor = "[...document.querySelectorAll('.legend button')].find((one) => one.textContent === 'floor')";
    browser.value(&format!("{floor}.click()"));
    browser.wait(&format!("{} !== {whole}", picture(canvas)));
    browser.value(&format!("{floor}.click()"));
    browser.wait(&format!("{} === {whole}", picture(canvas)));
    // A cell colours the points that it counts.
    browser.value("document.querySelector('.matrix .wrong button').click()");
    browser.wait(&format!("{} !== {whole}", picture(canvas)));
    let told = browser.value("document.querySelector('#examples .notice').textContent");
    assert!(told.as_str().unwrap().contains("taken for"), "{told}");
    fits_everywhere(&mut browser);
    quiet(&browser);
}
