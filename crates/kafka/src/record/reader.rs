//! A bounds-checked cursor over bytes that came from the network.

/// Reads big-endian numbers, varints and slices; every read is `None` past the end.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    /// How many bytes are left.
    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next `length` bytes.
    #[inline]
    pub(crate) fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(head)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }

    pub(crate) fn i8(&mut self) -> Option<i8> {
        self.array().map(i8::from_be_bytes)
    }

    pub(crate) fn i16(&mut self) -> Option<i16> {
        self.array().map(i16::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    /// A zigzag varint of at most 64 bits, as record fields use it.
    #[inline]
    pub(crate) fn varlong(&mut self) -> Option<i64> {
        let first = *self.rest.first()?;
        if first < 0x80 {
            self.rest = &self.rest[1..];
            return Some(unzigzag(u64::from(first)));
        }
        self.varlong_slow()
    }

    fn varlong_slow(&mut self) -> Option<i64> {
        let mut value = 0u64;
        for (index, byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[index + 1..];
                return Some(unzigzag(value));
            }
        }
        None
    }

    /// A zigzag varint that must fit 32 bits.
    #[inline]
    pub(crate) fn varint(&mut self) -> Option<i32> {
        i32::try_from(self.varlong()?).ok()
    }

    /// Bytes after a varint length; `Some(None)` for the length -1 that stands for null.
    #[inline]
    pub(crate) fn varint_bytes(&mut self) -> Option<Option<&'a [u8]>> {
        let length = self.varint()?;
        self.nullable(length)
    }

    /// Bytes after a length of four bytes; `Some(None)` for null.
    pub(crate) fn i32_bytes(&mut self) -> Option<Option<&'a [u8]>> {
        let length = self.i32()?;
        self.nullable(length)
    }

    /// A string after a length of two bytes; `Some(None)` for null.
    pub(crate) fn nullable_string(&mut self) -> Option<Option<&'a str>> {
        let length = self.i16()?;
        match self.nullable(i32::from(length))? {
            None => Some(None),
            Some(bytes) => std::str::from_utf8(bytes).ok().map(Some),
        }
    }

    /// A string that may not be null.
    pub(crate) fn string(&mut self) -> Option<&'a str> {
        self.nullable_string()?
    }

    #[inline]
    fn nullable(&mut self, length: i32) -> Option<Option<&'a [u8]>> {
        match usize::try_from(length) {
            Ok(length) => self.slice(length).map(Some),
            Err(_) if length == -1 => Some(None),
            Err(_) => None,
        }
    }
}

#[inline]
fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
