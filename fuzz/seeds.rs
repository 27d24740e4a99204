//! Writes the first inputs of each target into `corpus/<target>`, run in `fuzz/`. It needs no crate:
//! `rustc --edition 2024 -o target/seeds seeds.rs && target/seeds`

use std::fs;
use std::path::Path;

/// The targets and their first inputs, as text.
const TEXTS: &[(&str, &[&str])] = &[
    (
        "json_schemaless",
        &[
            r#"{"a":1,"b":[true,null,-1.5e300,"x\ud83d\ude00\u0000"],"c":{"d":{}}}"#,
            "12345678901234567890123",
            r#""text""#,
            "[[[[[[[[]]]]]]]]",
            " null ",
        ],
    ),
    (
        "json_envelope",
        &[
            r#"{"schema":{"type":"string","optional":false},"payload":"x"}"#,
            r#"{"schema":{"type":"struct","name":"s","fields":[{"field":"a","type":"int32","optional":true,"default":1},{"field":"b","type":"array","items":{"type":"double"}},{"field":"m","type":"map","keys":{"type":"string"},"values":{"type":"int64"}}]},"payload":{"a":null,"b":[1.5],"m":{"k":2}}}"#,
            r#"{"schema":{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"2"}},"payload":"AQI="}"#,
            r#"{"schema":{"type":"int64","name":"org.apache.kafka.connect.data.Timestamp"},"payload":1}"#,
            r#"{"schema":{"type":"map","keys":{"type":"int32"},"values":{"type":"bytes"}},"payload":[[1,"AA=="]]}"#,
            r#"{"schema":null,"payload":{"a":1}}"#,
        ],
    ),
    (
        "json_schema_content",
        &[
            "{\"type\":\"struct\",\"fields\":[{\"field\":\"a\",\"type\":\"int8\"}]}\n{\"a\":1}",
            "{\"type\":\"float\"}\n1.5",
        ],
    ),
    ("plain_converters", &["\0text", "\u{1}\u{0}a\u{0}b", "\u{7}12345678", "\u{a}ab", "\u{b}\u{1}"]),
    (
        "header_values",
        &[
            "123",
            "-1.5e3",
            "true",
            "null",
            "\"quoted \\\" text\"",
            "[1, 2.5, \"a\", null, [true]]",
            "{\"a\": 1, \"b\": [1], \"c\": {}}",
            "2019-08-23T10:11:12.123Z",
            "2019-08-23",
            "10:11:12.123Z",
            "a\\:b",
        ],
    ),
    (
        "cluster_records",
        &[
            "connector-a\n{\"properties\":{\"connector.class\":\"x\"}}",
            "task-a-0\n{\"properties\":{}}",
            "commit-a\n{\"tasks\":2}",
            "target-state-a\n{\"state.v2\":\"STOPPED\",\"state\":\"PAUSED\"}",
            "session-key\n{\"algorithm\":\"HmacSHA256\",\"creation-timestamp\":1,\"key\":\"AAAA\"}",
            "restart-connector-a\n{\"include-tasks\":true,\"only-failed\":false}",
            "logger-cluster-a\n{\"level\":\"INFO\"}",
            "status-topic-t:connector-a\n{}",
            "status-task-a-0\n{}",
        ],
    ),
    ("offset_file", &["", "ferroduct offsets 1\n", "{}"]),
    (
        "properties",
        &["a=b\n# c\n! d\nkey\\ with\\u0020spaces : value \\\n  goes on\n=\n\\", "a\tb\r\nc=d\\\r\n e"],
    ),
    (
        "connector_file",
        &[
            "name=a\nconnector.class=b",
            r#"{"name":"a","config":{"x":1},"initial_state":"PAUSED"}"#,
            r#"{"name":"a","x":null}"#,
        ],
    ),
    (
        "date_format",
        &[
            "yyyy-MM-dd'T'HH:mm:ss.SSSXXX\n2020-02-30T25:61:61.123+01:00",
            "EEE, d MMM yy hh:mm a z\nWed, 4 Jul 01 12:08 PM PST",
            "G YYYY 'week' w W D F u k K S Z X\nAD 2020 week 1 1 1 1 1 24 0 1 +0100 Z",
            "''yyyy''''\n'2020''",
        ],
    ),
    (
        "java_regex",
        &[
            "(a+)+b\n$1-$0\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "(?<name>[^-]*)-(\\d{2,4}?)\n${name}_\\$x\nabc-1234",
            "[a-z&&[^bc]]++\\Q.*\\E|\\p{javaUpperCase}|\\x{41}\nx\nad.*",
            "(?i)(?=a)(?!b)(?<=c)\\b\\R\\h\\1\n\nA",
        ],
    ),
    (
        "transform",
        &[
            "\u{1}spec=a:int32,b:string\n\n{\"schema\":{\"type\":\"struct\",\"fields\":[{\"field\":\"a\",\"type\":\"string\"},{\"field\":\"b\",\"type\":\"int64\"}]},\"payload\":{\"a\":\"1\",\"b\":2}}",
            "\u{5}delimiter=.\n\n{\"a\":{\"b\":{\"c\":[1]}}}",
            "\u{3}field=a.b\nfield.syntax.version=V2\n\n{\"a\":{\"b\":1}}",
            "\u{d}renames=a:b,c:d\nexclude=e\n\n{\"a\":1,\"c\":2,\"e\":3}",
            "\u{9}static.field=s\nstatic.value=v\ntimestamp.field=ts\n\n{\"a\":1}",
            "\u{b}fields=a,b\nreplacement=0\n\n{\"a\":1,\"b\":\"x\"}",
            "\u{7}headers=h\nfields=a\noperation=move\n\n{\"a\":1}",
            "\u{11}target.type=string\nformat=yyyy\nfield=a\n\n{\"a\":1}",
        ],
    ),
];

