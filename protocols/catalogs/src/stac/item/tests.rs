//! Items of datasets that are known, and of such of which nothing is.

use weir_cf::axes::Kind;
use weir_cf::extent::{BoundingBox, Range};
use weir_model::{Attribute, Value as Held};

use super::*;
use crate::{
    DimensionFacts, Extent, Grid, GridKind, Projected, Role, Step, TimeSpan, Values, VariableFacts, Words,
};

const BASE: &str = "https://h.example";

fn made(summary: &Summary, id: &str, protocols: &[Protocol]) -> Value {
    let file = Some(OriginalFile { name: "x.nc", length: 77 });
    let of = Described { id, summary, modified: Some(86_400), file, stored: StoredChunks::Shown };
    let viewer = Some("https://gridlook.pages.dev/");
    item(&of, &Surroundings { base: BASE, collection: "all", protocols, viewer })
}

fn dimension(name: &str, length: u64, measured: Option<Kind>, extent: Option<Extent>) -> DimensionFacts {
    DimensionFacts {
        path: format!("/{name}"),
        name: name.to_owned(),
        length,
        coordinate: extent.as_ref().map(|_| format!("/{name}")),
        measured,
        units: extent.as_ref().map(|_| "u".to_owned()),
        description: None,
        extent,
        step: None,
        values: Values::Unlisted,
    }
}

fn variable(name: &str, dimensions: &[&str], role: Role) -> VariableFacts {
    VariableFacts {
        path: format!("/{name}"),
        name: name.to_owned(),
        dimensions: dimensions.iter().map(|name| format!("/{name}")).collect(),
        shape: dimensions.iter().map(|_| 2).collect(),
        data_type: "float32".to_owned(),
        role,
        units: Some("K".to_owned()),
        standard_name: Some(format!("standard_{name}")),
        long_name: None,
        cell_methods: None,
    }
}

fn numbers(least: f64, greatest: f64) -> Option<Extent> {
    Some(Extent::Numbers(Range { least, greatest }))
}

fn summary() -> Summary {
    let (start, end) = ("2001-01-01T00:00:00Z".to_owned(), "2001-02-01T00:00:00Z".to_owned());
    let time = TimeSpan { start, end, calendar: "standard".to_owned() };
    let steps = DimensionFacts {
        step: Some(Step::Duration("P1D".to_owned())),
        ..dimension("time", 32, Some(Kind::Time), Some(Extent::Times(time.clone())))
    };
    let text = |name: &str, text: &str| Attribute { name: name.to_owned(), value: Held::text(text) };
    Summary {
        words: Words {
            title: Some("A title".to_owned()),
            license: Some("https://creativecommons.org/licenses/by/4.0/".to_owned()),
            institution: Some("An institute".to_owned()),
            keywords: vec!["sea".to_owned()],
            ..Words::default()
        },
        attributes: vec![
            text("title", "A title"),
            text("experiment_id", "historical"),
            text("history", "long"),
            text("odd name", "left out"),
            Attribute { name: "realization".to_owned(), value: Held::Int32(vec![3]) },
            Attribute { name: "nothing".to_owned(), value: Held::Float64(vec![f64::NAN]) },
        ],
        grid: Some(Grid {
            kind: GridKind::Rectilinear,
            dimensions: vec!["/lat".to_owned(), "/lon".to_owned()],
            longitude: Some("/lon".to_owned()),
            latitude: Some("/lat".to_owned()),
            variables: 2,
        }),
        bounds: Some(BoundingBox { west: 170.0, south: -10.0, east: -170.0, north: 10.0 }),
        time: Some(time),
        dimensions: vec![
            steps,
            dimension("lat", 3, Some(Kind::Latitude), numbers(-10.0, 10.0)),
            dimension("lon", 5, Some(Kind::Longitude), numbers(170.0, 190.0)),
            dimension("member", 4, None, None),
        ],
        variables: vec![
            variable("lat", &["lat"], Role::Coordinate),
            variable("crs", &[], Role::Description),
            variable("ta", &["time", "member", "lat", "lon"], Role::Data),
            variable("tas", &["time", "lat", "lon"], Role::Data),
            variable("mean", &["time"], Role::Data),
        ],
        ..Summary::default()
    }
}

