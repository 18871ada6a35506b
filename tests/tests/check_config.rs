//! Configurations are checked before a server starts with them, written down from arguments, and described.

use std::path::Path;
use std::process::{Command, Output};

use weir_tests::{Mode, Server, binaries, small_folder};

fn weir(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(&binaries().weir);
    command.args(arguments).envs(variables.iter().copied()).output().unwrap()
}

fn said(output: &Output) -> (bool, String) {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.success(), String::from_utf8(both).unwrap())
}

#[test]
fn what_is_told_of_configurations_is_committed() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    for (what, file) in [("schema", "weir.schema.json"), ("reference", "configuration-reference.md")] {
        let printed = weir(&["config", what], &[]).stdout;
        let committed = std::fs::read(docs.join(file)).unwrap();
        assert!(printed == committed, "docs/{file} is old; write it with: weir config {what} > docs/{file}");
    }
}

#[test]
fn arguments_become_a_configuration_that_serves_the_same() {
    let data = small_folder();
    let served = data.path().to_str().unwrap();
    let (good, text) = said(&weir(&["serve", served, "--max-response", "1KiB", "--save-config", "-"], &[]));
    assert!(good && text.contains("max_response = \"1KiB\"") && text.contains(served), "{text}");
    let site = tempfile::tempdir().unwrap();
    let file = site.path().join("weir.toml");
    let file = file.to_str().unwrap();
    let save = ["serve", served, "--max-response", "1KiB", "--save-config", file];
    assert_eq!(said(&weir(&save, &[])), (true, String::new()));
    assert_eq!(std::fs::read_to_string(file).unwrap(), text);
    let (good, refusal) = said(&weir(&save, &[]));
    assert!(!good && refusal.contains("cannot be written"), "a file that is there is left alone: {refusal}");
    let empty = tempfile::tempdir().unwrap();
    let server = Server::start(Mode::LinkedIn, empty.path(), &["--config", file]);
    assert!(server.get("/datasets").text().contains("d.nc"), "{}", server.get("/datasets").text());
    server.stop(&[]);
}

#[test]
fn a_check_tells_what_a_start_would() {
    let data = small_folder();
    let file = data.path().join("weir.toml");
    let config = file.to_str().unwrap();
    let check = |text: &str, variables: &[(&str, &str)], is_good: bool, expected: &str| {
        std::fs::write(&file, text).unwrap();
        let (good, output) = said(&weir(&["check-config", "--no-index", "--config", config], variables));
        assert_eq!(good, is_good, "{text}\n{output}");
        assert!(output.contains(expected), "{text}\n{output}\n{expected}");
    };
    let one = "[[dataset]]\nid = \"a\"\npath = \"d.nc\"\n";
    check(one, &[], true, "the configuration is good: 1 datasets (1 of the configuration, opened)");
    check(one, &[("WEIR_LISTEN", "127.0.0.1:7")], true, "127.0.0.1:7\n");
    check(one, &[("WEIR_LISTEN", "nowhere")], false, "WEIR_LISTEN: invalid socket address");
    check("[server]\n  lisen = 1\n", &[], false, "weir.toml:2:3: unknown field `lisen`");
    check("[server]\n  lisen = 1\n", &[], false, "\n2 |   lisen = 1\n  |   ^^^^^\n");
    check("\n[[dataset]]\nid = \"a\"\npath = \"b.nc\"\n", &[], false, "weir.toml:2:1: dataset \"a\": ");
    check("[plugins.dup]\n", &[], false, "did you mean [plugins.dap]?");
    check("[plugins.zarr]\nrecip = 1\n", &[], false, "weir.toml:1:1: [plugins.zarr]: ");
    std::fs::write(data.path().join("damaged.nc"), b"CDF\x01\0\0").unwrap();
    let damaged = "[[dataset]]\nid = \"b\"\naggregation = { type = \"union\", files = [\"damaged.nc\"] }\n";
    check(damaged, &[], false, "dataset b: ");
    std::fs::create_dir(data.path().join("datasets.d")).unwrap();
    std::fs::write(data.path().join("datasets.d/more.toml"), one).unwrap();
    check("", &[], true, "1 datasets (1 of the configuration, opened)");
    check(one, &[], false, "datasets.d/more.toml:1:1: there are two datasets with the id \"a\"");
}
