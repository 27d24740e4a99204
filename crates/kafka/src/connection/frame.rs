//! Frames on the wire: four bytes of length, then so many bytes.

use std::{
    io::{self, IoSlice},
    time::Duration,
};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::oneshot,
};

/// A frame to be written, in segments that are never copied together.
pub(super) struct Frame {
    segments: Chunks,
    written: Option<oneshot::Sender<()>>,
}

impl Frame {
    /// Puts the length before the segments; `written` is told once the socket has all of it.
    pub(super) fn new(segments: Vec<Bytes>, written: Option<oneshot::Sender<()>>) -> Frame {
        let length: usize = segments.iter().map(Bytes::len).sum();
        let length = u32::try_from(length).expect("a request is far below 4 GiB");
        let mut all = Vec::with_capacity(segments.len() + 1);
        all.push(Bytes::copy_from_slice(&length.to_be_bytes()));
        all.extend(segments);
        Frame { segments: Chunks { all, first: 0 }, written }
    }

    pub(super) async fn write(mut self, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        writer.write_all_buf(&mut self.segments).await?;
        if let Some(written) = self.written {
            // The one who asked may have gone away.
            let _ = written.send(());
        }
        Ok(())
    }
}

/// Several byte strings read as one; written with one system call where the socket takes it.
struct Chunks {
    all: Vec<Bytes>,
    first: usize,
}

impl Buf for Chunks {
    fn remaining(&self) -> usize {
        self.all[self.first..].iter().map(Bytes::len).sum()
    }

    fn chunk(&self) -> &[u8] {
        self.all.get(self.first).map_or(&[], |bytes| bytes)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let rest = &self.all[self.first..];
        for (slice, bytes) in slices.iter_mut().zip(rest) {
            *slice = IoSlice::new(bytes);
        }
        slices.len().min(rest.len())
    }

    fn advance(&mut self, mut count: usize) {
        while count > 0 {
            let chunk = &mut self.all[self.first];
            let step = count.min(chunk.len());
            chunk.advance(step);
            count -= step;
            if chunk.is_empty() {
                // Lets go of the bytes as soon as the socket has them.
                *chunk = Bytes::new();
                self.first += 1;
            }
        }
    }
}

/// Reads one frame into a buffer of exactly its size.
pub(super) async fn read(reader: &mut (impl AsyncRead + Unpin), bytes_max: usize) -> io::Result<Bytes> {
    let mut head = BytesMut::with_capacity(4);
    fill(reader, &mut head, 4).await?;
    read_body(reader, &head, bytes_max).await
}

/// Like [`read`]; `None` when nothing at all came for the time `idle`.
pub(super) async fn read_unless_idle(
    reader: &mut (impl AsyncRead + Unpin),
    bytes_max: usize,
    idle: Option<Duration>,
) -> io::Result<Option<Bytes>> {
    let mut head = BytesMut::with_capacity(4);
    if let Some(idle) = idle {
        // Reading into the buffer is cancel safe: what has come is in it.
        match tokio::time::timeout(idle, reader.read_buf(&mut (&mut head).limit(4))).await {
            Err(_) => return Ok(None),
            Ok(count) => at_least_one(count?)?,
        }
    }
    fill(reader, &mut head, 4).await?;
    read_body(reader, &head, bytes_max).await.map(Some)
}

async fn read_body(
    reader: &mut (impl AsyncRead + Unpin),
    mut head: &[u8],
    bytes_max: usize,
) -> io::Result<Bytes> {
    let length = head.get_i32();
    let Some(length) = usize::try_from(length).ok().filter(|length| *length <= bytes_max) else {
        let problem = format!("an answer of {length} bytes; at most {bytes_max} are taken");
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    };
    let mut body = BytesMut::with_capacity(length);
    fill(reader, &mut body, length).await?;
    Ok(body.freeze())
}

/// Reads until the buffer holds `length` bytes.
async fn fill(reader: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut, length: usize) -> io::Result<()> {
    while buffer.len() < length {
        let missing = length - buffer.len();
        let count = reader.read_buf(&mut (&mut *buffer).limit(missing)).await?;
        at_least_one(count)?;
    }
    Ok(())
}

fn at_least_one(count: usize) -> io::Result<()> {
    if count == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the broker closed it"));
    }
    Ok(())
}
