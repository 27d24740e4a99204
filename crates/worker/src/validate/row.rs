//! A key of a connector as a row of a table: data, so that the tables read like Kafka's documentation.

use api::config::{Default, Importance, Key, Type, Validator, Width};

/// A key of a connector.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) kind: Type,
    pub(super) default: Default,
    pub(super) check: Option<fn() -> Validator>,
    pub(super) importance: Importance,
    pub(super) group: &'static str,
    pub(super) order: i32,
    pub(super) width: Width,
    pub(super) display_name: &'static str,
    pub(super) documentation: &'static str,
}

impl Row {
    /// The key that the row describes.
    pub(super) fn key(&self) -> Key {
        let key = Key::new(self.name, self.kind)
            .importance(self.importance)
            .group(self.group, self.order)
            .width(self.width)
            .display_name(self.display_name)
            .documentation(self.documentation);
        Key { default: self.default.clone(), validator: self.check.map(|check| check()), ..key }
    }
}
