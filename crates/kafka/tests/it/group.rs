//! Groups of our consumers and Java's.

use std::collections::BTreeSet;

use kafka::Subscription;
use serde_json::json;
use testkit::{Kafka, java::Judge};

use crate::reader::{Reader, consumer, eventually, topic, unique};

const PARTITIONS: i32 = 6;

fn java_member(bootstrap: &str, group: &str, topic: &str, settings: &[&str]) -> Judge {
    Judge::start_with("GroupMember", &[&[bootstrap, group, topic], settings].concat()).unwrap()
}

fn names(judge: &mut Judge, question: &str) -> BTreeSet<String> {
    serde_json::from_str(&judge.ask(question).unwrap()).unwrap()
}

/// Writes ten records to each partition and answers the names of all records there are then.
fn write(writer: &mut Judge, topic: &str, round: i64) -> BTreeSet<String> {
    for partition in 0..PARTITIONS {
        let order = json!({"topic": topic, "partition": partition, "from": 0, "count": 10, "codec": "none",
            "transaction": "none"});
        writer.ask(&order.to_string()).unwrap();
    }
    let offsets = (0..PARTITIONS).flat_map(|index| (0..10 * (round + 1)).map(move |offset| (index, offset)));
    offsets.map(|(index, offset)| format!("{topic}-{index}@{offset}")).collect()
}

fn all(topic: &str) -> BTreeSet<String> {
    (0..PARTITIONS).map(|index| format!("{topic}-{index}")).collect()
}

/// Each has half of the partitions, and no partition has two owners.
fn halved(topic: &str, ours: &BTreeSet<String>, javas: &BTreeSet<String>) -> bool {
    ours.len() == 3 && javas.len() == 3 && ours.union(javas).cloned().collect::<BTreeSet<_>>() == all(topic)
}

/// A group of one member of ours and one of Java's, whoever comes first and so leads: each has its share, all
/// is read, and what one leaves goes on with the other.
async fn a_mixed_group(strategy: &str, class: &str, ours_first: bool) {
    let kafka = Kafka::shared();
    let (bootstrap, name) = (kafka.bootstrap(), unique("mixed"));
    kafka.probe().unwrap().create_topic(&name, PARTITIONS as u32, &[]).unwrap();
    let mut writer = Judge::start_with("RecordWriter", &[bootstrap]).unwrap();
    let mut expected = write(&mut writer, &name, 0);
    let setting = format!("partition.assignment.strategy={class}");
    let ours = || {
        Reader::start(consumer(
            bootstrap,
            &name,
            topic(&name),
            &[("partition.assignment.strategy", strategy)],
        ))
    };
    let javas = || java_member(bootstrap, &name, &name, &[&setting]);
    let (ours, mut javas) = if ours_first {
        let ours = ours();
        eventually("all partitions for our member", || ours.assignment() == all(&name));
        (ours, javas())
    } else {
        let mut javas = javas();
        eventually("all partitions for Java's member", || names(&mut javas, "assignment") == all(&name));
        (ours(), javas)
    };
    eventually("a fair share for both", || {
        halved(&name, &ours.assignment(), &names(&mut javas, "assignment"))
    });
    expected.extend(write(&mut writer, &name, 1));
    let mut read = BTreeSet::new();
    eventually("every record read", || {
        read = ours.records().union(&names(&mut javas, "records")).cloned().collect();
        read == expected
    });
    if ours_first {
        ours.close().await;
        eventually("all partitions for Java's member", || names(&mut javas, "assignment") == all(&name));
    } else {
        names(&mut javas, "close");
        eventually("all partitions for our member", || ours.assignment() == all(&name));
        // All was committed by either before: nothing comes twice.
        expected.extend(write(&mut writer, &name, 2));
        eventually("the rest read by our member", || {
            read.extend(ours.records());
            read == expected
        });
        assert_eq!(ours.close().await.lock().unwrap().repeated, 0);
    }
}

