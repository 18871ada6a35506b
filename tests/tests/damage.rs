//! Damage: bytes that are flipped in every chunk, files that are cut, replaced, removed and written over while they are served.
//! Every answer is the right bytes, an error, or (where the data went bad after it was proven) a body that breaks off; never
//! other bytes.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use weir_tests::{Client, Mode, Netcdf3, Reply, Server, Values};

/// What became of requests.
#[derive(Debug, Default)]
struct Tally {
    right: u32,
    errors: u32,
    broken_off: u32,
    wrong: Vec<String>,
}

impl Tally {
    /// Judges a reply: `expected` are the bodies that would be right.
    fn judge(&mut self, what: &str, reply: &Reply, expected: &[&[u8]]) {
        let is_right = expected.iter().any(|body| *body == reply.body);
        let begins_right = expected.iter().any(|body| body.starts_with(&reply.body));
        match (reply.status, reply.complete) {
            (200, true) if is_right => self.right += 1,
            (200, false) if begins_right => self.broken_off += 1,
            (400..=599, true) if reply.header("content-description") == "dods-error" => self.errors += 1,
            (status, complete) => {
                let length = reply.body.len();
                self.wrong.push(format!("{what}: status {status}, complete {complete}, {length} bytes"));
            }
        }
    }
}

/// The file without damage, and where its chunks are: for each variable, offset and length of each.
struct Fixture {
    bytes: Vec<u8>,
    chunks: Vec<(String, Vec<(usize, usize)>)>,
}

fn fixture() -> Fixture {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let places: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("faults.json")).unwrap()).unwrap();
    let number = |value: &serde_json::Value| value.as_u64().unwrap() as usize;
    let of = |list: &serde_json::Value| {
        list.as_array().unwrap().iter().map(|chunk| (number(&chunk[0]), number(&chunk[1]))).collect()
    };
    let chunks = places.as_object().unwrap().iter().map(|(name, list)| (name.clone(), of(list))).collect();
    Fixture { bytes: std::fs::read(folder.join("faults.h5")).unwrap(), chunks }
}

/// A folder with the fixture as `d.h5`, which a server serves; the reference bodies of its variables.
struct Site {
    folder: tempfile::TempDir,
    server: Server,
    fixture: Fixture,
}

impl Site {
    fn new() -> Self {
        let (folder, fixture) = (tempfile::tempdir().unwrap(), fixture());
        std::fs::write(folder.path().join("d.h5"), &fixture.bytes).unwrap();
        let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
        Self { folder, server, fixture }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("d.h5")
    }

    /// Puts another file in the place of the served one.
    fn replace(&self, bytes: &[u8]) {
        let new = self.folder.path().join("new");
        std::fs::write(&new, bytes).unwrap();
        std::fs::rename(new, self.path()).unwrap();
    }
}

fn get(client: &mut Client, constraint: &str) -> Reply {
    client.get(&format!("/opendap/d.h5.dods?{constraint}"))
}

/// The values of a response of one variable of 32-bit numbers.
fn values(body: &[u8]) -> Vec<u32> {
    let at = body.windows(7).position(|window| window == b"\nData:\n").expect("a data response") + 7;
    body[at + 8..].chunks(4).map(|four| u32::from_be_bytes(four.try_into().unwrap())).collect()
}

/// Flips bits of one byte of a file as somebody does who leaves no trace in its times.
fn flip_unseen(path: &Path, offset: usize) {
    let mut file = File::options().read(true).write(true).open(path).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap();
    let mut byte = [0];
    file.seek(SeekFrom::Start(offset as u64)).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(offset as u64)).unwrap();
    file.write_all(&[byte[0] ^ 0x10]).unwrap();
    file.set_modified(modified).unwrap();
}

/// What may be logged of damage.
const EXPECTED: &[&str] = &["request failed", "body broken off", "cannot be", "changed", "truncated"];

