//! Kafka's converters: bytes of Kafka to values and back, byte for byte what Java's classes write.

mod byte_array;
mod class;
mod hash_order;
mod json;
mod primitive;
mod simple_header;
mod string;

use std::sync::Arc;

use api::Registry;

/// Adds every converter and header converter to a registry.
pub fn register(registry: &mut Registry) {
    let primitives = primitive::CLASSES.iter().copied();
    for class in [json::CLASS, string::CLASS, byte_array::CLASS].into_iter().chain(primitives) {
        registry.converters.push(Arc::new(class));
        registry.header_converters.push(Arc::new(class));
    }
    registry.header_converters.push(Arc::new(simple_header::SimpleHeader));
}
