//! A weir plugin in Rust: `GET /datasets/{id}/hello-rust` greets, and tells what the host says of the dataset;
//! `POST /hello-rust/count` counts the bytes that it is sent.
//!
//! `cargo build --release` makes `libhello_rust.so`; put it into the directory that `weir serve --plugins DIR` names.

use std::collections::VecDeque;

use weir_plugin_api::{Body, Bytes, Error, Host, Plugin, Request, Response, Route};

/// An instance: the host's services.
pub struct Hello {
    host: Host,
}

impl Plugin for Hello {
    const NAME: &'static str = "hello-rust";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn create(host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Self { host })
    }

    fn routes(&self) -> Vec<Route> {
        let greeting = Route::get("/datasets/{id}/hello-rust").summary("greets a dataset");
        vec![
            greeting.answers(200, &["text/plain"], "a greeting").answers(
                404,
                &["application/json"],
                "no such dataset",
            ),
            Route::post("/hello-rust/count").summary("counts").answers(200, &["text/plain"], "a number"),
        ]
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        match request.route() {
            0 => self.greet(request),
            _ => self.count(request),
        }
    }
}

impl Hello {
    /// Pulls the request's body, piece by piece.
    fn count(&self, request: &Request<'_>) -> Result<Response, Error> {
        let mut bytes = 0;
        while let Some(piece) = self.host.body_next(request)? {
            bytes += piece.len();
        }
        Ok(Response::full("text/plain; charset=utf-8", format!("{bytes} bytes\n")))
    }

    fn greet(&self, request: &Request<'_>) -> Result<Response, Error> {
        let dataset = self.host.open(request, request.dataset_id())?;
        let variables = dataset.schema()?.root.variables.len();
        let mut pieces = VecDeque::from([
            format!("hello from Rust, dataset {}\n", dataset.id()),
            format!("generation {}\n", dataset.generation()?),
            format!("{variables} variables at the root\n"),
        ]);
        let length = pieces.iter().map(|piece| piece.len() as u64).sum();
        if request.is_head() {
            pieces.clear();
        }
        Ok(Response::stream("text/plain; charset=utf-8", Some(length), Box::new(Greeting { pieces })))
    }
}

/// A body that the host pulls piece by piece.
struct Greeting {
    pieces: VecDeque<String>,
}

impl Body for Greeting {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(self.pieces.pop_front().map(Bytes::from))
    }
}

weir_plugin_api::export_plugin!(Hello);

#[cfg(test)]
mod tests {
    use super::*;
    use weir_plugin_api::model::DataType;
    use weir_plugin_api::testing::{MockHost, check_contract, counting, dataset_of};

    fn host() -> MockHost {
        let variables = vec![counting("sst", DataType::Float32, &[("x", 3)])];
        MockHost::new().dataset("sea", dataset_of(variables))
    }

    #[test]
    fn it_greets() {
        let text = host().start::<Hello>().get("/datasets/sea/hello-rust").unwrap().text();
        assert!(text.starts_with("hello from Rust, dataset sea\ngeneration "), "{text}");
        assert!(text.ends_with("\n1 variables at the root\n"), "{text}");
    }

    #[test]
    fn it_keeps_the_contract() {
        check_contract::<Hello>(host(), "sea", &["/datasets/sea/hello-rust"]);
    }
}
