//! Which partition a record goes to, as Kafka's default partitioner decides.

use crate::backoff::random;

/// Java's default: by the key's hash; without a key the same partition until it has had `batch.size` bytes.
#[derive(Clone, Debug)]
pub struct Partitioner {
    sticky_bytes: usize,
    ignore_keys: bool,
    current: Option<i32>,
    bytes: usize,
}

impl Partitioner {
    /// `batch_size` is `batch.size`; `ignore_keys` is `partitioner.ignore.keys`.
    pub fn new(batch_size: usize, ignore_keys: bool) -> Partitioner {
        Partitioner { sticky_bytes: batch_size.max(1), ignore_keys, current: None, bytes: 0 }
    }

    /// The partition of a record that weighs so many bytes, for one topic with so many partitions.
    ///
    /// # Panics
    /// When `partitions` is not positive.
    pub fn partition(&mut self, key: Option<&[u8]>, bytes: usize, partitions: i32) -> i32 {
        assert!(partitions > 0, "a topic has partitions");
        match key {
            Some(key) if !self.ignore_keys => partition_of_key(key, partitions),
            _ => self.sticky(bytes, partitions),
        }
    }

    fn sticky(&mut self, bytes: usize, partitions: i32) -> i32 {
        let stay = self.current.filter(|partition| *partition < partitions && self.bytes < self.sticky_bytes);
        let partition = stay.unwrap_or_else(|| {
            self.bytes = 0;
            // Below 2^31, as `partitions` is.
            (random() % u64::from(partitions as u32)) as i32
        });
        self.current = Some(partition);
        self.bytes += bytes;
        partition
    }
}

/// The partition of a key: its murmur2 hash without the sign, modulo the number of partitions.
pub fn partition_of_key(key: &[u8], partitions: i32) -> i32 {
    (murmur2(key) & 0x7fff_ffff) as i32 % partitions
}

/// The variant of MurmurHash2 of Kafka's `Utils.murmur2`.
fn murmur2(bytes: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;
    let mut hash = SEED ^ bytes.len() as u32;
    let mut words = bytes.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k ^= k >> R;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = words.remainder();
    for (index, byte) in rest.iter().enumerate() {
        hash ^= u32::from(*byte) << (8 * index);
    }
    if !rest.is_empty() {
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests;
