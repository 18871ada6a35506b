//! Request bodies: small, and read whole before a plugin is called, so that a slow client holds no thread.

use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use weir_plugin_api::lent::RequestBody;
use weir_plugin_api::{Bytes, Error, ErrorKind};

/// Request bodies may have at most this many bytes ...
const MOST: usize = 1 << 20;

/// ... and must come within this time.
const MOST_TIME: Duration = Duration::from_secs(30);

/// A body that came whole; plugins pull it in one piece.
struct WholeBody(Option<Bytes>);

impl RequestBody for WholeBody {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(self.0.take().filter(|bytes| !bytes.is_empty()))
    }
}

/// Reads a body.
///
/// # Errors
/// `TooLarge`, `Timeout`, or `BadRequest` where the client breaks off.
pub async fn read(body: Incoming) -> Result<Box<dyn RequestBody>, Error> {
    let read = tokio::time::timeout(MOST_TIME, Limited::new(body, MOST).collect()).await;
    let Ok(read) = read else {
        let seconds = MOST_TIME.as_secs();
        return Err(Error::new(
            ErrorKind::Timeout,
            format!("the request's body did not come within {seconds} s"),
        ));
    };
    match read {
        Ok(collected) => Ok(Box::new(WholeBody(Some(collected.to_bytes().to_vec().into())))),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Error::too_large(format!("the request's body has more than {MOST} bytes")))
        }
        Err(error) => Err(Error::bad_request(format!("the request's body broke off: {error}"))),
    }
}
