//! Which files become plugins: real libraries from a C compiler and from cargo, and every kind of file that must be refused.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use tempfile::TempDir;
use weir_plugin_abi::WeirPlugin;
use weir_plugin_api::ErrorKind;
use weir_plugin_api::model::DataType;
use weir_plugin_api::testing::{MockHost, counting, dataset_of};
use weir_server::loader::{ChildCheck, Loaded, Outcome, UNCONFIGURED, load_directory};
use weir_server::preflight::inspect;

const WEIR: &str = env!("CARGO_BIN_EXE_weir");

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin-api/examples")
}

/// Compiles a C plugin as its author would: with the header, and nothing else of this repository.
fn compile(source: &str, flags: &[&str], out: &Path) {
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-shared", "-fPIC", "-fvisibility=hidden", "-Wl,-Bsymbolic"]).args(flags);
    cc.arg("-I").arg(examples().join("../include")).arg("-o").arg(out).arg(examples().join(source));
    let output = cc.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::set_permissions(out, Permissions::from_mode(0o755)).unwrap();
}

/// Builds a Rust example with cargo, as its author would, and returns the library.
fn cargo_build(example: &str) -> PathBuf {
    let target = examples().join("../../target/examples").join(example);
    let mut cargo = Command::new(env!("CARGO"));
    cargo.arg("build").current_dir(examples().join(example)).env("CARGO_TARGET_DIR", &target);
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let name = if example == "rust-hello" { "libhello_rust.so" } else { "librust_panics.so" };
    target.join("debug").join(name)
}

/// A library that loads, as bytes.
static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("good.so");
    compile("bad/bad.c", &[], &out);
    fs::read(out).unwrap()
});

fn put(dir: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    path
}

fn load(dir: &Path) -> Vec<Outcome> {
    load_directory(dir, &ChildCheck::Run(WEIR.into()), &|_| UNCONFIGURED).unwrap()
}

fn only(mut outcomes: Vec<Outcome>) -> Result<Loaded, String> {
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    outcomes.remove(0).result
}

/// A directory with one file must be refused with a reason that contains `expected`.
fn check_refused(dir: &TempDir, expected: &str) {
    match only(load(dir.path())) {
        Err(why) => assert!(why.contains(expected), "refused with {why:?}, expected {expected:?}"),
        Ok(loaded) => panic!("{loaded:?} was loaded, expected {expected:?}"),
    }
}

fn check_content(content: &[u8], expected: &str) {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "x.so", content);
    check_refused(&dir, expected);
}

fn check_compiled(flags: &[&str], expected: &str) {
    let dir = tempfile::tempdir().unwrap();
    compile("bad/bad.c", flags, &dir.path().join("x.so"));
    check_refused(&dir, expected);
}

fn sea() -> MockHost {
    let variables = vec![counting("sst", DataType::Float32, &[("x", 3)])];
    MockHost::new().dataset("sea", dataset_of(variables))
}

#[test]
fn a_plugin_in_c_is_loaded_and_answers() {
    let dir = tempfile::tempdir().unwrap();
    compile("c-hello/hello.c", &["-Wall", "-Wextra", "-Werror"], &dir.path().join("hello.so"));
    let loaded = only(load(dir.path())).unwrap();
    assert_eq!((loaded.name.as_str(), loaded.version.as_str()), ("hello-c", "1.0.0"));
    assert_eq!(loaded.sha256.len(), 64);
    let running = sea().start_table(loaded.table);
    let got = running.get("/datasets/sea/hello-c").unwrap();
    assert_eq!((got.status, got.header("content-type")), (200, Some("text/plain; charset=utf-8")));
    let text = got.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!(lines[0], "hello from C, dataset sea");
    assert!(lines[1].strip_prefix("generation ").is_some_and(|generation| !generation.is_empty()), "{text}");
    let bytes = lines[2].strip_prefix("schema of ").and_then(|rest| rest.strip_suffix(" bytes")).unwrap();
    assert!(bytes.parse::<usize>().unwrap() > 100, "{text}");
    let error = running.get("/datasets/land/hello-c").unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::NotFound, "dataset 'land' not found"));
}

