//! Request bodies: read from the connection as fast as a plugin pulls them, and never more than a limit.

use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use weir_plugin_api::lent::RequestBody;
use weir_plugin_api::{Bytes, Error};

/// Request bodies may have at most this many bytes.
const MOST: u64 = 1 << 20;

type Piece = Result<Bytes, Error>;

/// A body that plugins pull on a blocking thread, while this connection's task reads it.
pub struct PulledBody(Receiver<Piece>);

impl PulledBody {
    /// Starts to read a body.
    pub fn start(body: Incoming) -> Self {
        let (sender, receiver) = channel(1);
        tokio::spawn(forward(body, sender));
        Self(receiver)
    }
}

impl RequestBody for PulledBody {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        self.0.blocking_recv().transpose()
    }
}

/// Ends at the body's end, at an error, or when nobody pulls any more.
async fn forward(mut body: Incoming, to: Sender<Piece>) {
    let mut left = MOST;
    while let Some(frame) = body.frame().await {
        let piece = match frame {
            Ok(frame) => match frame.into_data() {
                Ok(data) => counted(&mut left, data.to_vec()),
                // Trailers mean nothing to plugins.
                Err(_) => continue,
            },
            Err(error) => Err(Error::bad_request(format!("the request's body broke off: {error}"))),
        };
        let over = piece.is_err();
        if to.send(piece).await.is_err() || over {
            return;
        }
    }
}

fn counted(left: &mut u64, data: Vec<u8>) -> Piece {
    let rest = left.checked_sub(data.len() as u64);
    *left = rest.ok_or_else(|| Error::too_large(format!("the request's body has more than {MOST} bytes")))?;
    Ok(data.into())
}
