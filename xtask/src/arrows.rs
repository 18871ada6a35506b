//! Which crate may know which: the table of arrows, and the check of every manifest against it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What one crate may know.
#[derive(Debug)]
pub struct Rule {
    /// The crate.
    pub krate: &'static str,
    /// The crates of this repository that it may depend on.
    pub may_know: &'static [&'static str],
    /// The crates of this repository that only its tests may depend on.
    pub tests_may_know: &'static [&'static str],
    /// Crates of others that it must not depend on, in tests either.
    pub must_not_know: &'static [&'static str],
}

const NO_RUNTIME: &[&str] =
    &["tokio", "hyper", "hyper-util", "http", "netcdf", "hdf5-reader", "netcdf-reader"];

/// The table. What is not here is forbidden; `ARCHITECTURE.md` says why.
pub const ARROWS: &[Rule] = &[
    Rule {
        krate: "weir-model",
        may_know: &[],
        tests_may_know: &[],
        must_not_know: &["tokio", "hyper", "http", "serde", "serde_json", "netcdf", "hdf5-reader"],
    },
    Rule { krate: "weir-dap", may_know: &["weir-model"], tests_may_know: &[], must_not_know: NO_RUNTIME },
    Rule { krate: "weir-zarr", may_know: &["weir-model"], tests_may_know: &[], must_not_know: NO_RUNTIME },
    Rule { krate: "weir-cf", may_know: &["weir-model"], tests_may_know: &[], must_not_know: NO_RUNTIME },
    Rule { krate: "weir-netcdf", may_know: &["weir-model"], tests_may_know: &[], must_not_know: NO_RUNTIME },
    Rule {
        krate: "weir-references",
        may_know: &["weir-model"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule { krate: "weir-config", may_know: &[], tests_may_know: &[], must_not_know: NO_RUNTIME },
    Rule { krate: "weir-plugin-abi", may_know: &[], tests_may_know: &[], must_not_know: NO_RUNTIME },
    Rule {
        krate: "weir-plugin-api",
        may_know: &["weir-model", "weir-plugin-abi"],
        // With its `testing` feature.
        tests_may_know: &["weir-plugin-api"],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-datasets",
        may_know: &["weir-model", "weir-cf", "weir-references"],
        // What is written is read.
        tests_may_know: &["weir-netcdf"],
        must_not_know: &["hyper", "hyper-util", "http"],
    },
    Rule {
        krate: "weir-plugin-dap",
        may_know: &["weir-plugin-api", "weir-dap", "weir-model"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    // What every plugin that shows datasets as Zarr shares.
    Rule {
        krate: "weir-zarr-objects",
        may_know: &["weir-plugin-api", "weir-zarr", "weir-cf", "weir-model"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-zarr",
        may_know: &["weir-plugin-api", "weir-zarr-objects", "weir-zarr", "weir-model"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule { krate: "weir-coverage", may_know: &["weir-cf"], tests_may_know: &[], must_not_know: NO_RUNTIME },
    Rule {
        krate: "weir-catalogs",
        may_know: &["weir-model", "weir-cf"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    // What every catalog says of a dataset.
    Rule {
        krate: "weir-summaries",
        may_know: &["weir-plugin-api", "weir-catalogs", "weir-cf", "weir-model"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    // Pure: values and coordinates in, pictures out.
    Rule {
        krate: "weir-rendering",
        may_know: &["weir-cf", "weir-model"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    // What every plugin that draws fields shares.
    Rule {
        krate: "weir-fields",
        may_know: &["weir-plugin-api", "weir-rendering", "weir-selection", "weir-cf", "weir-model"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-maps",
        may_know: &[
            "weir-plugin-api",
            "weir-catalogs",
            "weir-fields",
            "weir-rendering",
            "weir-selection",
            "weir-cf",
            "weir-model",
        ],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-maps-so",
        may_know: &["weir-plugin-api", "weir-plugin-maps"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-plot",
        may_know: &[
            "weir-plugin-api",
            "weir-fields",
            "weir-rendering",
            "weir-selection",
            "weir-cf",
            "weir-model",
        ],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-plot-so",
        may_know: &["weir-plugin-api", "weir-plugin-plot"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    // What every plugin that selects by coordinates shares.
    Rule {
        krate: "weir-selection",
        may_know: &["weir-plugin-api", "weir-cf", "weir-model"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-diagnostics",
        may_know: &[
            "weir-plugin-api",
            "weir-rendering",
            "weir-selection",
            "weir-coverage",
            "weir-netcdf",
            "weir-cf",
            "weir-model",
        ],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-diagnostics-so",
        may_know: &["weir-plugin-api", "weir-plugin-diagnostics"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-esm",
        may_know: &["weir-plugin-api", "weir-catalogs", "weir-summaries", "weir-cf", "weir-model"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-esm-so",
        may_know: &["weir-plugin-api", "weir-plugin-esm"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-gridlook",
        may_know: &["weir-plugin-api", "weir-catalogs", "weir-summaries", "weir-cf", "weir-model"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-gridlook-so",
        may_know: &["weir-plugin-api", "weir-plugin-gridlook"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-intake",
        may_know: &["weir-plugin-api", "weir-catalogs", "weir-summaries", "weir-cf", "weir-model"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-intake-so",
        may_know: &["weir-plugin-api", "weir-plugin-intake"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-pages",
        may_know: &["weir-plugin-api", "weir-catalogs", "weir-summaries", "weir-cf", "weir-model"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-pages-so",
        may_know: &["weir-plugin-api", "weir-plugin-pages"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-openapi",
        may_know: &["weir-plugin-api", "weir-catalogs", "weir-summaries", "weir-cf", "weir-model"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-openapi-so",
        may_know: &["weir-plugin-api", "weir-plugin-openapi"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-stac",
        may_know: &[
            "weir-plugin-api",
            "weir-catalogs",
            "weir-summaries",
            // Which datasets can be shown as they are stored.
            "weir-zarr",
            "weir-cf",
            "weir-model",
        ],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-stac-so",
        may_know: &["weir-plugin-api", "weir-plugin-stac"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-subset",
        may_know: &[
            "weir-plugin-api",
            "weir-selection",
            "weir-summaries",
            "weir-netcdf",
            "weir-coverage",
            "weir-cf",
            "weir-model",
        ],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-subset-so",
        may_know: &["weir-plugin-api", "weir-plugin-subset"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-thredds",
        may_know: &["weir-plugin-api", "weir-catalogs", "weir-summaries", "weir-cf", "weir-model"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-thredds-so",
        may_know: &["weir-plugin-api", "weir-plugin-thredds"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-xpublish",
        may_know: &["weir-plugin-api", "weir-catalogs", "weir-summaries", "weir-cf", "weir-model"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-xpublish-so",
        may_know: &["weir-plugin-api", "weir-plugin-xpublish"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-s3",
        may_know: &["weir-plugin-api", "weir-zarr-objects", "weir-zarr", "weir-model"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-s3-so",
        may_know: &["weir-plugin-api", "weir-plugin-s3"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-file",
        may_know: &["weir-plugin-api"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-file-so",
        may_know: &["weir-plugin-api", "weir-plugin-file"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-kerchunk",
        may_know: &["weir-plugin-api", "weir-references", "weir-zarr-objects", "weir-zarr"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-kerchunk-so",
        may_know: &["weir-plugin-api", "weir-plugin-kerchunk"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-dap-so",
        may_know: &["weir-plugin-api", "weir-plugin-dap"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-plugin-zarr-so",
        may_know: &["weir-plugin-api", "weir-plugin-zarr"],
        tests_may_know: &[],
        must_not_know: NO_RUNTIME,
    },
    Rule {
        krate: "weir-server",
        may_know: &[
            "weir-plugin-api",
            "weir-plugin-abi",
            "weir-config",
            "weir-datasets",
            "weir-model",
            // Named by `server/src/linked.rs` alone: see `sources`.
            "weir-plugin-dap",
            "weir-plugin-file",
            "weir-plugin-kerchunk",
            "weir-plugin-maps",
            "weir-plugin-plot",
            "weir-plugin-s3",
            "weir-plugin-diagnostics",
            "weir-plugin-esm",
            "weir-plugin-gridlook",
            "weir-plugin-intake",
            "weir-plugin-pages",
            "weir-plugin-openapi",
            "weir-plugin-stac",
            "weir-plugin-subset",
            "weir-plugin-thredds",
            "weir-plugin-xpublish",
            "weir-plugin-zarr",
        ],
        tests_may_know: &[],
        must_not_know: &["netcdf", "hdf5-reader", "netcdf-reader"],
    },
    Rule { krate: "weir-xtask", may_know: &["weir-plugin-abi"], tests_may_know: &[], must_not_know: &[] },
    // Black-box tests: they see what a client sees.
    Rule { krate: "weir-tests", may_know: &[], tests_may_know: &[], must_not_know: &[] },
];

/// One dependency of one crate of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// Who knows.
    pub from: String,
    /// Who is known.
    pub to: String,
    /// Whether only its tests know.
    pub reach: Reach,
}

/// Which code of a crate a dependency reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of it, or its build script.
    Library,
    /// Its tests.
    Tests,
}

/// The arrows that the workspace's manifests draw. A crate without dependencies gives one to itself.
///
/// # Errors
/// Where `cargo metadata` fails.
pub fn drawn(root: &Path) -> Result<Vec<Arrow>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
    let output = Command::new(cargo).args(arguments).current_dir(root).output();
    let output = output.map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata names no packages")?;
    Ok(packages.iter().flat_map(arrows_of).collect())
}

fn arrows_of(package: &Value) -> Vec<Arrow> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let from = text(&package["name"]);
    let itself = Arrow { from: from.clone(), to: from.clone(), reach: Reach::Tests };
    let dependencies = package["dependencies"].as_array().into_iter().flatten().map(|dependency| Arrow {
        from: from.clone(),
        to: text(&dependency["name"]),
        reach: if dependency["kind"] == "dev" { Reach::Tests } else { Reach::Library },
    });
    std::iter::once(itself).chain(dependencies).collect()
}

/// Why an arrow is forbidden, or `None`.
#[must_use]
pub fn forbidden(arrow: &Arrow) -> Option<String> {
    let Arrow { from, to, reach } = arrow;
    let Some(rule) = ARROWS.iter().find(|rule| rule.krate == from) else {
        return Some(format!(
            "{from} is not in the table of arrows; say in xtask/src/arrows.rs what it may know"
        ));
    };
    if rule.must_not_know.contains(&to.as_str()) {
        return Some(format!("{from} must not know {to}; see xtask/src/arrows.rs"));
    }
    let ours = to.starts_with("weir-") && (to != from || *reach == Reach::Library);
    let in_tests = *reach == Reach::Tests && rule.tests_may_know.contains(&to.as_str());
    (ours && !in_tests && !rule.may_know.contains(&to.as_str())).then(|| {
        format!("{from} must not know {to}: it may know {:?}; see xtask/src/arrows.rs", rule.may_know)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &str, to: &str, reach: Reach, expected: Option<&str>) {
        let arrow = Arrow { from: from.to_owned(), to: to.to_owned(), reach };
        let got = forbidden(&arrow);
        match (&got, expected) {
            (None, None) => {}
            (Some(got), Some(expected)) => assert!(got.starts_with(expected), "{got}"),
            _ => panic!("{arrow:?}: {got:?}"),
        }
    }

    #[test]
    fn only_arrows_of_the_table_are_allowed() {
        check("weir-dap", "weir-model", Reach::Library, None);
        check("weir-dap", "nom", Reach::Library, None);
        check("weir-dap", "weir-zarr", Reach::Library, Some("weir-dap must not know weir-zarr"));
        check("weir-dap", "weir-zarr", Reach::Tests, Some("weir-dap must not know weir-zarr"));
        check("weir-dap", "tokio", Reach::Tests, Some("weir-dap must not know tokio"));
        check("weir-model", "serde", Reach::Library, Some("weir-model must not know serde"));
        check("weir-plugin-api", "weir-plugin-api", Reach::Tests, None);
        check(
            "weir-plugin-dap",
            "weir-datasets",
            Reach::Library,
            Some("weir-plugin-dap must not know weir-datasets"),
        );
        check("weir-server", "weir-plugin-zarr", Reach::Library, None);
        check("weir-server", "weir-zarr", Reach::Library, Some("weir-server must not know weir-zarr"));
        check("weir-new", "serde", Reach::Library, Some("weir-new is not in the table"));
    }
}
