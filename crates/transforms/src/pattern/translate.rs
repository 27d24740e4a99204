//! Java's expressions in the syntax of the engine.

/// The posix classes of Java's `\p{..}`, of ASCII only.
const CLASSES: [(&str, &str); 13] = [
    ("Lower", "a-z"),
    ("Upper", "A-Z"),
    ("ASCII", "\\x00-\\x7F"),
    ("Alpha", "a-zA-Z"),
    ("Digit", "0-9"),
    ("Alnum", "a-zA-Z0-9"),
    ("Punct", "!-/:-@\\[-`{-~"),
    ("Graph", "!-~"),
    ("Print", " -~"),
    ("Blank", " \\t"),
    ("Cntrl", "\\x00-\\x1F\\x7F"),
    ("XDigit", "0-9a-fA-F"),
    ("Space", " \\t\\n\\x0B\\f\\r"),
];

const DIGIT: &str = "0-9";
const WORD: &str = "a-zA-Z0-9_";
const SPACE: &str = " \\t\\n\\x0B\\f\\r";
const HORIZONTAL: &str = " \\t\\u{A0}\\u{1680}\\u{180e}\\u{2000}-\\u{200a}\\u{202f}\\u{205f}\\u{3000}";
const VERTICAL: &str = "\\n\\x0B\\f\\r\\u{85}\\u{2028}\\u{2029}";

/// Rewrites what Java means differently.
pub(super) fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let (mut rest, mut depth) = (pattern, 0usize);
    while let Some(first) = rest.chars().next() {
        if let Some(escaped) = rest.strip_prefix('\\') {
            rest = escape(escaped, depth > 0, &mut out);
            continue;
        }
        rest = &rest[first.len_utf8()..];
        match first {
            '[' => {
                depth += 1;
                out.push('[');
                if let Some(negated) = rest.strip_prefix('^') {
                    out.push('^');
                    rest = negated;
                }
            }
            ']' if depth > 0 => {
                depth -= 1;
                out.push(']');
            }
            // In Java these are plain characters of a class.
            '~' | '-' if depth > 0 && rest.starts_with(first) => {
                out.push('\\');
                out.push(first);
            }
            '$' if depth == 0 => out.push_str("(?=\\n?\\z)"),
            first => out.push(first),
        }
    }
    out
}

/// Rewrites what follows a backslash, and answers the rest.
fn escape<'a>(text: &'a str, in_class: bool, out: &mut String) -> &'a str {
    let Some(first) = text.chars().next() else {
        out.push('\\');
        return text;
    };
    let rest = &text[first.len_utf8()..];
    let mut set = |members: &str, negated: bool| match (in_class, negated) {
        (true, false) => out.push_str(members),
        (_, true) => out.push_str(&format!("[^{members}]")),
        (false, false) => out.push_str(&format!("[{members}]")),
    };
    match first {
        'd' | 'D' => set(DIGIT, first == 'D'),
        'w' | 'W' => set(WORD, first == 'W'),
        's' | 'S' => set(SPACE, first == 'S'),
        'h' | 'H' => set(HORIZONTAL, first == 'H'),
        'v' | 'V' => set(VERTICAL, first == 'V'),
        'R' => out.push_str("(?:\\r\\n|[\\n\\x0B\\f\\r\\u{85}\\u{2028}\\u{2029}])"),
        'Z' => out.push_str("(?=\\n?\\z)"),
        'e' => out.push_str("\\x1B"),
        'Q' => return quote(rest, out),
        'u' => return code_unit(rest, out),
        'p' | 'P' => return property(rest, first == 'P', in_class, out),
        first => {
            out.push('\\');
            out.push(first);
        }
    }
    rest
}

/// Everything up to `\E` is meant as it is written.
fn quote<'a>(text: &'a str, out: &mut String) -> &'a str {
    let (quoted, rest) = text.split_once("\\E").unwrap_or((text, ""));
    for character in quoted.chars() {
        if !character.is_alphanumeric()
            && character.is_ascii_graphic()
            && character != '<'
            && character != '>'
        {
            out.push('\\');
        }
        out.push(character);
    }
    rest
}

fn code_unit<'a>(text: &'a str, out: &mut String) -> &'a str {
    match text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        Some(digits) => {
            out.push_str(&format!("\\x{{{digits}}}"));
            &text[4..]
        }
        None => {
            out.push_str("\\u");
            text
        }
    }
}

fn property<'a>(text: &'a str, negated: bool, in_class: bool, out: &mut String) -> &'a str {
    let posix = text.strip_prefix('{').and_then(|named| named.split_once('}'));
    let posix = posix.and_then(|(name, rest)| Some((CLASSES.iter().find(|class| class.0 == name)?.1, rest)));
    match posix {
        Some((members, rest)) => {
            match (in_class, negated) {
                (true, false) => out.push_str(members),
                (_, true) => out.push_str(&format!("[^{members}]")),
                (false, false) => out.push_str(&format!("[{members}]")),
            }
            rest
        }
        None => {
            out.push_str(if negated { "\\P" } else { "\\p" });
            match text.strip_prefix("{Is") {
                Some(rest) => {
                    out.push('{');
                    rest
                }
                None => text,
            }
        }
    }
}
