//! Where our answers are not those of Apache Kafka Connect, each with its reason.
//!
//! A difference that is no longer there fails the test, so that this table stays true. What it means for users
//! is written in `docs/decisions/20261121-rest-differences.md`.

use serde_json::{Value, json};

use super::answer::Answer;

/// A difference.
pub(super) struct Difference {
    /// The lines of the recorded cases that it is about, from 1.
    pub(super) lines: &'static [usize],
    /// Why our answer is another one.
    pub(super) reason: &'static str,
    edit: Edit,
}

/// How the recorded answer becomes ours.
enum Edit {
    /// Ours is this error.
    Error(u16, &'static str),
    /// Ours has this header.
    Header(&'static str, &'static str),
    /// Ours is the recorded one, changed.
    Body(fn(&mut Value)),
}

impl Difference {
    /// Makes our answer of the recorded one.
    pub(super) fn apply(&self, answer: &mut Answer) {
        match self.edit {
            Edit::Error(status, message) => {
                answer.status = status;
                answer.headers.remove("Location");
                answer.body = json!({ "error_code": status, "message": message });
            }
            Edit::Header(name, value) => {
                answer.headers.insert(name.to_owned(), value.to_owned());
            }
            Edit::Body(edit) => edit(&mut answer.body),
        }
    }
}

/// The starts of the names of classes that are not built in, or that are listed apart.
const NOT_BUILT_IN: [&str; 3] =
    ["io.aiven.connect.jdbc.", "io.confluent.connect.jdbc.", "org.apache.kafka.connect.mirror."];

/// The connectors of databases, which are built in with versions of their own, in the order of the list.
const JDBC: &[(&str, &str, &str)] = &[
    ("io.aiven.connect.jdbc.JdbcSinkConnector", "sink", "6.10.0"),
    ("io.confluent.connect.jdbc.JdbcSinkConnector", "sink", "10.9.0"),
    ("io.aiven.connect.jdbc.JdbcSourceConnector", "source", "6.10.0"),
    ("io.confluent.connect.jdbc.JdbcSourceConnector", "source", "10.9.0"),
];

/// In both modes, whose lines are the same requests.
pub(super) const DIFFERENCES: &[Difference] = &[
    Difference {
        lines: &[4, 5],
        reason: "plugins that are not built in are not listed, and the connectors of databases are",
        edit: Edit::Body(|body| {
            let plugins = body.as_array_mut().expect("plugins");
            plugins.retain(|plugin| built_in(&plugin["class"]));
            // Before the first of their type, as the list is in the order of names.
            for (class, kind, version) in JDBC.iter().rev() {
                let place =
                    plugins.iter().position(|plugin| plugin["type"] == *kind).expect("files have both types");
                plugins.insert(place, json!({"class": class, "type": kind, "version": version}));
            }
        }),
    },
    Difference {
        lines: &[5],
        reason: "Debezium's transform of change events is built in",
        edit: Edit::Body(|body| {
            let plugins = body.as_array_mut().expect("plugins");
            let first = plugins.iter().position(|plugin| plugin["type"] == "transformation");
            let class = "io.debezium.transforms.ExtractNewRecordState";
            let plugin = json!({"class": class, "type": "transformation", "version": "3.7.0.Final"});
            plugins.insert(first.expect("there are transforms"), plugin);
        }),
    },
    Difference {
        lines: &[6, 7, 34, 35, 57, 66, 75, 84, 93, 191, 192],
        reason: "a body of JSON is declared to be one",
        edit: Edit::Header("Content-Type", "application/json"),
    },
    Difference {
        lines: &[7],
        reason: "405 says which methods there are, as HTTP wants it",
        edit: Edit::Header("Allow", "GET,HEAD,OPTIONS"),
    },
    Difference {
        lines: &[191],
        reason: "405 says which methods there are, as HTTP wants it",
        edit: Edit::Header("Allow", "GET,HEAD,OPTIONS,POST"),
    },
    Difference {
        lines: &[192],
        reason: "405 says which methods there are, as HTTP wants it",
        edit: Edit::Header("Allow", "DELETE,GET,HEAD,OPTIONS"),
    },
    Difference {
        lines: &[21],
        reason: "what is wrong with the request is 400, as it is where connectors are created",
        edit: Edit::Error(400, "Connector config {} contains no connector type"),
    },
    Difference {
        lines: &[29],
        reason: "what is wrong with the request is 400 and told in words, not as a null pointer",
        edit: Edit::Error(400, "the request has no \"config\""),
    },
    Difference {
        lines: &[31],
        reason: "JSON that is none is 400",
        edit: Edit::Error(
            400,
            "cannot read the body of the request as JSON: EOF while parsing a value at line 1 column 8",
        ),
    },
    Difference {
        lines: &[32],
        reason: "JSON of another shape is 400, without the names of Java classes",
        edit: Edit::Error(400, "the body of the request has to be a JSON object, not an array"),
    },
    Difference {
        lines: &[33],
        reason: "an unknown property is 400, without the names of Java classes",
        edit: Edit::Error(
            400,
            "Unrecognized field \"extra\", known properties are: \"config\", \"name\", \"initial_state\"",
        ),
    },
    Difference {
        lines: &[36],
        reason: "classes are listed by name, and only those that are built in",
        edit: Edit::Error(
            400,
            "Failed to find any class that implements Connector and which name matches NoSuchConnector, available \
             connectors are: io.aiven.connect.jdbc.JdbcSinkConnector, \
             io.aiven.connect.jdbc.JdbcSourceConnector, \
             io.confluent.connect.jdbc.JdbcSinkConnector, \
             io.confluent.connect.jdbc.JdbcSourceConnector, \
             org.apache.kafka.connect.file.FileStreamSinkConnector, \
             org.apache.kafka.connect.file.FileStreamSourceConnector",
        ),
    },
    Difference {
        lines: &[43],
        reason: "topic creation is validated before the connector is stored, so it is refused and not left FAILED",
        edit: Edit::Error(
            400,
            "Connector configuration is invalid and contains the following 1 error(s):\nInvalid value 0 for \
             configuration topic.creation.default.partitions: Number of partitions must be positive, or -1 to use \
             the broker's default\nYou can also find the above list of errors at the endpoint \
             `/connector-plugins/{connectorType}/config/validate`",
        ),
    },
    Difference {
        lines: &[48, 49, 50, 51, 52, 201],
        reason: "the connector of line 43 was refused",
        edit: Edit::Body(|body| match body {
            Value::Array(names) => names.retain(|name| name != "n6"),
            Value::Object(connectors) => drop(connectors.remove("n6")),
            _ => {}
        }),
    },
    Difference {
        lines: &[44],
        reason: "an unknown state is 400, without the names of Java classes",
        edit: Edit::Error(
            400,
            "cannot take \"SLEEPING\" for \"initial_state\": expected RUNNING, PAUSED or STOPPED",
        ),
    },
    Difference {
        lines: &[159],
        reason: "an unknown property is 400, without the names of Java classes",
        edit: Edit::Error(400, "Unrecognized field \"x\", known properties are: \"offsets\""),
    },
];

/// In standalone mode.
pub(super) const STANDALONE: &[Difference] = &[
    Difference {
        lines: &[119, 134, 170],
        reason: "restarting a task that is not there does not leave a status of it behind",
        edit: Edit::Body(|body| {
            let tasks = body["tasks"].as_array_mut().expect("tasks");
            tasks.retain(|task| task["id"] != json!(9));
        }),
    },
    Difference {
        lines: &[140, 143],
        reason: "a connector that is not there is 404, as in distributed mode",
        edit: Edit::Error(404, "Unknown connector: none"),
    },
    Difference {
        lines: &[144, 145],
        reason: "a connector that is not there is 404, as in distributed mode",
        edit: Edit::Error(404, "Unknown connector: none"),
    },
    Difference {
        lines: &[148],
        reason: "a connector that is not there is 404, as in distributed mode",
        edit: Edit::Error(404, "Unknown connector none"),
    },
];

/// Where the recorded worker had plugins that the worker of the tests does not have.
pub(super) const INSTALLED: &[Difference] = &[Difference {
    lines: &[4, 5],
    reason: "the recorded worker had a JDBC plugin",
    edit: Edit::Body(|body| {
        let plugins = body.as_array_mut().expect("plugins");
        plugins.retain(|plugin| !plugin["class"].as_str().is_some_and(|class| class.contains(".jdbc.")));
    }),
}];

pub(super) fn built_in(class: &Value) -> bool {
    class.as_str().is_some_and(|class| !NOT_BUILT_IN.iter().any(|prefix| class.starts_with(prefix)))
}
