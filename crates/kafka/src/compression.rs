//! The five codecs of Kafka's record batches, both ways, with bounded output.

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
