//! Rows through MariaDB's bulk execution (`COM_STMT_BULK_EXECUTE`): one prepared statement and the parameters of many
//! rows in one request. The server reads them as they are, where lines of LOAD DATA are text that it parses byte by
//! byte, and refuses what a statement of one row would refuse.

use std::slice;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Params, Value};
use tokio::task::yield_now;

use crate::jdbc::sink::cell::Row;
use crate::jdbc::sink::clock::Clock;
use crate::jdbc::sink::plan::Kind;
use crate::jdbc::sink::writer::{Reason, Refusal, Target};

use super::{MySqlWriter, parameters, within};

/// The bytes of a request: beyond them larger requests are not faster, and two of them are there at a time.
const REQUEST_BYTES: usize = 512 * 1024;
/// What a request has besides its parameters, and its header; twice as much as is known of.
const REQUEST_RESERVE: usize = 1024;
/// So many rows are turned into parameters before the connection is looked after.
const ROWS_AT_ONCE: usize = 64;
/// "This command is not supported in the prepared statement protocol yet".
const NOT_IN_BULK: u16 = 1295;

/// Whether bulk execution was agreed on with the server, which the driver does not show: it executes one by one
/// otherwise. No server lets a SELECT be executed in bulk.
pub(super) async fn agreed(conn: &mut Conn) -> Result<bool, Error> {
    match conn.exec_batch("SELECT ?", [(1,)]).await {
        Ok(()) => Ok(false),
        Err(Error::Server(error)) if error.code == NOT_IN_BULK => Ok(true),
        Err(error) => Err(error),
    }
}

impl MySqlWriter {
    /// Whether rows may be written in bulk: a parameter has one type for all rows of a request, which values without
    /// a schema need not have.
    pub(super) fn takes_bulk(&self, target: &Target) -> bool {
        self.bulk && target.pairs().all(|(field, _)| field.kind != Kind::Any)
    }

    /// Runs a statement for some fields of each row.
    pub(super) async fn bulk(
        &mut self,
        sql: String,
        target: &Target,
        fields: &[usize],
        rows: &[Row<'_>],
    ) -> Result<(), Refusal> {
        let sent = self.send(sql, target, fields, rows).await;
        if sent.as_ref().is_err_and(|refusal| refusal.reason == Reason::Structure) {
            self.close_statements().await?;
        }
        sent
    }

    /// The parameters of the next request are made while the server is busy with one.
    async fn send(
        &mut self,
        sql: String,
        target: &Target,
        fields: &[usize],
        rows: &[Row<'_>],
    ) -> Result<(), Refusal> {
        let statement = self.prepared(sql).await?;
        let limit = self.access.url.settings.socket_timeout;
        let mut requests = Requests {
            clock: &self.definitions.clock,
            target,
            fields,
            rest: rows,
            rows_max: self.batch_size.max(1),
            packet: self.packet.saturating_sub(REQUEST_RESERVE + fields.len() * 2),
        };
        let mut request = requests.next().await?;
        while !request.is_empty() {
            let sent = within(limit, self.conn.exec_batch(&statement, request));
            let (sent, next) = tokio::join!(sent, requests.next());
            sent?;
            request = next?;
        }
        Ok(())
    }
}

/// Rows that are still to be sent.
struct Requests<'r, 'a> {
    clock: &'r Clock,
    target: &'r Target,
    fields: &'r [usize],
    rest: &'r [Row<'a>],
    rows_max: usize,
    /// The bytes of parameters that the server takes at once.
    packet: usize,
}

impl Requests<'_, '_> {
    /// The parameters of the next request, which fit into a packet: the driver would tell the server the types of the
    /// first only if it had to make several. Empty: there are no more rows.
    async fn next(&mut self) -> Result<Vec<Params>, Refusal> {
        let (mut request, mut bytes) = (Vec::new(), 0);
        while let Some((row, rest)) = self.rest.split_first() {
            let values = parameters(self.clock, self.target, self.fields, slice::from_ref(row))?;
            // Each value has a byte that says whether it is null.
            let size: usize = values.iter().map(|value| encoded_size(value) + 1).sum();
            if size > self.packet {
                let words = "the row is larger than `max_allowed_packet` of the server";
                return Err(Refusal::new(Reason::Row, words));
            }
            let full = request.len() >= self.rows_max || bytes + size > self.packet.min(REQUEST_BYTES);
            if full && !request.is_empty() {
                break;
            }
            request.push(Params::Positional(values));
            bytes += size;
            self.rest = rest;
            if request.len() % ROWS_AT_ONCE == 0 {
                yield_now().await;
            }
        }
        Ok(request)
    }
}

fn encoded_size(value: &Value) -> usize {
    usize::try_from(value.bin_len()).unwrap_or(usize::MAX)
}
