use testkit::Kafka;
use testkit::java::Judge;

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

#[test]
fn the_probe_counts_records_and_tells_errors() {
    let kafka = Kafka::shared();
    let mut probe = kafka.probe().unwrap();
    probe.create_topic("probed", 3, &[("retention.ms", "-1")]).unwrap();

    kafka.produce("probed", &["a", "b", "c"]).unwrap();

    assert_eq!(probe.records("probed").unwrap(), 3);
    assert!(probe.topics().unwrap().contains(&"probed".to_owned()));
    assert!(probe.records("never-made").unwrap_err().to_string().contains("UnknownTopic"));
}

#[test]
fn a_proxied_broker_is_reached_through_its_proxy_only() {
    let kafka = Kafka::builder().proxied().start().unwrap();
    let mut probe = kafka.probe().unwrap();
    probe.create_topic("far", 1, &[]).unwrap();
    let mut judge = Judge::start_with("Probe", &[&kafka.proxied_bootstrap()]).unwrap();
    let ends = r#"{"op": "ends", "topic": "far"}"#;
    assert_eq!(judge.ask(ends).unwrap(), r#"{"ok":{"0":0}}"#);
    let before = kafka.proxy().accepted();

    kafka.proxy().cut();

    assert_eq!(judge.ask(ends).unwrap(), r#"{"ok":{"0":0}}"#);
    assert!(kafka.proxy().accepted() > before, "the client came back through the proxy");
}
