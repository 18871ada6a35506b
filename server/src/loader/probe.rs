//! Loads a plugin in a process of its own, because a constructor that crashes ends the process that loads it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir_plugin_api::guest::Guest;
use weir_plugin_api::lent::{LentDataset, RequestContext, Services, host_table};
use weir_plugin_api::{Entry, Error, ErrorKind, LogLevel, Publication, ServerFacts, Troubles};

use super::binding;
use super::ownership::plain;

/// The subcommand that [`report`] answers.
pub const SUBCOMMAND: &str = "plugin-probe";

/// How long a plugin may take to load, create an instance and test itself.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the child is looked at.
const PULSE: Duration = Duration::from_millis(5);
/// Stands before the answer, because a plugin may print, too.
const MARK: &str = "weir-probe ";
/// The most of a child's output that is read.
const OUTPUT: u64 = 1 << 20;

/// The most of a configuration that is read; a whole configuration file has no more.
const CONFIGURATION: u64 = 64 << 20;

/// What a plugin offered when it was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its routes, one line each.
    pub routes: Vec<String>,
}

/// Runs `program plugin-probe copy` and says what became of it. The plugin's configuration goes through the child's standard
/// input: other users see a process's arguments.
///
/// # Errors
/// What the plugin or the dynamic loader said, or how the child ended.
pub fn run(program: &Path, copy: &Path, configuration: &str) -> Result<Offer, String> {
    let failed =
        |error: std::io::Error| format!("it cannot be tried in a process of its own: {}", plain(&error));
    let (mut output, mut errors) =
        (tempfile::tempfile().map_err(failed)?, tempfile::tempfile().map_err(failed)?);
    // A file and not a pipe, so that nobody waits for a plugin that does not read.
    let mut input = tempfile::tempfile().map_err(failed)?;
    input.write_all(configuration.as_bytes()).and_then(|()| input.rewind()).map_err(failed)?;
    let mut child = Command::new(program)
        .arg(SUBCOMMAND)
        .arg(copy)
        .stdin(input)
        .stdout(output.try_clone().map_err(failed)?)
        .stderr(errors.try_clone().map_err(failed)?)
        .spawn()
        .map_err(failed)?;
    let status = wait(&mut child).map_err(failed)?;
    let Some(status) = status else {
        return Err(format!("it did not load, start and test itself within {} s", PATIENCE.as_secs()));
    };
    let said = text(&mut output).map_err(failed)?;
    let marked = said.lines().rev().filter_map(|line| line.strip_prefix(MARK));
    match marked.filter_map(|line| serde_json::from_str::<Value>(line).ok()).next() {
        Some(answer) if status.success() => Ok(offer(&answer)),
        Some(answer) if answer["refused"].is_string() => Err(string(&answer["refused"])),
        _ => Err(ended(status, &text(&mut errors).map_err(failed)?)),
    }
}

/// Waits, and kills a child that takes too long.
fn wait(child: &mut Child) -> std::io::Result<Option<ExitStatus>> {
    let deadline = Instant::now().checked_add(PATIENCE);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if deadline.is_none_or(|deadline| Instant::now() >= deadline) {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(PULSE);
    }
}

fn text(file: &mut File) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(OUTPUT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn offer(answer: &Value) -> Offer {
    let routes = answer["routes"].as_array().into_iter().flatten().map(string).collect();
    Offer { name: string(&answer["name"]), version: string(&answer["version"]), routes }
}

/// How a child ended that gave no answer; the last line that it wrote to standard error usually says why.
fn ended(status: ExitStatus, errors: &str) -> String {
    let how = match (status.signal(), status.code()) {
        (Some(signal), _) => format!("signal {signal}{}", signal_name(signal)),
        (None, code) => format!("exit code {}", code.unwrap_or_default()),
    };
    let last = errors.lines().rev().find(|line| !line.trim().is_empty());
    let last = last.map_or_else(String::new, |line| format!(" ({})", line.trim().escape_debug()));
    format!("loading it ends the process with {how}{last}")
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        libc::SIGABRT => ", SIGABRT",
        libc::SIGBUS => ", SIGBUS",
        libc::SIGFPE => ", SIGFPE",
        libc::SIGILL => ", SIGILL",
        libc::SIGKILL => ", SIGKILL",
        libc::SIGSEGV => ", SIGSEGV",
        libc::SIGTRAP => ", SIGTRAP",
        _ => "",
    }
}

/// The child's side: loads the copy, makes an instance, lets it test itself and name its routes, ends it, and writes the answer
/// to standard output. Returns whether all of that worked.
pub fn report(copy: &Path) -> bool {
    let answer = match attempt(copy) {
        Ok(offer) => json!({"name": offer.name, "version": offer.version, "routes": offer.routes}),
        Err(refused) => json!({"refused": refused}),
    };
    let accepted = answer.get("refused").is_none();
    // A line of its own, whatever the plugin printed before.
    let written = writeln!(std::io::stdout(), "\n{MARK}{answer}").and_then(|()| std::io::stdout().flush());
    accepted && written.is_ok()
}

fn attempt(copy: &Path) -> Result<Offer, String> {
    // Before the plugin's own code runs, which might read what is meant for us.
    let configuration = std::io::read_to_string(std::io::stdin().take(CONFIGURATION));
    let configuration = configuration.map_err(|error| format!("its configuration: {}", plain(&error)))?;
    let table = binding::bind(copy)?;
    let name = binding::name(table)?;
    let host = host_table(Arc::new(EmptyHost), name);
    let guest =
        Guest::create(table, host, &configuration).map_err(|error| format!("it does not start: {error}"))?;
    let routes = guest.routes().map_err(|error| format!("it cannot name its routes: {error}"))?;
    let routes = routes.iter().map(ToString::to_string).collect();
    Ok(Offer { name: name.to_owned(), version: guest.version().to_owned(), routes })
}

/// A host without datasets.
struct EmptyHost;

impl Services for EmptyHost {
    fn log(&self, plugin: &str, _: Option<&RequestContext>, level: LogLevel, _: &str, message: &str) {
        // A closed standard error is no reason to refuse a plugin.
        let _ = writeln!(std::io::stderr(), "{level:?} {plugin}: {message}");
    }

    fn metric_add(&self, _: &str, _: &str, _: f64) {}

    fn admit(&self, _: &RequestContext, _: u64) -> Result<(), Error> {
        Ok(())
    }

    fn open(&self, _: &Arc<RequestContext>, id: &str) -> Result<Box<dyn LentDataset>, Error> {
        Err(Error::not_found(format!("dataset '{id}' not found: a plugin that is tried has no datasets")))
    }

    fn list(&self, _: &str, _: &str, _: usize) -> Vec<String> {
        vec![]
    }

    fn catalog_version(&self) -> u64 {
        0
    }

    fn entries(&self, _: &str, _: &str, _: usize) -> Vec<Entry> {
        vec![]
    }

    fn children(&self, _: &str, _: &str, _: usize) -> Vec<weir_plugin_api::Child> {
        vec![]
    }

    fn facts(&self) -> Result<ServerFacts, Error> {
        Err(Error::new(ErrorKind::Unavailable, "a plugin that is tried has no server"))
    }

    fn troubles(&self) -> Troubles {
        Troubles::default()
    }

    fn publish(&self, _: &str, _: Publication<'_>) -> Result<(), Error> {
        Ok(())
    }

    fn withdraw(&self, _: &str, _: &str) -> Result<(), Error> {
        Ok(())
    }
}
