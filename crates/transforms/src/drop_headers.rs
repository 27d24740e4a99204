//! `DropHeaders`: no headers of some names.

use api::config::{Importance, Key, Problems, Type, Values};
use api::{Batch, ConnectorType, Transform, Transformed};

use crate::class::{Class, Side, filled_list};

pub(crate) const CLASS: Class =
    Class { name: "org.apache.kafka.connect.transforms.DropHeaders", side: Side::Value, keys, configure };

fn keys() -> Vec<Key> {
    let headers = Key::new("headers", Type::List)
        .validator(filled_list())
        .importance(Importance::High)
        .documentation("The name of the headers to be removed.");
    vec![headers]
}

fn configure(values: &Values, _: Side) -> Result<Box<dyn Transform>, Problems> {
    Ok(Box::new(DropHeaders(values.list("headers").to_vec())))
}

struct DropHeaders(Vec<String>);

impl Transform for DropHeaders {
    fn apply(&mut self, mut batch: Batch, _: ConnectorType, out: &mut Transformed) {
        for record in batch.records.iter_mut().filter(|record| !record.headers.is_empty()) {
            record.headers.as_mut().retain(|header| !self.0.iter().any(|name| **name == *header.key));
        }
        out.push(batch);
    }
}
