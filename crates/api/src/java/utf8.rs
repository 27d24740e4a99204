//! Text of bytes that are not quite UTF-8, as Java's decoder makes it.
//!
//! Java replaces each malformed sequence with one U+FFFD, and it counts a surrogate in three bytes as one
//! sequence where Rust counts three. What a Java worker read has to come out the same.

/// Decodes bytes as `new String(bytes, UTF_8)` does, with U+FFFD for each malformed sequence.
pub fn decode_utf8(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 16);
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(valid) => {
                text.push_str(valid);
                return text;
            }
            Err(error) => {
                let (valid, malformed) = rest.split_at(error.valid_up_to());
                text.push_str(std::str::from_utf8(valid).expect("checked up to here"));
                text.push(char::REPLACEMENT_CHARACTER);
                rest = &malformed[malformed_len(malformed).min(malformed.len())..];
            }
        }
    }
}

/// The length of the malformed sequence at the start of `bytes`, as `sun.nio.cs.UTF_8` measures it.
fn malformed_len(bytes: &[u8]) -> usize {
    // What is not there continues no sequence.
    let at = |index: usize| bytes.get(index).copied().unwrap_or(b'\n');
    let continues = |index: usize| at(index) & 0xC0 == 0x80;
    match (at(0), at(1)) {
        (0xE0, 0x80..=0x9F) => 1,
        (0xE0..=0xEF, _) if !continues(1) => 1,
        // A surrogate: three bytes that make a code point which no text may hold.
        (0xED, 0xA0..=0xBF) if continues(2) => 3,
        (0xE0..=0xEF, _) => 2,
        (0xF0, 0x80..=0x8F) | (0xF4, 0x90..=0xBF) => 1,
        (0xF0..=0xF4, _) if !continues(1) => 1,
        (0xF0..=0xF4, _) if !continues(2) => 2,
        (0xF0..=0xF4, _) => 3,
        _ => 1,
    }
}

#[cfg(test)]
mod tests;
