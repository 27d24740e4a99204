//! The keys of worker properties in standalone mode, but for those of the REST API, which reads its own.

use api::config::{Class, Config, Validator};

const DNS_LOOKUPS: [&str; 2] = ["use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"];
const DISCOVERY: [&str; 4] = ["ONLY_SCAN", "HYBRID_WARN", "HYBRID_FAIL", "SERVICE_LOAD"];

/// The values of worker properties. Those that only mean something to a Java virtual machine are checked and have
/// no effect.
#[derive(Clone, Config, Debug)]
pub struct Keys {
    /// The brokers to ask for all others, as host:port pairs.
    #[config(importance = high, validator = Validator::distinct_list(false, false))]
    pub bootstrap_servers: Vec<String>,
    /// How the names of brokers are turned into addresses.
    #[config(default = "use_all_dns_ips", importance = medium, validator = Validator::one_of(DNS_LOOKUPS))]
    pub client_dns_lookup: String,
    /// The converter between keys of records and bytes in Kafka, for connectors that name none.
    #[config(importance = high)]
    pub key_converter: Class,
    /// The version of the key converter that is wanted.
    pub key_converter_plugin_version: Option<String>,
    /// The converter between values of records and bytes in Kafka, for connectors that name none.
    #[config(importance = high)]
    pub value_converter: Class,
    /// The version of the value converter that is wanted.
    pub value_converter_plugin_version: Option<String>,
    /// The converter between headers of records and bytes in Kafka, for connectors that name none.
    #[config(default = "org.apache.kafka.connect.storage.SimpleHeaderConverter")]
    pub header_converter: Class,
    /// The version of the header converter that is wanted.
    pub header_converter_plugin_version: Option<String>,
    /// How long all tasks together may take to end. Those that have not ended by then are given up.
    #[config(default = 5000, validator = Validator::at_least(0))]
    pub task_shutdown_graceful_timeout_ms: i64,
    /// How long between two commits of offsets.
    #[config(default = 60000, validator = Validator::at_least(1))]
    pub offset_flush_interval_ms: i64,
    /// How long a commit of offsets may take before it is given up and tried again at the next interval.
    #[config(default = 5000, validator = Validator::at_least(1))]
    pub offset_flush_timeout_ms: i64,
    /// How often a connector or task that has failed with an error that may pass is started anew by itself before it
    /// is given up; -1 for no limit. Not a key of Java's worker.
    #[config(default = 100, validator = Validator::at_least(-1))]
    pub errors_restart_max: i64,
    /// The wait before such a start; each further one is twice as long. Not a key of Java's worker.
    #[config(default = 1000, validator = Validator::at_least(0))]
    pub errors_restart_backoff_ms: i64,
    /// The longest wait before such a start. Not a key of Java's worker.
    #[config(default = 300000, validator = Validator::at_least(0))]
    pub errors_restart_backoff_max_ms: i64,
    /// How long something has to run until such starts are forgotten. Not a key of Java's worker.
    #[config(default = 600000, validator = Validator::at_least(0))]
    pub errors_restart_reset_ms: i64,
    /// The file that the offsets of source connectors are committed to, which a standalone worker has to have.
    #[config(importance = high)]
    pub offset_storage_file_filename: Option<String>,
    /// Where Java finds plugins. All plugins of this worker are part of it, so this has no effect.
    pub plugin_path: Option<Vec<String>>,
    /// How Java finds plugins. All plugins of this worker are part of it, so this has no effect.
    #[config(default = "HYBRID_WARN", validator = Validator::one_of_ignoring_case(DISCOVERY))]
    pub plugin_discovery: String,
    /// Which client settings connectors may override: All, None, Principal or Allowlist.
    #[config(default = "All", importance = medium)]
    pub connector_client_config_override_policy: String,
    /// The client settings that connectors may override under the policy Allowlist.
    #[config(default = "", importance = medium)]
    pub connector_client_config_override_allowlist: Vec<String>,
    /// Whether source connectors with settings for new topics create missing topics.
    #[config(default = true)]
    pub topic_creation_enable: bool,
    /// Whether it is noted which topics a connector uses.
    #[config(default = true)]
    pub topic_tracking_enable: bool,
    /// Whether the note of the topics that a connector uses may be reset.
    #[config(default = true)]
    pub topic_tracking_allow_reset: bool,
    /// The span of a sample of metrics.
    #[config(name = "metrics.sample.window.ms", default = 30000, validator = Validator::at_least(0))]
    pub metrics_sample_window_ms: i64,
    /// How many samples of metrics are kept.
    #[config(name = "metrics.num.samples", default = 2, validator = Validator::at_least(1))]
    pub metrics_num_samples: i32,
    /// How much is measured.
    #[config(name = "metrics.recording.level", default = "INFO", validator = Validator::one_of(["INFO", "DEBUG"]))]
    pub metrics_recording_level: String,
    /// The Java classes that report metrics. They cannot be loaded, so this has no effect.
    #[config(name = "metric.reporters", default = "org.apache.kafka.common.metrics.JmxReporter")]
    pub metric_reporters: Vec<String>,
    /// The sources of variables in configurations.
    #[config(default = "")]
    pub config_providers: Vec<String>,
    /// The Java classes that extend the REST API.
    #[config(default = "")]
    pub rest_extension_classes: Vec<String>,
}
