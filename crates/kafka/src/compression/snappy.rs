//! Snappy as Kafka's Java clients frame it: a magic, then blocks with their lengths; on reading also bare.

use super::{Codec, Error, too_long};

/// Magic of the xerial framing, its version and the oldest compatible one (both 1).
const HEADER: [u8; 16] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];
const MAGIC: &[u8] = HEADER.first_chunk::<8>().expect("eight of sixteen");
/// What Java puts into a block.
const BLOCK_BYTES: usize = 32 * 1024;

pub(super) fn compress(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut encoder = snap::raw::Encoder::new();
    let mut output = Vec::with_capacity(HEADER.len() + bytes.len() / 2);
    output.extend_from_slice(&HEADER);
    let mut scratch = vec![0; snap::raw::max_compress_len(BLOCK_BYTES)];
    for block in bytes.chunks(BLOCK_BYTES) {
        let length = encoder.compress(block, &mut scratch).map_err(corrupt)?;
        output.extend_from_slice(&(length as u32).to_be_bytes());
        output.extend_from_slice(&scratch[..length]);
    }
    Ok(output)
}

pub(super) fn decompress(bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, Error> {
    let mut output = Vec::new();
    let Some(mut blocks) = bytes.strip_prefix(MAGIC) else {
        append(bytes, bytes_max, &mut output)?;
        return Ok(output);
    };
    blocks = blocks.get(HEADER.len() - MAGIC.len()..).ok_or_else(|| corrupt("cut off"))?;
    while let Some((length, rest)) = blocks.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let (block, rest) = rest.split_at_checked(length).ok_or_else(|| corrupt("cut off"))?;
        append(block, bytes_max, &mut output)?;
        blocks = rest;
    }
    if blocks.is_empty() { Ok(output) } else { Err(corrupt("cut off")) }
}

fn append(block: &[u8], bytes_max: usize, output: &mut Vec<u8>) -> Result<(), Error> {
    let length = snap::raw::decompress_len(block).map_err(corrupt)?;
    // Snappy's best is one copy of 64 bytes in 3 bytes: a length beyond that is a lie.
    if length > block.len().saturating_mul(32) {
        return Err(corrupt("a length beyond what the block can hold"));
    }
    let start = output.len();
    if length > bytes_max.saturating_sub(start) {
        return Err(too_long(Codec::Snappy, bytes_max));
    }
    output.resize(start + length, 0);
    snap::raw::Decoder::new().decompress(block, &mut output[start..]).map_err(corrupt)?;
    Ok(())
}

fn corrupt(problem: impl std::fmt::Display) -> Error {
    Error::corrupt(format_args!("snappy stream: {problem}"))
}
