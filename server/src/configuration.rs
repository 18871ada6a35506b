//! The configuration of a site: read, checked as a start would, and written down.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use toml::{Table, Value};
use weir_config::{Compression, Config};

use crate::arguments::Serve;
use crate::logging;
use crate::serve::{Prepared, prepare};
use crate::settings::Settings;

/// The configuration in a file, if there is one, with what the environment says.
///
/// # Errors
/// Why it cannot be read or understood.
pub fn read(file: Option<&Path>) -> Result<Config, weir_config::Error> {
    let config = file.map(Config::read).transpose()?.unwrap_or_default();
    let variables = std::env::vars_os();
    config.with_environment(
        variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    )
}

/// `weir check-config`: does all that a start does before it listens, and opens the datasets of the configuration.
///
/// # Errors
/// What would keep the server from starting; datasets of the configuration that cannot be opened, and plugins that were refused.
pub fn check(serve: &Serve) -> Result<(), Box<dyn Error>> {
    logging::start(serve.log_format);
    let config = read(serve.config.as_deref())?;
    let settings = Settings::of(serve, &config)?;
    let Prepared { services, plugins, .. } = prepare(serve, &config, &settings)?;
    let catalog = services.catalog();
    let opened = config.datasets.iter().map(|dataset| (dataset, catalog.open(&dataset.id)));
    let failed = opened
        .filter_map(|(dataset, opened)| Some(format!("dataset {}: {}", dataset.id, opened.err()?.message)));
    let refused = plugins.refused.iter().map(|plugin| format!("plugin {}: {}", plugin.name, plugin.reason));
    // Those that plugins publish were asked for when they were made known.
    let made = services.failing().list().into_iter();
    let made = made.map(|trouble| format!("dataset {}: {}", trouble.name, trouble.reason));
    let faults: Vec<String> = failed.chain(made).chain(refused).collect();
    let mut out = std::io::stdout().lock();
    faults.iter().try_for_each(|fault| writeln!(out, "{fault}"))?;
    if !faults.is_empty() {
        return Err(format!(
            "{} things are not as they should be; the server would start without them",
            faults.len()
        )
        .into());
    }
    writeln!(
        out,
        "the configuration is good: {} datasets ({} of the configuration, opened), {} plugins, {}",
        catalog.len(),
        config.datasets.len(),
        plugins.serving.len(),
        settings.listen
    )?;
    Ok(())
}

/// `--save-config FILE`: writes a configuration file that says what the command line does.
///
/// # Errors
/// Where the file cannot be written, or is there already.
pub fn save(file: &Path, serve: &Serve, settings: &Settings) -> Result<(), Box<dyn Error>> {
    let text = inferred(serve, settings)?;
    if file == Path::new("-") {
        std::io::stdout().write_all(text.as_bytes())?;
        return Ok(());
    }
    let refused = |e: std::io::Error| format!("{}: cannot be written: {e}", file.display());
    let mut written = std::fs::File::create_new(file).map_err(refused)?;
    written.write_all(text.as_bytes()).map_err(refused)?;
    Ok(())
}

