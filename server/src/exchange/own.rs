//! What the server answers itself.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::Response;
use hyper::http::request::Parts;
use weir_plugin_api::{Error, ErrorKind};

use super::Site;
use crate::built_in::{self, Own, Page};
use crate::coding::Worth;
use crate::failures::plain_error;
use crate::kept::Kept;
use crate::reply::{self, Asked};
use crate::stream::{Account, Body};

impl Site {
    /// The page at `path`, if it is one of the server's own.
    ///
    /// # Errors
    /// `Unavailable` where it is asked whether the server is ready, and it is not.
    pub(super) async fn own(&self, path: &str) -> Result<Option<Page>, Error> {
        if path == built_in::READY {
            return self.is_ready().await.map(|()| Some(built_in::ready()));
        }
        let (services, plugins, metrics) = (&self.services, &self.plugins, &self.metrics);
        Ok(Own { services, plugins, metrics, waiting: self.waiting.count() }.page(path))
    }

    /// Whether new requests are welcome: the server does not stop, and what it serves can be reached.
    async fn is_ready(&self) -> Result<(), Error> {
        /// File systems of other machines may not answer at all.
        const PATIENCE: Duration = Duration::from_secs(2);
        let unready = |why: &str| Err(Error::new(ErrorKind::Unavailable, why));
        if self.stopping.load(Ordering::Acquire) {
            return unready("the server stops");
        }
        let roots = Arc::clone(&self.roots);
        let look = tokio::task::spawn_blocking(move || roots.iter().all(|root| root.metadata().is_ok()));
        match tokio::time::timeout(PATIENCE, look).await {
            Ok(Ok(true)) => Ok(()),
            Ok(_) => unready("a file or folder that is served is not there; the log of the start names them"),
            Err(_over) => unready("a file system does not answer"),
        }
    }

    /// A page of the server's own.
    pub(super) async fn own_page(
        self: &Arc<Self>,
        page: built_in::Page,
        request: &Parts,
        account: Account,
    ) -> Response<Body> {
        let asked = Asked::of(request, self.compression);
        let headers = vec![("content-type".to_owned(), page.media_type.to_owned())];
        let worth = Worth::of(page.media_type);
        let whole =
            Arc::new(Kept { status: 200, headers, ranges: false, worth, costly: false, body: page.body });
        let site = Arc::clone(self);
        let send = move || {
            let sent = reply::send_whole(&whole, (&asked, None), (&site.kept, account));
            sent.unwrap_or_else(|(error, account)| plain_error(&error, asked.head, account))
        };
        // Compressing is no work for the threads that serve all connections.
        match tokio::task::spawn_blocking(send).await {
            Ok(response) => response,
            Err(error) => plain_error(&Error::internal(error.to_string()), false, self.account(request)),
        }
    }
}
