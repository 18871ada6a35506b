//! Answers that say nothing new, and are held back until the dataset may have changed.

use std::sync::Arc;

use bytes::Bytes;
use hyper::Response;
use weir_plugin_api::guest::{Answer, AnswerContent, Incoming};

use crate::coding::Worth;
use crate::failures::plain_error;
use crate::kept::{Kept, KeptResponses};
use crate::reply::{self, Asked};
use crate::stream::{Account, Body, shared};

/// An answer that is held back, and the request that it answers.
pub struct Held {
    /// The request.
    pub incoming: Incoming,
    /// What is logged of it.
    pub account: Account,
    answer: Back,
}

/// What is sent if nothing changes.
pub struct Back {
    whole: Arc<Kept>,
    text: String,
}

impl Back {
    /// Takes the answer to a request where it may be held back: a whole text about a dataset, for one who waits for the body.
    ///
    /// # Errors
    /// The answer, where it is to be sent at once.
    pub fn of(answer: Answer, incoming: &Incoming) -> Result<Self, Answer> {
        if !answer.held || incoming.dataset.is_empty() || incoming.method != "GET" {
            return Err(answer);
        }
        let AnswerContent::Full(bytes) = &answer.content else { return Err(answer) };
        let text = str::from_utf8(bytes).unwrap_or_default().to_owned();
        if text.is_empty() {
            return Err(answer);
        }
        let body: Bytes = shared(bytes.clone());
        let (status, headers) = (answer.status, answer.headers);
        let whole = Kept { status, headers, ranges: false, worth: Worth::Nothing, costly: false, body };
        Ok(Self { whole: Arc::new(whole), text })
    }

    /// With the request that it answers, which holds no memory while it waits.
    pub fn with(self, incoming: Incoming, account: Account) -> Held {
        drop(account.context.hold(None));
        Held { incoming, account, answer: self }
    }
}

impl Held {
    /// The request as the plugin is asked again: by the answer that was held back it tells what is new.
    pub fn again(self) -> (Incoming, Account) {
        (Incoming { held: self.answer.text, ..self.incoming }, self.account)
    }

    /// Sends the answer: nothing changed.
    pub fn sent(self, asked: &Asked, kept: &KeptResponses) -> Response<Body> {
        let sent = reply::send_whole(&self.answer.whole, (asked, None), (kept, self.account));
        sent.unwrap_or_else(|(error, account)| plain_error(&error, asked.head, account))
    }
}
