//! Configurations that are read, and those that are refused.

use std::time::Duration;

use super::*;
use crate::dataset::AttributeScalar;

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("site/weir.toml")).map_err(|e| e.to_string())
}

const WHOLE: &str = r#"
[server]
listen = "0.0.0.0:9000"
public_url = "https://data.example.org"
max_response = "2GiB"
memory_budget = 1073741824
memory_wait = "20s"
index = "weir.index"
compression = "off"

[[data]]
path = "archive"

[[data]]
path = "/more"

[[dataset]]
id = "sst/daily"
aggregation = { type = "joinExisting", dimension = "time", files = ["sst/*.nc", "late/**/*.nc"], recheck_every = "5min" }
attributes = { title = "SST", levels = [1, 2], scale = 0.5 }
remove_variables = ["crs"]
rename_dimensions = { y = "lat" }

[dataset.variables.temp]
rename = "sst"
attributes = { units = "K" }
remove_attributes = ["comment"]

[[dataset]]
id = "runs"
[dataset.aggregation]
type = "joinNew"
dimension = "run"
files = ["a.nc", "b.nc"]
values = [1, 2]
order = "given"
overlap = "allow"
variables = ["T"]

[[dataset]]
id = "remote"
url = "s3://bucket/a.nc"

[[object_store]]
url = "s3://bucket/"
endpoint = "http://127.0.0.1:5000"
allow_http = true
region = "eu-central-1"
credentials = { key_file = "/run/secrets/key", secret_file = "/run/secrets/secret" }

[[object_store]]
url = "https://other.example.org/"
credentials = "anonymous"

[access]
hosts = ["data.example.org"]

[plugins.second]
since = 2026-11-21T12:00:00Z
[plugins.first]
limit = 16777216
ids = ["a/*", "b"]
[plugins.first.deep]
half = 0.5
on = true
"#;

