//! Paths to fields within fields, as KIP-821 writes them: dots between names, backticks around a name with dots.

/// The names of a path in order.
///
/// # Errors
/// A backtick is not closed.
pub(super) fn parse(path: &str) -> Result<Vec<String>, String> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let step;
        (step, rest) = match rest.strip_prefix('`') {
            Some(quoted) => closed(quoted).ok_or_else(|| incomplete(path, path.len() - rest.len()))?,
            None => match rest.split_once('.') {
                Some((step, rest)) => (step.to_owned(), rest),
                None => (rest.to_owned(), ""),
            },
        };
        steps.push(step);
    }
    if path.ends_with('.') {
        steps.push(String::new());
    }
    Ok(steps)
}

/// The name up to the backtick that closes it, and what follows the dot behind; `None`: it is not closed.
///
/// A backtick closes where a dot or the end follows and no backslash is before it; others belong to the name.
fn closed(quoted: &str) -> Option<(String, &str)> {
    let (mut name, mut start) = (String::new(), 0);
    for (place, _) in quoted.match_indices('`') {
        // The backtick that opens stands before the first character.
        let escaped = quoted[..place].ends_with('\\');
        let rest = &quoted[place + 1..];
        if rest.is_empty() {
            name.push_str(&quoted[start..place]);
            return (!escaped).then_some((name, ""));
        }
        let Some(rest) = rest.strip_prefix('.') else { continue };
        if escaped {
            name.push_str(&quoted[start..place - 1]);
            name.push('`');
            start = place + 1;
            continue;
        }
        name.push_str(&quoted[start..place]);
        return Some((name, rest));
    }
    None
}

fn incomplete(path: &str, at: usize) -> String {
    format!(
        "Incomplete backtick pair in path: [{path}], consider adding a backslash before backtick at position {at} to \
         escape it"
    )
}
