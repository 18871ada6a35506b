//! The access form: choose variables and parts of them, see the constraint, the addresses and the size, then download.
//!
//! It is a plain form of HTML that comes back to the same resource. A constraint as the query, as links to other servers
//! have it, fills the form.

use weir_dap::dap2::dods::Size;
use weir_dap::dap2::html::Page;
use weir_dap::dap2::values::{Kind, Node, Tree};
use weir_dap::dap2::{names, text};
use weir_plugin_api::{Dataset, Error, ErrorKind, Request, Response};

use super::address::Address;
use super::choice::{self, Choice};
use super::data::{Order, Plan};
use super::description::{self, Description};
use super::view::inventory;
use super::{dataset_name, page, transcript};
use crate::DapPlugin;

/// Datasets of more variables have fields for ranges only where a variable is chosen: a browser sends every field.
const MANY: usize = 40;

/// How many parts are listed where everything together is too large.
const MOST_PARTS: u64 = 8;

/// The resources that the page leads to, by what they are for.
const TARGETS: [(&str, &str); 5] = [
    (".ascii", "text"),
    (".json", "JSON"),
    (".dods", "binary data (DAP2)"),
    (".dds", "structure"),
    (".das", "attributes of the whole dataset"),
];

/// The form, filled as the query says.
pub fn form(plugin: &DapPlugin, request: &Request<'_>, dataset: &Dataset) -> Result<Response, Error> {
    let schema = dataset.schema()?;
    let inventory = inventory(plugin, dataset, &schema);
    let description = Description::of(&inventory, dataset_name(request))?;
    let tree = &description.tree;
    let query = request.query();
    let choice = if query.split('&').next() == Some(choice::MARK) {
        Choice::of_form(query, tree)?
    } else {
        let text = String::from_utf8_lossy(&names::decode(query)).into_owned();
        Choice::of_constraint(text.trim_end_matches('&'), tree)
    };
    let constraint = choice.constraint(tree);
    let plan = plan(plugin, request, dataset, &constraint)?;
    let address = Address::of(request, ".html");
    let mut page = Page::new(&format!("Data of {}", request.dataset_id()));
    page.markup("<p>").link(&address.link(".info", ""), "About this dataset").text(" · ");
    page.link(&address.link(".help", ""), "How to use it").markup("</p>\n");
    result(&mut page, &address, &constraint, &plan);
    if let Err(Refused { least_parts: Some(parts), .. }) = &plan {
        split(&mut page, &address, &choice, tree, *parts);
    }
    fields(&mut page, &address, &choice, &description);
    Ok(page::respond(page, "dods-form"))
}

/// How large a response is.
struct Extent {
    size: Size,
    /// The most bytes that it can have as text.
    text: Option<u64>,
    /// Why there is no text, although there is a response.
    refused: Option<String>,
}

/// Why there is no response to a constraint.
struct Refused {
    message: String,
    /// In how many parts it would be allowed.
    least_parts: Option<u64>,
}

/// The size of what the constraint names, or why there is too much of it.
fn plan(
    plugin: &DapPlugin,
    request: &Request<'_>,
    dataset: &Dataset,
    constraint: &str,
) -> Result<Result<Extent, Refused>, Error> {
    let plan = match Plan::of(plugin, constraint, (dataset_name(request), dataset), Order::Declared) {
        Ok(plan) => plan,
        Err(error) if error.kind == ErrorKind::TooLarge => {
            return Ok(Err(Refused { message: error.message, least_parts: None }));
        }
        Err(error) => return Err(error),
    };
    let size = plan.size;
    let Err(error) = plugin.host.admit(request, size.planned()) else {
        let text = text::most(&transcript::declarations(&plan)?, size.planned());
        let refused = text.and_then(|most| plugin.host.admit(request, most).err()).map(|error| error.message);
        return Ok(Ok(Extent { size, text, refused }));
    };
    let parts = (1..40).map(|power| 1_u64 << power);
    let fits =
        |parts: &u64| plugin.host.admit(request, size.planned().checked_div(*parts).unwrap_or(0)).is_ok();
    Ok(Err(Refused { message: error.message, least_parts: parts.into_iter().find(fits) }))
}

