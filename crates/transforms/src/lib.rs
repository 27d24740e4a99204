//! Kafka's transforms and predicates, and Debezium's `ExtractNewRecordState`, on whole batches: the records that Java's
//! classes make, one file per class.
//!
//! What differs from Java is listed in docs/decisions/20261121-transforms-against-java.md.

mod cast;
mod class;
mod date_format;
mod drop_headers;
mod extract_field;
mod extract_new_record_state;
mod field;
mod filter;
mod flatten;
mod header_from;
mod hoist_field;
mod insert_field;
mod insert_header;
mod java_text;
mod mask_field;
mod pattern;
mod plan;
mod predicate;
mod regex_router;
mod replace_field;
mod schemaless;
mod set_schema_metadata;
mod sort;
mod timestamp_converter;
mod timestamp_router;
mod value_to_key;

use std::sync::Arc;

use api::Registry;

/// Adds every transform and predicate to a registry.
pub fn register(registry: &mut Registry) {
    let sided = [
        cast::CLASSES,
        extract_field::CLASSES,
        flatten::CLASSES,
        header_from::CLASSES,
        hoist_field::CLASSES,
        insert_field::CLASSES,
        mask_field::CLASSES,
        replace_field::CLASSES,
        set_schema_metadata::CLASSES,
        timestamp_converter::CLASSES,
    ];
    let plain = [
        drop_headers::CLASS,
        filter::CLASS,
        insert_header::CLASS,
        regex_router::CLASS,
        timestamp_router::CLASS,
        value_to_key::CLASS,
    ];
    for class in sided.into_iter().flatten().chain(plain) {
        registry.transforms.push(Arc::new(class));
    }
    registry.transforms.push(Arc::new(extract_new_record_state::ExtractNewRecordState));
    for class in predicate::CLASSES {
        registry.predicates.push(Arc::new(class));
    }
}