/// The text of a configuration with the settings of a command line.
fn inferred(serve: &Serve, settings: &Settings) -> Result<String, Box<dyn Error>> {
    let size = |bytes: u64| Value::String(in_unit(bytes));
    let seconds = |time: std::time::Duration| Value::String(format!("{}s", time.as_secs()));
    let mut server = Table::new();
    let mut say = |name: &str, value: Value| server.insert(name.to_owned(), value);
    say("listen", settings.listen.to_string().into());
    if let Some(url) = &settings.public_url {
        say("public_url", url.clone().into());
    }
    if !settings.trusted_proxies.is_empty() {
        let networks: Vec<Value> =
            settings.trusted_proxies.iter().map(|network| network.to_string().into()).collect();
        say("trusted_proxies", networks.into());
    }
    say("max_response", size(settings.max_response));
    say("published_datasets", i64::try_from(settings.published_datasets)?.into());
    say("memory_budget", size(settings.memory_budget));
    say("memory_wait", seconds(settings.memory_wait));
    say("longest_wait", seconds(settings.longest_wait));
    say("rescan", seconds(settings.rescan.unwrap_or_default()));
    if let Some(index) = &serve.index {
        say("index", std::path::absolute(index)?.to_string_lossy().into_owned().into());
    }
    let compression = match settings.compression {
        Compression::Fast => "fast",
        Compression::Off => "off",
    };
    say("compression", compression.into());
    say("stop_delay", seconds(settings.stop_delay));
    say("drain", seconds(settings.drain));
    let mut whole = Table::from_iter([("server".to_owned(), Value::Table(server))]);
    let (urls, paths): (Vec<_>, Vec<_>) =
        serve.paths.iter().partition(|path| path.to_str().is_some_and(|text| text.contains("://")));
    let data: Result<Vec<Value>, std::io::Error> = paths.into_iter().map(|path| data(path)).collect();
    let datasets: Vec<Value> = urls.into_iter().map(|url| remote(url)).collect();
    for (name, list) in [("data", data?), ("dataset", datasets)] {
        if !list.is_empty() {
            whole.insert(name.to_owned(), list.into());
        }
    }
    Ok(format!(
        "# Serve with: weir serve --config FILE; `weir config reference` says what else there is.\n{}",
        toml::to_string_pretty(&whole)?
    ))
}

fn data(path: &Path) -> std::io::Result<Value> {
    let path = std::path::absolute(path)?.to_string_lossy().into_owned();
    Ok(Table::from_iter([("path".to_owned(), path.into())]).into())
}

/// A dataset of another machine; its id is the last name of its URL, as on the command line.
fn remote(url: &Path) -> Value {
    let url = url.to_string_lossy().into_owned();
    let id = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    Table::from_iter([("id".to_owned(), id.into()), ("url".to_owned(), url.into())]).into()
}

/// Bytes in the largest unit that tells them exactly.
fn in_unit(bytes: u64) -> String {
    let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let found = units.iter().find(|(_, bits)| bytes > 0 && bytes.trailing_zeros() >= *bits);
    found.map_or_else(|| format!("{bytes}B"), |(unit, bits)| format!("{}{unit}", bytes >> bits))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::{Arguments, Command};

    #[test]
    fn what_is_written_says_the_same() {
        let typed = "weir serve /archive s3://bucket/a.nc --listen 0.0.0.0:80 --max-response 3GiB --memory-wait 7 --rescan 0 --trusted-proxy 10.0.0.1 --public-url https://x.org --index /i";
        let Command::Serve(serve) = Arguments::try_parse_from(typed.split(' ')).unwrap().command else {
            panic!("it is no serve");
        };
        let settings = Settings::of(&serve, &Config::default()).unwrap();
        let text = inferred(&serve, &settings).unwrap();
        let config = Config::parse(&text, Path::new("weir.toml")).unwrap();
        assert_eq!(config.data, [Path::new("/archive")]);
        assert_eq!(config.datasets.len(), 1);
        assert_eq!(config.datasets[0].id, "a.nc");
        let Command::Serve(plain) =
            Arguments::try_parse_from(["weir", "serve", "--config", "weir.toml"]).unwrap().command
        else {
            panic!("it is no serve");
        };
        assert_eq!(Settings::of(&plain, &config).unwrap(), settings);
        assert_eq!(config.server.index.as_deref(), Some(Path::new("/i")));
    }

    #[test]
    fn sizes_stand_in_their_largest_unit() {
        let check = |bytes, expected: &str| assert_eq!(in_unit(bytes), expected);
        check(0, "0B");
        check(1000, "1000B");
        check(3 << 30, "3GiB");
        check(1536 << 20, "1536MiB");
    }
}
