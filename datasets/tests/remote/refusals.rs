//! Where no rule leads: no connection is made at all, however a URL is spelled.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use weir_datasets::{Access, AccessRules, Addresses, ErrorKind, HostRule, StoreRule, Transport};

use crate::web_server::{Reply, WebServer};
use crate::{access_to, open, patience, pattern};

/// A server that nobody should reach, by any address of this machine.
fn guarded() -> (u16, impl Fn() -> usize) {
    let connections = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("[::]:0").or_else(|_| TcpListener::bind("0.0.0.0:0")).unwrap();
    let (port, count) = (listener.local_addr().unwrap().port(), Arc::clone(&connections));
    std::thread::spawn(move || {
        for _ in listener.incoming() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, move || connections.load(Ordering::SeqCst))
}

fn access(hosts: Vec<HostRule>) -> Access {
    Access::new(AccessRules { hosts, patience: patience(), ..AccessRules::default() }).unwrap()
}

#[test]
fn addresses_of_this_machine_are_not_public_however_they_are_spelled() {
    let (port, connections) = guarded();
    let hosts = [
        "localhost",
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "127.1",
        "127.0.0.2",
        "0.0.0.0",
    ];
    let v6 = ["[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[::]", "[fe80::1]"];
    for host in hosts.into_iter().chain(v6).chain(["169.254.169.254", "10.255.255.1", "LOCALHOST"]) {
        for scheme in ["http", "HTTP", "https"] {
            let url = format!("{scheme}://{host}:{port}/latest/meta-data");
            // Even where a rule names this very host.
            let rule = HostRule::parse(&format!("{host}:{port}"), Addresses::Public).unwrap();
            let error = open(&access(vec![rule]), &url).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unsupported, "{url}: {error}");
            assert!(error.message.contains("private"), "{url}: {error}");
        }
    }
    assert_eq!(connections(), 0);
}

#[test]
fn what_no_rule_names_is_not_reached() {
    let (port, connections) = guarded();
    let near = access(vec![
        HostRule::parse(&format!("127.0.0.1:{}", port ^ 1), Addresses::Private).unwrap(),
        HostRule::parse(&format!("https://127.0.0.1:{port}"), Addresses::Private).unwrap(),
        HostRule::parse(&format!("127.0.0.2:{port}"), Addresses::Private).unwrap(),
    ]);
    for access in [Access::default(), access(vec![]), near] {
        let kind = |url: String| open(&access, &url).map(drop).unwrap_err().kind;
        assert_eq!(kind(format!("http://127.0.0.1:{port}/x")), ErrorKind::Unsupported);
        assert_eq!(kind(format!("http://user@127.0.0.1:{port}/x")), ErrorKind::BadRequest);
        assert_eq!(kind(format!("http://127.0.0.2:{port}@127.0.0.1:{port}/x")), ErrorKind::BadRequest);
        assert_eq!(kind(format!("http://192.0.2.1:{port}\\@127.0.0.1:{port}/x")), ErrorKind::Unsupported);
        assert_eq!(kind(format!("gopher://127.0.0.1:{port}/x")), ErrorKind::Unsupported);
        assert_eq!(kind(format!("ftp://127.0.0.1:{port}/x")), ErrorKind::Unsupported);
        assert_eq!(kind("s3://bucket/x".to_owned()), ErrorKind::Unsupported);
    }
    assert_eq!(connections(), 0);
}

#[test]
fn redirects_lead_nowhere() {
    let (port, connections) = guarded();
    let server = WebServer::start(move |_, _| {
        Reply::status(302).with("Location", &format!("http://127.0.0.1:{port}/secret"))
    });
    let error = open(&access_to(&server.origin()), &format!("{}/x", server.origin())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("redirects"), "{error}");
    // Nor where they come with a part of an object.
    let server =
        WebServer::of_object(pattern(1000), move |request, _, reply| match request.method.as_str() {
            "GET" => Reply::status(307).with("Location", &format!("http://127.0.0.1:{port}/secret")),
            _ => reply,
        });
    let file = open(&access_to(&server.origin()), &format!("{}/x", server.origin())).unwrap();
    assert_eq!(file.read_at(1, 2).unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(connections(), 0);
}

#[test]
fn an_endpoint_needs_a_rule_for_private_addresses_and_for_plain_http() {
    let (port, connections) = guarded();
    let mut rule = StoreRule::parse("s3://bucket/public").unwrap();
    rule.endpoint = Some(format!("http://127.0.0.1:{port}"));
    let rules = |rule: &StoreRule| AccessRules {
        stores: vec![rule.clone()],
        patience: patience(),
        ..AccessRules::default()
    };
    assert_eq!(Access::new(rules(&rule)).unwrap_err().kind, ErrorKind::BadRequest);
    rule.transport = Transport::PlainAllowed;
    let access = Access::new(rules(&rule)).unwrap();
    for url in ["s3://bucket/public/x", "s3://bucket/other/x", "s3://bucket/publicity", "s3://other/public/x"]
    {
        assert_eq!(open(&access, url).unwrap_err().kind, ErrorKind::Unsupported, "{url}");
    }
    for key in ["s3://bucket/public/../other", "s3://bucket/public//x", "s3://bucket/./public"] {
        assert_eq!(open(&access, key).unwrap_err().kind, ErrorKind::BadRequest, "{key}");
    }
    assert_eq!(connections(), 0);
}
