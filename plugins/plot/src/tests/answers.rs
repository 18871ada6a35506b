//! What is answered: formats, errors, limits.

use weir_plugin_api::ErrorKind;
use weir_plugin_api::testing::{MockHost, check_contract};

use super::{Picture, host, running};
use crate::PlotPlugin;

#[test]
fn plot_keeps_the_contract_of_plugins() {
    let dataset = weir_fields::testing::datasets().remove(0).1;
    let targets = [
        "/datasets/regular/plot/hill/image/viridis?width=200",
        "/datasets/regular/plot/hill/contour/viridis?width=200&format=svg",
        "/datasets/regular/plot/growing/line/viridis?width=200",
    ];
    check_contract::<PlotPlugin>(MockHost::new().dataset("regular", dataset), "regular", &targets);
}

#[test]
fn pictures_have_the_size_that_is_asked_for() {
    let running = running();
    let check = |target: &str, expected: (u32, u32)| {
        let picture = Picture::of(&running.get(&format!("/datasets/regular/plot/{target}")).unwrap().bytes);
        assert_eq!((picture.width, picture.height), expected, "{target}");
    };
    check("hill", (800, 390));
    check("hill/image/viridis?width=400&height=300", (400, 300));
    check("hill/image/viridis?bare=true&width=360", (360, 180));
    check("growing/line/viridis", (800, 450));
    check("growing/profile/viridis?width=300", (300, 300));
    check("hill/hist/viridis?height=200", (800, 200));
}

#[test]
fn each_format_has_its_media_type() {
    let running = running();
    for (query, media_type, begins) in [
        ("?width=200", "image/png", &b"\x89PNG"[..]),
        ("?width=200&format=svg", "image/svg+xml", b"<svg "),
        ("?width=200&format=apng", "image/apng", b"\x89PNG"),
    ] {
        let answer = running.get(&format!("/datasets/regular/plot/hill/image/viridis{query}")).unwrap();
        assert_eq!(answer.header("content-type"), Some(media_type));
        assert!(answer.bytes.starts_with(begins) && answer.stable, "{query}");
    }
}

/// Values of `growing` tell the step and the level: 10 for each step, 100 for each level.
#[test]
fn selections_choose_steps_and_levels() {
    let running = running();
    let title = |kind: &str, selection: &str| {
        let target = format!("/datasets/regular/plot/growing/{kind}/viridis{selection}");
        let svg = running.get(&target).unwrap_or_else(|error| panic!("{target}: {error}")).text();
        let title = svg.split("<text ").find(|text| text.contains("growing ·")).unwrap().to_owned();
        title.split_once('>').unwrap().1.split_once('<').unwrap().0.to_owned()
    };
    assert_eq!(title("profile", "?format=svg"), "growing · 2001-01-15 · 1°S · six[0]");
    assert_eq!(title("profile", "/time/0_1?format=svg"), "growing · 2001-01-01 · 1°S · six[0]");
    assert_eq!(title("profile", "/time/-3_-1/lat/50_54?format=svg"), "growing · 2001-01-14 · 51°N · six[0]");
    assert_eq!(title("line", "/lev/400_600/lat/50_53?format=svg"), "growing · lev = 500 hPa · 51°N · six[0]");
    // The upper end of a window is not in it.
    assert_eq!(title("line", "/lev/100_500?format=svg"), "growing · lev = 100 hPa · 1°S · six[0]");
}

#[test]
fn moving_pictures_have_all_steps() {
    let running = running();
    let frames = |target: &str| {
        let answer =
            running.get(&format!("/datasets/moving/plot/{target}")).map(|answer| answer.bytes.to_vec());
        answer.map(|file| {
            let reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
            reader.info().animation_control().unwrap().num_frames
        })
    };
    assert_eq!(frames("t/image/viridis?format=apng&width=200").unwrap(), 12);
    assert_eq!(frames("t/image/viridis/time/0_5?format=apng&width=200").unwrap(), 5);
    assert!(frames("t/line/viridis?format=apng").is_err_and(|error| error.message.contains("does not move")));
}

#[test]
fn what_cannot_be_is_refused_with_what_can() {
    let running = running();
    let check = |target: &str, kind, words: &str| {
        let error = running.get(&format!("/datasets/{target}")).map(|_| ()).expect_err(target);
        assert!(error.kind == kind && error.message.contains(words), "{target}: {:?} {error}", error.kind);
    };
    check("nothing/plot/hill", ErrorKind::NotFound, "nothing");
    check("regular/plot/", ErrorKind::NotFound, "there are east");
    check("regular/plot/hill/pie", ErrorKind::NotFound, "image, quadmesh");
    check("regular/plot/hill/image/nope", ErrorKind::NotFound, "viridis");
    check("regular/plot/hill/image/viridis/height/1_2", ErrorKind::BadRequest, "lat (-89 to 89");
    check("regular/plot/hill/image/viridis/lat/0.1_0.2", ErrorKind::BadRequest, "lat");
    check("regular/plot/hill/image/viridis/lat/3_1", ErrorKind::BadRequest, "must be less");
    check("regular/plot/growing/line/viridis/time/0_99", ErrorKind::BadRequest, "15 steps");
    check("regular/plot/growing/line/viridis/lev/1_2", ErrorKind::BadRequest, "100 to 1000 hPa");
    check("regular/plot/growing/line/viridis?along=nope", ErrorKind::BadRequest, "time");
    check(
        "regular/plot/growing/image/viridis?proj=robinson",
        ErrorKind::Unsupported,
        "section, line or hist",
    );
    check("regular/plot/growing/image/viridis?bare=true", ErrorKind::Unsupported, "section, line or hist");
    check("regular/plot/growing/contour/viridis", ErrorKind::Unsupported, "section, line or hist");
    check("regular/plot/lat/image", ErrorKind::BadRequest, "kind line or hist");
    check("regular/plot/words/image", ErrorKind::Unsupported, "no numbers");
    check("regular/plot/hill/profile/viridis", ErrorKind::BadRequest, "no vertical coordinate");
    check("regular/plot/lat/section/viridis", ErrorKind::BadRequest, "two dimensions");
    check("regular/plot/words/line/viridis", ErrorKind::Unsupported, "no numbers");
    check("regular/plot/hill?width=9000", ErrorKind::TooLarge, "8192");
    check("curvilinear/plot/hill/image/viridis/lat/-40_-30", ErrorKind::BadRequest, "no cell");
    check("curvilinear/plot/hill/line/viridis/lat/40_45/lon/0_5", ErrorKind::BadRequest, "select a cell");
    check("curvilinear/plot/hill/hist/viridis/lat/40_45", ErrorKind::BadRequest, "leave latitude");
    check("healpix/plot/hill/section/viridis", ErrorKind::BadRequest, "two dimensions");
}

