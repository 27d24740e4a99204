//! The offset file of a Java worker: a `HashMap<byte[], byte[]>` as `ObjectOutputStream` writes it.
//!
//! Only this one shape is read (Java Object Serialization Specification, chapter 6), so nothing in the file
//! decides what is allocated beyond its own length.

use std::sync::Arc;

use super::entries::Entries;
use super::format::Damage;

/// `STREAM_MAGIC` and version 5.
const MAGIC: [u8; 4] = [0xac, 0xed, 0x00, 0x05];
const TC_NULL: u8 = 0x70;
const TC_REFERENCE: u8 = 0x71;
const TC_CLASSDESC: u8 = 0x72;
const TC_OBJECT: u8 = 0x73;
const TC_ARRAY: u8 = 0x75;
const TC_BLOCKDATA: u8 = 0x77;
const TC_ENDBLOCKDATA: u8 = 0x78;
/// The number of the first object that can be referred to.
const FIRST_HANDLE: u32 = 0x007e_0000;
/// `SC_WRITE_METHOD | SC_SERIALIZABLE`, which a hash map has.
const FLAGS_MAP: u8 = 0x03;
/// `SC_SERIALIZABLE`, which an array has.
const FLAGS_ARRAY: u8 = 0x02;

/// Whether a file is one of a Java worker.
pub(super) fn java(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC[..2])
}

/// Reads the whole file. An entry without a value is a forgotten partition.
pub(super) fn read(bytes: &[u8]) -> Result<Entries, Damage> {
    let mut stream = Stream { rest: bytes, handles: Vec::new() };
    stream.expect(&MAGIC, "the stream is not of version 5")?;
    stream.expect(&[TC_OBJECT, TC_CLASSDESC], "it holds no object")?;
    let count = stream.map_header()?;
    let mut entries = Entries::default();
    for _ in 0..count {
        let (key, value) = (stream.array()?, stream.array()?);
        if let (Some(key), Some(value)) = (key, value) {
            entries.add(key, value);
        }
    }
    stream.expect(&[TC_ENDBLOCKDATA], "the map does not end where it should")?;
    if stream.rest.is_empty() { Ok(entries) } else { Err(damage("something follows the map")) }
}

/// What an earlier part of the stream can be referred to as.
enum Handle {
    ArrayClass,
    Array(Arc<[u8]>),
    Other,
}

struct Stream<'a> {
    rest: &'a [u8],
    handles: Vec<Handle>,
}

impl Stream<'_> {
    /// Reads up to the first entry and answers how many there are.
    fn map_header(&mut self) -> Result<u32, Damage> {
        let wrong = "what it holds is no java.util.HashMap";
        self.expect(&name("java.util.HashMap"), wrong)?;
        self.take(8)?; // serialVersionUID
        self.expect(&[FLAGS_MAP, 0, 2], wrong)?;
        for (kind, field) in [(b'F', "loadFactor"), (b'I', "threshold")] {
            self.expect(&[kind], wrong)?;
            self.expect(&name(field), wrong)?;
        }
        self.expect(&[TC_ENDBLOCKDATA, TC_NULL], wrong)?;
        self.handles.extend([Handle::Other, Handle::Other]); // the class, the map
        self.take(8)?; // loadFactor, threshold
        self.expect(&[TC_BLOCKDATA, 8], wrong)?;
        self.int()?; // capacity
        self.int()
    }

    /// Reads a `byte[]` or null.
    fn array(&mut self) -> Result<Option<Arc<[u8]>>, Damage> {
        match self.byte()? {
            TC_NULL => Ok(None),
            TC_ARRAY => {
                self.array_class()?;
                let length = self.int()?;
                let bytes: Arc<[u8]> = self.take(length as usize)?.into();
                self.handles.push(Handle::Array(bytes.clone()));
                Ok(Some(bytes))
            }
            TC_REFERENCE => match self.handle()? {
                Handle::Array(bytes) => Ok(Some(bytes.clone())),
                Handle::ArrayClass | Handle::Other => Err(damage("an entry refers to what is no byte array")),
            },
            _ => Err(damage("an entry is no byte array")),
        }
    }

    fn array_class(&mut self) -> Result<(), Damage> {
        let wrong = "an entry is an array of something else than bytes";
        match self.byte()? {
            TC_CLASSDESC => {
                self.expect(&name("[B"), wrong)?;
                self.take(8)?; // serialVersionUID
                self.expect(&[FLAGS_ARRAY, 0, 0, TC_ENDBLOCKDATA, TC_NULL], wrong)?;
                self.handles.push(Handle::ArrayClass);
                Ok(())
            }
            TC_REFERENCE => match self.handle()? {
                Handle::ArrayClass => Ok(()),
                Handle::Array(_) | Handle::Other => Err(damage(wrong)),
            },
            _ => Err(damage(wrong)),
        }
    }

    fn handle(&mut self) -> Result<&Handle, Damage> {
        let index = self.int()?.checked_sub(FIRST_HANDLE);
        let handle = index.and_then(|index| self.handles.get(index as usize));
        handle.ok_or_else(|| damage("it refers to an object that is not there"))
    }

    fn int(&mut self) -> Result<u32, Damage> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn byte(&mut self) -> Result<u8, Damage> {
        Ok(self.take(1)?[0])
    }

    fn expect(&mut self, expected: &[u8], otherwise: &str) -> Result<(), Damage> {
        if self.take(expected.len())? == expected { Ok(()) } else { Err(damage(otherwise)) }
    }

    fn take(&mut self, count: usize) -> Result<&[u8], Damage> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| damage("it is cut off"))?;
        self.rest = rest;
        Ok(taken)
    }
}

/// A name as Java writes one: its length in two bytes, and its letters.
fn name(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("a short name");
    [&length.to_be_bytes(), text.as_bytes()].concat()
}

fn damage(words: &str) -> Damage {
    Damage::Java(words.to_owned())
}
