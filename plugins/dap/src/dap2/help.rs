//! The help page: every resource of a dataset with its exact address, and how to name a part of the data.

use weir_dap::dap2::html::Page;
use weir_plugin_api::{Dataset, Error, Request, Response};

use super::address::Address;
use super::description::Description;
use super::view::inventory;
use super::{dataset_name, page};
use crate::DapPlugin;

/// The suffix of the page.
const SUFFIX: &str = ".help";

/// What each suffix is for; those that are not served are left out.
const RESOURCES: [(&str, &str); 14] = [
    (".html", "choose variables and parts of them in a form"),
    (".info", "attributes, variables, and what DAP2 leaves out, as a page"),
    (".dds", "structure (DAP2)"),
    (".das", "attributes (DAP2)"),
    (".dods", "data (DAP2), binary"),
    (".ascii", "data as text; .asc is the same"),
    (".json", "data and attributes as JSON"),
    (".ver", "versions"),
    (".help", "this page"),
    (".dmr", "structure and attributes (DAP4), XML"),
    (".dmr.xml", "the same"),
    (".dmr.html", "the same as a page"),
    (".dap", "data (DAP4), binary"),
    (".dsr", "services of this dataset (DAP4)"),
];

/// How to use the dataset of `request`.
pub fn help(plugin: &DapPlugin, request: &Request<'_>, dataset: &Dataset) -> Result<Response, Error> {
    let schema = dataset.schema()?;
    let inventory = inventory(plugin, dataset, &schema);
    let description = Description::of(&inventory, dataset_name(request))?;
    let address = Address::of(request, SUFFIX);
    let mut page = Page::new(&format!("How to use {}", request.dataset_id()));
    page.markup(
        "<p>This dataset is served through OPeNDAP. Give this address to a client as it is:</p>\n<pre>",
    );
    page.text(&address.url("", "")).markup("</pre>\n<h2>Resources</h2>\n<table>\n<tbody>\n");
    let is_served = |suffix: &str| crate::resources().any(|resource| resource.suffix == suffix);
    for (suffix, what) in RESOURCES.into_iter().filter(|(suffix, _)| is_served(suffix)) {
        page.markup("<tr><td>").link(&address.link(suffix, ""), &address.url(suffix, "")).markup("</td>");
        page.element("td", what).markup("</tr>\n");
    }
    page.markup("</tbody>\n</table>\n");
    parts(&mut page, &address, &description);
    if !inventory.hidden().is_empty() {
        page.markup("<p class=\"warning\">Some variables are not served through DAP2: ");
        page.link(&address.link(".info", ""), "which, and why").markup(".</p>\n");
    }
    Ok(page::respond(page, "dods-help"))
}

/// How a part of the data is named, by a variable of this dataset.
fn parts(page: &mut Page, address: &Address<'_>, description: &Description) {
    page.markup(
        "<h2>Parts of the data</h2>\n<p>Behind a question mark stand the names of variables, with commas ",
    );
    page.markup(
        "between them, and behind each name, for each of its axes, <code>[start:stride:stop]</code>, ",
    );
    page.markup(
        "<code>[start:stop]</code> or <code>[index]</code>. Indices begin at 0; the stop is included, and ",
    );
    page.markup("<code>*</code> is the last one.</p>\n");
    let with_axes = description.variables().filter(|node| !node.shape.is_empty() && node.members.is_empty());
    let Some(example) = with_axes.into_iter().find(|node| node.count > 0) else { return };
    let indices: String =
        example.shape.iter().map(|length| format!("[0:1:{}]", length.saturating_sub(1).min(4))).collect();
    let constraint = format!("{}{indices}", example.name);
    page.markup("<p>For example <code>").text(&constraint).markup("</code>, which is part of <code>");
    page.text(&super::description::declaration(&description.tree, example)).markup("</code>:</p>\n<p>");
    page.link(&address.link(".ascii", &constraint), &address.url(".ascii", &constraint)).markup("</p>\n");
}
