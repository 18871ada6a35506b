//! Original files and stored chunks as a client sees them: the bytes of the file, whole and in parts, or an error.

use std::path::Path;

use weir_tests::{Mode, Netcdf3, Reply, Server, Values};

const FILE: &str = "/datasets/wind.nc/file";
const CHUNK: &str = "/datasets/wind.nc/kerchunk/u/0.0";

/// Bytes of a row, and of a chunk.
const ROW: u32 = 1 << 20;

/// So many rows, whose bytes tell their place; `mask` tells one file from another of the same length.
fn wind(rows: u32, mask: u8) -> Vec<u8> {
    let pattern: Vec<u8> = (1..=251).map(|n| n ^ mask).collect();
    let long = pattern.repeat(ROW as usize / 251 + 2);
    let values = (0..rows as usize).flat_map(|row| long[row..row + ROW as usize].to_vec()).collect();
    Netcdf3::new()
        .dimension("y", rows)
        .dimension("x", ROW)
        .variable("u", &["y", "x"], &[("units", "m s-1")], Values::Char(values))
        .bytes()
}

/// More than the buffers between a server and a client hold.
const LONG: u32 = 40;

fn both(rows: u32, check: impl Fn(&Server, &Path)) {
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("wind.nc");
        std::fs::write(&path, wind(rows, 0)).unwrap();
        // A file that was just written may be written again within its time stamp.
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(100);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        let server = Server::start(mode, data.path(), &[]);
        check(&server, &path);
        server.stop(&["body broken off", "request failed"]);
    }
}

fn ranged(server: &Server, target: &str, headers: &[&str]) -> Reply {
    server.client().send("GET", target, headers)
}

fn check_part(server: &Server, target: &str, range: &str, expected: Option<&[u8]>, whole: usize) {
    let reply = ranged(server, target, &[&format!("Range: {range}")]);
    let Some(expected) = expected else {
        assert_eq!(reply.status, 416, "{target} {range}");
        assert_eq!(reply.header("content-range"), format!("bytes */{whole}"));
        assert!(reply.body.is_empty());
        return;
    };
    assert_eq!(reply.status, 206, "{target} {range}");
    assert!(reply.body == expected, "{target} {range}: {} bytes", reply.body.len());
    assert!(reply.header("content-range").ends_with(&format!("/{whole}")));
    let head = server.client().send("HEAD", target, &[&format!("Range: {range}")]);
    assert_eq!((head.status, head.header("content-range")), (206, reply.header("content-range")));
    assert_eq!(head.header("content-length"), reply.header("content-length"));
}

#[test]
fn files_and_chunks_are_sent_whole_and_in_parts() {
    both(4, |server, path| {
        let file = std::fs::read(path).unwrap();
        let begin = file.len() - 4 * ROW as usize;
        let chunk = &file[begin..begin + ROW as usize];
        for (target, whole) in
            [(FILE, file.as_slice()), ("/thredds/fileServer/wind.nc", &file), (CHUNK, chunk)]
        {
            let reply = server.get(target);
            assert_eq!((reply.status, reply.header("accept-ranges")), (200, "bytes"), "{target}");
            assert!(reply.body == whole && reply.complete, "{target} is the file's own bytes");
            let head = server.client().head(target);
            assert_eq!(head.header("content-length"), whole.len().to_string());
            assert_eq!(head.header("etag"), reply.header("etag"));
            let n = whole.len();
            check_part(server, target, "bytes=0-0", Some(&whole[..1]), n);
            check_part(server, target, "bytes=1000000-1000019", Some(&whole[1_000_000..1_000_020]), n);
            check_part(server, target, "bytes=-7", Some(&whole[n - 7..]), n);
            check_part(server, target, &format!("bytes={}-", n - 3), Some(&whole[n - 3..]), n);
            check_part(server, target, "bytes=5-99999999999999999999", Some(&whole[5..]), n);
            check_part(server, target, &format!("bytes={n}-"), None, n);
            // Several ranges, and what is no range, are the whole.
            for range in ["bytes=0-1,3-4", "lines=0-1", "bytes=9-1"] {
                let reply = ranged(server, target, &[&format!("Range: {range}")]);
                assert_eq!((reply.status, reply.body.len()), (200, n), "{target} {range}");
            }
        }
    });
}

#[test]
fn caches_know_what_they_have() {
    both(4, |server, _| {
        for (target, cached) in [(FILE, "public, no-cache"), (CHUNK, "public, max-age=604800")] {
            let reply = server.get(target);
            let tag = reply.header("etag").to_owned();
            assert!(tag.starts_with('"'), "{target}: a strong tag, not {tag:?}");
            assert_eq!(reply.header("cache-control"), cached, "{target}");
            let again = ranged(server, target, &[&format!("If-None-Match: {tag}")]);
            assert_eq!((again.status, again.header("cache-control")), (304, cached), "{target}");
            let part = ranged(server, target, &["Range: bytes=3-5", &format!("If-Range: {tag}")]);
            assert_eq!((part.status, part.body.len()), (206, 3), "{target}");
            let other = ranged(server, target, &["Range: bytes=3-5", "If-Range: \"other\""]);
            assert_eq!((other.status, other.body.len()), (200, reply.body.len()), "{target}");
        }
        let file = server.get(FILE);
        assert_eq!(file.header("content-type"), "application/x-netcdf");
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"wind.nc\"");
        assert_eq!(server.get("/datasets/none.nc/file").status, 404);
    });
}

