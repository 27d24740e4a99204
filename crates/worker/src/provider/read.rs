//! Reads the small files that providers read.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// How large a file of a provider may be.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The text of a file. An error says why it cannot be read, and nothing of what is in it.
pub(super) fn text(path: &Path) -> Result<String, String> {
    let kind = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !kind.is_file() {
        return Err(if kind.is_dir() { "it is a directory" } else { "it is not a regular file" }.to_owned());
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    // The length that a file claims to have means nothing: it may grow, and those of `/proc` claim none.
    let read = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("it is larger than {FILE_BYTES_MAX} bytes"));
    }
    read.map_err(|error| match error.kind() {
        ErrorKind::InvalidData => "it is not text in UTF-8".to_owned(),
        _ => error.to_string(),
    })?;
    Ok(text)
}