#[test]
fn all_fields_are_read() {
    let config = parse(WHOLE).unwrap();
    assert_eq!(config.folder(), Path::new("site"));
    let server = &config.server;
    assert_eq!(server.listen.unwrap().port(), 9000);
    assert_eq!((server.max_response, server.memory_budget), (Some(Size(2 << 30)), Some(Size(1 << 30))));
    assert_eq!(server.memory_wait, Some(Seconds(Duration::from_secs(20))));
    assert_eq!(config.data, [PathBuf::from("archive"), PathBuf::from("/more")]);
    let [sst, runs, remote] = config.datasets.as_slice() else { panic!("{:?}", config.datasets) };
    assert_eq!(sst.id, "sst/daily");
    let Source::Aggregation(aggregation) = &sst.source else { panic!("{:?}", sst.source) };
    assert_eq!(aggregation.kind, Type::JoinExisting);
    assert_eq!(aggregation.recheck_every, Some(Seconds(Duration::from_secs(300))));
    assert_eq!((aggregation.order, aggregation.overlap), (Order::Coordinate, Overlap::Refuse));
    assert_eq!(sst.attributes["title"].scalars(), [AttributeScalar::Text("SST".into())]);
    assert_eq!(sst.attributes["levels"].scalars().len(), 2);
    assert_eq!(sst.variables["temp"].rename.as_deref(), Some("sst"));
    let Source::Aggregation(aggregation) = &runs.source else { panic!("{:?}", runs.source) };
    assert_eq!((aggregation.order, aggregation.overlap), (Order::Given, Overlap::Allow));
    assert_eq!(remote.source, Source::Url("s3://bucket/a.nc".into()));
    let [bucket, other] = config.object_stores.as_slice() else { panic!("{:?}", config.object_stores) };
    assert!(matches!(bucket.credentials, Credentials::Files(_)));
    assert_eq!(other.credentials, Credentials::Anonymous);
    assert_eq!(config.access.hosts, ["data.example.org"]);
    assert_eq!(server.compression, Some(Compression::Off));
    let sections: Vec<_> = config.plugins.iter().map(|s| (s.name.as_str(), s.json.as_str())).collect();
    let first = r#"{"deep":{"half":0.5,"on":true},"ids":["a/*","b"],"limit":16777216}"#;
    assert_eq!(sections, [("first", first), ("second", r#"{"since":"2026-11-21T12:00:00Z"}"#)]);
}

#[test]
fn sections_of_plugins_are_of_plugins_that_there_are() {
    let config = parse("\n[plugins.dpa]\n[plugins.map]\n").unwrap();
    assert_eq!(config.check_plugins(&["dpa", "map", "other"]), Ok(()));
    let check = |known: &[&str], expected: &str| {
        assert_eq!(config.check_plugins(known).unwrap_err().to_string(), expected);
    };
    check(&["tap", "map"], "site/weir.toml:2:1: [plugins.dpa]: there is no such plugin; there are tap, map");
    check(
        &["map", "data", "dpaa"],
        "site/weir.toml:2:1: [plugins.dpa]: there is no such plugin; there are map, data, dpaa; did you mean [plugins.dpaa]?",
    );
    check(&[], "site/weir.toml:2:1: [plugins.dpa]: there is no such plugin, and no other one");
    let refused = config.plugin("map").unwrap().error("limit must be a number");
    assert_eq!(refused.to_string(), "site/weir.toml:3:1: [plugins.map]: limit must be a number");
}

#[test]
fn nothing_is_a_configuration_too() {
    let config = parse("").unwrap();
    assert_eq!((config.server, config.data.len(), config.datasets.len()), (Server::default(), 0, 0));
    assert_eq!(Config::parse("", Path::new("weir.toml")).unwrap().folder(), Path::new("."));
}

fn check(text: &str, expected: &str) {
    match parse(text) {
        Err(message) => assert!(message.starts_with(expected), "{text}\n  {message}\n  {expected}"),
        Ok(config) => panic!("{text} is read as {config:?}"),
    }
}

#[test]
fn errors_say_where_and_what() {
    check("[server]\nlisen = \"x\"\n", "site/weir.toml:2:1: unknown field `lisen`, expected one of");
    assert!(parse("[server]\nlisen = \"x\"\n").unwrap_err().ends_with("did you mean `listen`?"));
    check(
        "[server]\nmax_response = \"2 bananas\"",
        "site/weir.toml:2:16: \"2 bananas\" is not a size such as",
    );
    check("[server]\nlisten = \"nowhere\"", "site/weir.toml:2:10: invalid socket address");
    check("x = [", "site/weir.toml:1:");
    check("[plugins]\nmap = 1", "site/weir.toml:2:7: invalid type: integer");
    check("[plugins.map]\na = { b = [nan] }", "site/weir.toml:1:1: [plugins.map]: a: b: NaN cannot be given");
    check("[server]\ncompression = 9", "site/weir.toml:2:15: ");
    check("[server]\ncompression = \"of\"", "site/weir.toml:2:15: unknown variant `of`");
    check(
        "\n\n[[dataset]]\nid = \"a\"\n",
        "site/weir.toml:3:1: dataset \"a\" needs exactly one of path, url, aggregation",
    );
    check(
        "[[dataset]]\nid = \"a\"\npath = \"p\"\nurl = \"s3://u\"",
        "site/weir.toml:1:1: dataset \"a\" needs exactly one",
    );
    check("[[dataset]]\nid = \"../a\"\npath = \"p\"", "site/weir.toml:1:1: \"../a\" is no id");
    let twice = "[[dataset]]\nid = \"a\"\npath = \"p\"\n[[dataset]]\nid = \"a\"\npath = \"q\"";
    check(twice, "site/weir.toml:4:1: there are two datasets with the id \"a\"");
    let with = |aggregation: &str| format!("[[dataset]]\nid = \"a\"\naggregation = {{ {aggregation} }}");
    check(&with("type = \"joinExistin\", files = []"), "site/weir.toml:3:24: unknown variant `joinExistin`");
    check(
        &with("type = \"union\", files = []"),
        "site/weir.toml:1:1: dataset \"a\": the aggregation has no files",
    );
    check(
        &with("type = \"joinNew\", files = [\"x\"]"),
        "site/weir.toml:1:1: dataset \"a\": the aggregation needs a dimension",
    );
    check(
        &with("type = \"joinNew\", dimension = \"t\", files = [\"x\"], values = [1, 2]"),
        "site/weir.toml:1:1: dataset \"a\": 2 values are given for 1 files",
    );
    check(
        &with("type = \"joinExisting\", dimension = \"t\", files = [\"x\"], values = [1]"),
        "site/weir.toml:1:1: dataset \"a\": values is for joinNew alone",
    );
    check(
        "[[dataset]]\nid = \"a\"\npath = \"p\"\nattributes = { x = [1, \"b\"] }",
        "site/weir.toml:1:1: dataset \"a\": attribute x: it needs values, all of one type",
    );
    check("[[object_store]]\nurl = \"ftp://x\"", "site/weir.toml:1:1: url is \"ftp://x\"");
    check(
        "[[object_store]]\nurl = \"http://x/\"",
        "site/weir.toml:1:1: it is reached by http:// without TLS",
    );
    check(
        "[[object_store]]\nurl = \"https://me:secret@x/\"",
        "site/weir.toml:1:1: url has a user name or password",
    );
    check(
        "[[object_store]]\nurl = \"s3://x/\"\nsecret = \"s\"",
        "site/weir.toml:3:1: unknown field `secret`",
    );
}

#[test]
fn files_that_are_not_there_are_named() {
    let error = Config::read(Path::new("no/such/weir.toml")).unwrap_err();
    assert!(error.to_string().starts_with("no/such/weir.toml: cannot be read: "), "{error}");
}

#[test]
fn errors_point_at_their_place() {
    let check = |text: &str, expected: &str| {
        let error = Config::parse(text, Path::new("weir.toml")).unwrap_err();
        let shown = format!("{error:#}");
        let (_, below) = shown.split_once('\n').unwrap();
        assert_eq!(below, expected, "{error}");
    };
    check("[server]\n  lisen = \"x\"\n", "  |\n2 |   lisen = \"x\"\n  |   ^^^^^");
    check("[[dataset]]\nid = \"a\"\n", "  |\n1 | [[dataset]]\n  | ^^^^^^^^^^^");
    check("[server]\nlisten = \"\u{e9}\u{e9}", "  |\n2 | listen = \"\u{e9}\u{e9}\n  |             ^");
    check("x = [", "  |\n1 | x = [\n  |      ^");
}

#[test]
fn files_of_a_folder_add_datasets() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("weir.toml");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let ids = || Config::read(&main).map(|c| c.datasets.into_iter().map(|d| d.id).collect::<Vec<_>>());
    write("weir.toml", "[[dataset]]\nid = \"a\"\npath = \"a.nc\"\n");
    assert_eq!(ids().unwrap(), ["a"]);
    std::fs::create_dir(folder.path().join("datasets.d")).unwrap();
    write("datasets.d/2.toml", "[[dataset]]\nid = \"c\"\npath = \"c.nc\"\n[[data]]\npath = \"more\"\n");
    write("datasets.d/1.toml", "[[dataset]]\nid = \"b\"\npath = \"b.nc\"\n");
    write("datasets.d/.3.toml", "half writ");
    write("datasets.d/4.toml~", "half writ");
    assert_eq!(ids().unwrap(), ["a", "b", "c"]);
    assert_eq!(Config::read(&main).unwrap().data, [PathBuf::from("more")]);
    write("datasets.d/3.toml", "[[dataset]]\nid = \"b\"\npath = \"x.nc\"\n");
    let error = ids().unwrap_err().to_string();
    assert!(error.ends_with("datasets.d/3.toml:1:1: there are two datasets with the id \"b\""), "{error}");
    write("datasets.d/3.toml", "[server]\nlisten = \"127.0.0.1:1\"\n");
    let error = ids().unwrap_err().to_string();
    assert!(error.contains("datasets.d/3.toml:1:2: unknown field `server`"), "{error}");
}