/// A client that has the beginning of one file must never get the end of another.
#[test]
fn a_file_that_is_written_to_breaks_off() {
    both(LONG, |server, path| {
        let (before, after) = (wind(LONG, 0), wind(LONG, 4));
        let mut client = server.client();
        client.start("GET", FILE, &[]);
        let mut reply = client.read_head();
        let begun = client.read_some(1000);
        // In place: the open file changes under the server.
        std::fs::write(path, &after).unwrap();
        client.read_body_behind(begun, &mut reply);
        assert!(!reply.complete, "the body broke off");
        let same = reply.body.iter().zip(&before).take_while(|(got, expected)| got == expected).count();
        assert_eq!(same, reply.body.len(), "all that came is of the first file");
        assert!(server.get(FILE).body == after, "the next request gets the other file");
    });
}

/// Replaced by renaming, the old file is still there for those who read it.
#[test]
fn a_file_that_is_replaced_is_sent_to_its_end() {
    both(LONG, |server, path| {
        let mut client = server.client();
        client.start("GET", FILE, &[]);
        let mut reply = client.read_head();
        let begun = client.read_some(1000);
        let other = path.with_extension("new");
        std::fs::write(&other, wind(LONG, 4)).unwrap();
        std::fs::rename(&other, path).unwrap();
        client.read_body_behind(begun, &mut reply);
        assert!(reply.complete && reply.body == wind(LONG, 0), "one file, to its end");
        assert!(server.get(FILE).body == wind(LONG, 4));
    });
}

/// A chunk whose place is known is read again for each who asks: what is there now, and never a mix.
#[test]
fn a_chunk_that_is_asked_for_again_is_that_of_the_file_now() {
    both(4, |server, path| {
        let row = |mask: u8| wind(1, mask)[wind(1, mask).len() - ROW as usize..].to_vec();
        let read_again = || {
            let counters = &server.get("/health").json()["counters"]["kerchunk"];
            counters["chunks_read_again"].as_f64().unwrap_or_default()
        };
        let check = |mask: u8| {
            for _ in 0..3 {
                let reply = server.get(CHUNK);
                assert!(reply.status == 200 && reply.body == row(mask), "{mask}: {}", reply.status);
            }
            let part = ranged(server, CHUNK, &["Range: bytes=1000000-1000019"]);
            assert!(part.status == 206 && part.body == row(mask)[1_000_000..1_000_020]);
        };
        check(0);
        assert!(read_again() >= 2.0, "{} chunks were read again", read_again());
        let other = path.with_extension("new");
        std::fs::write(&other, wind(4, 4)).unwrap();
        std::fs::rename(&other, path).unwrap();
        check(4);
        std::fs::write(path, wind(4, 8)).unwrap();
        check(8);
        std::fs::remove_file(path).unwrap();
        assert_eq!(server.get(CHUNK).status, 503, "what is gone is not absent");
    });
}

/// A Zarr client shows the fill value for every 404: that data is gone must not look like it.
#[test]
fn what_is_gone_is_not_absent() {
    both(4, |server, path| {
        assert_eq!(server.get(CHUNK).status, 200);
        std::fs::remove_file(path).unwrap();
        let reply = server.get("/datasets/wind.nc/kerchunk/u/1.0");
        assert_eq!((reply.status, reply.header("retry-after")), (503, "1"));
        assert_eq!(server.get("/datasets/none.nc/kerchunk/u/1.0").status, 404);
    });
}

#[test]
fn references_lead_to_the_file() {
    both(4, |server, path| {
        let file = std::fs::read(path).unwrap();
        let refs = server.get("/datasets/wind.nc/kerchunk/refs.json").json();
        let reference = &refs["refs"]["u/2.0"];
        let (url, offset, length) =
            (reference[0].as_str().unwrap(), reference[1].as_u64().unwrap(), reference[2].as_u64().unwrap());
        let target = url.strip_prefix(&format!("http://{}", server.address)).unwrap();
        let range = format!("Range: bytes={offset}-{}", offset + length - 1);
        let part = ranged(server, target, &[&range]);
        assert_eq!(part.status, 206);
        let begin = file.len() - 2 * ROW as usize;
        assert!(part.body == file[begin..begin + ROW as usize], "the third row");
        let partition = server.get("/datasets/wind.nc/kerchunk/refs.parquet/u/refs.0.parq");
        assert_eq!((partition.status, &partition.body[..4]), (200, b"PAR1".as_slice()));
        assert_eq!(server.get("/datasets/wind.nc/kerchunk/refs.parquet").status, 404);
    });
}
