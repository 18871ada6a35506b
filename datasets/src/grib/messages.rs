//! Messages: where each begins and ends in a file, and what becomes of those that do not.

use super::field::{Extent, Index};
use super::octets::Octets;
use super::window::Window;
use super::{edition1, edition2};
use crate::{DataFile, Error, ErrorKind};

/// What every message begins with.
pub const START: &[u8; 4] = b"GRIB";
/// What every message ends with.
pub const END: &[u8; 4] = b"7777";

/// Bytes of an indicator section of edition 2, the longer one.
const INDICATOR_BYTES: u64 = 16;

/// More bytes than these between two messages are taken for damage.
const MOST_GAP_BYTES: u64 = 1024;

/// How much of a file is looked through for messages, all in all, where none stands.
const MOST_SEARCHED: u64 = 1 << 30;

/// How many bytes are looked through at once.
const SEARCH_BYTES: u64 = 64 << 10;

/// The frame of a message: what its indicator section says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its first byte.
    pub start: u64,
    /// The edition, 1 or 2.
    pub edition: u8,
    /// The discipline, of edition 2.
    pub discipline: u8,
    /// The first byte behind it, if the file is long enough.
    pub end: u64,
}

impl Frame {
    /// The frame of what stands at `start`; `None` where no message does.
    fn at(window: &mut Window<'_>, start: u64) -> Result<Option<Self>, Error> {
        let length = window.length().saturating_sub(start).min(INDICATOR_BYTES);
        if length < 8 {
            return Ok(None);
        }
        let octets = window.bytes(start, length)?;
        if !octets.starts_with(START) {
            return Ok(None);
        }
        let octets = Octets(octets);
        let (edition, discipline) = (octets.u8(8)?, octets.u8(7)?);
        let length = match edition {
            1 => u64::from(octets.u24(5)?),
            // A file that ends in the indicator.
            2 => octets.u64(9).unwrap_or(u64::MAX),
            _ => return Ok(None),
        };
        let end = match edition {
            1 => edition1::end(window, start, length)?,
            _ => start.saturating_add(length),
        };
        Ok(Some(Self { start, edition, discipline, end }))
    }

    /// Whether the message ends as it should, where it should.
    fn is_closed(&self, window: &mut Window<'_>) -> Result<bool, Error> {
        let last = self.end.saturating_sub(4);
        if self.end > window.length() || last < self.start.saturating_add(8) {
            return Ok(false);
        }
        Ok(window.bytes(last, 4)? == END)
    }
}

/// Reads the headers of all messages of a file.
///
/// Whatever stands between messages (the headings of telecommunication bulletins, padding) is passed over. A message that
/// does not end where it says is damaged: what of its headers can be read is, and the next one is searched for.
///
/// # Errors
/// `Corrupt` where no message can be read, `Unsupported` where none is of a kind that is known, `TooLarge` for more fields
/// than can be kept, `Unavailable` where the disk fails.
pub fn index(file: &DataFile) -> Result<Index, Error> {
    let mut window = Window::new(file);
    let mut index = Index::default();
    let mut search = Search { at: 0, searched: 0 };
    let (mut behind, mut trusted) = (0, true);
    while let Some(frame) = search.next(&mut window)? {
        let closed = frame.is_closed(&mut window)?;
        // A gap may have been messages; so may what is behind the headers of a message that does not end.
        index.damaged |= !closed || frame.start.saturating_sub(behind) > MOST_GAP_BYTES;
        search.at = if closed { frame.end } else { frame.start.saturating_add(START.len() as u64) };
        // What is found behind damage may be a chance in packed values: it must be whole to be believed.
        if !closed && !trusted {
            continue;
        }
        (behind, trusted) = (search.at, closed);
        match read(&mut window, &frame, closed, &mut index) {
            Err(error) if is_of_file(&error) => return Err(error),
            Err(error) => index.skip(&error.within(format!("the message at byte {}", frame.start))),
            Ok(()) => {}
        }
    }
    index.damaged |= window.length().saturating_sub(behind) > MOST_GAP_BYTES;
    check_fields(&index).map(|()| index)
}

fn check_fields(index: &Index) -> Result<(), Error> {
    if !index.fields.is_empty() {
        return Ok(());
    }
    let reason = index.unread.keys().next().map_or("it has no message", String::as_str);
    let kind = match index.damaged || index.unread.is_empty() {
        true => ErrorKind::Corrupt,
        false => ErrorKind::Unsupported,
    };
    Err(Error::new(kind, format!("no field of the file can be read: {reason}")))
}

/// Whether an error ends the reading of a file.
fn is_of_file(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::TooLarge | ErrorKind::Unavailable | ErrorKind::Busy)
}

fn read(window: &mut Window<'_>, frame: &Frame, closed: bool, index: &mut Index) -> Result<(), Error> {
    let end = if closed { frame.end.saturating_sub(END.len() as u64) } else { window.length() };
    let fault = (!closed).then(|| {
        let (start, end, length) = (frame.start, frame.end, window.length());
        Error::corrupt(match end > length {
            true => format!(
                "the message at byte {start} is truncated: it should end at byte {end}, but the file has {length} bytes"
            ),
            false => format!("the message at byte {start} is damaged: it does not end at byte {end}"),
        })
    });
    let (fields, left_out) = (index.fields.len(), index.left_out());
    match frame.edition {
        1 => edition1::read(window, (frame.start, end), fault, index)?,
        _ => edition2::read(window, frame, (end, fault), index)?,
    }
    let whole = Extent { offset: frame.start, length: frame.end.saturating_sub(frame.start) };
    if let [field] = index.fields.get_mut(fields..).unwrap_or_default()
        && closed
    {
        field.message = Some(whole);
    }
    // What could not be read stands in the message, too.
    if index.left_out() != left_out {
        index.fields.iter_mut().skip(fields).for_each(|field| field.message = None);
    }
    Ok(())
}

/// The search for messages.
struct Search {
    /// Where the next one is expected.
    at: u64,
    /// How many bytes were looked through where none stood.
    searched: u64,
}

impl Search {
    /// The next message, whose start becomes the place of the search.
    fn next(&mut self, window: &mut Window<'_>) -> Result<Option<Frame>, Error> {
        loop {
            if let Some(frame) = Frame::at(window, self.at)? {
                return Ok(Some(frame));
            }
            if !self.advance(window)? {
                return Ok(None);
            }
        }
    }

    /// Moves to the next place where a message may begin; `false` where there is none.
    fn advance(&mut self, window: &mut Window<'_>) -> Result<bool, Error> {
        self.at = self.at.saturating_add(1);
        loop {
            let length = window.length().saturating_sub(self.at).min(SEARCH_BYTES);
            if length < START.len() as u64 {
                return Ok(false);
            }
            if self.searched > MOST_SEARCHED {
                let at = self.at;
                let message =
                    format!("{MOST_SEARCHED} bytes before byte {at} are no messages; the file is damaged");
                return Err(Error::new(ErrorKind::TooLarge, message));
            }
            let bytes = window.bytes(self.at, length)?;
            let found = bytes.windows(START.len()).position(|bytes| bytes == START);
            // The last three bytes may begin the next one.
            let passed =
                found.map_or(length.saturating_sub(START.len() as u64 - 1).max(1), |place| place as u64);
            self.searched = self.searched.saturating_add(passed);
            self.at = self.at.saturating_add(passed);
            if found.is_some() {
                return Ok(true);
            }
        }
    }
}
