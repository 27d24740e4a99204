use bytes::Bytes;
use kafka_protocol::{
    messages::{
        ProduceRequest, TopicName,
        produce_request::{PartitionProduceData, TopicProduceData},
    },
    protocol::Encodable,
};

use super::*;
use crate::{
    compression::Compression,
    record::{BatchBuilder, Stamp},
    request::text,
};

fn outgoing(records: usize) -> Outgoing {
    let mut builder = BatchBuilder::new(0);
    (0..records).for_each(|_| builder.append(0, Some(b"key"), Some(&[b'x'; 100]), &[]));
    let batch = builder.finish(Compression::NONE).unwrap().unwrap();
    Outgoing {
        batch,
        stamp: Stamp { producer_id: 1, epoch: 2, sequence: 3, transactional: false },
        ticket: 0,
    }
}

fn generated(produce: &Produce) -> ProduceRequest {
    let topics = produce.topics().map(|batches| {
        let partitions = batches.iter().map(|((_, partition), out)| {
            let mut records = out.batch.header(out.stamp).to_vec();
            records.extend_from_slice(out.batch.body());
            PartitionProduceData::default().with_index(*partition).with_records(Some(Bytes::from(records)))
        });
        TopicProduceData::default()
            .with_name(TopicName(text(&batches[0].0.0)))
            .with_partition_data(partitions.collect())
    });
    ProduceRequest::default()
        .with_transactional_id(None)
        .with_acks(produce.acks)
        .with_timeout_ms(produce.timeout_ms)
        .with_topic_data(topics.collect())
}

#[test]
fn every_version_is_what_the_generated_encoder_writes() {
    let batches = vec![
        (("a".into(), 0), outgoing(1)),
        (("a".into(), 1), outgoing(1_000)),
        (("topic".repeat(40).as_str().into(), 7), outgoing(3)),
    ];
    let produce =
        Produce { id: 0, transactional_id: None, version_max: 12, acks: -1, timeout_ms: 30_000, batches };
    for version in Produce::VERSIONS.min..=Produce::VERSIONS.max {
        let mut frame = Segments::default();
        Request::encode(&produce, version, &mut frame).unwrap();
        let mut expected = BytesMut::new();
        generated(&produce).encode(&mut expected, version).unwrap();
        assert_eq!(frame.finish().concat(), expected, "version {version}");
    }
}
