//! The paths of the API.

use std::sync::Arc;

use api::Registry;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn_with_state, map_response_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post, put};
use worker::Herder;

use crate::answer;
use crate::body::Room;
use crate::endpoints::{cluster, connectors, loggers, offsets, plugins, root, states};
use crate::headers::Header;
use crate::loggers::Loggers;
use crate::peer::{Peers, forward};
use crate::startup::Startup;
use crate::{Config, RestError, cors};

/// What the endpoints work with.
pub(crate) struct App {
    pub(crate) startup: Startup,
    pub(crate) registry: Arc<Registry>,
    pub(crate) loggers: Arc<Loggers>,
    /// The URL of the worker for clients that do not say which they have called.
    pub(crate) advertised: String,
    pub(crate) room: Room,
    /// The other workers, if this one is part of a cluster.
    pub(crate) peers: Option<Peers>,
}

impl App {
    /// The herder, when it is there.
    ///
    /// # Errors
    /// The worker has not started in time.
    pub(crate) async fn herder(&self) -> Result<&Herder, RestError> {
        self.startup.herder().await
    }
}

/// Which paths a listener serves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    /// All of them.
    All,
    /// All but `/admin`.
    WithoutAdmin,
    /// Only `/admin`.
    Admin,
}

/// The router of a listener.
pub(crate) fn router(app: Arc<App>, part: Part, config: &Config, headers: Vec<Header>) -> Router {
    let router = match part {
        Part::All => public().merge(admin()),
        Part::WithoutAdmin => public(),
        Part::Admin => admin(),
    };
    let mut router = router
        .fallback(async || RestError::of_status(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || RestError::of_status(StatusCode::METHOD_NOT_ALLOWED))
        .layer(from_fn_with_state(app.clone(), forward));
    if let Some(cors) = cors::layer(config) {
        router = router.layer(cors);
    }
    if !headers.is_empty() {
        router = router.layer(map_response_with_state(Arc::<[Header]>::from(headers), with_headers));
    }
    router.with_state(app)
}

fn public() -> Router<Arc<App>> {
    let connector = "/connectors/{connector}";
    let of = |path: &str| format!("{connector}{path}");
    Router::new()
        .route("/", allow("HEAD,GET,OPTIONS", get(root::server_info)))
        .route("/health", allow("HEAD,GET,OPTIONS", get(root::health)))
        .route("/cluster", allow("HEAD,GET,OPTIONS", get(cluster::show)))
        .route("/connectors", allow("HEAD,POST,GET,OPTIONS", get(connectors::list).post(connectors::create)))
        .route(connector, allow("HEAD,DELETE,GET,OPTIONS", get(connectors::info).delete(connectors::delete)))
        .route(
            &of("/config"),
            allow(
                "HEAD,PATCH,GET,OPTIONS,PUT",
                get(connectors::config).put(connectors::put_config).patch(connectors::patch_config),
            ),
        )
        .route(&of("/status"), allow("HEAD,GET,OPTIONS", get(states::status)))
        .route(&of("/restart"), allow("POST,OPTIONS", post(states::restart)))
        .route(&of("/pause"), allow("OPTIONS,PUT", put(states::pause)))
        .route(&of("/resume"), allow("OPTIONS,PUT", put(states::resume)))
        .route(&of("/stop"), allow("OPTIONS,PUT", put(states::stop)))
        .route(&of("/fence"), allow("OPTIONS,PUT", put(states::fence)))
        .route(&of("/tasks"), allow("HEAD,POST,GET,OPTIONS", get(states::tasks).post(states::put_tasks)))
        .route(&of("/tasks/{task}/status"), allow("HEAD,GET,OPTIONS", get(states::task_status)))
        .route(&of("/tasks/{task}/restart"), allow("POST,OPTIONS", post(states::restart_task)))
        .route(&of("/topics"), allow("HEAD,GET,OPTIONS", get(states::topics)))
        .route(&of("/topics/reset"), allow("OPTIONS,PUT", put(states::reset_topics)))
        .route(
            &of("/offsets"),
            allow(
                "HEAD,DELETE,PATCH,GET,OPTIONS",
                get(offsets::list).patch(offsets::alter).delete(offsets::reset),
            ),
        )
        .route("/connector-plugins", allow("HEAD,GET,OPTIONS", get(plugins::list)))
        .route("/connector-plugins/{plugin}/config", allow("HEAD,GET,OPTIONS", get(plugins::config)))
        .route("/connector-plugins/{plugin}/config/validate", allow("OPTIONS,PUT", put(plugins::validate)))
}

fn admin() -> Router<Arc<App>> {
    Router::new()
        .route("/admin/loggers", allow("HEAD,GET,OPTIONS", get(loggers::list)))
        .route("/admin/loggers/{logger}", allow("HEAD,GET,OPTIONS,PUT", get(loggers::one).put(loggers::set)))
}

/// Lets a path tell its methods.
fn allow(methods: &'static str, router: MethodRouter<Arc<App>>) -> MethodRouter<Arc<App>> {
    router.options(async move || answer::options(methods))
}

async fn with_headers(
    axum::extract::State(headers): axum::extract::State<Arc<[Header]>>,
    mut response: Response,
) -> Response {
    for header in headers.iter() {
        header.apply(response.headers_mut());
    }
    response
}
