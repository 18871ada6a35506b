//! The routes, what each leads to, and what is said of it.

use weir_plugin_api::{Parameter, Route};

use crate::JSON;
use crate::dataset::{PAGE, Subject};

/// What a route leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    /// The list of datasets.
    Datasets,
    /// The plugins of the server.
    Plugins,
    /// The versions of the server and its plugins.
    Versions,
    /// Of a dataset's root group.
    Of(Subject),
    /// Of the group that the path names.
    Group,
}

/// All routes; a request says by number which one it took.
pub(crate) const ROUTES: [(&str, What); 10] = [
    ("/datasets", What::Datasets),
    ("/datasets/", What::Datasets),
    ("/plugins", What::Plugins),
    ("/versions", What::Versions),
    ("/datasets/{id}/keys", What::Of(Subject::Keys)),
    ("/datasets/{id}/dict", What::Of(Subject::Dict)),
    ("/datasets/{id}/info", What::Of(Subject::Info)),
    ("/datasets/{id}/tree", What::Of(Subject::Tree)),
    ("/datasets/{id}/groups", What::Of(Subject::Groups)),
    ("/datasets/{id}/groups/{rest}", What::Group),
];

/// A route with what is said of it.
pub(crate) fn described(&(pattern, what): &(&str, What)) -> Route {
    let route = Route::get(pattern);
    match what {
        What::Datasets => datasets(route),
        What::Plugins => {
            let words = "by name: where each came from, its version, its ABI and its routes";
            route.summary("the plugins that serve").answers(200, &[JSON], words)
        }
        What::Versions => route.summary("the versions of the server and its plugins").answers(
            200,
            &[JSON],
            "versions by name",
        ),
        What::Of(subject) => of(unknown(route), subject),
        What::Group => {
            let words = "a group's path; with /keys, /dict or /info behind it, what that says of the group";
            unknown(route.summary("a group of a dataset, as a page or as JSON"))
                .parameter(Parameter::path("rest", words))
                .answers(200, &[PAGE, JSON], "the page, or the document")
        }
    }
}

fn datasets(route: Route) -> Route {
    let limit = r#"{"type":"integer","minimum":1,"maximum":10000,"default":1000}"#;
    route
        .summary("the ids of all datasets, in pages")
        .parameter(Parameter::query("prefix", "what the ids begin with"))
        .parameter(Parameter::query("after", "the id behind which the page begins"))
        .parameter(Parameter::query("limit", "how many ids at most").schema(limit))
        .answers(200, &[JSON], "the ids; the header Link names the next page, where there is one")
        .answers(400, &[JSON], "a limit that is no number from 1 to 10000")
}

fn of(route: Route, subject: Subject) -> Route {
    let (summary, media_type) = match subject {
        Subject::Page => ("a page that shows a dataset", PAGE),
        Subject::Keys => ("the names of a dataset's variables", JSON),
        Subject::Dict => ("a dataset as xarray's to_dict has it, without data", JSON),
        Subject::Info => ("a dataset's schema, near to NCO's JSON", JSON),
        Subject::Tree => ("a page that shows all groups of a dataset", PAGE),
        Subject::Groups => ("the paths of a dataset's groups", JSON),
    };
    route.summary(summary).answers(200, &[media_type], "the whole of it")
}

/// What every route of a dataset may answer.
fn unknown(route: Route) -> Route {
    route.answers(404, &[JSON], "there is no such dataset, or no such group")
}
