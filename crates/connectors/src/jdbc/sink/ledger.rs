//! `delivery.guarantee=exactly_once`: how far each partition is written, in a table of the database.
//!
//! A put claims its partitions in its own transaction: it moves their offsets from where it thinks they are, which
//! fails for one of two tasks that write the same partition. What the table says counts, not what Kafka's group says.

use std::collections::HashMap;

use api::{Batch, Offsets, TopicPartition};
use tracing::info;

use super::cell::Row;
use super::config::Options;
use super::ddl::Ddl;
use super::writer::{Reason, Refusal, Writer};
use crate::jdbc::dialect::TableId;

/// How far the partitions of a task are written.
pub(super) struct Ledger {
    connector: String,
    table: TableId,
    /// The table's name in SQL, once it is known to be there.
    sql: Option<String>,
    /// For each partition whose row was read the offset to write next; `None`: it has no row.
    known: HashMap<TopicPartition, Option<i64>>,
}

impl Ledger {
    /// The ledger of a connector.
    pub(super) fn new(options: &Options, table: TableId) -> Self {
        Self { connector: options.connector.clone(), table, sql: None, known: HashMap::new() }
    }

    /// Forgets what was read, which may not be so any more.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.sql = None;
    }

    /// Forgets partitions that are no longer ours.
    pub(super) fn close(&mut self, partitions: &[TopicPartition]) {
        self.known.retain(|partition, _| !partitions.contains(partition));
    }

    /// Reads the offsets of partitions that are not known, and answers all that are there.
    pub(super) async fn read(
        &mut self,
        writer: &mut dyn Writer,
        partitions: &[TopicPartition],
    ) -> Result<Offsets, Refusal> {
        if partitions.iter().any(|partition| !self.known.contains_key(partition)) {
            let sql = self.table(writer).await?;
            let connector = writer.ddl().text(&self.connector);
            let select = format!(
                "SELECT topic, kafka_partition, next_offset FROM {sql} WHERE connector = {connector}"
            );
            let rows = writer.offsets(&select).await?;
            for partition in partitions {
                let row = rows.iter().find(|(topic, number, _)| {
                    **topic == *partition.topic && *number == i64::from(partition.partition)
                });
                self.known.insert(partition.clone(), row.map(|(_, _, offset)| *offset));
            }
        }
        let known =
            partitions.iter().filter_map(|partition| Some((partition.clone(), self.known[partition]?)));
        Ok(known.collect())
    }

    /// Whether a record is written already.
    pub(super) fn written(&self, row: Row<'_>) -> bool {
        let partition = of(row);
        self.known.get(&partition).is_some_and(|next| next.is_some_and(|next| row.record.offset < next))
    }

    /// The partitions of batches.
    pub(super) fn partitions(batches: &[Batch]) -> Vec<TopicPartition> {
        let rows =
            batches.iter().flat_map(|batch| batch.records.iter().map(move |record| Row { batch, record }));
        let mut partitions: Vec<TopicPartition> = Vec::new();
        for row in rows {
            let same = |partition: &TopicPartition| {
                *partition.topic == **row.batch.offset_topic()
                    && Some(partition.partition) == row.record.partition
            };
            if !partitions.last().is_some_and(same) && !partitions.iter().any(same) {
                partitions.push(of(row));
            }
        }
        partitions
    }

    /// Where partitions stand once these batches are written.
    pub(super) fn behind(&self, batches: &[Batch]) -> Offsets {
        let mut behind = Offsets::new();
        for partition in Self::partitions(batches) {
            let ours = batches.iter().filter(|batch| *batch.offset_topic() == partition.topic);
            let records = ours.flat_map(|batch| &batch.records);
            let offsets = records.filter(|record| record.partition == Some(partition.partition));
            let next = offsets.map(|record| record.offset + 1).max();
            let stored = self.known.get(&partition).copied().flatten();
            if let Some(next) = next.filter(|next| stored.is_none_or(|stored| *next > stored)) {
                behind.insert(partition, next);
            }
        }
        behind
    }

    /// Moves the offsets, in the transaction of the rows.
    pub(super) async fn claim(&self, writer: &mut dyn Writer, behind: &Offsets) -> Result<(), Refusal> {
        let sql = self.sql.as_deref().unwrap_or_default();
        for (partition, next) in behind {
            let statement = self.moved(writer.ddl(), sql, partition, *next);
            let elsewhere = || {
                let (topic, number) = (&partition.topic, partition.partition);
                Refusal::new(
                    Reason::Passing,
                    format_args!("another task has written `{topic}`-{number} meanwhile"),
                )
            };
            match writer.change(&statement).await {
                Ok(1) => {}
                Ok(_) => return Err(elsewhere()),
                Err(refusal) if refusal.reason == Reason::Row => return Err(elsewhere().caused_by(refusal)),
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(())
    }

    /// The statement that moves the offset of a partition from where it is thought to be.
    fn moved(&self, ddl: &dyn Ddl, sql: &str, partition: &TopicPartition, next: i64) -> String {
        let (connector, topic) = (ddl.text(&self.connector), ddl.text(&partition.topic));
        let number = partition.partition;
        match self.known.get(partition).copied().flatten() {
            Some(stored) => format!(
                "UPDATE {sql} SET next_offset = {next} WHERE connector = {connector} AND topic = {topic} \
                 AND kafka_partition = {number} AND next_offset = {stored}"
            ),
            None => format!("INSERT INTO {sql} VALUES ({connector}, {topic}, {number}, {next})"),
        }
    }

    /// The offsets were moved for good.
    pub(super) fn committed(&mut self, behind: Offsets) {
        self.known.extend(behind.into_iter().map(|(partition, next)| (partition, Some(next))));
    }

    /// The table's name in SQL. The table is made if it is not there.
    async fn table(&mut self, writer: &mut dyn Writer) -> Result<String, Refusal> {
        if let Some(sql) = &self.sql {
            return Ok(sql.clone());
        }
        let found = writer.find(&self.table).await?;
        if found.table.is_none() {
            info!(table = found.shown, "creates the table of offsets");
            let text = writer.ddl().exact_text();
            let create = format!(
                "CREATE TABLE {} (connector {text} NOT NULL, topic {text} NOT NULL, kafka_partition INTEGER NOT NULL, \
                 next_offset BIGINT NOT NULL, PRIMARY KEY (connector, topic, kafka_partition))",
                found.sql
            );
            match writer.define(&create).await {
                // Another task was faster.
                Err(refusal) if refusal.reason == Reason::Structure => {}
                created => created?,
            }
        }
        self.sql = Some(found.sql.clone());
        Ok(found.sql)
    }
}

fn of(row: Row<'_>) -> TopicPartition {
    TopicPartition::new(row.batch.offset_topic().clone(), row.record.partition.unwrap_or(-1))
}
