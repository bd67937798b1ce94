//! Words between quotes, which hold what otherwise divides words.

use std::borrow::Cow;

/// What divides words, and what stands for it between quotes while a line is cut.
const MASKS: [(char, char); 4] = [(' ', '\u{1}'), ('\t', '\u{2}'), (',', '\u{3}'), (';', '\u{4}')];

/// What a line is refused for, see [`has_lone_quote`].
pub(super) const LONE_QUOTE: &str = "a quote that does not end";

/// Whether the text of a line, without its comment, has a quote without its other half.
pub(super) fn has_lone_quote(text: &str) -> bool {
    text.contains('"') && text.matches('"').count() % 2 == 1
}

/// The line with other signs in place of those between quotes that divide words; `None` where there are none of them.
///
/// A quote without its other half is a sign like any other.
pub(super) fn masked(text: &str) -> Option<String> {
    let is_mask = |c: char| MASKS.iter().any(|(_, mask)| *mask == c);
    if !text.contains('"') || !text.matches('"').count().is_multiple_of(2) || text.contains(is_mask) {
        return None;
    }
    let (mut inside, mut changed) = (false, false);
    let mask = |c: char| {
        inside ^= c == '"';
        let mask = MASKS.iter().find(|(sign, _)| inside && *sign == c);
        changed |= mask.is_some();
        mask.map_or(c, |(_, mask)| *mask)
    };
    let masked = text.chars().map(mask).collect();
    changed.then_some(masked)
}

/// A word of a masked line as it was.
pub(super) fn unmasked(word: &str) -> String {
    let sign = |c: char| MASKS.iter().find(|(_, mask)| *mask == c).map_or(c, |(sign, _)| *sign);
    word.chars().map(sign).collect()
}

/// The line with the letter `q` in place of every byte between quotes.
pub(super) fn hidden(line: &[u8]) -> Cow<'_, [u8]> {
    if !line.contains(&b'"') || !line.iter().filter(|&&b| b == b'"').count().is_multiple_of(2) {
        return Cow::Borrowed(line);
    }
    let mut inside = false;
    let hide = |&b: &u8| {
        inside ^= b == b'"';
        if inside { b'q' } else { b }
    };
    Cow::Owned(line.iter().map(hide).collect())
}
