//! A weir plugin that panics, to show that the server lives: `GET /datasets/{id}/panic` panics before its answer,
//! `GET /datasets/{id}/panic-late` in the middle of its body, `GET /datasets/{id}/calm` answers, and
//! `GET /datasets/{id}/short` announces a body that it does not give.

use weir_plugin_api::{Body, Bytes, Error, Host, Plugin, Request, Response, Route};

/// An instance; it needs nothing.
pub struct Panics;

impl Plugin for Panics {
    const NAME: &'static str = "rust-panics";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn create(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Self)
    }

    fn routes(&self) -> Vec<Route> {
        ["panic", "panic-late", "calm", "short"]
            .map(|name| Route::get(&format!("/datasets/{{id}}/{name}")))
            .to_vec()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        match request.route() {
            0 => panic!("this plugin always panics"),
            1 => Ok(Response::stream("text/plain", None, Box::new(HalfBody { pulled: false }))),
            2 => Ok(Response::full("text/plain", "calm\n")),
            _ => Ok(Response::stream("text/plain", Some(5), Box::new(NoBody))),
        }
    }
}

/// A body that is over before it begins.
struct NoBody;

impl Body for NoBody {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(None)
    }
}

/// A body whose second piece never comes.
struct HalfBody {
    pulled: bool,
}

impl Body for HalfBody {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.pulled {
            panic!("this body always panics");
        }
        self.pulled = true;
        Ok(Some(Bytes::from("half a body\n")))
    }
}

weir_plugin_api::export_plugin!(Panics);

#[cfg(test)]
mod tests {
    use super::*;
    use weir_plugin_api::ErrorKind;
    use weir_plugin_api::testing::MockHost;

    #[test]
    fn panics_become_errors() {
        let running = MockHost::new().start::<Panics>();
        for target in ["/datasets/x/panic", "/datasets/x/panic-late"] {
            let error = running.get(target).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Panic, "{target}: {error}");
        }
        assert_eq!(running.get("/datasets/x/calm").unwrap().text(), "calm\n");
    }
}
