//! What a PLY file has beside its points and faces.

use super::header::{Element, Header, PlyProperty, PropertyKind};
use crate::error::Result;
use crate::io::beyond::{bytes_beyond, rows_beyond};
use crate::io::input::Input;

impl Header {
    /// What the file has and the points have not, if `faces` are the elements that are read as faces.
    pub(super) fn left_out(&self, vertex: Option<usize>, faces: &[usize]) -> Vec<String> {
        let mut left_out = Vec::new();
        for (index, element) in self.elements.iter().enumerate().filter(|(_, element)| element.count > 0) {
            let others = element.properties.len().saturating_sub(1);
            let list = |property: &&PlyProperty| matches!(property.kind, PropertyKind::List { .. });
            if Some(index) == vertex {
                let lists = element.properties.iter().filter(list);
                left_out.extend(lists.map(|property| format!("list '{}' of the points", property.name)));
            } else if !faces.contains(&index) {
                left_out.push(format!("element '{}' ({} rows)", element.name, element.count));
            } else if others > 0 {
                left_out.push(format!("properties of the faces besides their corners ({others})"));
            }
        }
        left_out
    }

    /// Rows of all elements.
    fn rows(&self) -> usize {
        let with_properties = self.elements.iter().filter(|element| !element.properties.is_empty());
        with_properties.map(|element| element.count).sum()
    }

    /// What an ascii file has after its rows, of so many lines.
    pub(super) fn lines_beyond(&self, surplus: usize) -> Option<String> {
        rows_beyond(surplus, "rows", self.rows())
    }

    /// What a binary file has after its rows, which end before byte `at`.
    pub(super) fn bytes_beyond(&self, input: &Input<'_>, at: usize) -> Result<Option<String>> {
        let last = self.elements.iter().rfind(|element| !element.properties.is_empty());
        let size = last.and_then(Element::fixed_size).unwrap_or(usize::MAX);
        bytes_beyond(input, at, size, "rows", self.rows())
    }
}
