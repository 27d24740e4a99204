//! Names of fields of a change event that are added to the row or to the headers.

/// A field, such as `op`, `source.ts_ms` or `version:VERSION`.
#[derive(Debug)]
pub(super) struct Reference {
    /// The struct that has it; `None`: the event itself.
    pub(super) parent: Option<String>,
    pub(super) field: String,
    /// The name where it is added.
    pub(super) name: String,
}

impl Reference {
    /// The fields of a list with commas.
    ///
    /// # Errors
    /// A field has no name, or more than one other name.
    pub(super) fn list(prefix: &str, list: &str) -> Result<Vec<Self>, String> {
        if list.is_empty() {
            return Ok(Vec::new());
        }
        split(list, ',').into_iter().map(|text| Self::parse(prefix, trim(text))).collect()
    }

    fn parse(prefix: &str, text: &str) -> Result<Self, String> {
        let parts = split(text, ':');
        let path = split(parts.first().copied().ok_or("expected the name of a field")?, '.');
        let (parent, field) = match path[..] {
            [] => return Err("expected the name of a field".to_owned()),
            [field] => (parent_of(field).map(str::to_owned), field),
            [parent, field, ..] => (Some(parent.to_owned()), field),
        };
        let name = match parts[..] {
            [_, renamed] => [prefix, renamed].concat(),
            [_] if path.len() == 1 => [prefix, field].concat(),
            [_] => [prefix, path[0], "_", field].concat(),
            _ => return Err(format!("Unexpected field name: {text}")),
        };
        Ok(Self { parent, field: field.to_owned(), name })
    }
}

/// The struct that has a field whose struct is not named.
fn parent_of(field: &str) -> Option<&str> {
    match field {
        "id" | "data_collection_order" | "total_order" => Some("transaction"),
        "op" | "ts_ms" | "ts_us" | "ts_ns" => None,
        "updateDescription" => Some("updateDescription"),
        _ => Some("source"),
    }
}

/// Java's `split`, which drops what is empty at the end.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts: Vec<&str> = text.split(separator).collect();
    while parts.len() > 1 && parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    if parts == [""] && !text.is_empty() { Vec::new() } else { parts }
}

/// Java's `String.trim`.
fn trim(text: &str) -> &str {
    text.trim_matches(|char| char <= ' ')
}
