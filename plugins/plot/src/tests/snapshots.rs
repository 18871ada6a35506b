//! Pictures as they were when people looked at them: `snapshots/`.
//!
//! They are compared as eyes compare: a few pixels may differ, as rounding differs between machines. With `WEIR_SNAPSHOTS=write` in the
//! environment they are written anew; look at them then.

use std::path::PathBuf;

use super::{Picture, running};

const PICTURES: [(&str, &str); 20] = [
    ("image", "regular/plot/hill/image/viridis?width=360"),
    ("quadmesh_region", "regular/plot/hill/quadmesh/coolwarm/lat/20_73/lon/-45_65?width=360"),
    ("contour", "regular/plot/hill/contour/plasma/lat/20_73/lon/-45_65?width=360"),
    ("contourf", "regular/plot/hill/contourf/Spectral_r/lat/20_73/lon/-45_65?width=360&levels=7"),
    ("scatter", "unstructured/plot/north/scatter/viridis/lat/20_73/lon/-45_65?width=360"),
    ("mercator", "regular/plot/hill/image/magma?width=300&proj=mercator"),
    ("robinson", "regular/plot/hill/image/cividis?width=360&proj=robinson"),
    ("north", "regular/plot/hill/image/inferno?width=320&proj=northpolarstereo"),
    ("south", "regular/plot/north/image/Blues?width=320&proj=southpolarstereo"),
    ("rotated", "rotated/plot/hill/image/viridis?width=360"),
    ("curvilinear", "curvilinear/plot/hill/image/viridis?width=360"),
    ("projected", "projected/plot/hill/image/viridis?width=320&proj=northpolarstereo"),
    ("healpix", "healpix/plot/hill/contourf/viridis/lat/20_73/lon/-45_65?width=360"),
    ("line", "regular/plot/growing/line/viridis?width=360&height=220"),
    ("profile", "regular/plot/growing/profile/viridis?width=300&height=260"),
    ("section", "regular/plot/growing/section/turbo?width=360&height=240&along=time,lat"),
    ("plane", "regular/plot/growing/image/turbo?width=360&height=240"),
    ("mesh", "mesh/plot/v/image/viridis?width=360"),
    ("flags", "regular/plot/surface/image/Spectral?width=360"),
    ("hist", "regular/plot/hill/hist/viridis?width=360&height=220&bins=20"),
];

fn stored(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(format!("{name}.png"))
}

#[test]
fn pictures_look_as_they_did() {
    let running = running();
    for (name, target) in PICTURES {
        let found = running
            .get(&format!("/datasets/{target}"))
            .unwrap_or_else(|error| panic!("{target}: {error}"))
            .bytes;
        if std::env::var("WEIR_SNAPSHOTS").is_ok_and(|value| value == "write") {
            std::fs::write(stored(name), &found[..]).unwrap();
        }
        let expected = std::fs::read(stored(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (found, expected) = (Picture::of(&found), Picture::of(&expected));
        assert_eq!((found.width, found.height), (expected.width, expected.height), "{name}");
        let apart = |(a, b): (&Option<[u8; 3]>, &Option<[u8; 3]>)| {
            let pair = a.unwrap_or_default().into_iter().zip(b.unwrap_or_default());
            pair.map(|(a, b)| a.abs_diff(b)).max().unwrap_or_default()
        };
        let apart: Vec<u8> = found.pixels.iter().zip(&expected.pixels).map(apart).collect();
        let differ = apart.iter().filter(|apart| **apart > 24).count();
        assert!(differ * 200 < apart.len(), "{name}: {differ} of {} pixels differ", apart.len());
    }
}

/// The comparison sees a picture that is another one.
#[test]
fn other_pictures_look_otherwise() {
    let picture = |name| Picture::of(&std::fs::read(stored(name)).unwrap());
    let (rotated, curvilinear) = (picture("quadmesh_region"), picture("contourf"));
    let differ = rotated.pixels.iter().zip(&curvilinear.pixels).filter(|(a, b)| a != b).count();
    assert!(differ * 20 > rotated.pixels.len());
}
