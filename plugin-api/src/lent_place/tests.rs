//! What came with minor version 1, across the boundary: places of chunks, original files, and parts of bodies.

use std::sync::Arc;

use weir_model::DataType;
use weir_plugin_abi::{WeirHost, WeirRequest, WeirStr};

use crate::lent::{RequestContext, host_table};
use crate::testing::{MockHost, counting, dataset_of};
use crate::{Body, Bytes, Error, ErrorKind, Host, PlaceBytes, Plugin, Request, Response, Route, Source};

/// The hash of minor version 0 where pointers have 64 bits.
#[cfg(target_pointer_width = "64")]
const LAYOUT_HASH_0: u64 = 0x9ca3_0c9d_4618_600d;

/// Gives the file of a dataset.
struct Raw(Host);

struct Numbers(std::ops::Range<u8>);

impl Body for Numbers {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(self.0.next().map(|n| vec![n].into()))
    }

    fn restrict(&mut self, offset: u64, length: u64) -> Result<(), Error> {
        let start = self.0.start + offset as u8;
        self.0 = start..start + length as u8;
        Ok(())
    }
}

impl Plugin for Raw {
    const NAME: &'static str = "raw";
    const VERSION: &'static str = "1";

    fn create(host: Host, _: &str) -> Result<Self, Error> {
        Ok(Self(host))
    }

    fn routes(&self) -> Vec<Route> {
        ["/datasets/{id}/told", "/numbers"].map(Route::get).to_vec()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        if request.route() == 1 {
            let body = Box::new(Numbers(1..11));
            return Ok(Response::stream("application/octet-stream", Some(10), body).ranges());
        }
        let dataset = self.0.open(request, request.dataset_id())?;
        let layout = dataset.layout("/v")?;
        let mut part = [0; 2];
        dataset.read_file(1, &mut part)?;
        let places = [PlaceBytes::Unwanted, PlaceBytes::Wanted]
            .map(|bytes| format!("{:?}", dataset.place("/v", &[0], bytes)));
        let text = format!(
            "{:?}\n{:?}\n{part:?}\n{}\n{:?}",
            layout,
            dataset.file()?,
            places.join("\n"),
            dataset.place("/v", &[1], PlaceBytes::Unwanted).map_err(|error| error.kind),
        );
        Ok(Response::full("text/plain", text))
    }
}

fn raw_host() -> MockHost {
    let mut dataset = dataset_of(vec![counting("v", DataType::Int16, &[("x", 6)])]);
    dataset.ranges.insert(("/v".into(), vec![0]), (Source::Own, 5));
    dataset.file = Some(("a.nc".into(), vec![7, 8, 9]));
    MockHost::new().dataset("d", dataset)
}

#[test]
fn places_and_files_cross() {
    let answer = raw_host().start::<Raw>().get("/datasets/d/told").unwrap().text();
    let lines: Vec<&str> = answer.lines().collect();
    let range =
        "Ok(Stored(StoredPlace { at: Range { source: Own, offset: 5 }, length: 12, skipped_codecs: 0, bytes:";
    assert!(
        lines[0].starts_with("Storage { chunk_shape: [6], codecs: [], byte_order: Little"),
        "{}",
        lines[0]
    );
    assert_eq!(lines[1], "FileInfo { length: 3, modified: None, stable: true, name: \"a.nc\", url: None }");
    assert_eq!(lines[2], "[8, 9]");
    assert_eq!(lines[3], format!("{range} None }}))"));
    assert_eq!(lines[4], format!("{range} Some(Bytes(12 bytes)) }}))"));
    assert_eq!(lines[5], "Err(NotFound)");
}

#[test]
fn bodies_give_parts_where_they_can() {
    let running = raw_host().start::<Raw>();
    assert_eq!(running.part("/numbers", 3, 4).unwrap(), [4, 5, 6, 7]);
    let error = running.part("/datasets/d/told", 0, 1).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
}

/// A host of minor version 0 has a table that ends before the services that came later.
#[test]
fn what_an_older_host_has_not_is_refused_by_name() {
    let mut smaller = WeirHost { ..*host_table(Arc::new(raw_host()), "tested") };
    smaller.size = std::mem::offset_of!(WeirHost, dataset_layout);
    smaller.abi_minor = 0;
    // SAFETY: the table is whole, and leaked.
    let host = unsafe { Host::adopt(Box::leak(Box::new(smaller))) }.unwrap();
    let context = Arc::new(RequestContext::new("test".to_owned(), None));
    let raw = WeirRequest { context: Arc::as_ptr(&context).cast_mut().cast(), ..empty_request() };
    // SAFETY: what it points to lives through the test.
    let request = unsafe { Request::from_raw(&raw) };
    let dataset = host.open(&request, "d").unwrap();
    assert!(dataset.schema().is_ok());
    let needed = Error::unsupported("this needs a host of ABI 1.1 or later; upgrade the server");
    assert_eq!(dataset.layout("/v").unwrap_err(), needed);
    assert_eq!(dataset.place("/v", &[0], PlaceBytes::Unwanted).unwrap_err(), needed);
    assert_eq!(dataset.file().unwrap_err(), needed);
    assert_eq!(dataset.read_file(0, &mut [0]).unwrap_err(), needed);
}

fn empty_request() -> WeirRequest {
    let nothing = WeirStr::new("");
    WeirRequest {
        size: size_of::<WeirRequest>(),
        method: WeirStr::new("GET"),
        path: nothing,
        query: nothing,
        headers: std::ptr::null(),
        n_headers: 0,
        id: nothing,
        base_url: nothing,
        dataset: nothing,
        rest: nothing,
        route: 0,
        reserved: 0,
        context: std::ptr::null_mut(),
        held: nothing,
    }
}

/// The first tables keep their places for ever: what was built against them is loaded by every later host.
#[test]
#[cfg(target_pointer_width = "64")]
fn minor_version_0_is_laid_out_as_ever() {
    assert_eq!(weir_plugin_abi::WEIR_LAYOUT_HASH, LAYOUT_HASH_0);
}
