//! Keys and signatures never show: not in errors, not in what is printed for developers, not in logs.

use std::io::Write;
use std::sync::{Arc, Mutex};

use weir_datasets::{Access, AccessRules, Addresses, Credentials, ErrorKind, StoreRule, Transport};

use crate::web_server::{Reply, WebServer};
use crate::{open, patience, url};

const CANARY: &str = "canary7f3a";

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn store_access(endpoint: &str) -> Access {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("{CANARY}-{name}\n")).unwrap();
        path
    };
    let mut rule = StoreRule::parse("s3://bucket").unwrap();
    rule.endpoint = Some(endpoint.to_owned());
    rule.transport = Transport::PlainAllowed;
    rule.addresses = Addresses::Private;
    rule.credentials = Credentials::Files {
        access_key_id: file("id"),
        secret_access_key: file("key"),
        session_token: Some(file("token")),
    };
    let rules = AccessRules { stores: vec![rule], patience: patience(), ..AccessRules::default() };
    let access = Access::new(rules).unwrap();
    // The files are read when the store is first reached.
    assert!(open(&access, "s3://bucket/first").is_err());
    access
}

#[test]
fn keys_are_in_requests_and_nowhere_else() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    // A server that tells back what it was told, as S3 does where a signature is wrong.
    let server = WebServer::start(|request, before| {
        let heard = request.header("authorization").unwrap_or_default().to_owned()
            + request.header("x-amz-security-token").unwrap_or_default();
        let status = if before % 2 == 0 { 403 } else { 503 };
        Reply {
            body: format!("<Error><AWSAccessKeyId>{CANARY}</AWSAccessKeyId>{heard}</Error>").into(),
            ..Reply::status(status)
        }
    });
    let access = store_access(&server.origin());
    let store = access.store(&url("s3://bucket/z")).unwrap();
    let mut shown = format!("{access:?} {store:?}");
    for number in 0..4 {
        let error = open(&access, "s3://bucket/a.nc").unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
        shown += &format!("{error} {error:?} {:?}", store.get(&format!("c/{number}"), 10).unwrap_err());
        shown += &format!("{:?}", store.list("").unwrap_err());
    }
    assert!(shown.contains("access was denied (status 403)"), "{shown}");
    assert!(!shown.contains(CANARY), "{shown}");
    let told = format!("{:?}", server.requests("HEAD"));
    assert!(told.contains(&format!("{CANARY}-id")) && told.contains(&format!("{CANARY}-token")), "{told}");
    assert!(!told.contains(&format!("{CANARY}-key")), "the secret key itself never travels");
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("backing off"), "retries are logged: {logged}");
    assert!(!logged.contains(CANARY), "{logged}");
}

#[test]
fn signatures_in_urls_are_used_and_not_shown() {
    let server = WebServer::of_object(crate::pattern(100), |request, _, reply| {
        if request.target == format!("/a.nc?signature={CANARY}") { reply } else { Reply::status(403) }
    });
    let access = crate::access_to(&server.origin());
    let signed = format!("{}/a.nc?signature={CANARY}", server.origin());
    let file = open(&access, &signed).unwrap();
    assert_eq!(file.read_at(1, 2).unwrap(), [2, 3]);
    let error = open(&access, &format!("{}/b.nc?signature={CANARY}", server.origin())).unwrap_err();
    let shown = format!("{file:?} {error} {:?} {}", url(&signed), url(&signed));
    assert!(!shown.contains(CANARY), "{shown}");
}