#[test]
fn every_chunk_is_checked_before_anything_is_sent() {
    let site = Site::new();
    let mut client = site.server.client();
    let mut tally = Tally::default();
    for (name, chunks) in &site.fixture.chunks {
        let whole = get(&mut client, name);
        assert!(values(&whole.body).into_iter().eq(1..=values(&whole.body).len() as u32), "{name}");
        let rows = if name.starts_with("small") { 60 } else { 1200 };
        let (first, last) = (format!("{name}[0][0:9]"), format!("{name}[{}][0:9]", rows - 1));
        let ends = [&first, &last].map(|part| get(&mut client, part));
        assert!(whole.status == 200 && (whole.body.len() > 16 << 20) == name.starts_with("large"));
        for (number, (offset, length)) in chunks.iter().enumerate() {
            // Small ones at many places; of large ones, which take longer, each chunk at another one.
            let places: Vec<usize> = match name.starts_with("small") {
                true => (0..*length).step_by(length / 11).chain([length - 1]).collect(),
                false => vec![[0, length / 3, length - 1][number % 3]],
            };
            for place in places {
                let mut bytes = site.fixture.bytes.clone();
                bytes[offset + place] ^= 1 << (place % 8);
                site.replace(&bytes);
                let what = format!("{name}, chunk {number}, byte {place}");
                let before = tally.errors;
                tally.judge(&what, &get(&mut client, name), &[&whole.body]);
                assert!(tally.errors > before || tally.right > 0, "{what}");
                for (part, expected) in [&first, &last].into_iter().zip(&ends) {
                    let reply = get(&mut client, part);
                    let inside =
                        (part == &first && number == 0) || (part == &last && number + 1 == chunks.len());
                    assert!(inside || reply.status == 200, "{what}: {part} lies in another chunk");
                    tally.judge(&what, &reply, &[&expected.body]);
                }
            }
        }
        site.replace(&site.fixture.bytes);
    }
    assert!(tally.wrong.is_empty() && tally.broken_off == 0, "{tally:?}");
    let flips = 4 * 12 * 2 + 12 + 8;
    assert!(tally.errors >= flips && tally.right >= 100, "{tally:?}");
    site.server.stop(EXPECTED);
}

#[test]
fn files_that_are_cut_give_errors() {
    let site = Site::new();
    let mut client = site.server.client();
    let mut tally = Tally::default();
    let expected: Vec<(&String, Reply)> =
        site.fixture.chunks.iter().map(|(name, _)| (name, get(&mut client, name))).collect();
    let length = site.fixture.bytes.len();
    for cut in [0, 1, 7, 8, 95, 512, 2048, 5000, 17_300, length / 4, length / 2, length - 1] {
        site.replace(&site.fixture.bytes[..cut]);
        for (name, whole) in &expected {
            tally.judge(&format!("{name} of {cut} bytes"), &get(&mut client, name), &[&whole.body]);
        }
        // In place, too: the file that is open gets shorter.
        site.replace(&site.fixture.bytes);
        assert_eq!(get(&mut client, "small_summed").status, 200);
        File::options().write(true).open(site.path()).unwrap().set_len(cut as u64).unwrap();
        tally.judge(
            &format!("in place, {cut} bytes"),
            &get(&mut client, "large_both"),
            &[&expected[3].1.body],
        );
    }
    assert!(tally.wrong.is_empty() && tally.broken_off == 0, "{tally:?}");
    assert!(tally.errors >= 40, "{tally:?}");
    std::fs::remove_file(site.path()).unwrap();
    assert_eq!(get(&mut client, "small_summed").status, 404);
    site.server.stop(EXPECTED);
}

