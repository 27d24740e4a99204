//! Reading at a position, into memory that nobody has to clear first.

use std::fs::File;
use std::io;

use rustix::buffer::spare_capacity;

/// Fills the capacity of `bytes` with what is in the file from `position` on; less where the file ends.
pub(super) fn fill(file: &File, bytes: &mut Vec<u8>, position: u64) -> io::Result<()> {
    while bytes.len() < bytes.capacity() {
        let at = position + bytes.len() as u64;
        match rustix::io::pread(file, spare_capacity(bytes), at) {
            Ok(0) => break,
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The byte at a position; `None`: the file ends there.
pub(super) fn byte(file: &File, position: u64) -> io::Result<Option<u8>> {
    let mut bytes = Vec::with_capacity(1);
    fill(file, &mut bytes, position)?;
    Ok(bytes.first().copied())
}
