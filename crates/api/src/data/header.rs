//! Headers of records.

use std::sync::Arc;

use super::{Schema, Text, Value};

/// A header: a name, and a value with its schema.
#[derive(Clone, Debug)]
pub struct Header {
    /// The name; several headers of a record may share it.
    pub key: Text,
    /// The schema of the value; `None`: schemaless.
    pub schema: Option<Arc<Schema>>,
    /// The value.
    pub value: Value,
}

/// The headers of a record in order; most records have none, so that nothing is allocated for them.
#[derive(Clone, Debug, Default)]
#[expect(clippy::box_collection, reason = "8 bytes in a record that has none, not 24")]
pub struct Headers(Option<Box<Vec<Header>>>);

impl Headers {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// All headers in order.
    pub fn as_slice(&self) -> &[Header] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    /// All headers, to be changed.
    #[expect(clippy::should_implement_trait, reason = "the trait could not name the vector")]
    pub fn as_mut(&mut self) -> &mut Vec<Header> {
        self.0.get_or_insert_default()
    }

    /// Adds a header at the end.
    pub fn push(&mut self, header: Header) {
        self.as_mut().push(header);
    }
}

impl FromIterator<Header> for Headers {
    fn from_iter<I: IntoIterator<Item = Header>>(headers: I) -> Self {
        let headers: Vec<Header> = headers.into_iter().collect();
        Self((!headers.is_empty()).then(|| Box::new(headers)))
    }
}
