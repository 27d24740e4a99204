//! `Filter`: no records at all, but their positions; a predicate says which.

use api::config::{Key, Problems, Values};
use api::{Batch, ConnectorType, Transform, Transformed};

use crate::class::{Class, Side};

pub(crate) const CLASS: Class =
    Class { name: "org.apache.kafka.connect.transforms.Filter", side: Side::Value, keys, configure };

fn keys() -> Vec<Key> {
    Vec::new()
}

fn configure(_: &Values, _: Side) -> Result<Box<dyn Transform>, Problems> {
    Ok(Box::new(Filter))
}

struct Filter;

impl Transform for Filter {
    fn apply(&mut self, mut batch: Batch, _: ConnectorType, out: &mut Transformed) {
        batch.records.clear();
        out.push(batch);
    }
}
