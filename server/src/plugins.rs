//! The plugins of a running server: linked in or loaded, one path for both.

use std::path::Path;
use std::sync::Arc;

use weir_plugin_abi::WeirPlugin;
use weir_plugin_api::Route;
use weir_plugin_api::guest::{self, Guest};
use weir_plugin_api::lent::{Services, host_table};

use crate::loader::ChildCheck;
use crate::routes::{Conflict, Routes};
use crate::{linked, loader};

/// A plugin that serves.
pub struct Serving {
    /// Its instance.
    pub guest: Arc<Guest>,
    /// Where it came from: `linked in`, or a file's name.
    pub origin: String,
    /// What it serves.
    pub routes: Vec<Route>,
}

/// A plugin that was refused.
pub struct Refused {
    /// The file's name, or the name of a linked-in plugin.
    pub origin: String,
    /// Why.
    pub reason: String,
}

/// The plugins, and the table of their routes.
pub struct Plugins {
    /// Those that serve.
    pub serving: Vec<Serving>,
    /// Those that do not.
    pub refused: Vec<Refused>,
    /// Who serves what.
    pub routes: Routes,
}

impl Plugins {
    /// Starts the linked-in plugins (unless `directory_only`) and those in `directory`.
    ///
    /// A file that cannot be loaded is refused, and the server starts without it.
    ///
    /// # Errors
    /// Where the directory cannot be read, or two plugins serve the same route.
    pub fn start(
        services: &Arc<dyn Services>,
        directory: Option<&Path>,
        directory_only: bool,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let mut started = Started { services, serving: vec![], refused: vec![] };
        if !directory_only {
            linked::tables().into_iter().for_each(|table| started.start("linked in".to_owned(), table));
        }
        if let Some(directory) = directory {
            let check = ChildCheck::Run(std::env::current_exe()?);
            for outcome in loader::load_directory(directory, &check)? {
                match outcome.result {
                    Ok(loaded) => started.start(outcome.file, loaded.table),
                    Err(reason) => started.refuse(outcome.file, reason),
                }
            }
        }
        let Started { serving, refused, .. } = started;
        let routes = table(&serving)?;
        Ok(Self { serving, refused, routes })
    }
}

fn table(serving: &[Serving]) -> Result<Routes, Conflict> {
    let named =
        |plugin: &Serving| (format!("{} ({})", plugin.guest.name(), plugin.origin), plugin.routes.clone());
    Routes::new(&serving.iter().map(named).collect::<Vec<_>>())
}

struct Started<'a> {
    services: &'a Arc<dyn Services>,
    serving: Vec<Serving>,
    refused: Vec<Refused>,
}

impl Started<'_> {
    fn start(&mut self, origin: String, plugin: &'static WeirPlugin) {
        let name = match guest::name_of(plugin) {
            Ok(name) => name,
            Err(reason) => return self.refuse(origin, reason),
        };
        let host = host_table(Arc::clone(self.services), name);
        let guest = Guest::create(plugin, host, "{}").map(Arc::new);
        match guest.and_then(|guest| Ok((guest.routes()?, guest))) {
            Ok((routes, guest)) => {
                tracing::debug!(plugin = guest.name(), version = guest.version(), origin, "plugin started");
                self.serving.push(Serving { guest, origin, routes });
            }
            Err(error) => self.refuse(origin, error.message),
        }
    }

    fn refuse(&mut self, origin: String, reason: String) {
        tracing::warn!(plugin = origin, reason, "plugin refused");
        self.refused.push(Refused { origin, reason });
    }
}
