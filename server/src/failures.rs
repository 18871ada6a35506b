//! Failures as responses: in a protocol's own form, or as JSON.

use std::sync::Arc;

use hyper::Response;
use weir_plugin_api::Error;
use weir_plugin_api::guest::{Answer, AnswerContent, Guest, Incoming};

use crate::respond::{self, Whole};
use crate::stream::{Account, Body, shared};

/// An error in the protocol's own form, or as JSON.
pub fn render_error(
    guest: &Arc<Guest>,
    incoming: &Incoming,
    error: &Error,
    account: Account,
) -> Response<Body> {
    let (status, id) = (respond::status_of(error.kind), account.context.id().to_owned());
    if status.is_server_error() {
        let (request, plugin, kind) = (&account.request, guest.name(), format!("{:?}", error.kind));
        tracing::error!(id, request, plugin, kind, error = error.message, "request failed");
    }
    let message = respond::message_of(error, &id);
    let rendered = guest.render_error(incoming, status.as_u16(), &message);
    let (mut headers, body) = match rendered {
        Some(Answer { headers, content: AnswerContent::Full(bytes), .. }) => (headers, shared(bytes)),
        _ => respond::json_error(&message, &id),
    };
    headers.extend(respond::retry_after(status));
    respond::whole(Whole { status, headers, body, range: None }, incoming.method == "HEAD", account)
}

/// An error for which no protocol has a form of its own.
pub fn plain_error(error: &Error, head: bool, account: Account) -> Response<Body> {
    let (status, id) = (respond::status_of(error.kind), account.context.id().to_owned());
    let (mut headers, body) = respond::json_error(&respond::message_of(error, &id), &id);
    headers.extend(respond::retry_after(status));
    respond::whole(Whole { status, headers, body, range: None }, head, account)
}
