//! What web pages of other origins may do (`access.control.*`).

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::Config;

/// How long a browser may remember what is allowed, as Kafka's server says.
const MAX_AGE: Duration = Duration::from_secs(1800);
const HEADERS: [HeaderName; 4] =
    [HeaderName::from_static("x-requested-with"), header::CONTENT_TYPE, header::ACCEPT, header::ORIGIN];

/// The layer that answers browsers; none if no origin is allowed.
pub(crate) fn layer(config: &Config) -> Option<CorsLayer> {
    let origins: Vec<&str> = items(&config.allow_origin).collect();
    let allowed = match origins.as_slice() {
        [] => return None,
        all if all.contains(&"*") => AllowOrigin::mirror_request(),
        some => AllowOrigin::list(some.iter().filter_map(|origin| HeaderValue::from_str(origin).ok())),
    };
    let mut methods: Vec<Method> =
        items(&config.allow_methods).filter_map(|method| method.parse().ok()).collect();
    if methods.is_empty() {
        methods = vec![Method::GET, Method::POST, Method::HEAD];
    }
    let layer = CorsLayer::new().allow_origin(allowed).allow_methods(methods).allow_headers(HEADERS);
    Some(layer.max_age(MAX_AGE))
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty())
}
