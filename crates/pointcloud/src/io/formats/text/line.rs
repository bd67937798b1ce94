//! One line of a table: its comment, its words, its numbers.

use std::borrow::Cow;

use super::quotes::{hidden, masked, unmasked};
use crate::io::lines::{Lines, before_comment};
use crate::names::{self, Role};
use crate::scalar::parse_float;

/// The text of a line before a comment, which starts with `#` or `//` outside of quotes, and what the comment says. A line that
/// begins with `%` is a comment, and one that begins with `;`, unless semicolons divide the values.
///
/// Bytes that are not UTF-8 do no harm in a comment.
pub(super) fn split_comment(line: &[u8], semicolons: bool) -> (&[u8], Option<Cow<'_, str>>) {
    let signs: &[u8] = if semicolons { b"%" } else { b"%;" };
    if let [sign, comment @ ..] = line.trim_ascii_start()
        && signs.contains(sign)
    {
        return (&[], Some(String::from_utf8_lossy(comment.trim_ascii())));
    }
    let seen = hidden(line);
    let text = before_comment(&seen).len();
    let hash = (text < line.len()).then_some((text, 1));
    let slashes = seen.windows(2).position(|pair| pair == b"//").map(|at| (at, 2));
    match hash.into_iter().chain(slashes).min() {
        Some((at, length)) => {
            let comment = String::from_utf8_lossy(line[at + length..].trim_ascii());
            (line[..at].trim_ascii(), Some(comment))
        }
        None => (line.trim_ascii(), None),
    }
}

/// Whether semicolons divide the values: the first line that is no comment and no count has one.
pub(super) fn semicolons_divide(mut lines: Lines<'_>) -> bool {
    let is_text = |line: &[u8]| {
        let text = split_comment(line, false).0;
        !text.is_empty() && !text.iter().all(u8::is_ascii_digit)
    };
    let first = std::iter::from_fn(|| lines.next_row()).find(|(_, line)| is_text(line));
    first.is_some_and(|(_, line)| hidden(split_comment(line, false).0).contains(&b';'))
}

/// Cuts a line into words.
///
/// Semicolons, commas, tabs or blanks divide them, the first of these that the line has; blanks also do beside tabs. A
/// comma between digits is a decimal comma where semicolons, tabs or blanks divide the words. Nothing divides what is between quotes.
pub(super) fn cut(text: &str) -> Vec<Cow<'_, str>> {
    let Some(masked) = masked(text) else { return cut_plain(text) };
    let commas = masked.contains(',') && !masked.contains(';');
    let word = |word: &Cow<'_, str>| {
        let word = unmasked(word);
        Cow::Owned(if commas { word } else { decimal_point(&word).into_owned() })
    };
    cut_plain(&masked).iter().map(word).collect()
}

/// [`cut`] of a line of so many columns, of which the last may be empty.
pub(super) fn cut_row(text: &str, columns: usize) -> Vec<Cow<'_, str>> {
    let mut words = cut(text);
    // The first of these that a line has divides its words.
    let separator = || [';', ','].into_iter().find(|&separator| text.contains(separator));
    if words.len() + 1 == columns && separator().is_some_and(|end| text.trim_end().ends_with(end)) {
        words.push(Cow::Borrowed(""));
    }
    words
}

/// [`cut`] of a line without quotes, or whose quotes hold nothing that divides words.
fn cut_plain(text: &str) -> Vec<Cow<'_, str>> {
    if text.contains(';') {
        return divided(text, ';').into_iter().map(decimal_point).collect();
    }
    if text.contains(',') {
        let blanks: Vec<&str> = text.split_ascii_whitespace().collect();
        if blanks.len() >= 3 && blanks.iter().all(|word| is_decimal(word)) {
            return blanks.into_iter().map(decimal_point).collect();
        }
        return divided(text, ',').into_iter().map(Cow::Borrowed).collect();
    }
    if text.contains('\t') {
        let words = divided(text, '\t');
        // Names may hold blanks; numbers do not.
        let numbers =
            |word: &&str| word.contains(' ') && word.split(' ').all(|part| parse_float(part).is_some());
        if !words.iter().any(numbers) {
            return words.into_iter().map(Cow::Borrowed).collect();
        }
    }
    text.split_ascii_whitespace().map(|word| Cow::Borrowed(unquoted(word))).collect()
}

fn divided(text: &str, separator: char) -> Vec<&str> {
    let mut words: Vec<&str> = text.split(separator).map(|word| unquoted(word.trim())).collect();
    // A separator at the end of the line opens no column.
    if words.last() == Some(&"") {
        words.pop();
    }
    words
}

