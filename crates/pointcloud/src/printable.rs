//! Text from data, made safe for a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` with an escape such as `\u001b` for every character that a terminal would obey instead of showing it: control
/// characters, except the line feed and the tab of messages with several lines, and the marks that turn the direction of text.
///
/// JSON stays the same JSON, because its strings have the same escapes.
///
/// ```
/// assert_eq!(pointcloud::printable("chair\u{1b}[2J\n"), "chair\\u001b[2J\n");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    escape(text, |c| is_obeyed(c) && !matches!(c, '\n' | '\t'))
}

/// As [`printable`], on one line: line feeds and tabs are escaped, too.
///
/// ```
/// assert_eq!(pointcloud::printable_line("chair\nerror: disk full"), "chair\\u000aerror: disk full");
/// ```
pub fn printable_line(text: &str) -> Cow<'_, str> {
    escape(text, is_obeyed)
}

/// A number as it is printed: with an exponent where it would have many zeros.
///
/// ```
/// assert_eq!(pointcloud::printable_number(1e300), "1e300");
/// assert_eq!(pointcloud::printable_number(-0.00000125), "-1.25e-6");
/// assert_eq!(pointcloud::printable_number(500_003.3), "500003.3");
/// ```
#[must_use]
pub fn printable_number(number: f64) -> String {
    let size = number.abs();
    let plain = size == 0.0 || !size.is_finite() || (1e-5..=1e16).contains(&size);
    if plain { number.to_string() } else { format!("{number:e}") }
}

/// The value whose decimal form is the shortest one that is stored as the same `float`.
pub(crate) fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// [`printable_number`] of a coordinate as the file has it: a single by as few digits as tell it from others.
pub(crate) fn printable_coordinate(value: f64) -> String {
    printable_number(if f64::from(value as f32) == value { shortest(value as f32) } else { value })
}

/// Whether a terminal obeys `c` instead of showing it.
fn is_obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escape(text: &str, is_bad: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_bad) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_bad(c) {
            write!(escaped, "\\u{:04x}", u32::from(c)).expect("a string takes all text");
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        let all: String = ('\0'..='\u{2100}').collect();
        let escaped = printable_line(&all);
        assert!(!escaped.contains(char::is_control));
        assert!(!escaped.contains(['\u{202e}', '\u{2066}']) && escaped.contains("\\u202e"));
        assert!(printable("a\tb\nc\r").ends_with("a\tb\nc\\u000d"));
        assert!(matches!(printable("椅子 é"), Cow::Borrowed("椅子 é")));
    }

    #[test]
    fn escapes_are_those_of_json() {
        assert_eq!(printable("\"a\u{7f}\u{9b}31m\u{202e}\""), r#""a\u007f\u009b31m\u202e""#);
    }

    #[test]
    fn floats_are_shortened() {
        assert_eq!(shortest(0.1), 0.1);
        assert!(shortest(f32::NAN).is_nan());
        assert_eq!(shortest(f32::NEG_INFINITY), f64::NEG_INFINITY);
    }
}
