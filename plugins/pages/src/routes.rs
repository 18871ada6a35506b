//! The routes, what each leads to, and what is said of it.

use weir_catalogs::dataset_page::NOTEBOOK;
use weir_plugin_api::{Parameter, Route};

use crate::{HTML, JSON, SCRIPT, TEXT, XML};

/// Where the script is that pages load.
pub(crate) const COPY: &str = "/pages/copy.js";

/// What a route leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    /// The first page, or the way to where the site has one.
    Front,
    /// `robots.txt`.
    Robots,
    /// The index of sitemaps.
    Index,
    /// A sitemap.
    Sitemap,
    /// From a dataset's id to its page.
    Way,
    /// The page about a dataset.
    Dataset,
    /// The notebook that opens a dataset.
    Notebook,
    /// The script that copies code.
    Script,
    /// How the server is.
    Status,
}

/// All routes; a request says by number which one it took.
pub(crate) const ROUTES: [(&str, What); 9] = [
    ("/", What::Front),
    ("/robots.txt", What::Robots),
    ("/sitemap.xml", What::Index),
    ("/sitemap-datasets.xml", What::Sitemap),
    ("/datasets/{id}", What::Way),
    ("/datasets/{id}/", What::Dataset),
    (NOTEBOOK, What::Notebook),
    (COPY, What::Script),
    ("/status", What::Status),
];

/// A route with what is said of it; `leads_on` where the site has a first page of its own.
pub(crate) fn described(&(pattern, what): &(&str, What), leads_on: bool) -> Route {
    let route = Route::get(pattern);
    let unknown = |route: Route| route.answers(404, &[JSON], "there is no such dataset");
    let after = |words| Parameter::query("after", words);
    match what {
        What::Front if leads_on => {
            route.summary("leads to the page that the site chose").answers(302, &[], "where it is")
        }
        What::Front => route
            .summary("the first page: catalogs, and datasets by folder or by words")
            .parameter(Parameter::query("q", "words that the ids of the datasets shown have in them"))
            .parameter(Parameter::query("folder", "the folder that is shown, with a slash at its end"))
            .parameter(after("the child of the folder, or the dataset found, that the page begins behind"))
            .answers(200, &[HTML], "the page")
            .answers(400, &[JSON], "the folder does not end with a slash, or is no text")
            .answers(404, &[JSON], "there is no such folder"),
        What::Robots => {
            route.summary("what crawlers should leave alone").answers(200, &[TEXT], "rules for crawlers")
        }
        What::Index => route.summary("the index of sitemaps").answers(
            200,
            &[XML],
            "sitemaps that together have the pages of all datasets",
        ),
        What::Sitemap => route
            .summary("a sitemap: pages of datasets")
            .parameter(after("the id behind which the sitemap begins"))
            .answers(200, &[XML], "at most 50000 pages"),
        What::Way => {
            unknown(route.summary("the way to a dataset's page")).answers(307, &[TEXT], "where the page is")
        }
        What::Dataset => unknown(
            route.summary("the page about a dataset: what it holds, and all ways to it"),
        )
        .answers(200, &[HTML], "the page"),
        What::Notebook => unknown(route.summary("a Jupyter notebook that opens a dataset")).answers(
            200,
            &[crate::NOTEBOOK_TYPE],
            "a notebook of version 4.5",
        ),
        What::Script => {
            route.summary("the script that copies code from pages").answers(200, &[SCRIPT], "the script")
        }
        What::Status => route
            .summary("what is not served although it was meant to be, and why")
            .answers(200, &[HTML], "the page")
            .answers(501, &[JSON], "the server is older than this page"),
    }
}
