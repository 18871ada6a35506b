//! Text responses: what `.dods` would send, rewritten while it is sent.
//!
//! They are made of the very bytes of the data response, so that what holds for it holds for them: it is known to be good
//! before the first byte.

use weir_dap::dap2::grammar;
use weir_dap::dap2::text::{self, Format};
use weir_dap::dap2::values::Tree;
use weir_plugin_api::{Body, Bytes, Dataset, Error, Request, Response};

use super::data::{Nothing, Order, Plan, Source};
use super::{dataset_name, described};
use crate::DapPlugin;

/// Bytes of the data response that are rewritten at once.
const STEP: usize = 64 << 10;

/// Bytes of text that are sent at once, unless they are the last.
const ENOUGH: usize = 64 << 10;

/// A kind of text response.
pub struct Kind<M> {
    /// Makes what writes values; called once the response is known to be allowed.
    pub format: M,
    /// In which order they are wanted.
    pub order: Order,
    /// Bytes of what is written besides values and names.
    pub besides: u64,
    /// The media type.
    pub media_type: &'static str,
    /// The `Content-Description`.
    pub description: &'static str,
}

/// The data that the constraint names, as text.
pub fn respond<F: Format + Send + 'static, M: FnOnce(&Dataset) -> Result<F, Error>>(
    plugin: &DapPlugin,
    request: &Request<'_>,
    dataset: Dataset,
    kind: Kind<M>,
) -> Result<Response, Error> {
    let plan = Plan::of(plugin, request.query(), (dataset_name(request), &dataset), kind.order)?;
    let tree = declarations(&plan)?;
    let admit = |response| {
        let most = text::most(&tree, response).and_then(|most| most.checked_add(kind.besides));
        let most = most.ok_or_else(|| Error::too_large("the text has more bytes than 64 bits can count"))?;
        plugin.host.admit(request, most)
    };
    plugin.host.admit(request, plan.size.planned())?;
    admit(plan.size.planned())?;
    let answer = |body| described(Response::stream(kind.media_type, None, body), kind.description).stable();
    if request.is_head() {
        return Ok(answer(Box::new(Nothing)));
    }
    let transcript = text::Transcript::new((kind.format)(&dataset)?);
    let source = Source::of(plugin, request, dataset, plan)?;
    admit(source.total())?;
    Ok(answer(Box::new(Rewritten { source, piece: Bytes::new(), at: 0, transcript: Some(transcript) })))
}

/// What the response declares at its beginning.
pub fn declarations(plan: &Plan) -> Result<Tree, Error> {
    let head = String::from_utf8_lossy(&plan.head);
    let dds = head.strip_suffix(weir_dap::dap2::dods::SEPARATOR).unwrap_or(&head);
    let dds = grammar::parse_dds(dds).map_err(|malformed| Error::internal(malformed.to_string()))?;
    Tree::of(&dds).map_err(Error::internal)
}

/// The body of a text response.
struct Rewritten<F> {
    source: Source,
    /// The piece of the data response that is being rewritten.
    piece: Bytes,
    /// How much of it was.
    at: usize,
    /// `None` once everything was.
    transcript: Option<text::Transcript<F>>,
}

impl<F: Format + Send> Body for Rewritten<F> {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(transcript) = &mut self.transcript else { return Ok(None) };
        let broken = |broken: weir_dap::dap2::values::Broken| Error::internal(broken.to_string());
        let mut out = String::new();
        while out.len() < ENOUGH {
            let rest = self.piece.get(self.at..).unwrap_or_default();
            if rest.is_empty() {
                self.at = 0;
                match self.source.next()? {
                    Some(piece) => self.piece = piece,
                    None => {
                        transcript.finish(&mut out).map_err(broken)?;
                        self.transcript = None;
                        break;
                    }
                }
                continue;
            }
            let step = rest.get(..STEP).unwrap_or(rest);
            transcript.push(step, &mut out).map_err(broken)?;
            self.at = self.at.saturating_add(step.len());
        }
        Ok(Some(Bytes::from(out.into_bytes())).filter(|bytes| !bytes.is_empty()))
    }
}
