//! `weir plugin check FILE.so`: whether this server can load a plugin, and why not.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::arguments::PluginFile;
use crate::loader::{self, Examination, probe};

/// Libraries that must not come into the server's process with a plugin.
const UNWANTED: &[&str] = &["libhdf5", "libnetcdf"];

/// Prints a report. The exit code is 0 where a server can load the file, 1 where it cannot.
#[must_use]
pub fn run(arguments: &PluginFile) -> ExitCode {
    let examined = std::env::current_exe()
        .map_err(|error| format!("the running program cannot be found: {error}"))
        .and_then(|program| loader::examine(&arguments.file, &program));
    let fits = examined.as_ref().is_ok_and(|examination| examination.offer.is_ok());
    let printed = std::io::stdout().write_all(report(&arguments.file, &examined).as_bytes());
    if fits && printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The hidden subcommand behind [`run`] and the loader: loads the file into this process, which may not survive it.
#[must_use]
pub fn probe(arguments: &PluginFile) -> ExitCode {
    if probe::report(&arguments.file) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report(file: &Path, examined: &Result<Examination, String>) -> String {
    let mut lines = vec![file.display().to_string()];
    let mut line = |label: &str, text: &str| lines.push(format!("  {label:<9} {text}"));
    let verdict = match examined {
        Err(why) => {
            line("refused", why);
            "this server cannot load it"
        }
        Ok(examination) => {
            describe(examination, &mut line);
            if examination.offer.is_ok() { "this server can load it" } else { "this server cannot load it" }
        }
    };
    lines.push(verdict.to_owned());
    lines.join("\n") + "\n"
}

fn describe(examination: &Examination, line: &mut impl FnMut(&str, &str)) {
    let Examination { sha256, inspection, offer, misplaced } = examination;
    let manifest = &inspection.manifest;
    line("name", &manifest.name);
    line("version", &manifest.version);
    line("abi", &manifest.abi);
    line("sha256", sha256);
    line("exports", &inspection.exported.join(" "));
    line("needs", &inspection.needed.join(" "));
    for warning in warnings(&inspection.exported, &inspection.needed) {
        line("warning", &warning);
    }
    if let Some(why) = misplaced {
        line("warning", &format!("a server would not take it from where it lies: {why}"));
    }
    match offer {
        Ok(offer) => {
            line("tried", "it loads, starts, tests itself and ends");
            offer.routes.iter().for_each(|route| line("route", route));
        }
        Err(why) => line("refused", why),
    }
}

fn warnings(exported: &[String], needed: &[String]) -> Vec<String> {
    let mut warnings = Vec::new();
    for library in needed.iter().filter(|name| UNWANTED.iter().any(|unwanted| name.starts_with(unwanted))) {
        warnings.push(format!("it links {library}; read data through the host, which needs no such library"));
    }
    if exported.len() > 1 {
        let more = exported.len().saturating_sub(1);
        warnings.push(format!(
            "it exports {more} symbols beside its entry, which other libraries may bind to; build with -fvisibility=hidden"
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_report() {
        let text = report(Path::new("x.so"), &Err("it is empty".to_owned()));
        assert_eq!(text, "x.so\n  refused   it is empty\nthis server cannot load it\n");
    }

    #[test]
    fn libraries_of_the_host_and_stray_symbols_are_warned_of() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let got = warnings(&names(&["a", "weir_plugin_v1"]), &names(&["libc.so.6", "libnetcdf.so.19"]));
        assert_eq!(got.len(), 2, "{got:?}");
        assert!(got[0].starts_with("it links libnetcdf.so.19"), "{got:?}");
        assert!(got[1].starts_with("it exports 1 symbols"), "{got:?}");
        assert!(warnings(&names(&["weir_plugin_v1"]), &names(&["libc.so.6"])).is_empty());
    }
}