/// A plugin that was built when minor version 0 was current, whose table is smaller than today's.
#[test]
fn a_plugin_of_the_first_minor_version_is_loaded_and_answers() {
    let dir = tempfile::tempdir().unwrap();
    let frozen = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frozen");
    let out = dir.path().join("hello.so");
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-shared", "-fPIC", "-fvisibility=hidden", "-Wl,-Bsymbolic"]);
    let output = cc.arg("-o").arg(&out).arg(frozen.join("hello_1_0.c")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::set_permissions(&out, Permissions::from_mode(0o755)).unwrap();
    let loaded = only(load(dir.path())).unwrap();
    assert_eq!(loaded.table.abi_minor, 0);
    assert!(loaded.table.size < size_of::<WeirPlugin>(), "its table ends where minor version 0 does");
    assert!(loaded.table.body_range.is_none());
    let running = sea().start_table(loaded.table);
    let got = running.get("/datasets/sea/hello-c").unwrap();
    assert!(got.text().starts_with("hello from C, dataset sea\n"), "{}", got.text());
}

#[test]
fn plugins_in_rust_are_loaded_and_a_panic_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "b.so", &fs::read(cargo_build("rust-panics")).unwrap());
    put(dir.path(), "a.so", &fs::read(cargo_build("rust-hello")).unwrap());
    let loaded: Vec<Loaded> = load(dir.path()).into_iter().map(|outcome| outcome.result.unwrap()).collect();
    let names: Vec<&str> = loaded.iter().map(|plugin| plugin.name.as_str()).collect();
    assert_eq!(names, ["hello-rust", "rust-panics"]);
    let text = sea().start_table(loaded[0].table).get("/datasets/sea/hello-rust").unwrap().text();
    assert!(text.starts_with("hello from Rust, dataset sea\ngeneration "), "{text}");
    assert!(text.ends_with("\n1 variables at the root\n"), "{text}");
    let panics = sea().start_table(loaded[1].table);
    for target in ["/datasets/sea/panic", "/datasets/sea/panic-late"] {
        assert_eq!(panics.get(target).unwrap_err().kind, ErrorKind::Panic, "{target}");
    }
    assert_eq!(panics.get("/datasets/sea/calm").unwrap().text(), "calm\n");
}

#[test]
fn files_that_are_no_libraries_are_refused() {
    check_content(b"", "it is empty");
    check_content(b"import numpy\n", "it is not an ELF file");
    check_content(b"\x7fELF", "it is truncated: 4 of 64 bytes");
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("x.so")).unwrap();
    check_refused(&dir, "it is not a regular file");
    let dir = tempfile::tempdir().unwrap();
    let made = Command::new("mkfifo").arg(dir.path().join("x.so")).status().unwrap();
    assert!(made.success());
    check_refused(&dir, "it is not a regular file");
    check_content(&fs::read(WEIR).unwrap(), "it is not a shared library");
}

#[test]
fn libraries_for_other_machines_are_refused() {
    let patched = |at: usize, value: u8| {
        let mut image = GOOD.clone();
        assert_ne!(image[at], value);
        image[at] = value;
        image
    };
    check_content(&patched(18, 40), "it is built for processor 40, this server runs on ");
    check_content(&patched(4, 1), "it is built for 32-bit programs");
    check_content(&patched(5, 2), "it is built for the other byte order");
    check_content(&patched(16, 1), "it is not a shared library");
}

