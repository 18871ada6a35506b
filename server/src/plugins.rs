//! The plugins of a running server: linked in or loaded, one path for both.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_config::Config;
use weir_plugin_abi::WeirPlugin;
use weir_plugin_api::guest::{self, Guest};
use weir_plugin_api::lent::{Services, host_table};
use weir_plugin_api::{PluginFacts, Route, ServerFacts, Trouble};

use crate::loader::{ChildCheck, UNCONFIGURED};
use crate::routes::{Conflict, Routes};
use crate::{built_in, linked, loader};

/// The ABI that this server speaks.
const ABI: &str = "1.5";
const _: () = assert!(weir_plugin_abi::WEIR_ABI_MAJOR == 1 && weir_plugin_abi::WEIR_ABI_MINOR == 5);

/// A plugin that serves.
pub struct Serving {
    /// Its instance.
    pub guest: Arc<Guest>,
    /// Where it came from: `linked in`, or a file's name.
    pub origin: String,
    /// What it serves.
    pub routes: Vec<Route>,
    /// The configuration that it was given: a JSON object.
    pub configuration: String,
}

/// The plugins, and the table of their routes.
pub struct Plugins {
    /// Those that serve.
    pub serving: Vec<Serving>,
    /// Those that do not.
    pub refused: Vec<Trouble>,
    /// Who serves what.
    pub routes: Routes,
}

impl Plugins {
    /// Starts the linked-in plugins (unless only those of a directory are wanted) and those in the directory, each with its
    /// section of the configuration.
    ///
    /// A file that cannot be loaded is refused, and the server starts without it, unless the configuration has a section for
    /// it: a site that says how a plugin is to serve does not want to be without it.
    ///
    /// # Errors
    /// Where the directory cannot be read, two plugins serve the same route, or a plugin that has a section does not serve.
    pub fn start(
        services: &Arc<dyn Services>,
        (directory, directory_only): (Option<&Path>, bool),
        config: &Config,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let mut started = Started { services, config, serving: vec![], refused: vec![] };
        if !directory_only {
            for table in linked::tables() {
                started.start("linked in".to_owned(), table)?;
            }
        }
        if let Some(directory) = directory {
            let check = ChildCheck::Run(std::env::current_exe()?);
            for outcome in loader::load_directory(directory, &check, &|name| started.configuration(name))? {
                match outcome.result {
                    Ok(loaded) => started.start(outcome.file, loaded.table)?,
                    Err(reason) => started.refuse(outcome.file, outcome.name.as_deref(), reason)?,
                }
            }
        }
        let Started { serving, refused, .. } = started;
        config.check_plugins(&serving.iter().map(|plugin| plugin.guest.name()).collect::<Vec<_>>())?;
        let routes = table(&serving)?;
        Ok(Self { serving, refused, routes })
    }
}

impl Plugins {
    /// What plugins are told of the server, of its memory that they may compute in among it.
    pub fn facts(&self, (state_folder, computing_bytes): (Option<PathBuf>, u64)) -> ServerFacts {
        let own = PluginFacts {
            name: "weir".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            origin: "weir itself".to_owned(),
            abi: ABI.to_owned(),
            routes: built_in::routes(),
        };
        let facts = |plugin: &Serving| PluginFacts {
            name: plugin.guest.name().to_owned(),
            version: plugin.guest.version().to_owned(),
            origin: plugin.origin.clone(),
            abi: plugin.guest.abi(),
            routes: plugin.routes.clone(),
        };
        ServerFacts {
            name: own.name.clone(),
            version: own.version.clone(),
            abi: own.abi.clone(),
            state_folder,
            computing_bytes: Some(computing_bytes),
            plugins: std::iter::once(own).chain(self.serving.iter().map(facts)).collect(),
        }
    }
}

fn table(serving: &[Serving]) -> Result<Routes, Conflict> {
    let named =
        |plugin: &Serving| (format!("{} ({})", plugin.guest.name(), plugin.origin), plugin.routes.clone());
    Routes::new(&serving.iter().map(named).collect::<Vec<_>>())
}

struct Started<'a> {
    services: &'a Arc<dyn Services>,
    config: &'a Config,
    serving: Vec<Serving>,
    refused: Vec<Trouble>,
}

impl<'a> Started<'a> {
    fn configuration(&self, name: &str) -> &'a str {
        self.config.plugin(name).map_or(UNCONFIGURED, |section| &section.json)
    }

    fn start(&mut self, origin: String, plugin: &'static WeirPlugin) -> Result<(), weir_config::Error> {
        let name = match guest::name_of(plugin) {
            Ok(name) => name,
            Err(reason) => return self.refuse(origin, None, reason),
        };
        let host = host_table(Arc::clone(self.services), name);
        let configuration = self.configuration(name).to_owned();
        let guest = Guest::create(plugin, host, &configuration).map(Arc::new);
        match guest.and_then(|guest| Ok((guest.routes()?, guest))) {
            Ok((routes, guest)) => {
                tracing::debug!(plugin = guest.name(), version = guest.version(), origin, "plugin started");
                self.serving.push(Serving { guest, origin, routes, configuration });
                Ok(())
            }
            Err(error) => self.refuse(origin, Some(name), error.message),
        }
    }

    /// Goes on without a plugin, if nothing is said of it in the configuration.
    fn refuse(
        &mut self,
        origin: String,
        name: Option<&str>,
        reason: String,
    ) -> Result<(), weir_config::Error> {
        if let Some(section) = name.and_then(|name| self.config.plugin(name)) {
            return Err(section.error(&format!("the plugin ({origin}) was refused: {reason}")));
        }
        tracing::warn!(plugin = origin, reason, "plugin refused");
        self.refused.push(Trouble { name: origin, reason });
        Ok(())
    }
}