fn unquoted(word: &str) -> &str {
    word.trim_matches('"')
}

/// Whether `word` is a number, with at most one decimal comma.
fn is_decimal(word: &str) -> bool {
    match word.split_once(',') {
        Some((whole, rest)) => {
            let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
            !rest.is_empty()
                && digits(rest.split(['e', 'E']).next().unwrap_or_default())
                && digits(whole.trim_start_matches(['-', '+']))
                && parse_float(&word.replacen(',', ".", 1)).is_some()
        }
        None => parse_float(word).is_some(),
    }
}

fn decimal_point(word: &str) -> Cow<'_, str> {
    if word.contains(',') && is_decimal(word) {
        Cow::Owned(word.replacen(',', ".", 1))
    } else {
        Cow::Borrowed(word)
    }
}

/// Whether the words are the names of columns, coordinates among them.
pub(super) fn is_header<S: AsRef<str>>(words: &[S]) -> bool {
    let named = |axis| names::find(words.iter().map(AsRef::as_ref), Role::Position(axis)).is_some();
    (0..3).all(named)
}

/// Whether the first lines look like a table of points rather than prose.
pub(super) fn looks_like_points(head: &[u8]) -> bool {
    let mut lines = Lines::new(head, 0, 1);
    let semicolons = semicolons_divide(lines.clone());
    while let Some((_, line)) = lines.next_row() {
        let (text, _) = split_comment(line, semicolons);
        if text.is_empty() {
            continue;
        }
        let Ok(text) = std::str::from_utf8(text) else { return false };
        let words = cut(text);
        let numbers = words.iter().filter(|word| parse_float(word).is_some()).count();
        // The last column may be a word that names the class.
        let points = numbers >= 3 && numbers + 1 >= words.len();
        return is_header(&words) || points || (words.len() == 1 && numbers == 1);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_decimal_commas() {
        for (text, words) in [
            ("1 2  3", &["1", "2", "3"][..]),
            ("1.0 2.0\t3.0", &["1.0", "2.0", "3.0"]),
            ("1\t2\t3", &["1", "2", "3"]),
            ("point id\tx\ty", &["point id", "x", "y"]),
            ("1, 2, 3,", &["1", "2", "3"]),
            ("1,5;2,5;3", &["1.5", "2.5", "3"]),
            ("1,5 2,5 -3,25", &["1.5", "2.5", "-3.25"]),
            ("1,5\t2,5\t3,5e2", &["1.5", "2.5", "3.5e2"]),
            ("1,2,3", &["1", "2", "3"]),
            ("\"X\";\"Y\"", &["X", "Y"]),
            ("a,b;c", &["a,b", "c"]),
            ("1 2 \"a b\"", &["1", "2", "a b"]),
            ("1,\" a, b\",2", &["1", " a, b", "2"]),
            ("\"1,5\";2;\"a;\tb\"", &["1.5", "2", "a;\tb"]),
            ("1 2 5\"", &["1", "2", "5"]),
        ] {
            assert_eq!(cut(text), words, "{text}");
        }
    }

    #[test]
    fn the_last_cell_may_be_empty() {
        for (text, columns, words) in [
            ("1,2,3,", 3, &["1", "2", "3"][..]),
            ("1,2,3,", 4, &["1", "2", "3", ""]),
            ("1;2;3; ", 4, &["1", "2", "3", ""]),
            ("1,2,,", 4, &["1", "2", "", ""]),
            ("1,2,,", 3, &["1", "2", ""]),
            ("1,,3", 3, &["1", "", "3"]),
            ("1,2,3", 4, &["1", "2", "3"]),
            ("1 2 3", 4, &["1", "2", "3"]),
        ] {
            assert_eq!(cut_row(text, columns), words, "{text}");
        }
    }

    #[test]
    fn comments() {
        for (line, semicolons, text, comment) in [
            (&b"1 2 3 # H\xf6he"[..], false, &b"1 2 3"[..], Some("H\u{fffd}he")),
            (b"//X Y Z", false, b"", Some("X Y Z")),
            (b"1 2 -1.#IND", false, b"1 2 -1.#IND", None),
            (b"1 \"#2 // 3\" // 4", false, b"1 \"#2 // 3\"", Some("4")),
            (b" ;x y z", false, b"", Some("x y z")),
            (b";1;2", true, b";1;2", None),
            (b"%1;2", true, b"", Some("1;2")),
        ] {
            assert_eq!(split_comment(line, semicolons), (text, comment.map(Cow::Borrowed)));
        }
    }
}