#[test]
fn libraries_that_are_no_plugins_of_ours_are_refused() {
    check_compiled(&["-DNO_NOTE"], "it has no note .note.weir.plugin");
    check_compiled(&["-DNOTE=\"hello\""], "it is not JSON");
    check_compiled(&["-DNOTE=\"{}\""], "it has no text \"abi\"");
    check_compiled(&["-DNOTE=\"{\\\"abi\\\":\\\"2.0\\\"}\""], "it speaks ABI 2.0, this server speaks ABI 1");
    check_compiled(&["-DNOTE=\"{\\\"abi\\\":\\\"one\\\"}\""], "should look like \"1.0\"");
    check_compiled(
        &["-DNOTE=\"{\\\"abi\\\":\\\"1.0\\\",\\\"panic\\\":\\\"abort\\\"}\""],
        "panic = \"abort\"",
    );
    check_compiled(&["-DNOTE=\"{\\\"abi\\\":\\\"1.0\\\",\\\"name\\\":\\\"A b\\\"}\""], "\"name\" is \"A b\"");
    check_compiled(&["-DENTRY=weir_plugin_v2"], "it does not export weir_plugin_v1");
    check_compiled(&["-DSHORT_ENTRY"], "its weir_plugin_v1 has 4 bytes");
    check_compiled(&["-DABI_MAJOR=2"], "it speaks ABI 2, this server speaks ABI 1");
    check_compiled(&["-DMAGIC=1"], "its table does not begin as a weir plugin's does");
    check_compiled(&["-DSIZE=100"], "its table has 100 bytes");
    check_compiled(&["-DLAYOUT=1"], "its tables are laid out differently");
    check_compiled(&["-DNAME=\"other\""], "its note names it bad, but its table other");
    check_compiled(&["-DUNDEFINED"], "undefined symbol: this_symbol_is_nowhere");
}

#[test]
fn plugins_that_do_not_start_are_refused_before_they_are_loaded() {
    check_compiled(&["-DREFUSE"], "it does not start: no configuration, no service");
    check_compiled(&["-DFAIL"], "it does not start: two and two are five");
    check_compiled(&["-DTRAP"], "loading it ends the process with signal ");
}

#[test]
fn what_a_plugin_prints_is_not_its_answer() {
    let dir = tempfile::tempdir().unwrap();
    compile("bad/bad.c", &["-DCHATTY"], &dir.path().join("x.so"));
    assert_eq!(only(load(dir.path())).unwrap().name, "bad");
}

#[test]
fn a_truncated_library_is_refused_at_every_length() {
    for length in 0..GOOD.len() {
        assert!(inspect(&GOOD[..length]).is_err(), "{length} of {} bytes", GOOD.len());
    }
    assert_eq!(inspect(&GOOD).unwrap().exported, ["weir_plugin_v1"]);
    check_content(&GOOD[..GOOD.len() / 2], "it is truncated: ");
    check_content(&GOOD[..GOOD.len() - 1], "it is truncated: ");
}

#[test]
fn no_damage_makes_the_preflight_panic() {
    // Every byte of the headers and every eleventh of the rest takes three wrong values; the outcome may be either, but one.
    let mut image = GOOD.clone();
    let mut refused = 0;
    let places = (0..1024).chain((1024..image.len()).step_by(11));
    for at in places {
        let right = image[at];
        for wrong in [!right, 0x7f, right.wrapping_add(1)] {
            image[at] = wrong;
            refused += usize::from(inspect(&image).is_err());
        }
        image[at] = right;
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn files_and_directories_that_others_can_change_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = put(dir.path(), "x.so", &GOOD);
    for mode in [0o775, 0o757, 0o722] {
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        check_refused(&dir, &format!("it is writable by others (mode {mode:o})"));
    }
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    only(load(dir.path())).unwrap();

    fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
    let error = load_directory(dir.path(), &ChildCheck::Skip, &|_| UNCONFIGURED).unwrap_err().to_string();
    assert!(error.contains("it is writable by others (mode 777); use chmod go-w"), "{error}");
    let below = dir.path().join("plugins");
    fs::create_dir(&below).unwrap();
    fs::set_permissions(&below, Permissions::from_mode(0o755)).unwrap();
    let error = load_directory(&below, &ChildCheck::Skip, &|_| UNCONFIGURED).unwrap_err().to_string();
    assert!(error.contains(" above it is writable by others (mode 777)"), "{error}");
    // A sticky directory above, such as the one for temporary files, lets nobody exchange what is not theirs.
    fs::set_permissions(dir.path(), Permissions::from_mode(0o1777)).unwrap();
    assert!(load_directory(&below, &ChildCheck::Skip, &|_| UNCONFIGURED).unwrap().is_empty());
}

#[test]
fn files_of_other_users_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = put(dir.path(), "x.so", &GOOD);
    // Only root can give a file away; for everybody else there is no foreign file to try.
    if chown(&file, Some(12345), None).is_ok() {
        check_refused(&dir, "it belongs to user 12345");
    } else {
        assert!(only(load(dir.path())).is_ok());
    }
}

