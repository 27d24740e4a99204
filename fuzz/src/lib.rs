//! What each fuzz target does with its bytes. Nothing of it may panic, hang, or take memory without bound; what is
//! read as a value must be writable again.

mod converters;
mod kafka;
mod transforms;
mod worker;

pub use self::converters::{
    header_values, json_envelope, json_schema_content, json_schemaless, plain_converters,
};
pub use self::kafka::{compressed, group_bytes, record_set};
pub use self::transforms::{date_format, java_regex, transform};
pub use self::worker::{cluster_records, connector_file, java_offset_file, offset_file, properties};

/// Splits at the first line feed, as a configuration in front of data.
fn split_line(data: &[u8]) -> Option<(&str, &[u8])> {
    let end = data.iter().position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(&data[..end]).ok()?, &data[end + 1..]))
}

/// Properties of pairs.
fn settings(pairs: &[(&str, &str)]) -> api::config::Properties {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
