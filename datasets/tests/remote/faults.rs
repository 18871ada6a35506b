//! Servers that fail, stall, and give other bytes than they were asked for.

use std::time::{Duration, Instant};

use weir_datasets::{DataFile, Error, ErrorKind};

use crate::web_server::{Reply, Request, WebServer};
use crate::{access_to, open, patience, pattern};

/// Opens the object of a server.
fn opened(server: &WebServer) -> Result<DataFile, Error> {
    open(&access_to(&server.origin()), &format!("{}/data.nc", server.origin()))
}

/// Reads one hundred bytes of a server's object whose replies to GET requests are changed.
fn read(
    change: impl Fn(&Request, usize, Reply) -> Reply + Send + Sync + 'static,
) -> (WebServer, Result<(), Error>) {
    let server = WebServer::of_object(pattern(500_000), move |request, before, reply| {
        if request.method == "GET" { change(request, before, reply) } else { reply }
    });
    // Not of a block, so that exactly these bytes are asked for.
    let result = opened(&server).unwrap().read_many(&[(7, 100)]);
    let result = result.map(|got| assert_eq!(got, [&pattern(107)[7..]]));
    (server, result)
}

fn check_failed(
    words: &str,
    kind: ErrorKind,
    change: impl Fn(&Request, usize, Reply) -> Reply + Send + Sync + 'static,
) -> WebServer {
    let start = Instant::now();
    let (server, result) = read(change);
    let error = result.unwrap_err();
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.message.contains(words), "{error}");
    assert!(start.elapsed() < patience().deadline * 3, "{words}: {:?}", start.elapsed());
    server
}

#[test]
fn failures_that_pass_are_not_seen() {
    for status in [429, 500, 503] {
        let (server, result) =
            read(move |_, before, reply| if before < 2 { Reply::status(status) } else { reply });
        result.unwrap();
        assert_eq!(server.requests("GET").len(), 3, "{status}");
    }
}

#[test]
fn failures_that_stay_are_errors_at_the_deadline() {
    for status in [429, 500, 503] {
        let words = format!("status {status}, also when asked again");
        let server = check_failed(&words, ErrorKind::Unavailable, move |_, _, _| Reply::status(status));
        assert!(server.requests("GET").len() > 3);
    }
}

#[test]
fn refusals_are_not_asked_for_again() {
    for status in [400, 401, 403, 405, 412, 416] {
        let server = check_failed("", ErrorKind::Unavailable, move |_, _, _| Reply::status(status));
        assert_eq!(server.requests("GET").len(), 1, "{status}");
    }
}

#[test]
fn absence_is_known_from_404_alone() {
    let kind =
        |status| opened(&WebServer::start(move |_, _| Reply::status(status))).map(drop).unwrap_err().kind;
    assert_eq!(kind(404), ErrorKind::NotFound);
    for status in [302, 400, 401, 403, 405] {
        assert_eq!(kind(status), ErrorKind::Unavailable, "{status}");
    }
}

#[test]
fn a_body_that_breaks_off_is_asked_for_again() {
    let cut = |reply: Reply| {
        let (body, length) = (reply.body[..reply.body.len() / 2].to_vec(), reply.body.len());
        Reply { body, told_length: Some(length), ..reply }
    };
    let (server, result) = read(move |_, before, reply| if before == 0 { cut(reply) } else { reply });
    result.unwrap();
    let ranges: Vec<_> = server.requests("GET").iter().map(|request| request.range().unwrap()).collect();
    assert_eq!(ranges, [(7, 106), (57, 106)], "what was there already is kept");
    // With nothing new each time.
    let empty = |reply: Reply| Reply { told_length: Some(reply.body.len()), body: vec![], ..reply };
    check_failed("", ErrorKind::Unavailable, move |_, _, reply| empty(reply));
}

#[test]
fn other_bytes_than_asked_for_are_errors() {
    let shifted = |reply: Reply| reply.with("Content-Range", "bytes 8-107/500000");
    check_failed("another part", ErrorKind::Unavailable, move |_, _, reply| shifted(reply));
    let unnamed = |reply: Reply| reply.without("Content-Range");
    check_failed("another part", ErrorKind::Unavailable, move |_, _, reply| unnamed(reply));
    let shorter = |reply: Reply| Reply { body: reply.body[..50].to_vec(), ..reply };
    check_failed("50 bytes", ErrorKind::Unavailable, move |_, _, reply| shorter(reply));
    let longer = |reply: Reply| Reply { body: pattern(101), ..reply };
    check_failed("101 bytes", ErrorKind::Unavailable, move |_, _, reply| longer(reply));
}

#[test]
fn a_server_that_knows_no_ranges_is_refused() {
    let whole = |_: &Request, _, reply: Reply| Reply { status: 200, body: pattern(500_000), ..reply };
    check_failed("byte ranges", ErrorKind::Unsupported, whole);
}

#[test]
fn slow_bodies_and_silence_end_at_the_deadline() {
    let slow = |_: &Request, _, reply: Reply| Reply { pause: Duration::from_millis(50), ..reply };
    check_failed("did not send all of it within", ErrorKind::Unavailable, slow);
    let silent = |_: &Request, _, reply: Reply| {
        std::thread::sleep(patience().deadline * 2);
        reply
    };
    check_failed("the server does not answer, also when asked again", ErrorKind::Unavailable, silent);
}

#[test]
fn another_state_is_an_error_even_where_conditions_are_ignored() {
    let other = |tag: &'static str| move |_: &Request, _: usize, reply: Reply| reply.with("ETag", tag);
    check_failed("changed", ErrorKind::Unavailable, other("\"two\""));
    check_failed("changed", ErrorKind::Unavailable, other("W/\"one\""));
    let untagged = |_: &Request, _: usize, reply: Reply| reply.without("ETag");
    check_failed("changed", ErrorKind::Unavailable, untagged);
    let grown = |_: &Request, _: usize, reply: Reply| reply.with("Content-Range", "bytes 7-106/500001");
    check_failed("changed", ErrorKind::Unavailable, grown);
    let (server, _) = read(|_, _, reply| reply);
    assert_eq!(server.requests("GET")[0].header("if-match"), Some("\"one\""));
}

#[test]
fn without_a_strong_tag_the_date_counts() {
    let weak = |reply: Reply| reply.with("ETag", "W/\"one\"");
    let server = WebServer::of_object(pattern(1000), move |_, _, reply| weak(reply));
    assert_eq!(opened(&server).unwrap().read_at(3, 3).unwrap(), [4, 5, 6]);
    let request = &server.requests("GET")[0];
    assert_eq!(request.header("if-match"), None);
    assert_eq!(request.header("if-unmodified-since"), Some(crate::web_server::DATE));
    let server =
        WebServer::of_object(pattern(1000), move |request, _, reply| match request.method.as_str() {
            "GET" => weak(reply).with("Last-Modified", "Mon, 02 Jan 2023 03:04:06 GMT"),
            _ => weak(reply),
        });
    assert_eq!(opened(&server).unwrap().read_at(3, 3).unwrap_err().kind, ErrorKind::Unavailable);
    let neither = |_: &Request, _: usize, reply: Reply| reply.without("ETag").without("Last-Modified");
    let error = opened(&WebServer::of_object(pattern(1000), neither)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
}
