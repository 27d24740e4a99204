//! Which batches of a response belong to aborted transactions.

use std::collections::HashSet;

use super::Header;
use crate::record::reader::Reader;

/// Key type of a control record that ends an aborted transaction.
const ABORT_MARKER: i16 = 0;

/// Follows the aborted transactions of one partition through one response (`read_committed`).
///
/// The broker names the first offset of each; the abort marker in the log ends it.
#[derive(Debug, Default)]
pub(crate) struct AbortedTransactions {
    /// (first offset, producer id), the next one last.
    pending: Vec<(i64, i64)>,
    open: HashSet<i64>,
}

impl AbortedTransactions {
    /// Takes (producer id, first offset) pairs as the broker lists them.
    pub(crate) fn new(listed: impl IntoIterator<Item = (i64, i64)>) -> Self {
        let mut pending: Vec<_> = listed.into_iter().map(|(id, first_offset)| (first_offset, id)).collect();
        pending.sort_unstable_by(|a, b| b.cmp(a));
        AbortedTransactions { pending, open: HashSet::new() }
    }

    /// Whether a reader skips this batch; `records` are needed to read the kind of a control batch.
    pub(super) fn skip(&mut self, header: &Header, last_offset: i64, records: &[u8]) -> bool {
        while let Some((_, id)) = self.pending.pop_if(|(first_offset, _)| *first_offset <= last_offset) {
            self.open.insert(id);
        }
        if header.attributes & Header::CONTROL != 0 {
            if control_type(records) == Some(ABORT_MARKER) {
                self.open.remove(&header.producer_id);
            }
            return true;
        }
        header.attributes & Header::TRANSACTIONAL != 0 && self.open.contains(&header.producer_id)
    }
}

/// The type in the key of the only record of a control batch.
fn control_type(records: &[u8]) -> Option<i16> {
    let mut reader = Reader::new(records);
    reader.varint()?; // length
    reader.i8()?; // attributes
    reader.varlong()?; // timestamp
    reader.varint()?; // offset
    let mut key = Reader::new(reader.varint_bytes()??);
    key.i16()?; // version
    key.i16()
}
