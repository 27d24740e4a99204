//! Record batches of format 2, the unit that Kafka stores and this client moves.

mod batch;
mod encode;
mod split;
mod varint;

pub use batch::{BATCH_HEADER_BYTES, RecordBatch};
pub use encode::{BatchBuilder, RecordHeader};
