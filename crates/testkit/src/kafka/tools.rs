//! Kafka's own command line tools, run against the broker.

use std::time::Duration;

use anyhow::Context;

use super::Kafka;
use crate::java::JavaTool;
use crate::wait;

/// How long records may take to be in the topic they are read from.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(180);

impl Kafka {
    /// Returns what `kafka-topics.sh --describe` prints.
    ///
    /// # Errors
    ///
    /// When Kafka's tool fails.
    pub fn describe_topic(&self, topic: &str) -> anyhow::Result<String> {
        self.tool("org.apache.kafka.tools.TopicCommand", &["--describe", "--topic", topic], "")
    }

    /// Runs the console producer with further arguments and `input` as its standard input.
    ///
    /// # Errors
    ///
    /// When Kafka's tool fails.
    pub fn produce_with(&self, args: &[&str], input: &str) -> anyhow::Result<()> {
        self.tool("org.apache.kafka.tools.ConsoleProducer", args, input).map(drop)
    }

    /// Waits for `count` records and reads them from the start with the console consumer and further arguments,
    /// such as `--formatter-property print.key=true`.
    ///
    /// # Errors
    ///
    /// When Kafka's tool fails, or when there are fewer records after three minutes.
    pub fn consume_with(&self, topic: &str, count: usize, args: &[&str]) -> anyhow::Result<Vec<String>> {
        self.wait_for_records(topic, count)?;
        let text = count.to_string();
        let mut all =
            vec!["--topic", topic, "--from-beginning", "--max-messages", &text, "--timeout-ms", "120000"];
        all.extend(args);
        let printed = self.tool("org.apache.kafka.tools.consumer.ConsoleConsumer", &all, "")?;
        let lines: Vec<String> = printed.split_terminator('\n').map(str::to_owned).collect();
        anyhow::ensure!(lines.len() >= count, "`{topic}` gave {} of {count} records", lines.len());
        Ok(lines)
    }

    /// The console consumer would create a topic that is not there yet, before its writer does as it should be.
    pub(super) fn wait_for_records(&self, topic: &str, count: usize) -> anyhow::Result<()> {
        let mut last = Ok(Vec::new());
        let arrived = wait::until("their arrival", ARRIVAL_LIMIT, Duration::from_millis(100), || {
            last = self.end_offsets(topic);
            let ends = last.as_ref().map_or(0, |ends| ends.iter().sum::<u64>());
            Ok((ends >= count as u64).then_some(()))
        });
        arrived.with_context(|| format!("`{topic}` has not got {count} records, but {last:?}"))
    }

    /// Runs `kafka-consumer-groups.sh` and returns what it prints.
    ///
    /// # Errors
    ///
    /// When Kafka's tool fails.
    pub fn consumer_groups(&self, args: &[&str]) -> anyhow::Result<String> {
        self.tool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", args, "")
    }

    /// Runs one of Kafka's tools with `--bootstrap-server` of this broker.
    ///
    /// # Errors
    ///
    /// When the tool ends with another code than 0; the error holds its output.
    pub fn tool(&self, class: &str, args: &[&str], stdin: &str) -> anyhow::Result<String> {
        let mut all = vec!["--bootstrap-server", self.bootstrap()];
        all.extend(args);
        JavaTool::run(class, &all, stdin)
    }
}
