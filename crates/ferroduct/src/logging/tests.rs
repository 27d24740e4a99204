use super::targets_of;

#[test]
fn a_java_logger_means_what_does_its_work() {
    assert_eq!(targets_of("org.apache.kafka.connect.runtime.WorkerSinkTask"), ["worker"]);
    assert_eq!(targets_of("org.apache.kafka.connect.runtime.rest"), ["rest"]);
    assert_eq!(targets_of("org.apache.kafka.clients.NetworkClient"), ["kafka"]);
}

#[test]
fn a_java_package_means_all_below_it() {
    assert_eq!(targets_of("org.apache.kafka.clients"), ["kafka"]);
    assert_eq!(targets_of("org.apache.kafka.connect").len(), 8);
    assert!(targets_of("com.example").is_empty());
}

#[test]
fn a_name_of_ours_means_itself() {
    assert_eq!(targets_of("worker::task"), ["worker::task"]);
    assert!(targets_of("root").is_empty());
}
