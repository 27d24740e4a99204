//! Rows through LOAD DATA LOCAL: their lines are written while the server reads those before them.

use std::pin::pin;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use mysql_async::Error;
use mysql_async::prelude::Queryable;
use tokio::sync::mpsc;
use tracing::info;

use crate::jdbc::sink::cell::Row;
use crate::jdbc::sink::clock::Clock;
use crate::jdbc::sink::plan::Kind;
use crate::jdbc::sink::writer::{Refusal, Target};

use super::refusal::refusal;
use super::table::textual;
use super::{MySqlWriter, statement, value, within_any};

/// Fewer rows are not worth a stream.
const ROWS_MIN: usize = 32;
/// The bytes of a packet of a stream, and how many of them may wait for the server.
const PACKET_BYTES: usize = 64 * 1024;
const PACKETS_MAX: usize = 4;
/// The server refuses LOAD DATA LOCAL: it is switched off, or the client's side is unknown to it.
const LOCAL_REFUSED: [u16; 4] = [1148, 2068, 3948, 4166];

impl MySqlWriter {
    /// Whether rows may be inserted through a stream.
    pub(super) fn loads(&self, target: &Target, rows: &[Row<'_>]) -> bool {
        // Values without a schema tell their type only by themselves, which lines do not; what these are as text the
        // server only says where it knows the type.
        let spelled = |kind| {
            matches!(kind, Kind::Float32 | Kind::Float64 | Kind::Time | Kind::Timestamp | Kind::Epoch(_))
        };
        let typed = || {
            target
                .pairs()
                .all(|(field, column)| field.kind != Kind::Any && !(textual(column) && spelled(field.kind)))
        };
        self.local && target.table.bulk && rows.len() >= ROWS_MIN && typed()
    }

    /// Inserts rows through a stream; false: it cannot be told whether all of them are what they should be, and
    /// nothing is written. The server calls much a warning here that it calls an error elsewhere.
    pub(super) async fn load(&mut self, target: &Target, rows: &[Row<'_>]) -> Result<bool, Refusal> {
        self.query("SAVEPOINT ferroduct_load").await?;
        match self.stream(target, rows).await? {
            (Ok(()), Ok(())) => {}
            (Err(Error::Server(error)), _) if LOCAL_REFUSED.contains(&error.code) => {
                let code = error.code;
                info!(code, "the server does not allow LOAD DATA LOCAL; rows are inserted by statements");
                self.local = false;
                return Ok(false);
            }
            (Err(error), _) => return Err(refusal(&error)),
            (Ok(()), Err(misfit)) => {
                // The server has the rows before it.
                self.query("ROLLBACK TO SAVEPOINT ferroduct_load").await?;
                return Err(misfit);
            }
        }
        let all = self.conn.affected_rows() == rows.len() as u64 && self.conn.get_warnings() == 0;
        if !all {
            self.query("ROLLBACK TO SAVEPOINT ferroduct_load").await?;
        }
        Ok(all)
    }

    /// Streams rows into the table: what the server answers, and whether all rows could be written as lines.
    async fn stream(
        &mut self,
        target: &Target,
        rows: &[Row<'_>],
    ) -> Result<(Result<(), Error>, Result<(), Refusal>), Refusal> {
        let (packets, mut waiting) = mpsc::channel::<Bytes>(PACKETS_MAX);
        self.conn.set_infile_handler(async move {
            Ok(stream::poll_fn(move |context| waiting.poll_recv(context)).map(Ok).boxed())
        });
        let limit = self.access.url.settings.socket_timeout;
        let mut answer = pin!(within_any(limit, self.conn.query_drop(statement::load(target))));
        let mut lines = pin!(lines(&self.definitions.clock, target, rows, packets));
        let mut written = None;
        loop {
            tokio::select! {
                // A server that refuses takes no packets: they are not waited for.
                answer = &mut answer => return Ok((answer?, written.unwrap_or(Ok(())))),
                outcome = &mut lines, if written.is_none() => written = Some(outcome),
            }
        }
    }
}

/// Writes rows as lines, in packets that the server takes one after the other.
async fn lines(
    clock: &Clock,
    target: &Target,
    rows: &[Row<'_>],
    packets: mpsc::Sender<Bytes>,
) -> Result<(), Refusal> {
    let (mut bytes, mut scratch) = (Vec::with_capacity(PACKET_BYTES * 2), String::new());
    for row in rows {
        for (index, (field, column)) in target.pairs().enumerate() {
            if index > 0 {
                bytes.push(b'\t');
            }
            value::append(clock, field, column, field.cell(*row), &mut scratch, &mut bytes)?;
        }
        bytes.push(b'\n');
        if bytes.len() >= PACKET_BYTES {
            let full = std::mem::replace(&mut bytes, Vec::with_capacity(PACKET_BYTES * 2));
            if packets.send(full.into()).await.is_err() {
                // The answer says why the server wants no more.
                return Ok(());
            }
        }
    }
    // Nobody waits for it: the answer says the rest.
    drop(packets.send(bytes.into()).await);
    Ok(())
}
