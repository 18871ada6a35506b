//! Other files that an open file's elements are in.

use std::path::PathBuf;

use crate::Generation;

/// Other files that an open file's elements are in, and what each was then; `None` for one that could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtherFiles(Vec<(PathBuf, Option<Generation>)>);

impl OtherFiles {
    /// Remembers files and what they were.
    #[cfg(feature = "netcdf-c")]
    pub(crate) fn new(mut files: Vec<(PathBuf, Option<Generation>)>) -> Self {
        files.sort_by(|one, other| one.0.cmp(&other.0));
        files.dedup();
        Self(files)
    }

    /// What is there now, as far as it is a file.
    pub(crate) fn look(path: &std::path::Path) -> Option<Generation> {
        let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        Some(Generation::of(&metadata))
    }

    /// Whether all of them are still there, and still what they were.
    #[must_use]
    pub fn are_unchanged(&self) -> bool {
        self.0.iter().all(|(path, then)| match (then, Self::look(path)) {
            (Some(then), Some(now)) => then.same_bytes(&now),
            (None, None) => true,
            _ => false,
        })
    }

    /// Text that changes whenever one of them may have changed; empty where there are none.
    #[must_use]
    pub fn generation(&self) -> String {
        let generations = self.0.iter().map(|(_, then)| then.map_or("-".to_owned(), |then| then.to_string()));
        generations.fold(String::new(), |text, generation| text + " " + &generation)
    }
}
