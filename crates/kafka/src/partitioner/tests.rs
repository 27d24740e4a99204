use super::*;

/// The values of `UtilsTest.testMurmur2` in Apache Kafka.
#[test]
fn the_hash_is_javas() {
    let cases: [(&[u8], i32); 6] = [
        (b"21", -973_932_308),
        (b"foobar", -790_332_482),
        (b"a-little-bit-long-string", -985_981_536),
        (b"a-little-bit-longer-string", -1_486_304_829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        (b"abc", 479_470_107),
    ];
    for (key, expected) in cases {
        assert_eq!(murmur2(key) as i32, expected, "{key:?}");
    }
}

#[test]
fn keys_go_where_java_puts_them() {
    assert_eq!(partition_of_key(br#"["local-file-source",{"filename":"test.txt"}]"#, 25), 10);
    assert_eq!(partition_of_key(b"status-connector-foo", 5), 3);
    assert_eq!(partition_of_key(b"status-task-foo-0", 5), 1);
    assert_eq!(partition_of_key(b"status-topic-bar:connector-foo", 5), 3);
}

#[test]
fn records_without_key_stay_until_a_batch_is_full() {
    let mut partitioner = Partitioner::new(1_000, false);
    let first = partitioner.partition(None, 100, 50);
    assert!((0..9).all(|_| partitioner.partition(None, 100, 50) == first));
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..2_000 {
        seen.insert(partitioner.partition(None, 1_000, 50));
    }
    assert_eq!(seen.len(), 50);
}

#[test]
fn a_key_may_be_ignored() {
    let mut partitioner = Partitioner::new(1_000, true);
    let first = partitioner.partition(Some(b"a"), 10, 50);
    assert_eq!(partitioner.partition(Some(b"b"), 10, 50), first);
}
