use testkit::Kafka;

#[test]
fn what_the_console_producer_writes_the_console_consumer_reads() {
    let kafka = Kafka::shared();
    kafka.create_topic("round-trip", 2).unwrap();
    assert!(kafka.describe_topic("round-trip").unwrap().contains("PartitionCount: 2"));

    kafka.produce("round-trip", &["ä", "b"]).unwrap();

    let mut lines = kafka.consume("round-trip", 2).unwrap();
    lines.sort();
    assert_eq!(lines, ["b", "ä"]);
    assert_eq!(kafka.end_offsets("round-trip").unwrap().iter().sum::<u64>(), 2);
}

#[test]
fn a_killed_broker_restarts_with_its_data() {
    let mut kafka = Kafka::start().unwrap();
    kafka.create_topic("kept", 1).unwrap();
    kafka.produce("kept", &["one"]).unwrap();

    kafka.kill().unwrap();
    kafka.restart().unwrap();

    assert_eq!(kafka.consume("kept", 1).unwrap(), ["one"]);
}
