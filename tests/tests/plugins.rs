//! What an admin sees of plugins: good ones serve, bad ones are refused with a reason, and the server lives.

use std::path::{Path, PathBuf};
use std::process::Command;

use weir_tests::{Mode, Server, binaries, small_folder};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Builds an example plugin written in Rust, outside the workspace, as a site does.
fn rust_example(name: &str) -> PathBuf {
    let folder = root().join("plugin-api/examples").join(name);
    let target = root().join("target/examples").join(name);
    let mut build = Command::new(env!("CARGO"));
    let built = build.args(["build", "-q"]).current_dir(&folder).env("CARGO_TARGET_DIR", &target).status();
    assert!(built.unwrap().success(), "{name} builds");
    let library = if name == "rust-hello" { "libhello_rust.so" } else { "librust_panics.so" };
    target.join("debug").join(library)
}

/// Compiles an example plugin written in C with gcc against the header alone.
fn c_example(source: &Path, into: &Path, flags: &[&str]) {
    c_plugin((source, &root().join("plugin-api/include")), into, flags);
}

/// Compiles a plugin written in C against the header in a folder.
fn c_plugin((source, header): (&Path, &Path), into: &Path, flags: &[&str]) {
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=c11", "-Wall", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden"]).args(flags);
    let built = gcc.arg("-I").arg(header).arg("-o").arg(into).arg(source).status().unwrap();
    assert!(built.success(), "{} compiles", source.display());
}

#[test]
fn examples_in_c_and_rust_serve() {
    let (data, plugins) = (small_folder(), tempfile::tempdir().unwrap());
    let source = root().join("plugin-api/examples/c-hello/hello.c");
    c_example(&source, &plugins.path().join("c-hello.so"), &[]);
    std::fs::copy(rust_example("rust-hello"), plugins.path().join("rust-hello.so")).unwrap();
    let directory = plugins.path().to_str().unwrap();
    let server = Server::start(Mode::LinkedIn, data.path(), &["--plugins", directory]);
    for name in ["hello-c", "hello-rust"] {
        let reply = server.get(&format!("/datasets/d.nc/{name}"));
        assert_eq!((reply.status, reply.complete), (200, true), "{}", reply.text());
        assert!(reply.text().contains("d.nc"), "{}", reply.text());
        assert_eq!(server.get(&format!("/datasets/none/{name}")).status, 404);
    }
    let post = |length: usize| {
        let mut client = server.client();
        client.start("POST", "/hello-rust/count", &[&format!("Content-Length: {length}")]);
        client.write(&vec![b'x'; length]);
        client.read("POST")
    };
    assert_eq!(post(300_000).text(), "300000 bytes\n");
    assert_eq!(post(0).text(), "0 bytes\n");
    let refused = post((1 << 20) + 1);
    assert_eq!(refused.status, 413, "{}", refused.text());
    assert!(server.logged("status=413"), "{}", server.log());
    assert_eq!(
        server.log().matches("POST /hello-rust/count").count(),
        3,
        "one line a request: {}",
        server.log()
    );
    server.stop(&[]);
}

/// What was built against the tables of minor version 0, which are smaller, serves as ever: files, and datasets that other plugins
/// make.
#[test]
fn plugins_of_the_first_version_serve() {
    let (data, plugins) = (small_folder(), tempfile::tempdir().unwrap());
    let source = root().join("plugin-api/examples/c-hello/hello.c");
    let header = root().join("server/tests/frozen");
    let text = std::fs::read_to_string(header.join("weir_plugin.h")).unwrap();
    assert!(text.contains("#define WEIR_ABI_MINOR 0") && !text.contains("dataset_layout"));
    c_plugin((&source, &header), &plugins.path().join("hello.so"), &[]);
    let file = data.path().join("weir.toml");
    let made = "id = \"made\"\nsource = \"d.nc\"\n[plugins.diagnostics.virtual.variables.v]\nexpression = \"x * 2\"\n";
    std::fs::write(&file, format!("[[plugins.diagnostics.virtual]]\n{made}")).unwrap();
    let arguments = ["--plugins", plugins.path().to_str().unwrap(), "--config", file.to_str().unwrap()];
    let server = Server::start(Mode::LinkedIn, data.path(), &arguments);
    for id in ["d.nc", "made"] {
        let reply = server.get(&format!("/datasets/{id}/hello-c"));
        assert_eq!((reply.status, reply.complete), (200, true), "{}", reply.text());
        assert!(reply.text().contains(id), "{}", reply.text());
    }
    let plugins = server.get("/plugins").text();
    assert!(plugins.contains("hello-c"), "{plugins}");
    server.stop(&[]);
}

