//! Java's hash codes.

/// Java's `String.hashCode`.
pub fn hash_text(text: &str) -> u32 {
    let add = |hash: u32, unit: u32| hash.wrapping_mul(31).wrapping_add(unit);
    // Most texts are short and of ASCII: one walk tells both.
    let (hash, bits) = text.bytes().fold((0, 0), |(hash, bits), byte| (add(hash, byte.into()), bits | byte));
    match bits {
        ..0x80 => hash,
        _ => text.encode_utf16().fold(0, |hash, unit| add(hash, unit.into())),
    }
}
