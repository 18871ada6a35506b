//! `weir catalog export DIR PATH...`: writes the catalog as files that need no server.
//!
//! The plugins say what the files are: one with a route that ends with `/export/{rest}` answers there, for no `rest`, with the paths of
//! its files, one in a line, and for each path with the file. So a catalog can be copied from a running server in the same way.

use std::error::Error as StdError;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use weir_plugin_api::guest::{Answer, AnswerContent, Guest, Incoming};
use weir_plugin_api::lent::RequestContext;
use weir_plugin_api::{Error, ErrorKind};

use crate::arguments::Export;
use crate::plugins::Plugins;
use crate::serve::{Prepared, prepare};
use crate::settings::Settings;
use crate::{configuration, logging};

/// How a route ends whose plugin has a catalog to export.
const ENDING: &str = "/export/{rest}";

/// How long to wait before a plugin that was not ready is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// Writes the files, and says how many.
///
/// # Errors
/// Where the folder is not empty, no plugin has a catalog to export, or a file cannot be made or written.
pub fn run(export: &Export) -> Result<(), Box<dyn StdError>> {
    let serve = &export.serve;
    logging::start(serve.log_format);
    let config = configuration::read(serve.config.as_deref())?;
    let settings = Settings::of(serve, &config)?;
    check_folder(&export.folder)?;
    let base = settings.public_url.clone().unwrap_or_else(|| {
        let base = format!("http://{}", settings.listen);
        tracing::warn!(base, "no --public-url is given: links to data lead to the address of this machine");
        base
    });
    let Prepared { services, plugins, .. } = prepare(serve, &config, &settings)?;
    let sources = sources(&plugins, base.trim_end_matches('/'));
    if sources.is_empty() {
        return Err("no plugin has a catalog to export".into());
    }
    let mut files = 0_usize;
    for source in &sources {
        for path in source.paths()? {
            source.write(&path, &export.folder)?;
            files = files.saturating_add(1);
        }
    }
    if let Some(index) = services.catalog().opener().index() {
        index.finish();
    }
    writeln!(std::io::stdout(), "{files} files in {}", export.folder.display())?;
    Ok(())
}

/// The folder is made, or is empty: nothing is written over.
fn check_folder(folder: &Path) -> Result<(), String> {
    let shown = folder.display();
    fs::create_dir_all(folder).map_err(|e| format!("the folder {shown} cannot be made: {e}"))?;
    let mut entries = fs::read_dir(folder).map_err(|e| format!("the folder {shown} cannot be read: {e}"))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(format!("the folder {shown} is not empty; name another one, or empty it")),
    }
}

/// A plugin that has a catalog to export.
struct Source<'a> {
    guest: &'a Arc<Guest>,
    route: usize,
    /// The path of the list.
    path: String,
    base: &'a str,
}

fn sources<'a>(plugins: &'a Plugins, base: &'a str) -> Vec<Source<'a>> {
    let of = |plugin: &'a crate::plugins::Serving| {
        let routes = plugin.routes.iter().enumerate();
        let exported =
            routes.filter(|(_, route)| route.pattern.ends_with(ENDING) && !route.pattern.contains("{id}"));
        exported.map(|(number, route)| Source {
            guest: &plugin.guest,
            route: number,
            path: route.pattern.trim_end_matches("{rest}").to_owned(),
            base,
        })
    };
    plugins.serving.iter().flat_map(of).collect()
}

impl Source<'_> {
    /// What the plugin answers; one that is not ready is waited for.
    fn ask(&self, rest: &str) -> Result<Answer, Error> {
        loop {
            let incoming = Incoming {
                method: "GET".to_owned(),
                path: format!("{}{rest}", self.path),
                query: String::new(),
                headers: vec![],
                base_url: self.base.to_owned(),
                dataset: String::new(),
                rest: rest.to_owned(),
                route: self.route,
                context: Arc::new(RequestContext::new("export".to_owned(), None)),
                held: String::new(),
            };
            match self.guest.handle(&incoming) {
                Err(error) if error.kind == ErrorKind::Unavailable => {
                    tracing::info!(reason = error.message, "waiting");
                    std::thread::sleep(PAUSE);
                }
                answered => return answered,
            }
        }
    }

    /// The paths of the files.
    fn paths(&self) -> Result<Vec<String>, Box<dyn StdError>> {
        let mut list = Vec::new();
        pull(self.ask("")?, &mut list)?;
        Ok(String::from_utf8(list)?.lines().map(str::to_owned).collect())
    }

    /// Writes a file below a folder.
    fn write(&self, path: &str, folder: &Path) -> Result<(), Box<dyn StdError>> {
        let file = folder.join(inside(path)?);
        if let Some(above) = file.parent() {
            fs::create_dir_all(above).map_err(|e| format!("the folder of {path} cannot be made: {e}"))?;
        }
        let answer = self.ask(path).map_err(|e| format!("{path}: {e}"))?;
        let mut to = File::create_new(&file).map_err(|e| format!("{path} cannot be made: {e}"))?;
        pull(answer, &mut to).map_err(|e| format!("{path}: {e}").into())
    }
}

/// A path that leads nowhere but below the folder that it is put behind.
fn inside(path: &str) -> Result<PathBuf, String> {
    let path_ = Path::new(path);
    let is_inside = path_.components().all(|part| matches!(part, Component::Normal(_)));
    match is_inside && !path.is_empty() {
        true => Ok(path_.to_owned()),
        false => Err(format!("{path:?} is no path of a file below the folder")),
    }
}

/// Writes the body of an answer.
fn pull(answer: Answer, to: &mut impl Write) -> Result<(), Box<dyn StdError>> {
    match answer.content {
        AnswerContent::Full(bytes) => to.write_all(&bytes)?,
        AnswerContent::Stream { mut body, .. } => {
            while let Some(piece) = body.pull()? {
                to.write_all(&piece)?;
            }
        }
    }
    Ok(to.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stay_in_their_folder() {
        let check = |path: &str, expected: bool| assert_eq!(inside(path).is_ok(), expected, "{path}");
        check("a/b.json", true);
        check("../b.json", false);
        check("a/../../b.json", false);
        check("/b.json", false);
        check("", false);
    }

    #[test]
    fn nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(check_folder(&folder.path().join("new/one")), Ok(()));
        assert!(
            check_folder(folder.path())
                .is_err_and(|e| e.ends_with("is not empty; name another one, or empty it"))
        );
    }
}
