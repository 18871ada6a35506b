//! Serves `/gridlook.json`: all datasets as Zarr hierarchies, for the viewer gridlook.
#![forbid(unsafe_code)]

use serde::Deserialize;
use weir_catalogs::gridlook;
use weir_plugin_api::{Child, Error, Host, Parameter, Plugin, Request, Response, Route, configuration};
use weir_summaries::{Document, Listed, OwnedSite, Parts, Served, entry, value_of};

/// The plugin.
pub struct GridlookPlugin {
    host: Host,
    served: Served,
}

/// What a site may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    /// What the catalog is called.
    title: Option<String>,
}

impl Plugin for GridlookPlugin {
    const NAME: &'static str = "gridlook";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    /// Entries, and what the server serves.
    const MIN_HOST_MINOR: u32 = 3;

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        let Configuration { title } = configuration(config)?;
        Ok(Self { host, served: Served::new(host, title) })
    }

    fn routes(&self) -> Vec<Route> {
        let json = ["application/json"].as_slice();
        let route = Route::get("/gridlook.json")
            .summary("all datasets as Zarr hierarchies, for the viewer gridlook")
            .parameter(Parameter::query("after", "the id behind which the catalog begins"))
            .parameter(
                Parameter::query("limit", "how many datasets at most; all where it is left out")
                    .schema(r#"{"type":"integer","minimum":1}"#),
            )
            .answers(200, json, "the catalog")
            .answers(400, json, "a limit that is no number from 1 on");
        vec![route]
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let after = value_of(request.query(), "after")?.unwrap_or_default();
        let most = value_of(request.query(), "limit")?.map_or(Ok(usize::MAX), |limit| number(&limit))?;
        let catalog = Catalog { site: self.served.site(request)?, begun: false };
        let parts = Parts::new(self.host, (Listed::All, &after, most), catalog)?;
        Ok(Response::stream("application/json", None, Box::new(parts)))
    }
}

fn number(limit: &str) -> Result<usize, Error> {
    let number = limit.parse().ok().filter(|&number| number >= 1);
    number.ok_or_else(|| Error::bad_request(format!("limit is {limit:?}, but must be a number from 1 on")))
}

struct Catalog {
    site: OwnedSite,
    /// Whether a dataset was written already, which the next comes behind a comma of.
    begun: bool,
}

impl Document for Catalog {
    fn begin(&mut self) -> Result<Vec<u8>, Error> {
        Ok(gridlook::begin(&self.site.site()).into_bytes())
    }

    fn some(&mut self, children: &[Child]) -> Result<Vec<u8>, Error> {
        let mut text = String::new();
        for child in children {
            let Child::Dataset(dataset) = child else { continue };
            let Some(value) = gridlook::dataset(&self.site.site(), &entry(dataset)) else { continue };
            text.push_str(if self.begun { ",\n" } else { "\n" });
            text.push_str(&value.to_string());
            self.begun = true;
        }
        Ok(text.into_bytes())
    }

    fn end(&mut self) -> Result<Vec<u8>, Error> {
        Ok(gridlook::END.as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use weir_plugin_api::model::DataType;
    use weir_plugin_api::testing::{MockHost, Running, check_contract, counting, dataset_of};
    use weir_plugin_api::{PluginFacts, ServerFacts};

    use super::*;

    fn host(ids: &[&str], patterns: &[&str]) -> MockHost {
        let routes = patterns.iter().map(|pattern| Route::get(pattern)).collect();
        let plugin = PluginFacts { name: "some".to_owned(), routes, ..PluginFacts::default() };
        let facts = ServerFacts { name: "weir".to_owned(), plugins: vec![plugin], ..ServerFacts::default() };
        let dataset = || dataset_of(vec![counting("sst", DataType::Int16, &[("y", 3)])]);
        ids.iter().fold(MockHost::new().facts(facts), |host, id| host.dataset(id, dataset()))
    }

    fn urls(running: &Running, target: &str) -> Vec<String> {
        let value: Value = serde_json::from_slice(&running.get(target).unwrap().bytes).unwrap();
        assert_eq!(value["type"], "gridlook_catalog");
        let datasets = value["datasets"].as_array().unwrap();
        datasets.iter().map(|dataset| dataset["url"].as_str().unwrap().to_owned()).collect()
    }

    const ZARR: [&str; 2] = ["/datasets/{id}/zarr/{rest}", "/datasets/{id}/kerchunk/{rest}"];

    #[test]
    fn datasets_are_listed_whole_and_in_parts() {
        let running = host(&["b.nc", "a/x 1.nc", "c"], &ZARR).start::<GridlookPlugin>();
        let all = ["a/x%201.nc", "b.nc", "c"].map(|id| format!("http://weir.example/datasets/{id}/zarr"));
        assert_eq!(urls(&running, "/gridlook.json"), all);
        assert_eq!(urls(&running, "/gridlook.json?limit=2"), all[..2]);
        assert_eq!(urls(&running, "/gridlook.json?limit=2&after=b.nc"), all[2..]);
        assert_eq!(urls(&running, "/gridlook.json?after=c"), Vec::<String>::new());
        let error = running.get("/gridlook.json?limit=0").unwrap_err();
        assert!(error.message.contains("limit is \"0\""), "{error}");
        assert_eq!(running.reads(), 0);
    }

    #[test]
    fn a_server_without_zarr_has_nothing_to_show() {
        let running = host(&["a"], &["/datasets/{id}/opendap.dds"]).start::<GridlookPlugin>();
        assert_eq!(urls(&running, "/gridlook.json"), Vec::<String>::new());
        let running = host(&["a"], &ZARR[1..]).start::<GridlookPlugin>();
        assert_eq!(urls(&running, "/gridlook.json"), ["http://weir.example/datasets/a/kerchunk"]);
    }

    #[test]
    fn it_keeps_the_contract() {
        check_contract::<GridlookPlugin>(
            host(&["a", "b"], &ZARR),
            "a",
            &["/gridlook.json", "/gridlook.json?limit=1"],
        );
    }
}
