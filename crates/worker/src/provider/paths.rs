//! Which paths a provider may look at (`allowed.paths`, KIP-993).

use std::path::{Component, Path, PathBuf};

/// The paths that a provider may look at; `None`: any.
///
/// As in Java a path is compared as it is written, without `.` and `..`: a link that lies in an allowed directory
/// may lead out of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct AllowedPaths(Option<Vec<PathBuf>>);

impl AllowedPaths {
    /// Takes paths between commas; no text allows any.
    ///
    /// # Errors
    /// A path is not absolute, or there is nothing at it.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, String> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(Self(None)) };
        let allowed = |path: &str| {
            let path = normalized(Path::new(path));
            if !path.is_absolute() {
                return Err(format!("Path {} is not absolute", path.display()));
            }
            if !path.exists() {
                return Err(format!("Path {} does not exist", path.display()));
            }
            Ok(path)
        };
        Ok(Self(Some(text.split(',').map(allowed).collect::<Result<_, _>>()?)))
    }

    /// The path to look at; `None`: it is not allowed.
    pub(super) fn allow(&self, path: &str) -> Option<PathBuf> {
        let path = Path::new(path);
        let Some(allowed) = &self.0 else { return Some(path.to_owned()) };
        let path = normalized(path);
        allowed.iter().any(|allowed| path.starts_with(allowed)).then_some(path)
    }
}

/// A path without `.` and, where something stands before it, without `..`; links are not followed.
fn normalized(path: &Path) -> PathBuf {
    let mut normalized = PathBuf::new();
    for component in path.components() {
        match (component, normalized.components().next_back()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => drop(normalized.pop()),
            (component, _) => normalized.push(component),
        }
    }
    normalized
}

#[cfg(test)]
mod tests;
