//! Tables of text read block by block.

use std::sync::Arc;

use super::read::{Layout, no_points};
use crate::error::Result;
use crate::io::blocks::{Ask, Block, Blocks, Decode, Rest};
use crate::io::input::Input;
use crate::io::lines::Lines;

/// Opens a table; `None` where the first of several blocks has no point.
pub(super) fn open(mut input: Input<'static>, ask: &Ask<'_>) -> Result<Option<Box<dyn Blocks>>> {
    let path = input.path().to_owned();
    let start = input.take_lines()?;
    let mut lines = Lines::new(&start, 0, 1);
    let Some(layout) = Layout::parse(&path, &mut lines, ask.columns)? else {
        // Comments may be long.
        return if input.at() < input.length() { Ok(None) } else { Err(no_points(&path, lines.line)) };
    };
    if layout.body == start.len() && input.at() < input.length() {
        return Ok(None);
    }
    input.seek(layout.body as u64)?;
    let line = layout.line;
    Ok(Some(Box::new(TextBlocks { input, line, layout: Arc::new(layout) })))
}

struct TextBlocks {
    input: Input<'static>,
    /// Number of the next line.
    line: usize,
    layout: Arc<Layout>,
}

impl Blocks for TextBlocks {
    fn decoder(&self) -> Arc<dyn Decode> {
        self.layout.clone()
    }

    fn next(&mut self) -> Result<Option<Block>> {
        let (bytes, at) = (self.input.take_lines()?, self.line);
        if bytes.is_empty() {
            return Ok(None);
        }
        let mut lines = Lines::new(&bytes, 0, at);
        while lines.next_line(false).is_some() {}
        self.line = lines.line;
        // A line may be no point, so their number shows only when they are read.
        Ok(Some(Block { bytes, at, ..Block::default() }))
    }

    fn rest(&mut self) -> Result<Rest> {
        Ok(Rest { notes: self.layout.finish(self.line)?, ..Rest::default() })
    }
}
