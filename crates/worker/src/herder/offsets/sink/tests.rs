use super::*;

fn parsed(json: &str) -> Result<Vec<Wanted>, String> {
    let offset: ConnectorOffset = serde_json::from_str(json).expect("an offset");
    parse(&[offset]).map_err(|error| error.to_string())
}

#[test]
fn numbers_and_texts_are_taken() {
    let wanted = |offset| Ok(vec![(TopicPartition::new("t", 3), offset)]);
    let as_numbers =
        r#"{"partition": {"kafka_topic": "t", "kafka_partition": 3}, "offset": {"kafka_offset": 7}}"#;
    let as_texts =
        r#"{"partition": {"kafka_topic": "t", "kafka_partition": "3"}, "offset": {"kafka_offset": "7"}}"#;
    let without = r#"{"partition": {"kafka_topic": "t", "kafka_partition": 3}, "offset": null}"#;
    assert_eq!(parsed(as_numbers), wanted(Some(7)));
    assert_eq!(parsed(as_texts), wanted(Some(7)));
    assert_eq!(parsed(without), wanted(None));
}

#[test]
fn what_is_wrong_is_told_in_kafkas_words() {
    let cases = [
        (
            r#"{"partition": {"kafka_topic": "t"}, "offset": null}"#,
            "The partition for a sink connector offset must contain the keys 'kafka_topic' and 'kafka_partition'",
        ),
        (
            r#"{"partition": {"kafka_topic": null, "kafka_partition": 0}, "offset": null}"#,
            "Kafka topic names must be valid strings and may not be null",
        ),
        (
            r#"{"partition": {"kafka_topic": "t", "kafka_partition": null}, "offset": null}"#,
            "Kafka partitions must be valid numbers and may not be null",
        ),
        (
            r#"{"partition": {"kafka_topic": "t", "kafka_partition": "x"}, "offset": null}"#,
            "Failed to parse the following Kafka partition value in the provided offsets: 'x'. Partition values for \
             sink connectors need to be integers.",
        ),
        (
            r#"{"partition": {"kafka_topic": "t", "kafka_partition": 0}, "offset": {"x": 1}}"#,
            "The offset for a sink connector should either be null or contain the key 'kafka_offset'",
        ),
        (
            r#"{"partition": {"kafka_topic": "t", "kafka_partition": 0}, "offset": {"kafka_offset": 1.5}}"#,
            "Failed to parse the following Kafka offset value in the provided offsets: '1.5'. Offset values for sink \
             connectors need to be integers.",
        ),
    ];
    for (json, expected) in cases {
        assert_eq!(parsed(json).expect_err("wrong"), expected);
    }
}

#[test]
fn an_offset_is_shown_as_kafka_shows_it() {
    let shown = serde_json::to_string(&shown(&kafka::TopicPartition::new("t", 3), 7)).expect("JSON");
    assert_eq!(shown, r#"{"partition":{"kafka_partition":3,"kafka_topic":"t"},"offset":{"kafka_offset":7}}"#);
}
