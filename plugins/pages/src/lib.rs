//! Serves pages for people: the first page of a server, with its catalogs and its datasets, and a page about each dataset; and what
//! search engines look for: `robots.txt` and sitemaps.
//!
//! A site may lead people elsewhere instead: `[plugins.pages] redirect = "https://..."`.
#![forbid(unsafe_code)]

mod about;
mod configuration;
mod front;
mod maps;
mod routes;
mod search;
mod status;

use std::sync::{Mutex, OnceLock};

use weir_catalogs::pages::POLICY;
use weir_catalogs::sitemap::{self, Kind};
use weir_plugin_api::{Child, Error, Host, Plugin, Request, Response, Route};
use weir_summaries::{Served, child, page_of, value_of};

use crate::configuration::Configuration;
use crate::front::Front;
use crate::routes::{ROUTES, What};

/// The plugin.
pub struct PagesPlugin {
    host: Host,
    configuration: Configuration,
    served: Served,
    /// Not known while plugins are created, and the same ever after.
    routes: OnceLock<Vec<Route>>,
    /// Where sitemaps begin, and the version of the catalog that this is true of.
    boundaries: Mutex<Option<(u64, Vec<String>)>>,
}

/// Children on one page.
const PAGE: usize = 500;

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const NOTEBOOK_TYPE: &str = "application/x-ipynb+json";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const XML: &str = "application/xml";

impl Plugin for PagesPlugin {
    const NAME: &'static str = "pages";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    /// Folders, and what the server serves.
    const MIN_HOST_MINOR: u32 = 3;

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        let configuration = Configuration::parse(config)?;
        let served = Served::new(host, configuration.title.clone());
        Ok(Self { host, configuration, served, routes: OnceLock::new(), boundaries: Mutex::default() })
    }

    fn routes(&self) -> Vec<Route> {
        let leads_on = self.configuration.redirect.is_some();
        ROUTES.iter().map(|route| routes::described(route, leads_on)).collect()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let what = ROUTES.get(request.route()).map(|(_, what)| *what);
        match what.ok_or_else(|| Error::internal("the host asked for a route that there is not"))? {
            What::Front => self.front(request),
            What::Robots => self.robots(request),
            What::Index => self.index(request),
            What::Sitemap => {
                let after = value_of(request.query(), "after")?.unwrap_or_default();
                maps::datasets(self.host, self.served.site(request)?, &after)
            }
            What::Way => about::way(&self.host, request),
            What::Dataset => about::page(&self.host, request, self.served.site(request)?.site()),
            What::Notebook => about::notebook(&self.host, request, self.served.site(request)?.site()),
            What::Status => self.status(request),
            What::Script => Ok(Response::full(SCRIPT, include_str!("copy.js"))),
        }
    }

    fn render_error(&self, _: &Request<'_>, _: u16, message: &str) -> Option<Response> {
        Some(Response::full(JSON, serde_json::json!({ "detail": message }).to_string()))
    }
}

impl PagesPlugin {
    fn server_routes(&self) -> Result<&[Route], Error> {
        if self.routes.get().is_none() {
            let plugins = self.host.server()?.plugins;
            // Whoever else was first found the same.
            let _same = self.routes.set(plugins.into_iter().flat_map(|plugin| plugin.routes).collect());
        }
        Ok(self.routes.get().map(Vec::as_slice).unwrap_or_default())
    }

    fn front(&self, request: &Request<'_>) -> Result<Response, Error> {
        if let Some(target) = &self.configuration.redirect {
            let own = if target.starts_with('/') { request.base_url() } else { "" };
            let url = format!("{own}{target}");
            return Ok(Response::full(TEXT, format!("{url}\n").into_bytes())
                .header("location", url)
                .status(302));
        }
        let query = |name| Ok::<_, Error>(value_of(request.query(), name)?.unwrap_or_default());
        let (words, folder, after) = (query("q")?, query("folder")?, query("after")?);
        if !folder.is_empty() && !folder.ends_with('/') {
            return Err(Error::bad_request(format!("the folder is {folder:?}, but must end with a slash")));
        }
        let (children, more) = match words.trim() {
            "" => page_of(&self.host, (&folder, &after), PAGE)?,
            words => search::found((&self.host, request), (words, &after), PAGE)?,
        };
        let site = self.served.site(request)?;
        let shown: Vec<_> = children.iter().map(child).collect();
        let front = Front {
            site: site.site(),
            description: &self.configuration.description,
            routes: self.server_routes()?,
            words: words.trim(),
            folder: &folder,
            children: &shown,
            more_behind: children.last().filter(|_| more).map(Child::name),
        };
        Ok(Response::full(HTML, front.page()).header("content-security-policy", POLICY))
    }

    fn status(&self, request: &Request<'_>) -> Result<Response, Error> {
        let (site, facts) = (self.served.site(request)?, self.host.server()?);
        let page = status::html(&site.site(), &facts.version, &self.host.troubles()?);
        let response = Response::full(HTML, page).header("content-security-policy", POLICY);
        Ok(response.header("cache-control", "no-store"))
    }

    fn robots(&self, request: &Request<'_>) -> Result<Response, Error> {
        if let Some(text) = &self.configuration.robots {
            return Ok(Response::full(TEXT, text.clone().into_bytes()));
        }
        let site = self.served.site(request)?;
        let is_page = |route: &Route| {
            let found = route.description.responses.iter().filter(|answer| answer.status == 200);
            let mut types = found.flat_map(|answer| &answer.media_types).peekable();
            // What has data beside pages, as a hierarchy with its listings, is data.
            types.peek().is_some() && types.all(|name| name.starts_with("text/html"))
        };
        let kind = |route: &Route| if is_page(route) { Kind::Page } else { Kind::Data };
        let routes = self.server_routes()?.iter().map(|route| (route.pattern.as_str(), kind(route)));
        Ok(Response::full(TEXT, sitemap::robots(&site.site(), routes).into_bytes()))
    }

    fn index(&self, request: &Request<'_>) -> Result<Response, Error> {
        let site = self.served.site(request)?;
        let boundaries = maps::boundaries(&self.host, &self.boundaries)?;
        let index = sitemap::index(&site.site(), boundaries.iter().map(String::as_str));
        Ok(Response::full(XML, index.into_bytes()))
    }
}

#[cfg(test)]
mod tests;
