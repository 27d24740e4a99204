//! `InsertHeader`: a header of one value for every record.

use api::config::{Importance, Key, Problem, Problems, Type, Validator, Values};
use api::{Batch, ConnectorType, Header, Transform, Transformed, values};

use crate::class::{Class, Side};

pub(crate) const CLASS: Class =
    Class { name: "org.apache.kafka.connect.transforms.InsertHeader", side: Side::Value, keys, configure };

const HEADER: &str = "header";
const LITERAL: &str = "value.literal";

fn keys() -> Vec<Key> {
    let key = |name: &'static str| {
        Key::new(name, Type::String).importance(Importance::High).validator(Validator::non_null())
    };
    vec![
        key(HEADER).documentation("The name of the header."),
        key(LITERAL).documentation("The literal value that is to be set as the header value on all records."),
    ]
}

fn configure(values: &Values, _: Side) -> Result<Box<dyn Transform>, Problems> {
    let (schema, value) = values::parse(values.string(LITERAL).unwrap_or_default())
        .map_err(|error| Problems::from(Problem { key: LITERAL.to_owned(), message: error.to_string() }))?;
    let key = values.string(HEADER).unwrap_or_default().into();
    Ok(Box::new(InsertHeader(Header { key, schema, value })))
}

struct InsertHeader(Header);

impl Transform for InsertHeader {
    fn apply(&mut self, mut batch: Batch, _: ConnectorType, out: &mut Transformed) {
        for record in &mut batch.records {
            record.headers.push(self.0.clone());
        }
        out.push(batch);
    }
}
