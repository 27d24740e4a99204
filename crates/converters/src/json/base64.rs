//! Base64 as Jackson reads it (its variant `MIME-NO-LINEFEEDS`).
//!
//! The standard alphabet with padding. White space may stand before a group of four, bits of the last character
//! that no byte takes are not looked at, and more groups may follow a padded one.

/// The bytes of a text.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut rest = text.as_bytes();
    loop {
        let space = rest.iter().take_while(|byte| **byte <= b' ').count();
        rest = &rest[space..];
        let Some((group, tail)) = rest.split_first_chunk::<4>() else {
            return rest.is_empty().then_some(out);
        };
        decode_group(*group, &mut out)?;
        rest = tail;
    }
}

fn decode_group(group: [u8; 4], out: &mut Vec<u8>) -> Option<()> {
    let bits = |byte: u8| sextet(byte).map(u32::from);
    let head = bits(group[0])? << 18 | bits(group[1])? << 12;
    let (value, length) = match group {
        [.., b'=', b'='] => (head, 1),
        [.., third, b'='] => (head | bits(third)? << 6, 2),
        [.., third, fourth] => (head | bits(third)? << 6 | bits(fourth)?, 3),
    };
    out.extend_from_slice(&value.to_be_bytes()[1..=length]);
    Some(())
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}
