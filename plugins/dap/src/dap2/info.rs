//! The information page: attributes, variables, and what DAP2 must say differently from the file, or leave out.

use weir_dap::dap2::Inventory;
use weir_dap::dap2::html::Page;
use weir_plugin_api::{Dataset, Error, Request, Response};

use super::address::Address;
use super::description::{self, Description};
use super::view::inventory;
use super::{dataset_name, page};
use crate::DapPlugin;

/// What there is to know of the dataset without its data.
pub fn info(plugin: &DapPlugin, request: &Request<'_>, dataset: &Dataset) -> Result<Response, Error> {
    let schema = dataset.schema()?;
    let inventory = inventory(plugin, dataset, &schema);
    let description = Description::of(&inventory, dataset_name(request))?;
    let address = Address::of(request, ".info");
    let mut page = Page::new(&format!("About {}", request.dataset_id()));
    page.markup("<p>").link(&address.link(".html", ""), "Choose data").text(" · ");
    page.link(&address.link(".help", ""), "How to use this dataset").markup("</p>\n");
    global(&mut page, &description);
    variables(&mut page, &description);
    renamed(&mut page, &inventory);
    hidden(&mut page, &inventory);
    Ok(page::respond(page, "dods-description"))
}

fn global(page: &mut Page, description: &Description) {
    page.markup("<h2>Dataset</h2>\n");
    let mut any = false;
    for container in description.global().filter(|container| !container.attributes.is_empty()) {
        any = true;
        page.element("h3", &container.name).markup("\n");
        description::attributes(page, container);
    }
    if !any {
        page.markup("<p>The dataset has no attributes of its own.</p>\n");
    }
}

fn variables(page: &mut Page, description: &Description) {
    page.markup("<h2>Variables</h2>\n");
    for variable in description.variables() {
        let mut nodes = Vec::new();
        description::with_members(&description.tree, variable, &mut nodes);
        for node in nodes {
            page.markup("<h3><code>")
                .text(&description::declaration(&description.tree, node))
                .markup("</code></h3>\n");
            if let Some(container) = description.container(node) {
                description::attributes(page, container);
            }
        }
    }
}

/// The variables whose names had to be changed.
fn renamed(page: &mut Page, inventory: &Inventory<'_>) {
    let differs =
        |entry: &&weir_dap::dap2::Entry<'_>| entry.path.strip_prefix('/') != Some(entry.name.as_str());
    let mut renamed = inventory.entries().iter().filter(differs).peekable();
    if renamed.peek().is_none() {
        return;
    }
    page.markup("<h2>Names</h2>\n<p>DAP2 has no groups, and its clients take few characters in names. ");
    page.markup("These variables have another name in the file:</p>\n<table>\n<thead><tr>");
    page.markup("<th scope=\"col\">here</th><th scope=\"col\">in the file</th></tr></thead>\n<tbody>\n");
    for entry in renamed {
        page.markup("<tr>").element("td", &entry.name).element("td", &entry.path).markup("</tr>\n");
    }
    page.markup("</tbody>\n</table>\n");
}

fn hidden(page: &mut Page, inventory: &Inventory<'_>) {
    if inventory.hidden().is_empty() {
        return;
    }
    page.markup("<h2>Not served through DAP2</h2>\n<table>\n<thead><tr>");
    page.markup("<th scope=\"col\">in the file</th><th scope=\"col\">why not</th></tr></thead>\n<tbody>\n");
    for hidden in inventory.hidden() {
        page.markup("<tr>").element("td", &hidden.path);
        page.element("td", &hidden.because.to_string()).markup("</tr>\n");
    }
    page.markup("</tbody>\n</table>\n");
}
