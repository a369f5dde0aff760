//! Two ways to connect: as kube-rs does, with a connection for every watch, and as client-go does, with one for all.

use hyper_util::rt::{TokioExecutor, TokioIo};
use kube::client::{Body, ConfigExt};
use kube::{Client, Config};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower::{BoxError, ServiceBuilder, service_fn};

/// kube-rs' own client: HTTP/1.1, so each watch holds a connection.
pub fn many(config: &Config) -> Client {
    Client::try_from(config.clone()).expect("a client")
}

/// A client whose requests all share one HTTP/2 connection.
pub async fn one(config: &Config) -> Client {
    let mut tls = config.rustls_client_config().expect("a TLS configuration");
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let authority = config.cluster_url.authority().expect("an address");
    let (host, port) = (authority.host().to_owned(), authority.port_u16().unwrap_or(443));
    let socket = TcpStream::connect((host.as_str(), port)).await.expect("the server is there");
    let name = ServerName::try_from(host).expect("a name");
    let stream = TlsConnector::from(std::sync::Arc::new(tls)).connect(name, socket).await.expect("a handshake");
    let (sender, connection) = hyper::client::conn::http2::handshake::<_, _, Body>(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
    tokio::spawn(connection);
    let send = service_fn(move |request: http::Request<Body>| {
        let mut sender = sender.clone();
        async move {
            sender.ready().await.map_err(BoxError::from)?;
            sender.send_request(request).await.map_err(BoxError::from)
        }
    });
    let service = ServiceBuilder::new().layer(config.base_uri_layer()).option_layer(config.auth_layer().expect("a credential")).service(send);
    Client::new(service, config.default_namespace.clone())
}