/// What was chosen: the constraint, its size, and where to get it.
fn result(page: &mut Page, address: &Address<'_>, constraint: &str, plan: &Result<Extent, Refused>) {
    page.markup("<section aria-labelledby=\"result\">\n<h2 id=\"result\">Your choice</h2>\n");
    if constraint.is_empty() {
        page.markup("<p>Nothing is chosen, which stands for the whole dataset.</p>\n");
    } else {
        page.markup("<p>Constraint:</p>\n<pre>").text(constraint).markup("</pre>\n");
    }
    match plan {
        Ok(extent) => size(page, extent),
        Err(refused) => {
            page.markup("<p class=\"warning\" role=\"alert\">Too large: ")
                .text(&refused.message)
                .markup("</p>\n");
        }
    }
    page.markup("<table>\n<tbody>\n");
    for (suffix, what) in TARGETS {
        let constraint = if suffix == ".das" { "" } else { constraint };
        page.markup("<tr>").element("th scope=\"row\"", what).markup("<td>");
        page.link(&address.link(suffix, constraint), &address.url(suffix, constraint)).markup("</td></tr>\n");
    }
    page.markup("</tbody>\n</table>\n</section>\n");
}

/// How large what was chosen is.
fn size(page: &mut Page, extent: &Extent) {
    page.markup("<p>Size of the binary data: <strong>").text(&described(extent.size)).markup("</strong>");
    if let Some(most) = extent.text {
        page.text(&format!("; as text at most {}", description::bytes(most)));
    }
    page.markup("</p>\n");
    if let Some(message) = &extent.refused {
        page.markup("<p class=\"warning\">As text it may be too large: ").text(message).markup("</p>\n");
    }
}

/// A size in words.
fn described(size: Size) -> String {
    match size {
        Size::Exact(bytes) => description::bytes(bytes),
        Size::Text { least, most: Some(most) } => {
            format!("{} to {}", description::bytes(least), description::bytes(most))
        }
        Size::Text { least, most: None } => format!("at least {}", description::bytes(least)),
    }
}

/// How to get in parts what is too large.
fn split(page: &mut Page, address: &Address<'_>, choice: &Choice, tree: &Tree, parts: u64) {
    page.markup(
        "<section aria-labelledby=\"parts\">\n<h2 id=\"parts\">In parts</h2>\n<p>Choose fewer variables or ",
    );
    page.markup("shorter ranges: it takes at least ").text(&parts.to_string()).markup(" parts.</p>\n");
    let variables = tree.roots().iter().filter_map(|&root| tree.node(root));
    let chosen = |node: &&Node| choice.selected.is_empty() || choice.covers(tree, node);
    let lengths = |node: &Node| choice::axes(tree, node).into_iter().map(|(_, length)| u64::from(length));
    let elements = |node: &&Node| lengths(node).fold(1, u64::saturating_mul);
    if let Some(largest) = variables.filter(chosen).max_by_key(elements) {
        // The slowest axis that is long enough: what lies together in the file stays together.
        let axis = lengths(largest).position(|length| length >= parts);
        if let Some((axis, length)) = axis.and_then(|axis| Some((axis, lengths(largest).nth(axis)?))) {
            page.markup("<p>The largest variable, for one, <code>")
                .text(&largest.name)
                .markup("</code>:</p>\n<ul>\n");
            for constraint in along(tree, largest, (axis, length), parts) {
                page.markup("<li>").link(&address.link(".html", &constraint), &constraint).markup("</li>\n");
            }
            page.markup(if parts > MOST_PARTS { "<li>and so on</li>\n</ul>\n" } else { "</ul>\n" });
        }
    }
    page.markup("</section>\n");
}

/// The constraints of the first of `parts` parts of `node` along an axis of so many indices.
fn along(tree: &Tree, node: &Node, (axis, length): (usize, u64), parts: u64) -> Vec<String> {
    let step = length.div_ceil(parts.max(1)).max(1);
    let part = |part: u64| {
        let start = part.saturating_mul(step);
        let stop = start.saturating_add(step).min(length).checked_sub(1).filter(|stop| *stop >= start)?;
        let range = |place: usize| if place == axis { format!("{start}:1:{stop}") } else { String::new() };
        let mut one = Choice::default();
        one.ranges.insert(node.path.clone(), (0..choice::axes(tree, node).len()).map(range).collect());
        one.selected.insert(node.path.clone());
        Some(one.constraint(tree))
    };
    (0..parts.min(MOST_PARTS)).map_while(part).collect()
}