const RANGE: &str = "org.apache.kafka.clients.consumer.RangeAssignor";
const COOPERATIVE: &str = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ours_leads_a_range_group() {
    a_mixed_group("range", RANGE, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn java_leads_a_range_group() {
    a_mixed_group(RANGE, RANGE, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ours_leads_a_cooperative_group() {
    a_mixed_group("cooperative-sticky", COOPERATIVE, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn java_leads_a_cooperative_group() {
    a_mixed_group(COOPERATIVE, COOPERATIVE, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pattern_sees_a_topic_that_comes_later() {
    let kafka = Kafka::shared();
    let mut probe = kafka.probe().unwrap();
    let name = unique("pattern");
    let first = format!("{name}-first");
    probe.create_topic(&first, 1, &[]).unwrap();
    let pattern = fancy_regex::Regex::new(&format!("{name}-[a-z]+")).unwrap();
    let settings = [("metadata.max.age.ms", "500")];
    let reader = Reader::start(consumer(kafka.bootstrap(), &name, Subscription::Pattern(pattern), &settings));
    eventually("the first topic", || reader.assignment().contains(&format!("{first}-0")));
    probe.create_topic(&format!("{name}-second"), 1, &[]).unwrap();
    probe.create_topic(&format!("not-{name}-third"), 1, &[]).unwrap();
    let both: BTreeSet<String> = [format!("{first}-0"), format!("{name}-second-0")].into();
    eventually("the second topic", || reader.assignment() == both);
    probe.delete_topic(&first).unwrap();
    eventually("only the second topic", || reader.assignment() == [format!("{name}-second-0")].into());
    reader.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leader_shares_out_new_partitions() {
    let kafka = Kafka::shared();
    let name = unique("growing");
    kafka.probe().unwrap().create_topic(&name, 1, &[]).unwrap();
    let settings = [("metadata.max.age.ms", "500"), ("partition.assignment.strategy", "cooperative-sticky")];
    let reader = Reader::start(consumer(kafka.bootstrap(), &name, topic(&name), &settings));
    eventually("the first partition", || reader.assignment().len() == 1);
    let alter = ["--bootstrap-server", kafka.bootstrap(), "--alter", "--topic", &name, "--partitions", "3"];
    testkit::java::JavaTool::run("org.apache.kafka.tools.TopicCommand", &alter, "").unwrap();
    eventually("all partitions", || reader.assignment().len() == 3);
    reader.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_does_not_exist_yet_is_waited_for() {
    let kafka = Kafka::shared();
    let name = unique("later");
    let settings = [("allow.auto.create.topics", "false")];
    let reader = Reader::start(consumer(kafka.bootstrap(), &name, topic(&name), &settings));
    // A second topic of the same group that exists shows when the first round is over.
    kafka.probe().unwrap().create_topic(&name, 2, &[]).unwrap();
    eventually("the topic", || reader.assignment().len() == 2);
    reader.close().await;
}

/// Members come and go in good order while records are written: each record is read once, by one of them.
async fn members_come_and_go(strategy: &str) {
    let kafka = Kafka::shared();
    let (bootstrap, name) = (kafka.bootstrap(), unique("churn"));
    kafka.probe().unwrap().create_topic(&name, PARTITIONS as u32, &[]).unwrap();
    let mut writer = Judge::start_with("RecordWriter", &[bootstrap]).unwrap();
    let settings = [("partition.assignment.strategy", strategy)];
    let start = || Reader::start(consumer(bootstrap, &name, topic(&name), &settings));
    let (mut readers, mut closed) = (vec![start(), start()], Vec::new());
    let mut expected = BTreeSet::new();
    for round in 0..6 {
        expected = write(&mut writer, &name, round);
        if round % 3 == 2 {
            closed.push(readers.remove(0).close().await);
        } else {
            readers.push(start());
        }
    }
    eventually("every partition with one of the members", || {
        let owned: Vec<String> = readers.iter().flat_map(Reader::assignment).collect();
        owned.len() == PARTITIONS as usize && owned.into_iter().collect::<BTreeSet<_>>() == all(&name)
    });
    let read = |readers: &[Reader]| -> Vec<String> {
        let gone = closed.iter().flat_map(|seen| seen.lock().unwrap().records.clone());
        readers.iter().flat_map(Reader::records).chain(gone).collect()
    };
    eventually("every record", || read(&readers).into_iter().collect::<BTreeSet<_>>() == expected);
    assert_eq!(read(&readers).len(), expected.len(), "a record was read by two members");
    for reader in readers {
        reader.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_a_range_group_come_and_go() {
    members_come_and_go("range").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_a_cooperative_group_come_and_go() {
    members_come_and_go("cooperative-sticky").await;
}