#[test]
fn links_must_stay_in_the_directory() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let target = put(elsewhere.path(), "y.so", &GOOD);
    symlink(target, dir.path().join("x.so")).unwrap();
    check_refused(&dir, "it is a symbolic link that leads out of the plugin directory");

    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "bad.so.1", &GOOD);
    symlink("bad.so.1", dir.path().join("bad.so")).unwrap();
    assert_eq!(only(load(dir.path())).unwrap().name, "bad");
    symlink("nowhere", dir.path().join("dangling.so")).unwrap();
    let outcomes = load(dir.path());
    assert_eq!(outcomes[1].result.as_ref().unwrap_err(), "no such file or directory");
}

#[test]
fn one_bad_file_does_not_keep_the_others_out() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a.so", b"text");
    put(dir.path(), "b.so", &GOOD);
    put(dir.path(), "c.so", &GOOD);
    put(dir.path(), ".hidden.so", &GOOD);
    put(dir.path(), "readme.txt", b"text");
    let outcomes = load(dir.path());
    let files: Vec<&str> = outcomes.iter().map(|outcome| outcome.file.as_str()).collect();
    assert_eq!(files, ["a.so", "b.so", "c.so"]);
    assert!(outcomes[1].result.is_ok(), "{outcomes:?}");
    let why = outcomes[2].result.as_ref().unwrap_err();
    assert_eq!(why, "its name bad is taken by b.so; remove one of them");
    let missing =
        load_directory(&dir.path().join("missing"), &ChildCheck::Skip, &|_| UNCONFIGURED).unwrap_err();
    assert!(missing.to_string().ends_with("no such file or directory"), "{missing}");
}

#[test]
fn overwriting_a_loaded_plugin_changes_nothing_until_it_is_loaded_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.so");
    compile("bad/bad.c", &["-DVERSION=\"1.0.1\""], &file);
    let before = only(load(dir.path())).unwrap();
    fs::write(&file, b"overwritten in place").unwrap();
    let running = MockHost::new().start_table(before.table);
    assert_eq!(running.get("/bad").unwrap().text(), "1.0.1");
    compile("bad/bad.c", &["-DVERSION=\"1.0.2\""], &file);
    let after = only(load(dir.path())).unwrap();
    assert_eq!(MockHost::new().start_table(after.table).get("/bad").unwrap().text(), "1.0.2");
    assert_eq!(running.get("/bad").unwrap().text(), "1.0.1");
}

fn plugin_check(file: &Path) -> (Output, String) {
    let output = Command::new(WEIR).args(["plugin", "check"]).arg(file).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

#[test]
fn plugin_check_reports() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hello.so");
    compile("c-hello/hello.c", &[], &file);
    let (output, text) = plugin_check(&file);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for line in [
        "  name      hello-c\n",
        "  version   1.0.0\n",
        "  exports   weir_plugin_v1\n",
        "  route     GET,HEAD /datasets/{id}/hello-c\n",
        "\nthis server can load it\n",
    ] {
        assert!(text.contains(line), "{line:?} is not in {text}");
    }
    assert!(!text.contains("warning"), "{text}");
    fs::set_permissions(&file, Permissions::from_mode(0o777)).unwrap();
    let (output, text) = plugin_check(&file);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("a server would not take it from where it lies: it is writable by others"),
        "{text}"
    );
}

#[test]
fn plugin_check_survives_a_plugin_that_crashes() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("trap.so");
    compile("bad/bad.c", &["-DTRAP"], &file);
    let (output, text) = plugin_check(&file);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("  refused   loading it ends the process with signal "), "{text}");
    let (output, text) = plugin_check(&dir.path().join("missing.so"));
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("  refused   no such file or directory\n"), "{text}");
}
