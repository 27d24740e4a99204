//! The server: sockets first, so that addresses are known before anything else starts, then requests.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener as Socket, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::Registry;
use api::config::{Config as _, Problem, Problems, Properties};
use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower_service::Service;
use tracing::{debug, info, warn};
use worker::Herder;
use worker::herder::{About, Levels};

use crate::headers::Header;
use crate::listener::{Address, Error};
use crate::loggers::{LogLevels, Loggers};
use crate::router::{App, Part, router};
use crate::startup::Startup;
use crate::{Config, Peers, body::Room};

/// How long a connection may take to send the headers of a request, or be idle between two.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// What a connection buffers: more than this is refused as a request's headers.
const CONNECTION_BYTES_MAX: usize = 64 << 10;
/// How many connections there may be at once on a listener; others wait to be accepted.
const CONNECTIONS_MAX: usize = 512;
/// How long to wait for file handles to become free when there are none.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

const LISTENERS: &str = "listeners";
const ADMIN_LISTENERS: &str = "admin.listeners";

/// The server before it listens.
pub struct Server;

/// A server that listens and does not answer yet.
pub struct Bound {
    config: Config,
    headers: Vec<Header>,
    listeners: Vec<(Socket, Part)>,
    advertised: (String, u16),
    peers: Option<Peers>,
}

/// A server that answers.
pub struct Serving {
    app: Arc<App>,
    stop: CancellationToken,
    listeners: JoinSet<()>,
}

impl Server {
    /// Listens on the addresses of the worker properties.
    ///
    /// # Errors
    /// A key is wrong, or an address cannot be had.
    pub fn bind(worker: &Properties) -> Result<Bound, Error> {
        let config = Config::parse(worker)?;
        let headers = Header::parse_all(&config.response_headers)?;
        let addresses = addresses(LISTENERS, &config.listeners)?;
        let admin_addresses = addresses_of_admin(&config)?;
        let part = if config.admin_listeners.is_some() { Part::WithoutAdmin } else { Part::All };
        let mut listeners = Vec::new();
        for address in &addresses {
            listeners.push((address.bind(LISTENERS)?, part));
        }
        for address in &admin_addresses {
            listeners.push((address.bind(ADMIN_LISTENERS)?, Part::Admin));
        }
        let advertised = advertised(&config, &addresses[0], &listeners[0].0)?;
        Ok(Bound { config, headers, listeners, advertised, peers: None })
    }
}

impl Bound {
    /// Sends requests on to other workers where the herder says that they are to do them.
    #[must_use]
    pub fn with_peers(self, peers: Peers) -> Self {
        Self { peers: Some(peers), ..self }
    }

    /// The URL that other workers and clients are told.
    pub fn advertised_url(&self) -> String {
        format!("http://{}/", self.worker_id())
    }

    /// Host and port of that URL, by which statuses name the worker.
    pub fn worker_id(&self) -> String {
        let (host, port) = &self.advertised;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// The addresses that are listened on, those of `listeners` before those of `admin.listeners`.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|(listener, _)| listener.local_addr().ok()).collect()
    }

    /// Answers requests from now on; has to be called inside a tokio runtime.
    ///
    /// # Errors
    /// The runtime does not take a socket.
    pub fn serve(
        self,
        herder: Herder,
        registry: Arc<Registry>,
        levels: Arc<dyn LogLevels>,
    ) -> std::io::Result<Serving> {
        let serving = self.serve_startup(herder.about().clone(), registry, levels)?;
        serving.started(herder);
        Ok(serving)
    }

    /// Answers requests from now on, of which most wait for [`Serving::started`]; has to be called inside a tokio
    /// runtime.
    ///
    /// # Errors
    /// The runtime does not take a socket.
    pub fn serve_startup(
        self,
        about: Arc<About>,
        registry: Arc<Registry>,
        levels: Arc<dyn LogLevels>,
    ) -> std::io::Result<Serving> {
        let advertised = self.advertised_url();
        let app = Arc::new(App {
            startup: Startup::new(about),
            registry,
            loggers: Arc::new(Loggers::new(levels)),
            advertised: advertised.clone(),
            room: Room::default(),
            peers: self.peers,
        });
        let stop = CancellationToken::new();
        let mut listeners = JoinSet::new();
        for (socket, part) in self.listeners {
            let listener = TcpListener::from_std(socket)?;
            info!(address = %listener.local_addr()?, ?part, "REST API listens");
            let router = router(app.clone(), part, &self.config, self.headers.clone());
            listeners.spawn(listen(listener, router, stop.clone()));
        }
        info!(url = advertised, "REST API is advertised");
        Ok(Serving { app, stop, listeners })
    }
}

