//! Our clients against three brokers, which are killed one after the other: leaders and coordinators move.

use std::{collections::BTreeMap, sync::Arc};

use kafka::{Admin, Client, NewTopic, config};
use testkit::kafka::Cluster;
use tokio::task::block_in_place;

use crate::{
    reader::{Reader, consumer, eventually, topic, unique},
    writer::Writer,
};

async fn create(bootstrap: &str, name: &str) {
    let properties = [("bootstrap.servers".to_owned(), bootstrap.to_owned())].into();
    let client = Client::new(config::admin(&properties).unwrap().client);
    let topic = NewTopic {
        name: name.to_owned(),
        partitions: Some(1),
        replication_factor: None,
        configs: BTreeMap::new(),
    };
    Admin::new(client).create_topic(&topic).await.unwrap();
}

/// Every broker is killed once, so the leader of the partition and the coordinator of the group are among them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn elections_lose_repeat_and_reorder_nothing() {
    let mut cluster = block_in_place(|| Cluster::start(3).unwrap());
    let name = unique("elected");
    create(&cluster.bootstrap(), &name).await;
    let name: Arc<str> = name.into();
    let mut writer = Writer::new(&cluster.bootstrap(), &name, &[]);
    let reader = Reader::start(consumer(&cluster.bootstrap(), &name, topic(&name), &[]));
    let mut written = 0;
    for index in 0..cluster.size() {
        written += write(&mut writer).await;
        block_in_place(|| {
            eventually("what was written before", || reader.records().len() == written);
            cluster.broker(index).kill().unwrap();
        });
        written += write(&mut writer).await;
        block_in_place(|| {
            eventually("what was written without a broker", || reader.records().len() == written);
            cluster.broker(index).restart().unwrap();
        });
    }
    let seen = reader.close().await;
    assert_eq!(seen.lock().unwrap().repeated, 0);
    writer.check(cluster.broker(0)).await;
}

/// Writes so many batches that some are under way when a broker goes.
async fn write(writer: &mut Writer) -> usize {
    for _ in 0..100 {
        writer.write(20).await;
    }
    100 * 20
}
