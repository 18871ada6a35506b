//! What a configuration file and NcML files promise: datasets that are made of others, over every protocol, while files come.

use std::path::Path;

use weir_tests::{Mode, Netcdf3, Server, Values};

/// A member with the places `first` to `first + count` of `v`, counted from 1.
fn member(path: &Path, first: u8, count: u8) {
    let values = (first..first + count).map(|n| f32::from(n) + 1.0).collect();
    let file =
        Netcdf3::new().dimension("x", count.into()).variable("v", &["x"], &[], Values::Float32(values));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, file.bytes()).unwrap();
}

fn check_values(server: &Server, id: &str, count: u8) {
    let dds = server.get(&format!("/datasets/{id}/opendap.dds"));
    assert_eq!(dds.status, 200, "{}", dds.text());
    assert!(dds.text().contains(&format!("Float32 v[x = {count}]")), "{}", dds.text());
    let dods = server.get(&format!("/datasets/{id}/opendap.dods"));
    let expected: Vec<u8> = (1..=count).flat_map(|n| f32::from(n).to_be_bytes()).collect();
    assert!(dods.body.ends_with(&expected), "{id}");
}

/// A folder to serve, and a folder with a configuration beside it.
fn site(configuration: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let site = tempfile::tempdir().unwrap();
    member(&site.path().join("parts/b.nc"), 0, 3);
    member(&site.path().join("parts/a.nc"), 3, 2);
    std::fs::create_dir(site.path().join("data")).unwrap();
    let file = site.path().join("weir.toml");
    std::fs::write(&file, configuration).unwrap();
    (site, file)
}

#[test]
fn datasets_of_the_configuration_are_served() {
    let (site, file) = site(
        "[server]\nmax_response = \"1KiB\"\n\
         [[data]]\npath = \"parts\"\n\
         [[dataset]]\nid = \"all/of.it\"\nattributes = { title = \"both\" }\n\
         aggregation = { type = \"joinExisting\", dimension = \"x\", files = [\"parts/b.nc\", \"parts/[ac].nc\"], \
         order = \"given\", recheck_every = 0 }\n\
         [[dataset]]\nid = \"one\"\npath = \"parts/b.nc\"\n",
    );
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let server = Server::start(mode, &site.path().join("data"), &["--config", file.to_str().unwrap()]);
        check_values(&server, "all/of.it", 5);
        check_values(&server, "one", 3);
        check_values(&server, "b.nc", 3);
        assert!(server.get("/datasets/all/of.it/opendap.das").text().contains("\"both\""));
        assert_eq!(server.get("/datasets/all/of.it/zarr/v/0").status, 200);
        let tag = server.get("/datasets/all/of.it/opendap.dds").header("etag").to_owned();
        let later = site.path().join("parts/c.nc");
        member(&later, 5, 4);
        check_values(&server, "all/of.it", 9);
        let other = server.get("/datasets/all/of.it/opendap.dds").header("etag").to_owned();
        assert!(
            !tag.is_empty() && tag != other,
            "what is kept of the shorter one is not sent for the longer one"
        );
        std::fs::remove_file(later).unwrap();
        check_values(&server, "all/of.it", 5);
        server.stop(&[]);
    }
}

#[test]
fn ncml_files_are_datasets() {
    let (site, _) = site("");
    let text = "<netcdf xmlns=\"http://www.unidata.ucar.edu/namespaces/netcdf/ncml-2.2\">\n\
        <aggregation dimName=\"x\" type=\"joinExisting\" recheckEvery=\"0 sec\">\n\
        <netcdf location=\"parts/b.nc\"/><netcdf location=\"parts/a.nc\"/></aggregation></netcdf>";
    std::fs::write(site.path().join("all.ncml"), text).unwrap();
    let server = Server::start(Mode::LinkedIn, site.path(), &[]);
    check_values(&server, "all.ncml", 5);
    // A member that is written over with something else is no reason to serve a mix.
    std::fs::write(site.path().join("parts/a.nc"), b"CDF\x01").unwrap();
    let reply = server.get("/datasets/all.ncml/opendap.dods?v%5B4%5D");
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(
        server.get("/datasets/all.ncml/opendap.dods?v%5B2%5D").status,
        200,
        "the other member is as it was"
    );
    member(&site.path().join("parts/a.nc"), 3, 2);
    check_values(&server, "all.ncml", 5);
    server.stop(&["it is served as it was before", "changed since the aggregation was put together"]);
}

#[test]
fn faults_of_a_configuration_are_readable() {
    let check = |configuration: &str, words: &[&str]| {
        let (_site, file) = site(configuration);
        let said = Server::refused(&["serve", "--config", file.to_str().unwrap()]);
        assert!(words.iter().all(|word| said.contains(word)), "{configuration}: {said}");
    };
    check("[server]\nlisten_on = 1", &["weir.toml:2:1", "listen_on", "listen"]);
    check("[server]\nmemory_budget = \"1MiB\"", &["memory_budget", "64MiB"]);
    check("[[dataset]]\nid = \"a\"\npath = \"parts\"", &["parts", "no dataset"]);
    let twice = "[[data]]\npath = \"parts\"\n[[dataset]]\nid = \"a.nc\"\npath = \"parts/b.nc\"";
    check(twice, &["would both be dataset 'a.nc'"]);
}