impl Serving {
    /// Has this herder answer requests, those that wait for it, too.
    pub fn started(&self, herder: Herder) {
        self.app.startup.finish(herder);
    }

    /// The levels of logs, for what sets them beside the API.
    pub fn levels(&self) -> Arc<dyn Levels> {
        self.app.loggers.clone()
    }

    /// Takes no more requests and waits for those that are being answered, at most for a time.
    pub async fn stop(mut self, grace: Duration) {
        self.stop.cancel();
        let done = timeout(grace, async { while self.listeners.join_next().await.is_some() {} }).await;
        if done.is_err() {
            warn!("REST requests are cut off that have not ended in time");
            self.listeners.shutdown().await;
        }
    }
}

fn addresses(key: &'static str, urls: &[String]) -> Result<Vec<Address>, Error> {
    urls.iter().map(|url| Address::parse(key, url)).collect()
}

fn addresses_of_admin(config: &Config) -> Result<Vec<Address>, Error> {
    let urls = config.admin_listeners.iter().flatten().filter(|url| !url.is_empty());
    urls.map(|url| Address::parse(ADMIN_LISTENERS, url)).collect()
}

/// The host and port for others: what the properties say, otherwise those of the first listener.
fn advertised(config: &Config, first: &Address, listener: &Socket) -> Result<(String, u16), Error> {
    if let Some(protocol) = &config.advertised_listener
        && !protocol.is_empty()
        && !protocol.eq_ignore_ascii_case("http")
    {
        return Err(invalid("rest.advertised.listener", protocol, "https is not supported yet, use http"));
    }
    let host = config.advertised_host_name.clone().filter(|host| !host.is_empty());
    let host = host.or_else(|| (!first.host.is_empty()).then(|| first.host.clone()));
    let port = match config.advertised_port {
        Some(port) => {
            u16::try_from(port).map_err(|_| invalid("rest.advertised.port", &port.to_string(), "no port"))?
        }
        None => listener.local_addr().map_or(first.port, |address| address.port()),
    };
    Ok((host.unwrap_or_else(own_address), port))
}

fn invalid(key: &str, value: &str, reason: &str) -> Error {
    Problems(vec![Problem::invalid(key, value, reason)]).into()
}

/// The address that the machine's own name stands for.
fn own_address() -> String {
    let name = hostname::get().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
    let resolved = (name.as_str(), 0).to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    resolved.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip()).to_string()
}

/// Accepts connections until told to stop, then waits until they have answered what they were asked.
async fn listen(listener: TcpListener, router: Router, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let permit = room.clone().acquire_owned().await.expect("the semaphore is never closed");
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let connection = connection(stream, router.clone(), stop.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    warn!(%error, "cannot accept a connection to the REST API");
                    sleep(ACCEPT_BACKOFF).await;
                }
            },
            () = stop.cancelled() => break,
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Answers the requests of a connection.
async fn connection(stream: TcpStream, router: Router, stop: CancellationToken) {
    // Answers are small and whole: waiting for more of them would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        normalize(request.uri_mut());
        answer(router.clone(), request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(CONNECTION_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // A client that goes away or does not speak HTTP is no event of the worker.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Answers a request and logs it: what changes something for everybody, what reads only for those who look.
async fn answer(mut router: Router, request: Request<Incoming>) -> Result<Response, Infallible> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let start = Instant::now();
    let response = router.call(request).await?;
    let (status, ms) = (response.status().as_u16(), start.elapsed().as_millis());
    if method.is_safe() {
        debug!(%method, path, status, ms, "answered");
    } else {
        info!(%method, path, status, ms, "answered");
    }
    Ok(response)
}

/// Takes the slash off the end of a path: Kafka answers paths with and without it.
fn normalize(uri: &mut Uri) {
    let path = uri.path();
    let shorter = path.trim_end_matches('/');
    if shorter.len() == path.len() || shorter.is_empty() {
        return;
    }
    let path_and_query = match uri.query() {
        Some(query) => format!("{shorter}?{query}"),
        None => shorter.to_owned(),
    };
    if let Ok(path_and_query) = PathAndQuery::try_from(path_and_query) {
        *uri = Uri::from(path_and_query);
    }
}

#[cfg(test)]
mod tests;
