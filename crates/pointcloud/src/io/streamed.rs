//! [`Streamed`]: a file that is read block by block, as often as needed.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::blocks::{Ask, Block, Blocks, for_each_block};
use super::compression;
use super::format::{Format, HEAD};
use super::formats::{LabelFile, Labelled, label_files_of};
use super::input::Input;
use super::lines::is_utf16;
use super::panic::guard;
use super::survey::Survey;
use crate::error::{Error, Result};

/// A file that may be read block by block, as often as needed.
pub(crate) struct Streamed {
    path: PathBuf,
    file: File,
    /// Bytes of the byte order mark.
    start: u64,
    pub(crate) format: &'static Format,
    /// The points once more, where opening the file again would take more work.
    again: RefCell<Option<Box<dyn Blocks>>>,
    /// Labels of the points in another file.
    labels: Option<LabelFile>,
}

impl Streamed {
    /// Opens a file; what is compressed is unpacked into a temporary file. `None` for a file that is read as a whole.
    pub(crate) fn open(path: &Path, named: bool) -> Result<Option<Self>> {
        let fail = |source| Error::io(path, "read", source);
        let mut file = File::open(path).map_err(fail)?;
        let mut head = head_of(&mut file).map_err(fail)?;
        let mut inner = path.to_owned();
        if let Some(compressed) = compression::of(&head) {
            inner = compression::inner_path(path).into_owned();
            let mut unpacked = tempfile::tempfile().map_err(fail)?;
            guard(path, "of the compression", || compressed.unpack_file(path, file, &mut unpacked))?;
            unpacked.flush().map_err(fail)?;
            file = unpacked;
            head = head_of(&mut file).map_err(fail)?;
        }
        let start = if head.starts_with(&[0xef, 0xbb, 0xbf]) { 3 } else { 0 };
        if is_utf16(&head) {
            return Ok(None);
        }
        let length = file.metadata().map_err(fail)?.len();
        let format = Format::of_head(&inner, &head[start as usize..], length - start)?;
        if named && format.names_columns {
            return Err(Error::NamedColumns { path: path.to_owned(), format: format.name() });
        }
        let (again, labels) = (RefCell::new(None), labels_of(path)?);
        Ok(Some(Self { path: path.to_owned(), file, start, format, again, labels }))
    }

    /// The points from the first one on.
    pub(crate) fn blocks(&self, ask: &Ask<'_>) -> Result<Option<Box<dyn Blocks>>> {
        let file = self.file.try_clone().map_err(|source| Error::io(&self.path, "read", source))?;
        let input = Input::new(&self.path, file, self.start)?;
        let blocks = guard(&self.path, self.format.library, || (self.format.open)(input, ask))?;
        Ok(match (blocks, &self.labels) {
            (Some(points), Some(labels)) => Some(Box::new(Labelled::new(self.path.clone(), points, labels))),
            (blocks, _) => blocks,
        })
    }

    /// Calls `work` for every block and its number, on all threads, and `take` with the results in the order of the file.
    pub(crate) fn for_each<C: Sync, T: Send>(
        &self,
        ask: &Ask<'_>,
        context: &mut C,
        work: impl Fn(&C, usize, Block) -> Result<T> + Sync,
        take: impl FnMut(&mut C, T) -> Result<()>,
    ) -> Result<()> {
        let again = self.again.take();
        match again.map_or_else(|| self.blocks(ask), |blocks| Ok(Some(blocks)))? {
            Some(mut blocks) => {
                for_each_block(&self.path, self.format.library, blocks.as_mut(), context, work, take)?;
                self.keep_again(blocks.as_ref());
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Reads all points once; `None` for a file of a kind that is read as a whole.
    pub(crate) fn survey(&self, ask: &Ask<'_>) -> Result<Option<Survey>> {
        let Some(mut blocks) = self.blocks(ask)? else { return Ok(None) };
        let survey = Survey::of(&self.path, self.format.library, blocks.as_mut())?;
        self.keep_again(blocks.as_ref());
        Ok(Some(survey))
    }

    /// Lets [`for_each`](Self::for_each) begin with what was read to open the file.
    pub(crate) fn keep_again(&self, blocks: &dyn Blocks) {
        self.again.replace(blocks.again());
    }
}

/// The labels of the points at `path`, if they are in a file of their own.
fn labels_of(path: &Path) -> Result<Option<LabelFile>> {
    let mut files = label_files_of(path)?.into_iter();
    let Some(file) = files.next() else { return Ok(None) };
    LabelFile::open(&file, files.collect()).map(Some)
}

fn head_of(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.rewind()?;
    file.take(HEAD as u64).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(head)
}
