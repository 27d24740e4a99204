//! The table of a topic.

use api::{Error, Result};

use super::config::Options;

/// The table of a topic, as it is written in messages.
///
/// # Errors
/// The name of the topic leaves none.
pub(super) fn of_topic(options: &Options, topic: &str) -> Result<String> {
    let name = match options.topics_to_tables.get(topic) {
        Some(table) => table.clone(),
        None => {
            let name = options.table_name_format.replace("${topic}", topic);
            if options.table_name_normalize { normalize(&name) } else { name }
        }
    };
    if name.is_empty() {
        return Err(Error::fail(format_args!(
            "Destination table name for topic '{topic}' is empty using the format string '{}'",
            options.table_name_format
        )));
    }
    Ok(name)
}

/// Aiven's rule: everything but letters and digits of ASCII becomes `_`, also the dot that would separate a schema.
fn normalize(name: &str) -> String {
    name.chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::normalize;

    #[test]
    fn a_normal_name_has_letters_digits_and_underscores() {
        assert_eq!(normalize("my-topic.a b_ä"), "my_topic_a_b__");
    }
}
