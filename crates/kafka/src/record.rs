//! Record batches of format 2, the unit that Kafka stores and this client moves.

mod batch;
pub(crate) mod decode;
mod encode;
pub(crate) mod reader;
mod split;
mod varint;

pub(crate) use batch::Stamp;
pub use batch::{BATCH_HEADER_BYTES, RecordBatch};
pub use decode::{HeaderView, Headers, RecordView, Records};
pub use encode::{BatchBuilder, RecordHeader};
