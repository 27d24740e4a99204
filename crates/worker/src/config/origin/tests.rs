use std::fs;

use super::*;
use crate::Config;

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_variable_means_a_key_as_in_the_images_of_kafka() {
    for (name, expected) in [
        ("GROUP_ID", "group.id"),
        ("OFFSET_STORAGE_REPLICATION_FACTOR", "offset.storage.replication.factor"),
        ("PRODUCER_SASL_JAAS_CONFIG", "producer.sasl.jaas.config"),
        ("CONFIG_PROVIDERS_MY__FILE_CLASS", "config.providers.my_file.class"),
        ("CONFIG_PROVIDERS_MY___FILE_CLASS", "config.providers.my-file.class"),
        ("A____B_____C______D", "a-_b-_c--d"),
        ("_A_", "_a_"),
        ("Group_Id", "group.id"),
    ] {
        assert_eq!(key(name), expected, "{name}");
    }
    for key_of in ["group.id", "config.providers.my_file.class", "config.providers.my-file.class"] {
        let name = variable(key_of);
        assert_eq!(key(name.strip_prefix(PREFIX).expect("it begins so")), key_of);
    }
}

#[test]
fn the_environment_counts_more_than_the_file_and_foreign_variables_are_no_keys() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("worker.properties");
    fs::write(&path, "group.id=file\nclient.id=file\n").expect("a file");
    let variables = [
        ("CONNECT_GROUP_ID", "environment"),
        ("CONNECT_REST_ADVERTISED_HOST_NAME", ""),
        ("CONNECT_LOG4J_ROOT_LOGLEVEL", "INFO"),
        ("CONNECT_PORT_8083_TCP", "tcp://10.0.0.1:8083"),
        ("CONNECT_SERVICE_HOST", "10.0.0.1"),
        ("CONNECT_", "x"),
        ("CONNECTION", "x"),
        ("GROUP_ID", "x"),
    ];
    let origin = Origin::new(Some(&path), environment(&variables));
    let expected = [("client.id", "file"), ("group.id", "environment"), ("rest.advertised.host.name", "")];
    assert_eq!(origin.read().expect("properties"), environment(&expected));
    assert_eq!(origin.foreign.len(), 3);
}

#[test]
fn what_is_wrong_is_told_with_the_variable_that_says_it() {
    let variables = [
        ("CONNECT_BOOTSTRAP_SERVERS", "localhost:9092"),
        ("CONNECT_KEY_CONVERTER", "JsonConverter"),
        ("CONNECT_VALUE_CONVERTER", "JsonConverter"),
        ("CONNECT_GROUP_ID", "g"),
        ("CONNECT_CONFIG_STORAGE_TOPIC", "c"),
        ("CONNECT_STATUS_STORAGE_TOPIC", "s"),
        ("CONNECT_OFFSET_FLUSH_INTERVAL_MS", "soon"),
    ];
    let error =
        Config::load_distributed(&Origin::new(None, environment(&variables))).expect_err("two problems");
    assert_eq!(
        error.to_string(),
        "the configuration of the worker in the environment cannot be used:\
         \n  Invalid value soon for configuration offset.flush.interval.ms: Not a number of type LONG \
         (`CONNECT_OFFSET_FLUSH_INTERVAL_MS`)\
         \n  Missing required configuration \"offset.storage.topic\" which has no default value. \
         (`CONNECT_OFFSET_STORAGE_TOPIC`)"
    );
}
