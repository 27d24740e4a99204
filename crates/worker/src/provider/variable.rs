//! Variables in values, as the pattern of Kafka's `ConfigTransformer` finds them.

/// `${provider:key}` or `${provider:path:key}`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Variable<'a> {
    /// The whole, as it is written.
    pub(super) text: &'a str,
    /// The name of the provider.
    pub(super) provider: &'a str,
    /// The path, empty if there is none.
    pub(super) path: &'a str,
    /// The key, which may have colons.
    pub(super) key: &'a str,
    /// Where it starts.
    start: usize,
}

/// The variables of a value, from left to right.
pub(super) fn variables(value: &str) -> impl Iterator<Item = Variable<'_>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + value[from..].find("${")?;
            let end = start + value[start..].find('}')?;
            match variable(value, start, end) {
                Some(variable) => {
                    from = end + 1;
                    return Some(variable);
                }
                None => from = start + 2,
            }
        }
    })
}

/// A value with other text in place of its variables; `None`: the variable stays.
pub(super) fn replace(value: &str, mut replacement: impl FnMut(Variable<'_>) -> Option<String>) -> String {
    let mut replaced = String::with_capacity(value.len());
    let mut from = 0;
    for variable in variables(value) {
        let end = variable.start + variable.text.len();
        replaced.push_str(&value[from..variable.start]);
        match replacement(variable) {
            Some(text) => replaced.push_str(&text),
            None => replaced.push_str(variable.text),
        }
        from = end;
    }
    replaced.push_str(&value[from..]);
    replaced
}

/// The variable between `${` and the first `}` behind it, if there is a colon between.
fn variable(value: &str, start: usize, end: usize) -> Option<Variable<'_>> {
    let (provider, rest) = value[start + 2..end].split_once(':')?;
    let (path, key) = rest.split_once(':').unwrap_or(("", rest));
    Some(Variable { text: &value[start..=end], provider, path, key, start })
}