#[test]
fn a_panic_ends_its_request_only() {
    let (data, plugins) = (small_folder(), tempfile::tempdir().unwrap());
    std::fs::copy(rust_example("rust-panics"), plugins.path().join("rust-panics.so")).unwrap();
    let server = Server::start(Mode::LinkedIn, data.path(), &["--plugins", plugins.path().to_str().unwrap()]);
    for _ in 0..3 {
        let reply = server.get("/datasets/d.nc/panic");
        let id = reply.header("x-request-id").to_owned();
        assert_eq!(reply.status, 500);
        assert!(!id.is_empty() && reply.text().contains(&id), "{}", reply.text());
        assert!(server.logged(&id), "{}", server.log());
    }
    // What was announced and does not come is never a clean end.
    assert_eq!(server.get("/datasets/d.nc/short").status, 500);
    // The connection may end before its head has left the server.
    let mut client = server.client();
    client.start("GET", "/datasets/d.nc/panic-late", &[]);
    if let Some(mut late) = client.read_head_or_end() {
        client.read_body(&mut late);
        assert_eq!((late.status, late.complete), (200, false));
    }
    assert_eq!(server.get("/datasets/d.nc/calm").text(), "calm\n");
    assert_eq!(server.get("/datasets/d.nc/opendap.dds").status, 200);
    server.stop(&["request failed", "body broken off"]);
}

