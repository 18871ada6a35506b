//! The pieces of a pulled body, as a plugin gives them or compressed.

use bytes::Bytes;
use weir_plugin_api::Error;
use weir_plugin_api::guest::GuestBody;

use crate::coding::{Coding, Worth};
use crate::encoder::{BLOCK, Effort, Encoder};
use crate::stream::shared;

/// A body that is pulled on blocking threads: pulling it reads, decodes and compresses.
pub enum Pieces {
    /// A plugin's.
    Plain(GuestBody),
    /// The same, compressed.
    Encoded(Box<Encoded>),
}

/// A body that is compressed while it is pulled.
pub struct Encoded {
    /// Where further bytes come from, unless all are here.
    source: Option<GuestBody>,
    /// Bytes that were not compressed yet.
    waiting: Bytes,
    /// How many bytes are still to come from the source, where that was announced.
    left: Option<u64>,
    /// None once the stream has ended.
    encoder: Option<Encoder>,
}

impl Pieces {
    /// The next piece, or `None` at the end.
    ///
    /// # Errors
    /// The plugin's, and a length that is not what was announced: the compressed stream is then left without its end.
    pub fn pull(&mut self) -> Result<Option<Bytes>, Error> {
        match self {
            Self::Plain(body) => Ok(body.pull()?.map(shared)),
            Self::Encoded(encoded) => encoded.pull(),
        }
    }
}

impl Encoded {
    /// A whole body.
    ///
    /// # Errors
    /// As [`Encoder::new`].
    pub fn whole(bytes: Bytes, worth: Worth, coding: Coding) -> Result<Self, Error> {
        let encoder = Some(encoder(worth, coding)?);
        Ok(Self { source: None, waiting: bytes, left: None, encoder })
    }

    /// A body that goes on after `first`, and has `length` bytes in all where that is known.
    ///
    /// # Errors
    /// As [`Encoder::new`], and a first piece that is longer than the whole.
    pub fn pulled(
        (first, source): (Option<Bytes>, GuestBody),
        length: Option<u64>,
        (worth, coding): (Worth, Coding),
    ) -> Result<Self, Error> {
        let encoder = Some(encoder(worth, coding)?);
        // A body without a first piece has ended.
        let source = first.is_some().then_some(source);
        let mut encoded = Self { source, waiting: Bytes::new(), left: length, encoder };
        encoded.waiting = encoded.counted(first)?.unwrap_or_default();
        Ok(encoded)
    }

    fn pull(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(encoder) = &mut self.encoder {
            let block = self.waiting.split_to(self.waiting.len().min(BLOCK));
            if !block.is_empty() {
                let out = encoder.write(&block)?;
                if !out.is_empty() {
                    return Ok(Some(Bytes::from(out)));
                }
                continue;
            }
            match self.more()? {
                Some(piece) => self.waiting = piece,
                None => {
                    let out = self.encoder.take().map(Encoder::finish).transpose()?;
                    return Ok(out.map(Bytes::from));
                }
            }
        }
        Ok(None)
    }

    fn more(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(source) = &mut self.source else { return Ok(None) };
        let piece = source.pull()?.map(shared);
        if piece.is_none() {
            self.source = None;
        }
        self.counted(piece)
    }

    fn counted(&mut self, piece: Option<Bytes>) -> Result<Option<Bytes>, Error> {
        within(&mut self.left, piece)
    }
}

fn encoder(worth: Worth, coding: Coding) -> Result<Encoder, Error> {
    Encoder::new(coding, if worth == Worth::Text { Effort::Quick } else { Effort::Tried })
}

/// Counts a piece against the announced length: a body must have exactly that, or break off.
pub fn within(left: &mut Option<u64>, piece: Option<Bytes>) -> Result<Option<Bytes>, Error> {
    let Some(length) = left else { return Ok(piece) };
    let has = piece.as_ref().map_or(0, |piece| piece.len() as u64);
    let rest = length.checked_sub(has);
    match (&piece, rest) {
        (Some(_), Some(rest)) => *left = Some(rest),
        (None, Some(0)) => {}
        (Some(_), None) => return Err(Error::internal("a body is longer than it was announced to be")),
        (None, _) => return Err(Error::internal(format!("a body ended {length} bytes early"))),
    }
    Ok(piece)
}
