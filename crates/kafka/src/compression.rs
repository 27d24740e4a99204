//! The five codecs of Kafka's record batches, both ways, with bounded output.

mod snappy;

use std::io::{self, Read, Write};

use crate::error::Error;

/// A codec of record batches.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Codec {
    /// Records as they are.
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy in the framing of Java's xerial library.
    Snappy,
    /// LZ4 frames.
    Lz4,
    /// Zstandard frames.
    Zstd,
}

impl Codec {
    /// All of them, in the order of their numbers on the wire.
    pub const ALL: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

    /// Kafka's name, as in `compression.type`.
    pub fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
    }

    /// The codec of a batch's attributes (their lowest three bits), if there is one with this number.
    pub fn of_attributes(attributes: i16) -> Option<Codec> {
        Codec::ALL.get(usize::from(attributes as u16 & 0b111)).copied()
    }

    /// The number in a batch's attributes.
    pub fn id(self) -> i16 {
        self as i16
    }
}

/// A codec with its level in the codec's own scale.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Compression {
    /// Which codec.
    pub codec: Codec,
    /// How hard to try; not used by `none` and `snappy`, nor by `lz4`, whose encoder has one level.
    pub level: i32,
}

impl Compression {
    /// No compression.
    pub const NONE: Compression = Compression { codec: Codec::None, level: 0 };
}

/// Compresses the records of a batch.
pub(crate) fn compress(compression: Compression, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let failed =
        |error: io::Error| Error::corrupt(format_args!("{} stream: {error}", compression.codec.name()));
    match compression.codec {
        Codec::None => Ok(bytes.to_vec()),
        Codec::Gzip => gzip(compression.level, bytes).map_err(failed),
        Codec::Snappy => snappy::compress(bytes),
        Codec::Lz4 => lz4(bytes).map_err(failed),
        Codec::Zstd => zstd::bulk::compress(bytes, compression.level).map_err(failed),
    }
}

/// Decompresses the records of a batch.
///
/// # Errors
/// When the bytes are not what the codec writes, or would become more than `bytes_max`.
pub fn decompress(codec: Codec, bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, Error> {
    match codec {
        Codec::None => read_bounded(codec, bytes, bytes_max),
        Codec::Gzip => read_bounded(codec, flate2::read::MultiGzDecoder::new(bytes), bytes_max),
        Codec::Snappy => snappy::decompress(bytes, bytes_max),
        Codec::Lz4 => read_bounded(codec, lz4_flex::frame::FrameDecoder::new(bytes), bytes_max),
        Codec::Zstd => {
            let decoder = zstd::Decoder::with_buffer(bytes);
            let decoder = decoder.map_err(|error| Error::corrupt(format_args!("zstd stream: {error}")))?;
            read_bounded(codec, decoder, bytes_max)
        }
    }
}

/// Grows with what really comes, so that a lie about a length costs nothing.
fn read_bounded(codec: Codec, reader: impl Read, bytes_max: usize) -> Result<Vec<u8>, Error> {
    let mut output = Vec::new();
    let limit = bytes_max as u64 + 1;
    let count = reader.take(limit).read_to_end(&mut output);
    count.map_err(|error| Error::corrupt(format_args!("{} stream: {error}", codec.name())))?;
    if output.len() > bytes_max {
        return Err(too_long(codec, bytes_max));
    }
    Ok(output)
}

fn too_long(codec: Codec, bytes_max: usize) -> Error {
    Error::corrupt(format_args!("{} stream: more than {bytes_max} bytes", codec.name()))
}

fn gzip(level: i32, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let level =
        u32::try_from(level).map_or_else(|_| flate2::Compression::default(), flate2::Compression::new);
    let mut encoder = flate2::write::GzEncoder::new(Vec::with_capacity(bytes.len() / 3), level);
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Independent blocks of 64 KiB without checksums, as Java writes them.
fn lz4(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let info = lz4_flex::frame::FrameInfo::new()
        .block_size(lz4_flex::frame::BlockSize::Max64KB)
        .block_mode(lz4_flex::frame::BlockMode::Independent);
    let output = Vec::with_capacity(bytes.len() / 2);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, output);
    encoder.write_all(bytes)?;
    encoder.finish().map_err(io::Error::other)
}

#[cfg(test)]
mod tests;
