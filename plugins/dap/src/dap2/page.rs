//! Pages as responses, and the page of an error.

use weir_dap::dap2::html::{self, Page};
use weir_plugin_api::{Request, Response};

use super::described;

/// The suffixes of the resources that are pages.
const PAGES: [&str; 3] = [".html", ".info", ".help"];

/// `page` as a response, with the policy that lets it run and load nothing.
pub fn respond(page: Page, description: &str) -> Response {
    described(protected(page), description).stable()
}

fn protected(page: Page) -> Response {
    let response = Response::full(html::MEDIA_TYPE, page.finish());
    let response = response.header("Content-Security-Policy", html::POLICY);
    response.header("X-Content-Type-Options", "nosniff").header("Referrer-Policy", "no-referrer")
}

/// Whether `request` comes from somebody who reads pages.
pub fn is_asked_by(request: &Request<'_>) -> bool {
    PAGES.iter().any(|suffix| request.path().ends_with(suffix))
}

/// The page that says why there is no other.
pub fn of_error(status: u16, message: &str) -> Response {
    let mut page = Page::new("This page cannot be shown");
    page.markup("<p class=\"warning\" role=\"alert\">")
        .text(message)
        .markup("</p>\n<p class=\"note\">Status ");
    page.text(&status.to_string()).markup(". Go back, and change what was asked for.</p>\n");
    described(protected(page), "dods-error")
}
