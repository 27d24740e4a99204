//! Numbers, texts and lists.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Malformed;
use crate::cluster::{Loads, Share};
use crate::task::TaskId;

/// The number that stands for the connector itself in a list of its tasks.
const CONNECTOR: i32 = -1;

/// Stands before the loads of tasks, so that what a later version of Java adds in their place is not taken for them.
const LOADS: &[u8; 8] = b"frdloads";

/// Reads from the front of a slice.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether an older version, which ends here, was read.
    pub(super) fn ended(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed::CutOff)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        Ok(self.take(N)?.try_into().expect("as many bytes as were taken"))
    }

    pub(super) fn short(&mut self) -> Result<i16, Malformed> {
        self.array().map(i16::from_be_bytes)
    }

    pub(super) fn int(&mut self) -> Result<i32, Malformed> {
        self.array().map(i32::from_be_bytes)
    }

    pub(super) fn long(&mut self) -> Result<i64, Malformed> {
        self.array().map(i64::from_be_bytes)
    }

    pub(super) fn text(&mut self) -> Result<Arc<str>, Malformed> {
        let length = usize::try_from(self.short()?).map_err(|_| Malformed::Wrong("length"))?;
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| Malformed::Wrong("text"))?;
        Ok(text.into())
    }

    /// Bytes with their length in four bytes; `None` for -1.
    pub(super) fn nullable_bytes(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        match self.int()? {
            -1 => Ok(None),
            length => {
                let length = usize::try_from(length).map_err(|_| Malformed::Wrong("length"))?;
                self.take(length).map(Some)
            }
        }
    }

    /// A list of connectors, each with its tasks; null is an empty one.
    pub(super) fn share(&mut self) -> Result<Share, Malformed> {
        let mut share = Share::default();
        let count = self.int()?;
        if count < -1 {
            return Err(Malformed::Wrong("length"));
        }
        for _ in 0..count {
            let connector = self.text()?;
            let tasks = u32::try_from(self.int()?).map_err(|_| Malformed::Wrong("length"))?;
            for _ in 0..tasks {
                match self.int()? {
                    CONNECTOR => share.connectors.push(connector.clone()),
                    task => {
                        let task = u32::try_from(task).map_err(|_| Malformed::Wrong("number of a task"))?;
                        share.tasks.push(TaskId { connector: connector.clone(), task });
                    }
                }
            }
        }
        Ok(share)
    }

    /// The loads of tasks; none where something else stands, as they are of use and never needed.
    pub(super) fn loads(&mut self) -> Loads {
        let mut read = || -> Result<Loads, Malformed> {
            let mut loads = Loads::new();
            if self.array()? != *LOADS {
                return Err(Malformed::Wrong("end"));
            }
            for _ in 0..self.int()? {
                let connector = self.text()?;
                for _ in 0..self.int()? {
                    let number = |read: i32| u32::try_from(read).map_err(|_| Malformed::Wrong("number"));
                    let (task, load) = (number(self.int()?)?, number(self.int()?)?);
                    loads.insert(TaskId { connector: connector.clone(), task }, load);
                }
            }
            Ok(loads)
        };
        read().unwrap_or_default()
    }
}

/// Connectors, each with its tasks and their loads.
pub(super) fn put_loads(out: &mut Vec<u8>, loads: &Loads) -> Result<(), Malformed> {
    let mut connectors: BTreeMap<&str, Vec<[u32; 2]>> = BTreeMap::new();
    for (id, load) in loads {
        connectors.entry(&id.connector).or_default().push([id.task, *load]);
    }
    out.extend(LOADS);
    put_length(out, connectors.len())?;
    for (connector, tasks) in connectors {
        put_text(out, connector)?;
        put_length(out, tasks.len())?;
        out.extend(tasks.into_iter().flatten().flat_map(u32::to_be_bytes));
    }
    Ok(())
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) -> Result<(), Malformed> {
    let length = i16::try_from(text.len()).map_err(|_| Malformed::TooLong(text.len()))?;
    out.extend(length.to_be_bytes());
    out.extend(text.as_bytes());
    Ok(())
}

/// Bytes with their length in four bytes; -1 for `None`.
pub(super) fn put_nullable_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) -> Result<(), Malformed> {
    let Some(bytes) = bytes else {
        out.extend((-1_i32).to_be_bytes());
        return Ok(());
    };
    put_length(out, bytes.len())?;
    out.extend(bytes);
    Ok(())
}

/// Connectors in the order in which they, or the first of their tasks, stand in the share.
pub(super) fn put_share(out: &mut Vec<u8>, share: &Share) -> Result<(), Malformed> {
    let mut order: Vec<(&str, Vec<i32>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let connectors = share.connectors.iter().map(|connector| (&**connector, CONNECTOR));
    let tasks = share.tasks.iter().map(|id| (&*id.connector, id.task.cast_signed()));
    for (connector, number) in connectors.chain(tasks) {
        let place = *places.entry(connector).or_insert_with(|| {
            order.push((connector, Vec::new()));
            order.len() - 1
        });
        order[place].1.push(number);
    }
    put_length(out, order.len())?;
    for (connector, numbers) in order {
        put_text(out, connector)?;
        put_length(out, numbers.len())?;
        out.extend(numbers.into_iter().flat_map(i32::to_be_bytes));
    }
    Ok(())
}

fn put_length(out: &mut Vec<u8>, length: usize) -> Result<(), Malformed> {
    let length = i32::try_from(length).map_err(|_| Malformed::TooLong(length))?;
    out.extend(length.to_be_bytes());
    Ok(())
}