#[test]
fn what_goes_bad_while_it_is_sent_breaks_off() {
    let site = Site::new();
    let name = "large_deflated";
    let whole = get(&mut site.server.client(), name);
    let chunks = &site.fixture.chunks.iter().find(|(own, _)| own == name).unwrap().1;
    let (offset, length) = chunks[chunks.len() - 1];
    let mut tally = Tally::default();
    let mut other = site.fixture.bytes.clone();
    other[offset..offset + length].reverse();
    let cut = || File::options().write(true).open(site.path()).unwrap().set_len(offset as u64).unwrap();
    let changes: [(&str, &dyn Fn()); 6] = [
        ("removed", &|| std::fs::remove_file(site.path()).unwrap()),
        ("replaced", &|| site.replace(&other)),
        ("written over", &|| std::fs::write(site.path(), &other).unwrap()),
        ("cut", &cut),
        ("flipped unseen", &|| flip_unseen(&site.path(), offset + length / 2)),
        ("nothing", &|| {}),
    ];
    for (what, change) in changes {
        // Before anything was read, and after some of it was.
        for part in [0, 3 << 20] {
            site.replace(&site.fixture.bytes);
            let mut client = site.server.client();
            client.start("GET", &format!("/opendap/d.h5.dods?{name}"), &[]);
            let mut reply = client.read_head();
            assert_eq!(reply.status, 200, "{what}");
            let begun = client.read_some(part);
            change();
            client.read_body_behind(begun, &mut reply);
            let before = (tally.right, tally.broken_off);
            tally.judge(&format!("{what} behind {part} bytes"), &reply, &[&whole.body]);
            match what {
                // Whoever has a file open has its bytes, whatever becomes of its name.
                "nothing" | "removed" | "replaced" => assert_eq!(tally.right, before.0 + 1, "{what}"),
                // All of it may have been read before it was changed; then it is whole.
                _ => assert_eq!(tally.right + tally.broken_off, before.0 + before.1 + 1, "{what}"),
            }
        }
    }
    assert!(tally.wrong.is_empty() && tally.errors == 0 && tally.broken_off >= 3, "{tally:?}");
    let health = site.server.get("/health").json();
    assert_eq!(health["bodies_broken_off"].as_f64().unwrap() as u32, tally.broken_off, "{health}");
    // What was proven once and went bad unseen: the first to ask gets no whole body, and nobody gets other bytes.
    site.replace(&site.fixture.bytes);
    assert_eq!(get(&mut site.server.client(), name).body, whole.body);
    flip_unseen(&site.path(), offset + length / 2);
    for _ in 0..3 {
        tally.judge("proven before", &get(&mut site.server.client(), name), &[&whole.body]);
    }
    assert!(tally.wrong.is_empty(), "{tally:?}");
    site.server.stop(EXPECTED);
}

#[test]
fn two_states_of_a_file_are_never_mixed() {
    let folder = tempfile::tempdir().unwrap();
    let count = 4_300_000;
    let states = [1.0_f32, -1.0].map(|sign| {
        let values = (1..=count).map(|n| sign * n as f32).collect();
        Netcdf3::new().dimension("x", count).variable("v", &["x"], &[], Values::Float32(values)).bytes()
    });
    let path = folder.path().join("d.h5");
    std::fs::write(&path, &states[0]).unwrap();
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    let constraints = ["v[0:99]", "v[0:1000:4299999]", "v"];
    let bodies: Vec<[Vec<u8>; 2]> = constraints
        .iter()
        .map(|constraint| {
            [0, 1].map(|state: usize| {
                std::fs::write(folder.path().join("new"), &states[state]).unwrap();
                std::fs::rename(folder.path().join("new"), &path).unwrap();
                let reply = get(&mut server.client(), constraint);
                assert_eq!(reply.status, 200, "{}", reply.text());
                reply.body
            })
        })
        .collect();
    assert!(bodies.iter().all(|[one, other]| one != other));
    let done = std::sync::atomic::AtomicBool::new(false);
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // By turns under another name, which then gets the one that is served.
            for turn in 0.. {
                if done.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
                std::fs::write(folder.path().join("new"), &states[turn % 2]).unwrap();
                std::fs::rename(folder.path().join("new"), &path).unwrap();
            }
        });
        let mut client = server.client();
        for round in 0..40 {
            let which = if round % 10 == 9 { 2 } else { round % 2 };
            let reply = get(&mut client, constraints[which]);
            tally.judge(constraints[which], &reply, &bodies[which].each_ref().map(Vec::as_slice));
            if !reply.complete {
                client = server.client();
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(tally.wrong.is_empty() && tally.right >= 20, "{tally:?}");
    server.stop(EXPECTED);
}