#[test]
fn bad_files_are_refused_and_the_server_starts() {
    let (data, plugins) = (small_folder(), tempfile::tempdir().unwrap());
    let put = |name: &str, bytes: &[u8]| std::fs::write(plugins.path().join(name), bytes).unwrap();
    let good = std::fs::read(binaries().plugins.join("libweir_plugin_dap.so")).unwrap();
    put("text.so", b"not a plugin");
    put("empty.so", b"");
    put("truncated.so", &good[..good.len() / 2]);
    let mut other_machine = good.clone();
    other_machine[18] = 0xb7;
    put("other-machine.so", &other_machine);
    put("readme.txt", b"not looked at");
    let bad = root().join("plugin-api/examples/bad/bad.c");
    let abort = r#"-DNOTE="{\"abi\":\"1.0\",\"name\":\"bad\",\"panic\":\"abort\"}""#;
    for (name, flag) in
        [("abort", abort), ("major", "-DABI_MAJOR=2"), ("magic", "-DMAGIC=7"), ("trap", "-DTRAP")]
    {
        c_example(&bad, &plugins.path().join(format!("{name}.so")), &[flag]);
    }
    let server = Server::start(Mode::LinkedIn, data.path(), &["--plugins", plugins.path().to_str().unwrap()]);
    let health = server.get("/health").json();
    let refused = health["refused_plugins"].as_array().unwrap();
    let reason = |name: &str| {
        let found = refused.iter().find(|plugin| plugin["plugin"] == name);
        found.unwrap_or_else(|| panic!("{name} is not refused: {health}"))["reason"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for name in [
        "text.so",
        "empty.so",
        "truncated.so",
        "other-machine.so",
        "abort.so",
        "major.so",
        "magic.so",
        "trap.so",
    ] {
        assert!(!reason(name).is_empty() && server.banner.contains(name), "{}", server.banner);
    }
    assert!(reason("abort.so").contains("abort"), "{health}");
    assert!(reason("major.so").contains("ABI"), "{health}");
    assert_eq!(refused.len(), 8);
    assert_eq!(server.get("/datasets/d.nc/opendap.dds").status, 200);
    server.stop(&["plugin refused"]);
}

#[test]
fn plugins_are_configured() {
    let (data, plugins) = (small_folder(), tempfile::tempdir().unwrap());
    let source = root().join("plugin-api/examples/bad/bad.c");
    c_example(&source, &plugins.path().join("bad.so"), &["-DNEEDS=\"depth\""]);
    let file = data.path().join("weir.toml");
    let (data, plugins) = (data.path(), plugins.path().to_str().unwrap());
    let arguments = ["--plugins", plugins, "--config", file.to_str().unwrap()];

    std::fs::write(&file, "[plugins.bad]\ndepth = [1, 2.5]\nnames = { a = \"b\" }\n").unwrap();
    let server = Server::start(Mode::LinkedIn, data, &arguments);
    assert_eq!(server.get("/bad").text(), r#"{"depth":[1,2.5],"names":{"a":"b"}}"#);
    assert_eq!(server.get("/datasets/d.nc/opendap.dds").status, 200, "the others are as they were");
    server.stop(&[]);

    // Without a section a plugin that cannot do without is left out; with one that it refuses the server does not start.
    std::fs::write(&file, "").unwrap();
    let server = Server::start(Mode::LinkedIn, data, &arguments);
    let refused = server.get("/health").json()["refused_plugins"].to_string();
    assert!(refused.contains("lacks depth"), "{refused}");
    server.stop(&["plugin refused"]);
    let check = |configuration: &str, arguments: &[&str], words: &[&str]| {
        std::fs::write(&file, configuration).unwrap();
        let all = [&["serve", data.to_str().unwrap(), "--listen", "127.0.0.1:0"], arguments].concat();
        let said = Server::refused(&all);
        assert!(words.iter().all(|word| said.contains(word)), "{configuration}: {said}");
    };
    check(
        "\n[plugins.bad]\ndept = 1",
        &arguments,
        &["weir.toml:2:1: [plugins.bad]", "bad.so", "lacks depth"],
    );
    check(
        "[plugins.bda]\ndepth = 1",
        &arguments[2..],
        &["weir.toml:1:1: [plugins.bda]", "there are dap, ", "zarr"],
    );
    check(
        "[plugins.zar]",
        &arguments[2..],
        &["weir.toml:1:1: [plugins.zar]", "did you mean [plugins.zarr]?"],
    );
    c_example(&source, &Path::new(plugins).join("bad.so"), &["-DTRAP"]);
    check(
        "[plugins.bad]\ndepth = 1",
        &arguments,
        &["[plugins.bad]", "bad.so", "ends the process with signal"],
    );
}

#[test]
fn the_same_route_twice_keeps_the_server_from_starting() {
    let data = small_folder();
    let plugins = binaries().plugins.to_str().unwrap();
    let said = Server::refused(&["serve", data.path().to_str().unwrap(), "--plugins", plugins]);
    assert!(said.contains("libweir_plugin_dap.so") && said.contains("linked in"), "{said}");
    assert!(said.contains("both serve") && said.contains("/datasets/{id}/opendap"), "{said}");
}

#[test]
fn check_tells_good_from_bad() {
    let check = |file: &Path| {
        let out = Command::new(&binaries().weir).args(["plugin", "check"]).arg(file).output().unwrap();
        let said = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
        (out.status.success(), said)
    };
    let (good, said) = check(&binaries().plugins.join("libweir_plugin_zarr.so"));
    assert!(good && said.contains("zarr"), "{said}");
    let text = tempfile::NamedTempFile::with_suffix(".so").unwrap();
    std::fs::write(text.path(), "not a plugin").unwrap();
    let (good, said) = check(text.path());
    assert!(!good && !said.is_empty(), "{said}");
}
