//! The layouts of data sets.

use std::fmt;

/// The layouts as an error names them.
pub(super) const LAYOUTS: &str = "<class>/<split>/<file>, such as chair/train/chair_0001.ply, or <split>/<class>/<file>, or \
                                  <class>/<file>, of which a share becomes the split test, or list files such as train.txt and \
                                  test.txt (data.lists), or a table labels.csv with the columns file and class";

/// File name of the table of labels.
pub(super) const TABLE: &str = "labels.csv";

/// How a data set assigns its files to classes and splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layout {
    /// `<class>/<split>/<file>`, as in ModelNet.
    ClassSplit,
    /// `<split>/<class>/<file>`.
    SplitClass,
    /// `<class>/<file>`: a share of every class is drawn for the test.
    Class,
    /// List files name the files of every split; the class is the folder or the start of the name.
    Lists,
    /// A table `labels.csv` names the class of every file.
    Table,
}

impl Layout {
    /// The pattern of the paths relative to the root, or the name of the file that defines the splits or classes.
    #[must_use]
    pub fn pattern(self) -> &'static str {
        match self {
            Self::ClassSplit => "<class>/<split>/<file>",
            Self::SplitClass => "<split>/<class>/<file>",
            Self::Class => "<class>/<file>",
            Self::Lists => "list files",
            Self::Table => TABLE,
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.pattern())
    }
}