#[test]
fn missing_values_are_drawn_as_nothing() {
    let answer = running().get("/datasets/regular/plot/empty/image/viridis?bare=true&width=64").unwrap();
    assert!(Picture::of(&answer.bytes).pixels.iter().all(Option::is_none));
    for kind in ["contour", "contourf", "scatter", "line", "hist", "section"] {
        let target = format!("/datasets/regular/plot/empty/{kind}/viridis?width=200");
        running().get(&target).unwrap_or_else(|error| panic!("{target}: {error}"));
    }
}

/// What a picture takes is asked for before it is taken.
#[test]
fn pictures_that_take_too_much_are_refused_before_anything_is_read() {
    let running = host().limit(200_000).start::<PlotPlugin>();
    for kind in ["image", "contour", "scatter", "line", "hist", "section"] {
        let error = running
            .get(&format!("/datasets/regular/plot/hill/{kind}/viridis?width=4000"))
            .map(|_| ())
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLarge, "{kind}: {error}");
    }
}

/// Of fields that are finer than pixels, not all is read.
#[test]
fn overviews_take_no_more_than_pixels() {
    // 90 x 180 values of 12 bytes are 194400 bytes, of which half are read; 64 x 64 pixels are 98304 bytes.
    let running = host().limit(200_000).start::<PlotPlugin>();
    running.get("/datasets/regular/plot/hill/image/viridis?width=64&bare=true&height=64").unwrap();
}

/// HEALPix cells that are thinned are those that they stand for.
#[test]
fn thinned_healpix_cells_are_where_they_are() {
    let running = running();
    let target =
        |id: &str| format!("/datasets/{id}/plot/north/image/gray?width=64&bare=true&vmin=-90&vmax=90");
    for id in ["many", "rings"] {
        let picture = Picture::of(&running.get(&target(id)).unwrap().bytes);
        assert_eq!((picture.width, picture.height), (64, 32));
        for row in 1..31_u32 {
            let [grey, ..] = picture.at(20, row).unwrap();
            let (found, expected) =
                (f64::from(grey) / 256.0 * 180.0 - 90.0, 90.0 - (f64::from(row) + 0.5) * 180.0 / 32.0);
            assert!((found - expected).abs() < 3.5, "{id} {row}: {found} {expected}");
        }
    }
    let error = running.get(&target("shuffled")).map(|_| ()).unwrap_err();
    assert!(error.kind == ErrorKind::TooLarge && error.message.contains("not in their order"), "{error}");
    let whole = target("shuffled").replace("width=64", "width=300");
    assert!(Picture::of(&running.get(&whole).unwrap().bytes).at(150, 10).is_some());
}

/// What has no place on the Earth is drawn over its last two dimensions, or those that are named; what has one dimension, as a line.
#[test]
fn fields_without_places_are_drawn_as_they_are_stored() {
    let get = |target: &str| {
        let answer = running().get(&format!("/datasets/regular/plot/{target}"));
        Picture::of(&answer.unwrap_or_else(|error| panic!("{target}: {error}")).bytes)
    };
    // The values of the last step's first level grow by one along the last dimension, and by a fifth along the one before it.
    let picture = get("growing/image/gray?width=640&height=480&vmin=140&vmax=160");
    let grey = |x: u32, y: u32| i32::from(picture.at(x, y).unwrap()[0]);
    assert!(grey(500, 240) > grey(120, 240) + 50, "{} {}", grey(500, 240), grey(120, 240));
    assert!(grey(300, 60) > grey(300, 400) + 50, "{} {}", grey(300, 60), grey(300, 400));
    let named = get("growing/image/gray?width=640&height=480&along=lev,time");
    assert_ne!(named.pixels, picture.pixels);
    // Along a dimension without a coordinate, indices are selected.
    let some = get("growing/image/gray/six/-2_0?width=640&height=480&vmin=140&vmax=160");
    let darkest =
        |picture: &Picture| (100..500).filter_map(|x| picture.at(x, 240)).map(|[grey, ..]| grey).min();
    assert!(darkest(&some) > darkest(&picture), "{:?}", darkest(&some));
    let line = get("lat");
    assert_eq!((line.width, line.height), (800, 450));
}
