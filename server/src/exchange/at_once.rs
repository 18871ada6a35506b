//! Responses that are there at once, and are sent on the thread of the connection.

use std::sync::Arc;

use hyper::http::{request, response};
use hyper::{Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use weir_datasets::Dataset;
use weir_plugin_api::guest::Incoming;
use weir_plugin_api::lent::Services;

use super::{Site, header_of, is_stable_request, validators};
use crate::conditional::Validators;
use crate::kept::{Head, Known, Whole};
use crate::lane::Plain;
use crate::plugins::Serving;
use crate::ready::Ready;
use crate::reply::Asked;
use crate::routes::{Found, Match};
use crate::stream::{Account, Body};
use crate::{built_in, request_line};

/// A response that was sent before, on its way again.
pub struct Again {
    /// How it was sent.
    pub known: Arc<Known>,
    /// Its body.
    pub body: Whole,
    /// What is logged of it.
    pub account: Account,
}

impl Site {
    /// The response that needs no plugin, if it is known at once what the dataset is now.
    pub(super) fn at_hand(
        &self,
        (incoming, asked): (&Incoming, &Asked),
        plugin: usize,
    ) -> Option<(Ready, Validators, Arc<Dataset>)> {
        let serving = self.plugins.serving.get(plugin)?;
        let may_be_kept = is_stable_request(incoming) && header_of(incoming, request_line::MARK).is_none();
        let dataset = may_be_kept.then(|| self.services.at_hand(&incoming.dataset))??;
        let validators = validators(&dataset, incoming, serving)?;
        let kept = (&self.kept, self.services.memory());
        let ready = Ready::at_once((asked, &incoming.context), &validators, kept)?;
        if matches!(ready, Ready::Read(..)) {
            self.read_again(serving);
        }
        Some((ready, validators, dataset))
    }

    fn read_again(&self, serving: &Serving) {
        self.services.count(format!("{}.chunks_read_again", serving.guest.name()), 1.0);
    }

    /// The response to a plain request, if one like it was sent before, and it would be the same now.
    pub fn again(&self, plain: &Plain) -> Option<Again> {
        let catalog = self.services.catalog_version();
        let known = self.kept.known(&plain.key).filter(|known| known.catalog == catalog)?;
        let dataset = self.services.at_hand(&known.dataset)?;
        let body = (dataset.generation() == known.generation).then(|| known.stored.whole(&self.kept))??;
        if let (Whole::Mapped(_), Some(serving)) = (&body, self.plugins.serving.get(known.plugin)) {
            self.read_again(serving);
        }
        let mut account = self.account_of(["GET ", plain.target()].concat(), self.context());
        account.status = 200;
        account.counted.tally = known.tally.clone();
        Some(Again { known, body, account })
    }

    /// The response to a plain request, if it needs no plugin; how it is sent is remembered.
    pub fn at_once(&self, plain: &Plain) -> Option<Response<Body>> {
        let (catalog, request) = (self.services.catalog_version(), plain.parts()?);
        let found = self.found(&request)?;
        let (context, tally) = (self.context(), self.tally(&found));
        let (incoming, plugin) = self.incoming(&request, found, &context);
        let asked = Asked::of(&request, self.compression);
        let (ready, validators, dataset) = self.at_hand((&incoming, &asked), plugin)?;
        let stored = ready.stored((&asked, &validators), &self.kept);
        let mut account = self.account_of(["GET ", plain.target()].concat(), context);
        account.counted.tally = tally.clone();
        let response = ready.response((&asked, &validators), (&self.kept, account)).ok()?;
        let (parts, body) = response.into_parts();
        let head = Head::of(&parts).filter(|_| is_lasting(&parts, &validators));
        if let (Some(stored), Some(head)) = (stored, head) {
            let (dataset, generation) = (incoming.dataset, dataset.generation().to_owned());
            let known = Known { head, catalog, dataset, generation, plugin, tally, stored };
            self.kept.remember(plain.key.clone(), known);
        }
        Some(Response::from_parts(parts, body))
    }

    /// Where a request goes that may have a response at once.
    fn found(&self, request: &request::Parts) -> Option<Match> {
        let path = percent_decode_str(request.uri.path()).decode_utf8().ok()?;
        let catalog = self.services.catalog();
        let is_dataset = |id: &str| catalog.contains(id);
        match self.plugins.routes.find(request.method.as_str(), &path, is_dataset) {
            Found::Match(found) if !built_in::ROUTES.contains(&path.as_ref()) => Some(found),
            _ => None,
        }
    }
}

/// Whether a response will be the same later: the date of the data is told as soon as it will not do for two states.
fn is_lasting(response: &response::Parts, validators: &Validators) -> bool {
    response.status == StatusCode::OK
        && validators.times.is_some() == response.headers.contains_key(header::LAST_MODIFIED)
}
