//! Parts of datasets as a client sees them: whole files of a known length, conditional requests, and refusals.

use weir_tests::{Mode, Netcdf3, Server, Values};

const SUBSET: &str = "/datasets/sst.nc/subset?var=sst";

/// Four times of a grid of 3 x 4; the element with row-major place `n - 1` is `n`.
fn sst() -> Vec<u8> {
    let singles = |values: &[f32]| Values::Float32(values.to_vec());
    Netcdf3::new()
        .dimension("time", 4)
        .dimension("lat", 3)
        .dimension("lon", 4)
        .variable("time", &["time"], &[("units", "days since 2001-01-30")], singles(&[0.0, 1.0, 2.0, 3.0]))
        .variable("lat", &["lat"], &[("units", "degrees_north")], singles(&[10.0, 0.0, -10.0]))
        .variable("lon", &["lon"], &[("units", "degrees_east")], singles(&[0.0, 90.0, 180.0, 270.0]))
        .variable(
            "sst",
            &["time", "lat", "lon"],
            &[("units", "K")],
            Values::Float32((1_u8..=48).map(f32::from).collect()),
        )
        .bytes()
}

fn both(arguments: &[&str], check: impl Fn(&Server)) {
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("sst.nc");
        std::fs::write(&path, sst()).unwrap();
        // A file that was just written may be written again within its time stamp.
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(100);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        let server = Server::start(mode, data.path(), arguments);
        check(&server);
        server.stop(&[]);
    }
}

#[test]
fn a_part_is_a_file_with_a_length_and_a_tag() {
    both(&[], |server| {
        let target = format!("{SUBSET}&bbox=-100,-1,10,10&time=2001-02");
        let reply = server.client().get(&target);
        assert_eq!((reply.status, reply.header("content-type")), (200, "application/x-netcdf"));
        assert_eq!(reply.header("content-length"), reply.body.len().to_string());
        let end = &reply.body[reply.body.len() - 32..];
        let values: Vec<f32> =
            end.chunks_exact(4).map(|bytes| f32::from_be_bytes(bytes.try_into().unwrap())).collect();
        assert_eq!(values, [28.0, 25.0, 32.0, 29.0, 40.0, 37.0, 44.0, 41.0]);
        let head = server.client().send("HEAD", &target, &[]);
        assert_eq!((head.status, head.header("content-length")), (200, reply.header("content-length")));
        let tag = format!("If-None-Match: {}", reply.header("etag"));
        assert_eq!(server.client().send("GET", &target, &[&tag]).status, 304);
        assert!(server.client().get(&target).body == reply.body);
    });
}

#[test]
fn a_netcdf4_file_is_served_again() {
    both(&[], |server| {
        let target = format!("{SUBSET}&bbox=-100,-1,10,10&time=2001-02&format=netcdf4");
        let reply = server.client().get(&target);
        assert_eq!((reply.status, reply.header("content-type")), (200, "application/x-netcdf4"));
        assert_eq!(reply.header("content-length"), reply.body.len().to_string());
        assert!(reply.header("etag").starts_with('"'));
        let head = server.client().send("HEAD", &target, &[]);
        assert_eq!((head.status, head.header("content-length")), (200, reply.header("content-length")));
        let theirs = "/thredds/ncss/grid/sst.nc?var=sst&west=-100&south=-1&east=10&north=10&time_start=2001-02-01&time_end=2001-02-28&accept=";
        for accept in ["netcdf4", "netcdf4ext"] {
            let theirs = server.client().get(&format!("{theirs}{accept}"));
            assert_eq!(theirs.header("content-type"), "application/x-netcdf4");
            assert_eq!(theirs.body[theirs.body.len() - 32..], reply.body[reply.body.len() - 32..]);
        }
        // What is written is read: the same part, from a server that has the file that this one made.
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join("part.nc"), &reply.body).unwrap();
        let again = Server::start(Mode::LinkedIn, data.path(), &[]);
        let csv = again.client().get("/datasets/part.nc/subset?var=sst&format=csv").body;
        let own = server.client().get(&target.replace("netcdf4", "csv")).body;
        assert_eq!(String::from_utf8_lossy(&csv), String::from_utf8_lossy(&own));
        again.stop(&[]);
    });
}

#[test]
fn thredds_spelling_finds_the_dataset_by_its_path() {
    both(&[], |server| {
        let target = "/thredds/ncss/grid/sst.nc?var=sst&latitude=4&longitude=-80&time_start=2001-01-31&time_duration=P1D&accept=csv";
        let reply = server.client().get(target);
        assert_eq!((reply.status, reply.header("content-type")), (200, "text/plain; charset=utf-8"));
        let text = String::from_utf8(reply.body).unwrap();
        assert_eq!(text.lines().nth(1), Some("2001-01-31T00:00:00Z,0,270,20"), "{text}");
        let described = server.client().get("/thredds/ncss/grid/sst.nc/dataset.xml");
        assert!(String::from_utf8_lossy(&described.body).contains("<grid name=\"sst\""));
        let catalog = server.client().get("/thredds/catalog.xml");
        assert!(String::from_utf8_lossy(&catalog.body).contains("serviceType=\"NetcdfSubset\""));
    });
}

#[test]
fn refusals_say_what_there_is() {
    both(&["--max-response", "400"], |server| {
        for (target, status, part) in [
            ("/datasets/sst.nc/subset", 400, "there are time, lat, lon, sst"),
            ("/datasets/sst.nc/subset?var=none", 404, "there are time, lat, lon, sst"),
            ("/datasets/none/subset?var=sst", 404, "not found"),
            ("/datasets/sst.nc/subset?var=sst&time=1999", 400, "2001-01-30T00:00:00 to 2001-02-02T00:00:00"),
            ("/datasets/sst.nc/subset?var=sst&format=hdf5", 400, "known are netcdf3, netcdf4"),
            (SUBSET, 413, "split it, for example along time"),
            ("/datasets/sst.nc/subset?var=sst&format=netcdf4", 413, "split it, for example along time"),
        ] {
            let reply = server.client().get(target);
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            assert!(reply.status == status && text.contains(part), "{target}: {} {text}", reply.status);
        }
    });
}
