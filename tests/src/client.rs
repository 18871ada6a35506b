//! An HTTP/1.1 client that sends exactly what it is told, over one kept-alive connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

/// A connection to a server.
pub struct Client {
    stream: BufReader<TcpStream>,
}

/// A response.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the body came to its proper end.
    pub complete: bool,
}

impl Reply {
    /// The first header called `name` (lower case), or the empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e} in {}", self.text()))
    }
}

impl Client {
    /// Connects.
    pub fn new(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    /// Sends a request without a body and reads the response. `headers` are whole lines.
    pub fn send(&mut self, method: &str, target: &str, headers: &[&str]) -> Reply {
        self.start(method, target, headers);
        self.read(method)
    }

    /// Sends a request only.
    pub fn start(&mut self, method: &str, target: &str, headers: &[&str]) {
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let request = format!("{method} {target} HTTP/1.1\r\nHost: weir.test\r\n{lines}\r\n");
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
    }

    /// Sends a `GET` of which the server need not read all before it answers.
    pub fn start_unheeded(&mut self, target: &str) {
        self.write(format!("GET {target} HTTP/1.1\r\nHost: weir.test\r\n\r\n").as_bytes());
    }

    /// Sends a request's body. A server may answer and close before it has read all of it.
    pub fn write(&mut self, body: &[u8]) {
        let _ = self.stream.get_mut().write_all(body);
    }

    /// Reads a response.
    pub fn read(&mut self, method: &str) -> Reply {
        let mut reply = self.read_head();
        if method != "HEAD" {
            self.read_body(&mut reply);
        }
        reply
    }

    /// Reads a response's status and headers.
    pub fn read_head(&mut self) -> Reply {
        self.read_head_or_end().expect("a response")
    }

    /// Reads a response's status and headers; `None` where the connection ends before them.
    pub fn read_head_or_end(&mut self) -> Option<Reply> {
        let line = self.line();
        if line.is_empty() {
            return None;
        }
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Some(Reply { status, headers, body: vec![], complete: true })
    }

    /// Reads a response's body behind its head.
    pub fn read_body(&mut self, reply: &mut Reply) {
        self.read_body_behind(vec![], reply);
    }

    /// Reads some bytes of a body whose length is known.
    pub fn read_some(&mut self, count: usize) -> Vec<u8> {
        let mut begun = vec![0; count];
        self.stream.read_exact(&mut begun).unwrap();
        begun
    }

    /// Reads a response's body behind some bytes of it.
    pub fn read_body_behind(&mut self, begun: Vec<u8>, reply: &mut Reply) {
        if reply.status == 204 || reply.status == 304 {
            return;
        }
        if reply.header("transfer-encoding") == "chunked" {
            self.chunked(reply);
        } else {
            let length: u64 = reply.header("content-length").parse().expect("a length");
            reply.body = begun;
            let left = length - reply.body.len() as u64;
            let read = self.stream.by_ref().take(left).read_to_end(&mut reply.body);
            reply.complete = read.is_ok_and(|n| n as u64 == left);
        }
    }

    fn chunked(&mut self, reply: &mut Reply) {
        loop {
            let line = self.line();
            let Ok(length) = u64::from_str_radix(line.trim(), 16) else {
                reply.complete = false;
                return;
            };
            let read = self.stream.by_ref().take(length).read_to_end(&mut reply.body);
            reply.complete = read.is_ok_and(|n| n as u64 == length);
            self.line();
            if length == 0 || !reply.complete {
                return;
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap_or_default();
        line.trim_end().to_owned()
    }

    /// `GET`.
    pub fn get(&mut self, target: &str) -> Reply {
        self.send("GET", target, &[])
    }

    /// `HEAD`.
    pub fn head(&mut self, target: &str) -> Reply {
        self.send("HEAD", target, &[])
    }

    /// `GET`, again and again until the second in which a file was changed is over: only then has the reply a date.
    pub fn dated(&mut self, target: &str) -> Reply {
        let until = SystemTime::now() + Duration::from_secs(5);
        loop {
            let reply = self.get(target);
            if !reply.header("last-modified").is_empty() || SystemTime::now() > until {
                return reply;
            }
            std::thread::yield_now();
        }
    }
}