fn main() {
    let corpus = Path::new("corpus");
    for (target, texts) in TEXTS {
        for (index, text) in texts.iter().enumerate() {
            write(corpus, target, index, text.as_bytes());
        }
    }
    for (index, set) in [batch(2), message(0), message(1), [message(1), batch(2)].concat()].iter().enumerate()
    {
        write(corpus, "record_set", index, set);
    }
    for (index, bytes) in group_bytes().iter().enumerate() {
        write(corpus, "group_bytes", index, bytes);
    }
    let snappy = b"\x02\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\0\0\0\x03\x01\0a".to_vec();
    let lz4 = b"\x03\x04\x22\x4d\x18\x60\x40\x82\x01\0\0\x80a\0\0\0\0".to_vec();
    let zstd = b"\x04\x28\xb5\x2f\xfd\x20\x01\x09\0\0a".to_vec();
    for (index, bytes) in
        [snappy, lz4, zstd, b"\x01\x1f\x8b\x08\0\0\0\0\0\0\x03K\x04\0\x43\xbe\xb7\xe8\x01\0\0\0".to_vec()]
            .iter()
            .enumerate()
    {
        write(corpus, "compressed", index, bytes);
    }
    java_offsets(corpus);
}

fn write(corpus: &Path, target: &str, index: usize, bytes: &[u8]) {
    let folder = corpus.join(target);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(format!("seed-{index}")), bytes).expect("a file");
}

/// One batch of format 2 with one record: the value `a` without a key.
fn batch(magic: u8) -> Vec<u8> {
    let record = [14, 0, 0, 0, 1, 2, b'a', 0];
    let mut batch = vec![0; 61];
    batch[8..12].copy_from_slice(&(49 + record.len() as i32).to_be_bytes());
    batch[16] = magic;
    batch[57..61].copy_from_slice(&1_i32.to_be_bytes());
    batch.extend(record);
    batch
}

/// One message of format 0 or 1: the value `a` without a key.
fn message(magic: u8) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 0, magic, 0];
    body.extend(vec![0; usize::from(magic) * 8]);
    body.extend((-1_i32).to_be_bytes());
    body.extend([0, 0, 0, 1, b'a']);
    let mut message = vec![0; 8];
    message.extend((body.len() as i32).to_be_bytes());
    message.extend(body);
    message
}

/// A subscription to `a` by the owner of partition 7 of it, and an assignment of that partition.
fn group_bytes() -> [Vec<u8>; 2] {
    let topic = [0, 1, b'a'];
    let partitions = [&[0, 0, 0, 1][..], &topic, &[0, 0, 0, 1, 0, 0, 0, 7]].concat();
    let nothing = [0xff; 4];
    let subscription =
        [&[0, 3, 0, 0, 0, 1][..], &topic, &nothing, &partitions, &[0, 0, 0, 3, 0, 1, b'r']].concat();
    [subscription, [&[0, 3][..], &partitions, &nothing].concat()]
}

/// The files of Java's that the worker's tests have, without their first four bytes.
fn java_offsets(corpus: &Path) {
    let files = fs::read_dir("../crates/worker/src/store/testdata").expect("run in `fuzz/`").flatten();
    for (index, file) in files.enumerate() {
        let bytes = fs::read(file.path()).expect("a file");
        write(corpus, "java_offset_file", index, bytes.get(4..).unwrap_or_default());
    }
}
