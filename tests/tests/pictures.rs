//! Pictures of variables, from the built binary and the built plugin.

use weir_tests::{Mode, Netcdf3, Server, Values};

/// Temperatures of two steps, 8 x 4 places around the Earth.
fn air() -> Netcdf3 {
    let numbers = |from: f32, step: f32, count: u8| (0..count).map(|n| from + step * f32::from(n)).collect();
    let tas = [("units", "K"), ("long_name", "air temperature")];
    Netcdf3::new()
        .dimension("time", 2)
        .dimension("lat", 4)
        .dimension("lon", 8)
        .variable("time", &["time"], &[("units", "days since 2000-01-01")], Values::Float64(vec![0.5, 1.5]))
        .variable("lat", &["lat"], &[("units", "degrees_north")], Values::Float32(numbers(-67.5, 45.0, 4)))
        .variable("lon", &["lon"], &[("units", "degrees_east")], Values::Float32(numbers(0.0, 45.0, 8)))
        .variable("tas", &["time", "lat", "lon"], &tas, Values::Float32(numbers(1.0, 1.0, 64)))
}

/// Width and height, as the head of a PNG file says them.
fn size(file: &[u8]) -> (u32, u32) {
    assert_eq!(&file[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn pictures_are_served() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("deep")).unwrap();
    std::fs::write(folder.path().join("deep/air.nc"), air().bytes()).unwrap();
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let server = Server::start(mode, folder.path(), &[]);
        let mount = "/datasets/deep/air.nc/plot/tas";
        let map = server.get(&format!("{mount}/quadmesh/coolwarm/lat/-90_0/time/-1_0?width=300"));
        assert_eq!((map.status, map.header("content-type")), (200, "image/png"));
        assert_eq!(size(&map.body).0, 300);
        let tag = map.header("etag").to_owned();
        let again = format!("If-None-Match: {tag}");
        let target = format!("{mount}/quadmesh/coolwarm/lat/-90_0/time/-1_0?width=300");
        assert_eq!(server.client().send("GET", &target, &[&again]).status, 304);
        let svg = server.get(&format!("{mount}/contour/viridis?format=svg"));
        assert_eq!((svg.status, svg.header("content-type")), (200, "image/svg+xml"));
        assert!(svg.text().contains("air temperature [K]"), "{}", svg.text());
        let moving = server.get(&format!("{mount}/image/viridis?format=apng&width=200"));
        assert_eq!((moving.status, moving.header("content-type")), (200, "image/apng"));
        for (target, status, words) in [
            ("/datasets/deep/air.nc/plot/tos", 404, "there are tas"),
            ("/datasets/deep/air.nc/plot/tas/pie", 404, "quadmesh"),
            ("/datasets/deep/air.nc/plot/tas/image/none", 404, "viridis"),
            ("/datasets/deep/air.nc/plot/tas/image/viridis/lat", 400, "low_high"),
            ("/datasets/deep/air.nc/plot/tas/image/viridis/time/0_9", 400, "2 steps"),
            ("/datasets/deep/air.nc/plot/tas?width=99999", 413, "8192"),
            ("/datasets/none/plot/tas", 404, "none"),
        ] {
            let answer = server.get(target);
            assert_eq!(answer.status, status, "{target}");
            assert!(answer.json()["detail"].as_str().unwrap().contains(words), "{target}: {}", answer.text());
        }
        server.stop(&["request failed"]);
    }
}
