//! The short way over HTTP/1.1: plain requests for responses that are there already cost one look at the dataset, and no more of
//! this program than copying a head.
//!
//! Each request is looked at before hyper sees it. A plain one ([`plain`]) whose response is at hand is answered here, with the
//! head that hyper would write; hyper answers each other one ([`turn`]), and gets the connection for good with the first bytes
//! that could mean anything but a request without a body.

mod plain;
mod turn;

use std::io::{self, IoSlice};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hyper::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use weir_datasets::mapped::MappedRun;

use self::plain::Look;
pub use self::plain::Plain;
use crate::connections::HEADER_TIME;
use crate::exchange::{Again, Site};
use crate::kept::{Head, Whole};
use crate::public::Peer;
use crate::services::translate;
use crate::stream::{self, Account, Body};

/// What is read of a connection at once.
const READ: usize = 4 << 10;

/// A connection that is looked at before hyper sees it.
pub struct Lane {
    stream: TcpStream,
    peer: Peer,
    site: Arc<Site>,
    stopping: watch::Receiver<bool>,
    /// What was read and not yet answered.
    read: Vec<u8>,
    /// When the head that is being read must be whole.
    until: Option<Instant>,
    /// A head on its way.
    head: Vec<u8>,
    date: Date,
}

/// What becomes of a connection.
pub enum End {
    /// It is over.
    Closed,
    /// It is hyper's; these bytes of it were read.
    Foreign(TcpStream, Vec<u8>),
}

/// What became of a connection that was hyper's for one request.
enum Turned {
    /// It goes on.
    Back,
    /// It is over.
    Closed,
}

/// The date as headers have it, made once a second.
#[derive(Default)]
struct Date {
    second: u64,
    text: String,
}

impl Date {
    fn now(&mut self) -> &str {
        let now = SystemTime::now();
        let second = now.duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs());
        if second != self.second || self.text.is_empty() {
            (self.second, self.text) = (second, httpdate::fmt_http_date(now));
        }
        &self.text
    }
}

impl Lane {
    /// A new connection.
    pub fn new((stream, peer): (TcpStream, Peer), site: Arc<Site>, stopping: watch::Receiver<bool>) -> Self {
        Self { stream, peer, site, stopping, read: vec![], until: None, head: vec![], date: Date::default() }
    }

    /// Answers requests until the connection is over, or somebody else's.
    ///
    /// # Errors
    /// The connection's, and where a body had to be broken off: the connection must then be closed.
    pub async fn drive(mut self) -> io::Result<End> {
        loop {
            let look = plain::look(&self.read);
            if look != Look::Partial {
                self.until = None;
            }
            let length = match look {
                Look::Partial => {
                    if self.more().await? {
                        continue;
                    }
                    return Ok(End::Closed);
                }
                Look::Foreign => return Ok(End::Foreign(self.stream, self.read)),
                Look::Plain(plain) => {
                    // The last response says that it is the last, as hyper's does.
                    let goes_on = self.stopping.has_changed().is_ok_and(|stopping| !stopping);
                    if goes_on && self.answer(&plain).await? {
                        self.read.drain(..plain.length.min(self.read.len()));
                        continue;
                    }
                    plain.length
                }
                Look::Ordinary(length) => length,
            };
            if let Turned::Closed = self.turn(length).await? {
                return Ok(End::Closed);
            }
        }
    }

    /// Reads on; whether there was anything.
    async fn more(&mut self) -> io::Result<bool> {
        self.read.reserve(READ);
        let until = *self.until.get_or_insert_with(|| Instant::now() + HEADER_TIME);
        let reading = tokio::time::timeout_at(until, self.stream.read_buf(&mut self.read));
        tokio::select! {
            biased;
            read = reading => read.map_or(Ok(false), |read| Ok(read? > 0)),
            _ = self.stopping.changed() => Ok(false),
        }
    }

    /// Lets hyper answer the request whose head has this length.
    async fn turn(&mut self, length: usize) -> io::Result<Turned> {
        let mut head = std::mem::take(&mut self.read);
        let mut ahead = head.split_off(length.min(head.len()));
        let connection = (&mut self.stream, head.as_slice(), &mut ahead);
        let turned = turn::take(connection, (&self.site, self.peer), &mut self.stopping).await;
        self.read = ahead;
        turned.map_err(io::Error::other)
    }

    /// Answers a plain request, if the response is there.
    async fn answer(&mut self, plain: &Plain) -> io::Result<bool> {
        if let Some(again) = self.site.again(plain) {
            self.send_again(again).await?;
        } else if let Some(response) = self.site.at_once(plain) {
            return self.send(response).await;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    async fn send_again(&mut self, Again { known, body, mut account }: Again) -> io::Result<()> {
        self.write_head(&known.head, account.context.id());
        match body {
            Whole::Made(bytes) => {
                account.count(bytes.len());
                self.write(&bytes).await
            }
            Whole::Mapped(run) => self.write_mapped(&run, &mut account).await,
        }
    }

    /// Sends a response whose body is whole, if it is.
    async fn send(&mut self, response: Response<Body>) -> io::Result<bool> {
        let (parts, mut body) = response.into_parts();
        let (Some(head), Some(bytes)) = (Head::of(&parts), body.take_whole()) else { return Ok(false) };
        self.write_head(&head, body.request_id());
        self.write(&bytes).await?;
        Ok(true)
    }

    fn write_head(&mut self, head: &Head, id: &str) {
        self.head.clear();
        head.write(id, self.date.now(), &mut self.head);
    }

    /// Writes the head, and a body behind it.
    async fn write(&mut self, body: &[u8]) -> io::Result<()> {
        let (mut head, mut body) = (self.head.as_slice(), body);
        while !(head.is_empty() && body.is_empty()) {
            let written = self.stream.write_vectored(&[IoSlice::new(head), IoSlice::new(body)]).await?;
            let of_head = take(&mut head, written)?;
            take(&mut body, written.saturating_sub(of_head))?;
        }
        Ok(())
    }

    /// Writes the head, and a run of a file behind it; the last bytes only if all are of one generation.
    async fn write_mapped(&mut self, run: &MappedRun, account: &mut Account) -> io::Result<()> {
        let (mut head, mut sent) = (self.head.as_slice(), 0_usize);
        while sent < run.direct() {
            let send = || run.send(self.stream.as_fd(), head, sent);
            match self.stream.async_io(Interest::WRITABLE, send).await {
                Ok(taken) => sent = sent.saturating_add(taken.saturating_sub(take(&mut head, taken)?)),
                // Whose fault it is, the file tells.
                Err(error) => {
                    run.last().map_err(|error| stream::broken_off(account, &translate(error)))?;
                    return Err(error);
                }
            }
        }
        account.sent = sent as u64;
        let last = run.last().map_err(|error| stream::broken_off(account, &translate(error)))?;
        account.count(last.len());
        self.head.clear();
        self.write(&last).await
    }
}

/// Takes off what was written of the bytes; how many of them those are.
fn take(bytes: &mut &[u8], written: usize) -> io::Result<usize> {
    if written == 0 && !bytes.is_empty() {
        return Err(io::ErrorKind::WriteZero.into());
    }
    let (own, left) = bytes.split_at_checked(written).unwrap_or((bytes, &[]));
    *bytes = left;
    Ok(own.len())
}
