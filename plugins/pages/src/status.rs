//! The page that says how the server is: what is not served although it was meant to be, and why.

use maud::{Markup, html};
use weir_catalogs::Site;
use weir_catalogs::listing::encoded_path;
use weir_catalogs::pages::page;
use weir_plugin_api::{Trouble, Troubles};

/// The page.
pub(crate) fn html(site: &Site<'_>, version: &str, troubles: &Troubles) -> String {
    let count = troubles.datasets.len() + troubles.plugins.len();
    let link = |id: &str| format!("{}/datasets/{}", site.base, encoded_path(id));
    let body = html! {
        p { (site.title) ", weir " (version) ": " @if count == 0 { "all is well." } @else { (count) " of what was meant to be served is not." } }
        (part("Datasets that cannot be opened", "They were found, but whoever asks for them gets this reason. Mended files are noticed at once.", &troubles.datasets, Some(&link)))
        (part("Plugins that were refused", "The server serves without them until it is started again.", &troubles.plugins, None))
        (part("Files that are left out", "No datasets, as far as the server can tell.", &troubles.files, None))
        nav aria-label="first page" { a href={ (site.base) "/" } { "all datasets" } }
    };
    page("Status", None, &body)
}

fn part(title: &str, words: &str, troubles: &[Trouble], link: Option<&dyn Fn(&str) -> String>) -> Markup {
    html! {
        @if !troubles.is_empty() {
            h2 { (title) " " small { "(" (troubles.len()) ")" } }
            p { (words) }
            table {
                thead { tr { th scope="col" { "Name" } th scope="col" { "Reason, and what helps" } } }
                tbody {
                    @for trouble in troubles {
                        tr {
                            td { @if let Some(link) = link { a href=(link(&trouble.name)) { (trouble.name) } } @else { (trouble.name) } }
                            td { (trouble.reason) }
                        }
                    }
                }
            }
        }
    }
}
