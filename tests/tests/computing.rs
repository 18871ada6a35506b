//! Diagnostics: groups, reductions, formats and refusals, as a client sees them.

use serde_json::{Value, json};
use weir_tests::{Mode, Netcdf3, Server, Values};

/// Six times, 20 days from each other, and two places; values are their index + 1, but the fifth is below zero.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let values = (0..12).map(|at| if at == 4 { -9.0 } else { (at + 1) as f32 }).collect();
    let file = Netcdf3::new()
        .dimension("time", 6)
        .dimension("lat", 2)
        .variable(
            "time",
            &["time"],
            &[("units", "days since 2000-01-01"), ("calendar", "360_day")],
            Values::Float64((0..6).map(|step| f64::from(step) * 20.0).collect()),
        )
        .variable("lat", &["lat"], &[("units", "degrees_north")], Values::Float64(vec![0.0, 60.0]))
        .variable("t", &["time", "lat"], &[("units", "K")], Values::Float32(values));
    std::fs::write(folder.path().join("d.nc"), file.bytes()).unwrap();
    folder
}

fn json_of(server: &Server, target: &str) -> Value {
    let reply = server.get(target);
    assert_eq!(reply.status, 200, "{target}: {}", reply.text());
    reply.json()
}

fn groups(server: &Server) {
    let mean = json_of(server, "/datasets/d.nc/groupby/t/time.month/mean");
    assert_eq!(mean["dims"], json!(["month", "lat"]));
    assert_eq!(mean["coords"]["month"]["data"], json!([1, 2, 3, 4]));
    assert_eq!(mean["data"], json!([[2.0, 3.0], [-9.0, 6.0], [8.0, 9.0], [11.0, 12.0]]));
    assert_eq!(mean["dtype"], "float32");
    assert_eq!(mean["attrs"]["cell_methods"], "time: mean");
    let seasons = json_of(server, "/datasets/d.nc/groupby/t/time.season/count");
    assert_eq!(seasons["coords"]["season"]["data"], json!(["DJF", "MAM"]));
    assert_eq!(seasons["data"], json!([[3, 3], [3, 3]]));
    let middle = json_of(server, "/datasets/d.nc/groupby/t/time.year/quantile?q=0.5");
    assert_eq!((&middle["dtype"], &middle["data"]), (&json!("float64"), &json!([[5.0, 7.0]])));
}

fn queries(server: &Server) {
    let weighted = "/datasets/d.nc/diagnostics?variable=t&action=mean&over=lat&weights=area&where=time:[0:2]";
    let weighted = json_of(server, weighted);
    let third = |place: usize| weighted["data"][place].as_f64().unwrap() * 3.0;
    // The cosine of 60 degrees is a half.
    assert!((third(0) - 4.0).abs() < 1e-12 && (third(1) - 10.0).abs() < 1e-12, "{weighted}");
    let all = json_of(server, "/datasets/d.nc/diagnostics?variable=t&action=max&over=*");
    assert_eq!((&all["dims"], &all["data"]), (&json!([]), &json!(12.0)));
    let months = json_of(server, "/datasets/d.nc/diagnostics?variable=t&action=sum&by=time@2M&where=lat:60");
    assert_eq!(months["coords"]["time"]["data"], json!(["2000-01-01T00:00:00", "2000-03-01T00:00:00"]));
    assert_eq!(months["data"], json!([[12.0], [30.0]]));
    let anomaly =
        json_of(server, "/datasets/d.nc/diagnostics?variable=t&action=anomaly&by=time.month&where=lat:60");
    assert_eq!(anomaly["data"], json!([[-1.0], [1.0], [0.0], [-1.0], [1.0], [0.0]]));
}

fn formats(server: &Server) {
    let target = "/datasets/d.nc/groupby/t/time.year/max?format=";
    let of = |format: &str| server.get(&format!("{target}{format}"));
    assert_eq!(of("csv").text(), "year,lat,t\r\n2000,0,11\r\n2000,60,12\r\n");
    assert!(of("netcdf3").body.starts_with(b"CDF\x01"));
    assert_eq!(of("covjson").json()["ranges"]["t"]["values"], json!([11, 12]));
    let page = of("html");
    assert!(page.text().contains("<table>") && !page.text().contains("<script"), "{}", page.text());
    assert_eq!(of("json").header("etag"), of("json").header("etag"));
    let mut client = server.client();
    let accepted = client.send("GET", target.trim_end_matches("?format="), &["accept: text/csv"]);
    assert_eq!(accepted.header("content-type"), "text/csv");
    assert!(accepted.header("vary").starts_with("Accept"), "{:?}", accepted.headers);
    assert_eq!(client.head(&format!("{target}csv")).status, 200);
}

fn refusals(server: &Server) {
    let check = |target: &str, status: u16, expected: &str| {
        let reply = server.get(&format!("/datasets/d.nc/{target}"));
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!(reply.status, status, "{target}: {detail}");
        assert!(detail.contains(expected), "{target}: {detail}");
    };
    check("groupby/t'/time.month/mean", 400, "there are time, lat, t");
    check("groupby/__import__(%27os%27)/time.month/mean", 400, "is no name of a variable");
    check("groupby/none/time.month/mean", 404, "there are time, lat, t");
    check("groupby/t/time.month%27/mean", 400, "dayofyear");
    check("groupby/t/(time)/mean", 400, "there are time, lat");
    check("groupby/t/time.month/__class__", 400, "there are mean, min, max, count");
    check("groupby/t/lat.month/mean", 400, "holds no times");
    check("groupby/time/time/mean", 400, "holds times");
    check("groupby/t/time.month/quantile", 400, "?q=0.9");
    check("groupby/t/time.month/mean?format=exe", 400, "json, csv, netcdf3, netcdf4, covjson, html");
    check("diagnostics?variable=t&action=mean&over=os.system(1)", 400, "names of dimensions");
    check("diagnostics?variable=t&action=mean", 400, "nothing is computed");
    check("diagnostics?variable=t&action=mean&over=lat&then=more", 400, "there are variable, action");
    check("diagnostics?variable=t&action=max&over=lat&weights=area", 400, "knows no weights");
}

#[test]
fn diagnostics_are_computed() {
    let folder = folder();
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let server = Server::start(mode, folder.path(), &[]);
        groups(&server);
        queries(&server);
        formats(&server);
        refusals(&server);
        server.stop(&[]);
    }
}
