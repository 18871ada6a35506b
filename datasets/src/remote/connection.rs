//! Connections to one server: where they may lead is checked for each request and for each address, and nothing else
//! (redirects, proxies of the environment) leads them elsewhere.

use std::error::Error as StdError;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url};

use super::addresses::Addresses;
use super::answer::{Answer, Last, Refused};
use super::rules::Patience;
use crate::{Error, ErrorKind};

/// A server, and which addresses it may have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
    addresses: Addresses,
}

impl Origin {
    /// The server of a URL.
    ///
    /// # Errors
    /// `BadRequest` for a URL without a host or port.
    pub fn of(url: &Url, addresses: Addresses) -> Result<Self, Error> {
        let parts = url.host_str().zip(url.port_or_known_default());
        let (host, port) =
            parts.ok_or_else(|| Error::new(ErrorKind::BadRequest, "the URL names no server"))?;
        Ok(Self { scheme: url.scheme().to_owned(), host: host.to_owned(), port, addresses })
    }

    /// Makes a client that talks to this server alone.
    ///
    /// # Errors
    /// `Unavailable` where the system's certificates cannot be read.
    pub fn client(&self, patience: &Patience) -> Result<HttpClient, Error> {
        // Whoever else is in this process may have chosen one before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .user_agent(concat!("weir/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(patience.silence)
            .read_timeout(patience.silence)
            .dns_resolver(Resolver(self.addresses));
        if self.scheme == "http" {
            // Without TLS, a system without certificates will do.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|_unshown| {
            Error::unavailable("connections with TLS are not possible; install the system's certificates")
        })?;
        Ok(HttpClient::new(Guarded { origin: self.clone(), client }))
    }

    /// Why no request to this URL may be made.
    fn check(&self, request: &HttpRequest) -> Result<(), Refused> {
        let uri = request.uri();
        let default = if self.scheme == "https" { 443 } else { 80 };
        let same = uri.scheme_str() == Some(&self.scheme)
            && uri.host() == Some(&self.host)
            && uri.port_u16().unwrap_or(default) == self.port;
        if !same {
            return Err(Refused("the request leads to another server than the one allowed"));
        }
        // An address that stands in the URL itself is never resolved.
        match self.host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) if !self.addresses.allow(address) => Err(Refused(NOT_ALLOWED)),
            _ => Ok(()),
        }
    }
}

const NOT_ALLOWED: &str = "the host has an address of this machine or of a private network; only a rule of the site that \
                           allows private addresses for this host lets it be reached";

/// Resolves names, and leaves out addresses that are not allowed: at each connection anew, so that a name which leads
/// elsewhere later leads nowhere.
struct Resolver(Addresses);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let addresses: Vec<SocketAddr> =
                found.into_iter().filter(|address| allowed.allow(address.ip())).collect();
            if addresses.is_empty() {
                return Err(Box::new(Refused(NOT_ALLOWED)) as Box<dyn StdError + Send + Sync>);
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// A client for one server.
#[derive(Debug)]
struct Guarded {
    origin: Origin,
    client: Client,
}

impl HttpService for Guarded {
    fn call<'s, 'f>(
        &'s self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(self.ask(request))
    }
}

impl Guarded {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = request.extensions().get::<Answer>().cloned().unwrap_or_default();
        let listing = request.uri().query().is_some_and(|query| query.contains("list-type="));
        if let Err(refused) = self.origin.check(&request) {
            answer.note(Last::Refused(refused.0));
            return Err(HttpError::new(HttpErrorKind::Unknown, refused));
        }
        let response = HttpService::call(&self.client, request).await.map_err(|e| broken(&e, &answer))?;
        answer.note(Last::Status(response.status().as_u16()));
        match (response.status().is_success(), listing) {
            (true, false) => Ok(response),
            (true, true) => bounded(response, MOST_LISTING_BYTES, &answer).await,
            (false, _) => {
                let missing = response.status().as_u16() == 404;
                let response = bounded(response, MOST_MESSAGE_BYTES, &answer).await?;
                let (parts, body) = response.into_parts();
                let text = body.bytes().await?;
                if missing && text.windows(NO_BUCKET.len()).any(|window| window == NO_BUCKET) {
                    answer.note(Last::NoBucket);
                }
                // The text may quote the request with its signature; nobody needs it any more.
                Ok(HttpResponse::from_parts(parts, Bytes::new().into()))
            }
        }
    }
}

/// S3's code for it ("Error responses").
const NO_BUCKET: &[u8] = b"NoSuchBucket";

/// One page of a listing has at most 1000 keys of 1024 bytes.
const MOST_LISTING_BYTES: usize = 16 << 20;

/// What comes with an error is read up to here.
const MOST_MESSAGE_BYTES: usize = 64 << 10;

/// Reads the body of a response, if it is not longer than it should be.
async fn bounded(response: HttpResponse, most: usize, answer: &Answer) -> Result<HttpResponse, HttpError> {
    let (parts, body) = response.into_parts();
    let (mut stream, mut bytes) = (body.bytes_stream(), Vec::new());
    while let Some(part) = stream.next().await {
        let part = part.map_err(|e| broken(&e, answer))?;
        if bytes.len().saturating_add(part.len()) > most {
            let how = "the server's answer is longer than any that makes sense";
            answer.note(Last::Untrusted(how));
            return Err(HttpError::new(HttpErrorKind::Decode, Refused(how)));
        }
        bytes.extend_from_slice(&part);
    }
    Ok(HttpResponse::from_parts(parts, bytes.into()))
}

/// Says what kept a request from being answered, in words of our own, and whether it may be tried again.
fn broken(error: &HttpError, answer: &Answer) -> HttpError {
    for cause in causes(error) {
        if let Some(Refused(why)) = cause.downcast_ref() {
            answer.note(Last::Refused(why));
            return HttpError::new(HttpErrorKind::Unknown, Refused(why));
        }
        if cause.is::<rustls::Error>() {
            let how = "no connection with TLS can be made; the server's certificate may be wrong or unknown";
            answer.note(Last::Untrusted(how));
            return HttpError::new(HttpErrorKind::Unknown, Refused(how));
        }
    }
    let how = match error.kind() {
        HttpErrorKind::Connect => "no connection can be made",
        HttpErrorKind::Timeout => "the server does not answer",
        _ => "the connection broke",
    };
    answer.note(Last::Broken(how));
    HttpError::new(error.kind(), Refused(how))
}

/// An error and what it came from. An I/O error does not count the error that it wraps among its sources.
fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| error.source())
    })
}

/// Hands one client to a store.
#[derive(Clone, Debug)]
pub struct Connector(pub Arc<HttpClient>);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(self.0.as_ref().clone())
    }
}