/// The form itself.
fn fields(page: &mut Page, address: &Address<'_>, choice: &Choice, description: &Description) {
    let tree = &description.tree;
    page.markup("<section aria-labelledby=\"choose\">\n<h2 id=\"choose\">Choose</h2>\n<form method=\"get\"");
    page.attribute("action", &address.link(".html", ""));
    page.markup(">\n<input type=\"hidden\" name=\"form\" value=\"1\">\n<p class=\"note\">A range is ");
    page.markup(
        "<code>start:stride:stop</code>, from 0, the stop included; an empty one is the whole axis.</p>\n",
    );
    let few = tree.roots().len() <= MANY;
    if !few {
        page.markup("<p class=\"note\">Ranges can be given once a variable is chosen.</p>\n");
    }
    for variable in description.variables() {
        fieldset(page, choice, description, (variable, few));
    }
    calls(page, choice);
    filters(page, choice, tree);
    page.markup("<p><button type=\"submit\">Show constraint and size</button></p>\n</form>\n</section>\n");
}

/// The fields of one variable; those for ranges where it is chosen, or where there are few variables.
fn fieldset(page: &mut Page, choice: &Choice, description: &Description, (variable, few): (&Node, bool)) {
    let tree = &description.tree;
    page.markup("<fieldset>\n<legend>");
    checkbox(page, choice, variable);
    page.markup("</legend>\n").element("p class=\"note\"", &about(description, variable)).markup("\n");
    let mut nodes = Vec::new();
    description::with_members(tree, variable, &mut nodes);
    let is_chosen = nodes.iter().any(|node| choice.selected.contains(&node.path));
    for node in nodes {
        if node.path != variable.path {
            page.markup("<div>");
            checkbox(page, choice, node);
            page.element("span class=\"note\"", &description::declaration(&description.tree, node))
                .markup("</div>\n");
        }
        if few || is_chosen {
            ranges(page, choice, tree, node);
        }
    }
    page.markup("</fieldset>\n");
}

/// The calls of server functions that the query had.
fn calls(page: &mut Page, choice: &Choice) {
    for call in &choice.calls {
        page.markup("<p><label>Function call <input type=\"text\"").attribute("name", choice::CALL);
        page.attribute("value", call).markup("></label></p>\n");
    }
}

fn checkbox(page: &mut Page, choice: &Choice, node: &Node) {
    page.markup("<label><input type=\"checkbox\"")
        .attribute("name", choice::SELECT)
        .attribute("value", &node.path);
    page.markup(if choice.selected.contains(&node.path) { " checked> " } else { "> " });
    page.text(&node.path).markup("</label>");
}

/// What a variable is, in its own words where it has some.
fn about(description: &Description, node: &Node) -> String {
    let mut about = description::declaration(&description.tree, node);
    for name in ["long_name", "standard_name", "units"] {
        if let Some(text) = description.attribute(node, name) {
            about.push_str(" · ");
            about.push_str(&text);
        }
    }
    about
}

fn ranges(page: &mut Page, choice: &Choice, tree: &Tree, node: &Node) {
    let typed = choice.ranges.get(&node.path).map_or(&[][..], Vec::as_slice);
    for (axis, (name, length)) in choice::axes(tree, node).into_iter().enumerate() {
        let whole = choice::whole(length);
        let typed = typed.get(axis).filter(|range| !range.is_empty()).unwrap_or(&whole);
        let name = name.unwrap_or_else(|| format!("axis {axis}"));
        page.markup("<label>").text(&format!("{name} ({length}) ")).markup("<input type=\"text\"");
        page.attribute("name", &format!("{}.{axis}", node.path)).attribute("value", typed);
        page.attribute("placeholder", &whole).attribute("title", "start:stride:stop");
        page.markup(" pattern=\"\\s*[0-9]+(:[0-9]+)?(:([0-9]+|\\*))?\\s*\" autocomplete=\"off\"></label>\n");
    }
}

/// The field for selections, where there are rows to select.
fn filters(page: &mut Page, choice: &Choice, tree: &Tree) {
    let is_sequence = |root: &usize| tree.node(*root).is_some_and(|node| node.kind == Kind::Sequence);
    if !tree.roots().iter().any(is_sequence) && choice.filters.is_empty() {
        return;
    }
    page.markup("<fieldset>\n<legend>Rows of sequences</legend>\n<label>only where <input type=\"text\"");
    page.attribute("name", choice::WHERE).attribute("value", &choice.filters.join("&"));
    page.attribute("placeholder", "name.column>10&name.column<20").markup("></label>\n</fieldset>\n");
}
