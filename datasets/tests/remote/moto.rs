//! A real S3 server: moto, in a process that ends with the tests.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;
use weir_datasets::{Access, AccessRules, Addresses, Credentials, Keys, StoreRule, Transport};

use crate::patience;

/// The server looks only at who signed a request.
const SIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=id/20230102/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";

/// The server.
pub struct Moto {
    port: u16,
    log: PathBuf,
    // The server ends when its standard input does: with this process.
    _process: Child,
    _folder: TempDir,
}

/// The server, started at its first use.
pub fn moto() -> &'static Moto {
    static MOTO: OnceLock<Moto> = OnceLock::new();
    MOTO.get_or_init(Moto::start)
}

impl Moto {
    fn start() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/remote");
        let installed = Command::new(here.join("install_moto.sh")).stderr(Stdio::inherit()).output().unwrap();
        assert!(installed.status.success(), "moto cannot be installed");
        let python = String::from_utf8(installed.stdout).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("requests");
        let mut process = Command::new(python.trim())
            .arg(here.join("serve_moto.py"))
            // A page of a listing has this many keys.
            .env("MOTO_S3_DEFAULT_MAX_KEYS", "7")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port =
            lines.find_map(|line| line.unwrap().strip_prefix("port ").map(|port| port.parse().unwrap()));
        Self { port: port.unwrap(), log, _process: process, _folder: folder }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a bucket.
    pub fn make_bucket(&self, bucket: &str) {
        assert_eq!(self.ask("PUT", &format!("/{bucket}"), &[]), 200, "{bucket}");
    }

    /// Stores an object.
    pub fn put(&self, place: &str, bytes: &[u8]) {
        assert_eq!(self.ask("PUT", &format!("/{place}"), bytes), 200, "{place}");
    }

    /// Removes an object.
    pub fn remove(&self, place: &str) {
        assert_eq!(self.ask("DELETE", &format!("/{place}"), &[]), 204, "{place}");
    }

    /// How many requests there were so far for a bucket, but those that store.
    pub fn requests(&self, bucket: &str) -> usize {
        let log = std::fs::read_to_string(&self.log).unwrap();
        let read = |line: &&str| line.contains(&format!("/{bucket}")) && !line.contains("\"PUT ");
        log.lines().filter(read).count()
    }

    /// Access to a bucket.
    pub fn access(&self, bucket: &str) -> Access {
        let (access_key_id, secret_access_key) = ("id".into(), "key".into());
        self.access_with(
            bucket,
            Credentials::Keys(Keys { access_key_id, secret_access_key, session_token: None }),
        )
    }

    /// Access to a bucket with these credentials.
    pub fn access_with(&self, bucket: &str, credentials: Credentials) -> Access {
        let mut rule = StoreRule::parse(&format!("s3://{bucket}")).unwrap();
        rule.endpoint = Some(self.endpoint());
        rule.transport = Transport::PlainAllowed;
        rule.addresses = Addresses::Private;
        rule.credentials = credentials;
        let rules = AccessRules { stores: vec![rule], patience: patience(), ..AccessRules::default() };
        Access::new(rules).unwrap()
    }

    fn ask(&self, method: &str, target: &str, body: &[u8]) -> u16 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: {SIGNED}\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n",
            self.port
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }
}