#[test]
fn items_tell_what_is_known() {
    let item = made(&summary(), "a/x y.nc", &Protocol::ALL);
    assert_eq!(
        (&item["type"], &item["id"], &item["collection"]),
        (&json!("Feature"), &json!("a/x y.nc"), &json!("all"))
    );
    assert_eq!(item["bbox"], json!([170.0, -10.0, -170.0, 10.0]));
    assert_eq!(item["geometry"]["type"], "MultiPolygon");
    let properties = &item["properties"];
    let expected = json!({
        "title": "A title", "datetime": "2001-01-01T00:00:00Z", "start_datetime": "2001-01-01T00:00:00Z",
        "end_datetime": "2001-02-01T00:00:00Z", "updated": "1970-01-02T00:00:00Z", "license": "CC-BY-4.0",
        "keywords": ["sea"], "providers": [{"name": "An institute", "roles": ["producer"]}],
        "variables": ["ta", "tas", "mean"], "units": ["K"], "grid": "rectilinear", "proj:code": "EPSG:4326",
        "proj:shape": [3, 5], "experiment_id": "historical", "realization": 3,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&properties[name], value, "{name}");
    }
    for name in ["history", "odd name", "nothing"] {
        assert_eq!(properties.get(name), None, "{name}");
    }
    let extensions: Vec<&str> =
        item["stac_extensions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(extensions.len(), 5, "{extensions:?}");
    let description = properties["description"].as_str().unwrap();
    assert!(
        description.contains("xr.open_zarr(\"https://h.example/datasets/a/x%20y.nc/zarr\")"),
        "{description}"
    );
}

#[test]
fn dimensions_and_variables_make_a_cube() {
    let item = made(&summary(), "x.nc", &[]);
    let dimensions = &item["properties"]["cube:dimensions"];
    let time = json!({"type": "temporal", "extent": ["2001-01-01T00:00:00Z", "2001-02-01T00:00:00Z"], "step": "P1D"});
    assert_eq!(dimensions["time"], time);
    assert_eq!(
        dimensions["lat"],
        json!({"type": "spatial", "axis": "y", "extent": [-10.0, 10.0], "unit": "u"})
    );
    assert_eq!(dimensions["member"], json!({"type": "other", "extent": [0, 3]}));
    let variables = &item["properties"]["cube:variables"];
    assert_eq!(variables["tas"]["dimensions"], json!(["time", "lat", "lon"]));
    assert_eq!((&variables["tas"]["type"], &variables["lat"]["type"]), (&json!("data"), &json!("auxiliary")));
    assert_eq!(variables.get("crs"), None);
}

#[test]
fn assets_are_those_that_are_served() {
    let names = |protocols: &[Protocol]| {
        let item = made(&summary(), "x.nc", protocols);
        item["assets"].as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&[]), "");
    assert_eq!(names(&[Protocol::File]), "file");
    assert_eq!(names(&[Protocol::Zarr]), "zarr gridlook");
    assert_eq!(names(&[Protocol::Kerchunk]), "stored kerchunk");
    assert_eq!(names(&Protocol::ALL), "zarr stored kerchunk opendap file page intake thumbnail gridlook");
    let item = made(&summary(), "x.nc", &Protocol::ALL);
    let zarr = &item["assets"]["zarr"];
    assert_eq!(
        (&zarr["cloud_format"], &zarr["open_zarr_kwargs"]),
        (&json!("zarr"), &json!({"consolidated": true, "zarr_format": 2}))
    );
    assert_eq!(zarr["alternate"]["stored"]["href"], "https://h.example/datasets/x.nc/kerchunk");
    assert_eq!(item["assets"]["file"]["file:size"], 77);
    assert_eq!(item["assets"]["file"]["type"], "application/netcdf");
    assert_eq!(
        item["assets"]["gridlook"]["href"],
        "https://gridlook.pages.dev/#https://h.example/datasets/x.nc/stac"
    );
}

#[test]
fn chunks_that_are_hidden_are_not_offered() {
    let summary = summary();
    let of =
        Described { id: "x", summary: &summary, modified: None, file: None, stored: StoredChunks::Hidden };
    let around = Surroundings { base: BASE, collection: "c", protocols: &Protocol::ALL, viewer: None };
    let item = item(&of, &around);
    let names: Vec<&String> = item["assets"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["zarr", "opendap", "page", "intake", "thumbnail"]);
    assert_eq!(item["assets"]["zarr"].get("alternate"), None);
    assert_eq!(item["properties"].get("updated"), None);
}

#[test]
fn items_are_indexes_of_gridlook() {
    let item = made(&summary(), "x.nc", &Protocol::ALL);
    assert_eq!((&item["name"], &item["default_var"]), (&json!("A title"), &json!("tas")));
    let place = json!({"store": "https://h.example/datasets/x.nc/zarr", "dataset": ""});
    let level =
        json!({"name": "A title", "time": place, "grid": place, "datasources": {"ta": place, "tas": place}});
    assert_eq!(item["levels"], json!([level]));
    assert_eq!(made(&summary(), "x.nc", &[Protocol::File]).get("levels"), None);
}

#[test]
fn items_of_what_nothing_is_known_of_are_items() {
    let item = made(&Summary::default(), "x.nc", &[]);
    assert_eq!((&item["geometry"], item.get("bbox")), (&Value::Null, None));
    assert_eq!(item["properties"]["datetime"], "1970-01-02T00:00:00Z");
    assert_eq!(item["properties"]["title"], "x.nc");
    assert_eq!(item.get("levels"), None);
    let single = Summary {
        time: summary().time.map(|time| TimeSpan { end: time.start.clone(), ..time }),
        ..Summary::default()
    };
    assert_eq!(made(&single, "x.nc", &[])["properties"]["datetime"], "2001-01-01T00:00:00Z");
}

#[test]
fn projected_grids_name_their_system() {
    let text = "PROJCRS[\"a\",ID[\"EPSG\",3035]]";
    let range = |least, greatest| Some(Range { least, greatest });
    let projected = Summary {
        grid: summary().grid.map(|grid| Grid { kind: GridKind::Projected, ..grid }),
        projection: Some(Projected {
            mapping: Some("lambert_azimuthal_equal_area".to_owned()),
            well_known_text: Some(text.to_owned()),
            code: Some("EPSG:3035".to_owned()),
            x: range(1.0, 2.0),
            y: range(3.0, 4.0),
            shape: Some([3, 5]),
        }),
        ..summary()
    };
    let item = made(&projected, "x.nc", &[]);
    let properties = &item["properties"];
    assert_eq!((&properties["proj:code"], &properties["proj:wkt2"]), (&json!("EPSG:3035"), &json!(text)));
    assert_eq!(properties["proj:bbox"], json!([1.0, 3.0, 2.0, 4.0]));
    assert_eq!(properties["cube:dimensions"]["lat"]["reference_system"], 3035);
}

#[test]
fn addresses_are_found_in_texts() {
    assert_eq!(address("CC BY (https://a.example/by/4.0/)."), Some("https://a.example/by/4.0/"));
    assert_eq!(address("see http://b.example."), Some("http://b.example"));
    assert_eq!(address("none"), None);
}
