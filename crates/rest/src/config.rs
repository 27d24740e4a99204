//! The keys of the worker properties that the REST API has.

use api::config::Validator;

/// How the REST API is served. Other keys of the worker properties are not looked at.
#[derive(Clone, Debug, api::config::Config)]
pub struct Config {
    /// Where the REST API is served: URLs such as `http://127.0.0.1:8083`. A URL without a host stands for all
    /// addresses of the machine, port 0 for any free port.
    #[config(default = "http://:8083", importance = low, validator = Validator::distinct_list(false, false))]
    pub listeners: Vec<String>,
    /// The host that other workers and clients are told.
    #[config(name = "rest.advertised.host.name", importance = low)]
    pub advertised_host_name: Option<String>,
    /// The port that other workers and clients are told.
    #[config(name = "rest.advertised.port", importance = low)]
    pub advertised_port: Option<i32>,
    /// The protocol that other workers and clients are told: http.
    #[config(name = "rest.advertised.listener", importance = low)]
    pub advertised_listener: Option<String>,
    /// The origins whose web pages may use the REST API, separated by commas; `*` for all, nothing for none.
    #[config(name = "access.control.allow.origin", default = "", importance = low)]
    pub allow_origin: String,
    /// The methods that such pages may use, separated by commas; by default GET, POST and HEAD.
    #[config(name = "access.control.allow.methods", default = "", importance = low)]
    pub allow_methods: String,
    /// Headers that are set on every answer, separated by commas, each as `[action] [name]:[value]` with one of
    /// the actions set, add, setDate and addDate.
    #[config(name = "response.http.headers.config", default = "", importance = low)]
    pub response_headers: String,
    /// Where `/admin` is served: URLs as in `listeners`. By default it is served there; an empty list serves it
    /// nowhere.
    #[config(name = "admin.listeners", importance = low)]
    pub admin_listeners: Option<Vec<String>>,
}
