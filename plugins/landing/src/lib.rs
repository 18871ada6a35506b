//! Serves the first page of a server, with its catalogs and its datasets, and what search engines look for: `robots.txt` and
//! sitemaps.
//!
//! A site may lead people elsewhere instead: `[plugins.landing] redirect = "https://..."`.
#![forbid(unsafe_code)]

mod configuration;
mod front;
mod maps;

use std::sync::{Mutex, OnceLock};

use weir_catalogs::pages::POLICY;
use weir_catalogs::sitemap::{self, Kind};
use weir_plugin_api::{Child, Error, Host, Parameter, Plugin, Request, Response, Route};
use weir_summaries::{Served, child, page_of, value_of};

use crate::configuration::Configuration;
use crate::front::Front;

/// The plugin.
pub struct LandingPlugin {
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
const XML: &str = "application/xml";
const TEXT: &str = "text/plain; charset=utf-8";

const FRONT: usize = 0;
const ROBOTS: usize = 1;
const INDEX: usize = 2;

impl Plugin for LandingPlugin {
    const NAME: &'static str = "landing";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    /// Folders, and what the server serves.
    const MIN_HOST_MINOR: u32 = 3;

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        let configuration = Configuration::parse(config)?;
        let served = Served::new(host, configuration.title.clone());
        Ok(Self { host, configuration, served, routes: OnceLock::new(), boundaries: Mutex::default() })
    }

    fn routes(&self) -> Vec<Route> {
        let after = |words| Parameter::query("after", words);
        let front = match &self.configuration.redirect {
            Some(_) => Route::get("/").summary("leads to the page that the site chose").answers(
                302,
                &[],
                "where it is",
            ),
            None => Route::get("/")
                .summary("the first page: catalogs, and datasets by folder")
                .parameter(Parameter::query("folder", "the folder that is shown, with a slash at its end"))
                .parameter(after("the child of the folder that the page begins behind"))
                .answers(200, &[HTML], "the page")
                .answers(400, &["application/json"], "the folder does not end with a slash, or is no text")
                .answers(404, &["application/json"], "there is no such folder"),
        };
        vec![
            front,
            Route::get("/robots.txt").summary("what crawlers should leave alone").answers(
                200,
                &[TEXT],
                "rules for crawlers",
            ),
            Route::get("/sitemap.xml").summary("the index of sitemaps").answers(
                200,
                &[XML],
                "sitemaps that together have the pages of all datasets",
            ),
            Route::get("/sitemap-datasets.xml")
                .summary("a sitemap: pages of datasets")
                .parameter(after("the id behind which the sitemap begins"))
                .answers(200, &[XML], "at most 50000 pages"),
        ]
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        match request.route() {
            FRONT => self.front(request),
            ROBOTS => self.robots(request),
            INDEX => self.index(request),
            _ => {
                let after = value_of(request.query(), "after")?.unwrap_or_default();
                maps::datasets(self.host, self.served.site(request)?, &after)
            }
        }
    }
}

impl LandingPlugin {
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
        let (folder, after) = (query("folder")?, query("after")?);
        if !folder.is_empty() && !folder.ends_with('/') {
            return Err(Error::bad_request(format!("the folder is {folder:?}, but must end with a slash")));
        }
        let site = self.served.site(request)?;
        let (children, more) = page_of(&self.host, (&folder, &after), PAGE)?;
        let shown: Vec<_> = children.iter().map(child).collect();
        let front = Front {
            site: site.site(),
            description: &self.configuration.description,
            routes: self.server_routes()?,
            folder: &folder,
            children: &shown,
            more_behind: children.last().filter(|_| more).map(Child::name),
        };
        let page = Response::full(HTML, front.page().into_bytes());
        Ok(page.header("content-security-policy", POLICY))
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
