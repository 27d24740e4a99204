//! `RegexRouter`: other topics by a regular expression.

use std::sync::Arc;

use api::config::{Importance, Key, Problem, Problems, Type, Values};
use api::{Batch, ConnectorType, Error, Transform, Transformed};

use crate::class::{Class, Side};
use crate::pattern::Pattern;

pub(crate) const CLASS: Class =
    Class { name: "org.apache.kafka.connect.transforms.RegexRouter", side: Side::Value, keys, configure };

fn keys() -> Vec<Key> {
    let key = |name: &'static str| Key::new(name, Type::String).importance(Importance::High);
    vec![
        key("regex").validator(Pattern::validator()).documentation("Regular expression to use for matching."),
        key("replacement").documentation("Replacement string."),
    ]
}

fn configure(values: &Values, _: Side) -> Result<Box<dyn Transform>, Problems> {
    let problem = |message| Problems::from(Problem { key: "regex".to_owned(), message });
    let pattern = Pattern::new(values.string("regex").unwrap_or_default()).map_err(problem)?;
    let replacement = values.string("replacement").unwrap_or_default().to_owned();
    Ok(Box::new(RegexRouter { pattern, replacement, last: None }))
}

/// A topic, or why there is none.
type Routed = Result<Arc<str>, String>;

struct RegexRouter {
    pattern: Pattern,
    replacement: String,
    /// The last topic and where it is routed to: most batches are of one topic.
    last: Option<(Arc<str>, Routed)>,
}

impl RegexRouter {
    fn route(&mut self, topic: &Arc<str>) -> &Routed {
        if self.last.as_ref().is_none_or(|(known, _)| known != topic) {
            let routed = self.pattern.replace_whole(topic, &self.replacement);
            let routed = routed.map(|routed| routed.map_or_else(|| Arc::clone(topic), Arc::from));
            self.last = Some((Arc::clone(topic), routed));
        }
        &self.last.as_ref().expect("it was just set").1
    }
}

impl Transform for RegexRouter {
    fn apply(&mut self, mut batch: Batch, _: ConnectorType, out: &mut Transformed) {
        match self.route(&batch.topic) {
            Ok(topic) => batch.topic = Arc::clone(topic),
            Err(message) => {
                for record in std::mem::take(&mut batch.records) {
                    out.reject(&batch, record, Error::reject(message));
                }
            }
        }
        out.push(batch);
    }
}
