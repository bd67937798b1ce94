//! What a file has that a file of another format cannot hold.

use super::columns::Outline;
use super::contents::Contents;
use super::format::Format;

/// Most words of labels that are listed.
const MOST_WORDS: usize = 20;

/// What is lost when `contents` are written in `format`, one sentence each; empty where nothing is.
///
/// ```
/// use pointcloud::io::{Format, Reader, losses};
///
/// let mesh = Reader::new().parse(b"OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n", "a.off")?;
/// let lost = losses(&mesh, Format::of_extension("ply").unwrap());
/// assert_eq!(lost, ["faces: 1 triangles dropped, ply files are written without faces"]);
/// # Ok::<(), pointcloud::Error>(())
/// ```
#[must_use]
pub fn losses(contents: &Contents, format: &Format) -> Vec<String> {
    let mut lost = losses_of(contents, contents.faces.len(), format);
    lost.extend((format.writer.lost)(&Outline::of(&contents.cloud)));
    lost
}

/// What is lost that is no column, of a file with so many triangles.
pub(super) fn losses_of(contents: &Contents, triangles: usize, format: &Format) -> Vec<String> {
    let mut lost: Vec<String> =
        contents.left_out.iter().map(|what| format!("{what}: dropped, not read from the file")).collect();
    if contents.dropped > 0 {
        lost.push(format!(
            "points: {} dropped, their positions are not finite in single precision",
            contents.dropped
        ));
    }
    if triangles > 0 {
        let name = format.name();
        lost.push(format!("faces: {triangles} triangles dropped, {name} files are written without faces"));
    }
    lost.extend(las_records(contents, format));
    let (comments, name) = (contents.cloud.comments().len(), format.name());
    if comments > 0 && name != "ply" {
        lost.push(format!("comments: {comments} dropped, {name} files are written without comments"));
    }
    // LAS keeps them as the extra bytes that they were.
    let was_extra = |name: &&String| {
        format.name() == "las" && contents.cloud.las().is_some_and(|las| las.has_extra(name))
    };
    if !format.writer.long_integers {
        let halves = contents.split.iter().filter(|name| !was_extra(name));
        lost.extend(halves.map(|name| {
            format!("{name}: integers of 64 bits become two columns, {name}_high32 · 2^32 + {name}_low32")
        }));
    }
    lost.extend(contents.cloud.label_words().filter(|_| !format.writer.words).map(words_lost));
    lost
}

/// That words of the labels become their numbers.
pub(super) fn words_lost(words: &[String]) -> String {
    let listed = words.iter().take(MOST_WORDS).enumerate().map(|(label, word)| format!("{label} = {word}"));
    let listed: Vec<String> = listed.collect();
    let more = if words.len() > MOST_WORDS { ", .." } else { "" };
    format!("label: words become numbers, {}{more}", listed.join(", "))
}

/// The records of a LAS file, such as its coordinate reference system, where they are lost.
fn las_records(contents: &Contents, format: &Format) -> Option<String> {
    let las = contents.cloud.las().filter(|_| format.name() != "las")?;
    let all = || las.records.iter().chain(&las.extended);
    // The description of extra bytes is in the names and types of the columns.
    let dropped = all().filter(|record| record.key() != (b"LASF_Spec".as_slice(), 4));
    let keys = dropped.map(|record| {
        let (user, number) = record.key();
        format!("{} {number}", String::from_utf8_lossy(user))
    });
    let keys: Vec<String> = keys.collect();
    let is_crs = |key: &String| key.starts_with("LASF_Projection ");
    let crs = if keys.iter().any(is_crs) { ", with the coordinate reference system" } else { "" };
    let name = format.name();
    (!keys.is_empty()).then(|| {
        format!("LAS records: {} dropped{crs}, {name} files hold none ({})", keys.len(), keys.join(", "))
    })
}
