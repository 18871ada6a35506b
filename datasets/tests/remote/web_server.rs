//! A web server that gives parts of one object, and misbehaves as a test wants.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request, as far as tests look at it.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub target: String,
    headers: Vec<(String, String)>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// First and last byte that are asked for.
    pub fn range(&self) -> Option<(usize, usize)> {
        let (start, end) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some((start.parse().ok()?, end.parse().ok()?))
    }
}

/// A response, and how it is sent.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The length that is told, where it is not the body's.
    pub told_length: Option<usize>,
    /// How long each byte takes.
    pub pause: Duration,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self { status, headers: vec![], body: vec![], told_length: None, pause: Duration::ZERO }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }
}

/// A server that runs until the tests end.
pub struct WebServer {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl WebServer {
    /// Starts a server; `answer` is given each request and how many of its method came before.
    pub fn start(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let (connections, requests) = (Arc::clone(&server.connections), Arc::clone(&server.requests));
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let (answer, requests) = (Arc::clone(&answer), Arc::clone(&requests));
                thread::spawn(move || {
                    let stream = stream.unwrap();
                    let Some(request) = receive(&stream) else { return };
                    let before = {
                        let mut requests = requests.lock().unwrap();
                        requests.push(request.clone());
                        requests.iter().filter(|other| other.method == request.method).count() - 1
                    };
                    // Whoever asked may have gone away.
                    let _ = send(&stream, &request, &answer(&request, before));
                });
            }
        });
        server
    }

    /// A server of one object that does everything right, but for what `change` makes of its replies.
    pub fn of_object(
        bytes: Vec<u8>,
        change: impl Fn(&Request, usize, Reply) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start(move |request, before| change(request, before, well_behaved(&bytes, request)))
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The requests so far of a method.
    pub fn requests(&self, method: &str) -> Vec<Request> {
        self.requests.lock().unwrap().iter().filter(|request| request.method == method).cloned().collect()
    }
}

/// The entity tag of every object, while nothing else is said.
pub const TAG: &str = "\"one\"";

/// The date of every object, while nothing else is said.
pub const DATE: &str = "Mon, 02 Jan 2023 03:04:05 GMT";

fn well_behaved(bytes: &[u8], request: &Request) -> Reply {
    let mut reply = Reply::status(200).with("ETag", TAG).with("Last-Modified", DATE);
    if request.header("if-match").is_some_and(|tag| tag != TAG) {
        return Reply::status(412);
    }
    match request.range() {
        Some((start, last)) => {
            reply = reply.with("Content-Range", &format!("bytes {start}-{last}/{}", bytes.len()));
            reply.status = 206;
            reply.body = bytes[start..=last].to_vec();
        }
        None => reply.body = bytes.to_vec(),
    }
    reply
}

fn receive(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    for line in lines {
        match line.ok()?.split_once(':') {
            Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
            None => return Some(Request { method, target, headers }),
        }
    }
    None
}

fn send(mut stream: &TcpStream, request: &Request, reply: &Reply) -> std::io::Result<()> {
    let length = reply.told_length.unwrap_or(reply.body.len());
    let mut head =
        format!("HTTP/1.1 {} Any\r\nContent-Length: {length}\r\nConnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes())?;
    if request.method == "HEAD" {
        return Ok(());
    }
    if reply.pause.is_zero() {
        return stream.write_all(&reply.body);
    }
    for byte in &reply.body {
        stream.write_all(&[*byte])?;
        thread::sleep(reply.pause);
    }
    Ok(())
}
