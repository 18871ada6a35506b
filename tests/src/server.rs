//! The built server, started on a free port, with a log that must be clean in the end.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::{Client, Reply};

/// Where the server gets its plugins from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are linked in.
    LinkedIn,
    /// They are loaded as `.so` files only.
    Loaded,
}

/// What was built.
#[derive(Debug)]
pub struct Binaries {
    /// The server.
    pub weir: PathBuf,
    /// A directory with the in-tree plugins as `.so` files, and nothing else.
    pub plugins: PathBuf,
}

/// The in-tree plugins.
pub const PLUGINS: [&str; 17] = [
    "dap",
    "diagnostics",
    "esm",
    "file",
    "gridlook",
    "intake",
    "kerchunk",
    "maps",
    "openapi",
    "pages",
    "plot",
    "s3",
    "stac",
    "subset",
    "thredds",
    "xpublish",
    "zarr",
];

/// Builds the server and the plugins, once a test program.
pub fn binaries() -> &'static Binaries {
    static BUILT: OnceLock<Binaries> = OnceLock::new();
    BUILT.get_or_init(|| {
        let packages = PLUGINS.map(|name| format!("weir-plugin-{name}-so"));
        let packages = std::iter::once("weir-server").chain(packages.iter().map(String::as_str));
        let mut build = Command::new(env!("CARGO"));
        build.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "-q"]);
        build.args(packages.flat_map(|package| ["-p", package]));
        assert!(build.status().unwrap().success(), "the server and its plugins build");
        let programs = std::env::current_exe().unwrap();
        let built = programs.parent().and_then(Path::parent).unwrap().to_owned();
        // One folder for all test programs, where each replaces what is there at one go.
        let plugins = built.join("plugins");
        std::fs::create_dir_all(&plugins).unwrap();
        let new = tempfile::tempdir_in(&built).unwrap();
        let names = PLUGINS.map(|name| format!("libweir_plugin_{name}.so"));
        for name in &names {
            std::fs::hard_link(built.join(name), new.path().join(name)).unwrap();
            std::fs::rename(new.path().join(name), plugins.join(name)).unwrap();
        }
        // What was a plugin once is none any more.
        for entry in std::fs::read_dir(&plugins).unwrap().map(Result::unwrap) {
            if !names.iter().any(|name| entry.file_name() == name.as_str()) {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
        Binaries { weir: built.join("weir"), plugins }
    })
}

/// A running server. Dropping it stops it; [`Server::stop`] also checks how it went.
pub struct Server {
    child: Child,
    /// `127.0.0.1:port`.
    pub address: String,
    /// What it printed before it listened.
    pub banner: String,
    log: Arc<Mutex<String>>,
    _stdout: BufReader<ChildStdout>,
    _cache: tempfile::TempDir,
}

impl Server {
    /// Starts a server on `data`, with further arguments.
    pub fn start(mode: Mode, data: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(&binaries().weir);
        command.arg("serve").arg(data).args(["--listen", "127.0.0.1:0"]);
        if mode == Mode::Loaded {
            command.arg("--no-builtin-plugins").arg("--plugins").arg(&binaries().plugins);
        }
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Each server has an index of its own, unless the arguments name one.
        let cache = tempfile::tempdir().unwrap();
        command.env("XDG_CACHE_HOME", cache.path());
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (mut stderr, into) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&log));
        std::thread::spawn(move || {
            let mut line = String::new();
            while stderr.read_line(&mut line).is_ok_and(|n| n > 0) {
                into.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut banner = String::new();
        while !banner.contains("Ctrl-C\n") {
            let n = stdout.read_line(&mut banner).unwrap();
            assert!(n > 0, "the server ended: {banner}{}", log.lock().unwrap());
        }
        let address = banner.split("http://").nth(1).and_then(|rest| rest.split(['\n', '/', ' ']).next());
        let address = address.expect("the banner names the address").to_owned();
        Self { child, address, banner, log, _stdout: stdout, _cache: cache }
    }

    /// Runs the server with arguments that it must refuse; returns what it wrote to standard error.
    pub fn refused(arguments: &[&str]) -> String {
        let mut child = Command::new(&binaries().weir)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(!child.wait().unwrap().success(), "{arguments:?} must be refused");
        said
    }

    /// A new connection.
    pub fn client(&self) -> Client {
        Client::new(&self.address)
    }

    /// `GET` over a new connection.
    pub fn get(&self, target: &str) -> Reply {
        self.client().get(target)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The log so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Whether the log holds `text`; a line may come a moment after its response.
    pub fn logged(&self, text: &str) -> bool {
        let until = Instant::now() + Duration::from_secs(5);
        while !self.log().contains(text) && Instant::now() < until {
            std::thread::yield_now();
        }
        self.log().contains(text)
    }

    /// Sends SIGTERM, waits, and checks that the server ended well and that its log has no warning or error but those that
    /// hold one of `expected`.
    pub fn stop(self, expected: &[&str]) {
        let kill = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        assert!(kill.unwrap().success());
        self.ended(expected);
    }

    /// The same of a server that was told to stop.
    pub fn ended(mut self, expected: &[&str]) {
        assert!(self.child.wait().unwrap().success(), "the server ends well: {}", self.log());
        for line in self.log().lines().filter(|line| line.contains(" WARN ") || line.contains("ERROR")) {
            assert!(expected.iter().any(|text| line.contains(text)), "unexpected in the log: {line}");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone, if it was stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
