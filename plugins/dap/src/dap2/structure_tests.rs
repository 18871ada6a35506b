//! Tests of Structures, Sequences, Grids and server functions, behind the plugin's boundary.

use weir_dap::dap2::grammar;
use weir_plugin_api::ErrorKind;
use weir_plugin_api::model::{Attribute, DataType, Field, Value};
use weir_plugin_api::testing::{
    MemoryDataset, MockHost, Pulled, Running, Values, check_contract, counting, dataset_of,
};

use crate::DapPlugin;

const TARGET: &str = "/datasets/d/opendap";

fn field(name: &str, offset: usize, data_type: DataType) -> Field {
    Field { name: name.into(), offset, data_type, shape: vec![] }
}

/// A table of `rows` rows: a number that is the row, one that falls, and a text.
fn table(rows: u64) -> MemoryDataset {
    let fields = vec![
        field("id", 0, DataType::Int32),
        field("level", 4, DataType::Int16),
        field("tag", 6, DataType::FixedString { length: 2 }),
    ];
    let data_type = DataType::Compound { name: "row".into(), size: 8, fields };
    let (mut log, _) = counting("log", data_type, &[("row", rows)]);
    log.storage.chunk_shape = vec![7];
    let row = |row: u64| {
        let mut bytes = (row as i32 + 1).to_le_bytes().to_vec();
        bytes.extend((-(row as i16) - 1).to_le_bytes());
        bytes.extend([b'a' + (row % 3) as u8, 0]);
        bytes
    };
    let mut dataset = dataset_of(vec![
        (log, Values::Fixed((0..rows).flat_map(row).collect())),
        counting("time", DataType::Float64, &[("row", rows)]),
    ]);
    dataset.schema.root.dimensions[0].unlimited = true;
    dataset
}

/// A grid whose longitudes are not its last axis.
fn earth() -> MemoryDataset {
    let axis = |name: &str, values: &[f64], units: &str| {
        let (mut axis, _) = counting(name, DataType::Float64, &[(name, values.len() as u64)]);
        axis.attributes = vec![Attribute { name: "units".into(), value: Value::text(units) }];
        (axis, Values::Fixed(values.iter().flat_map(|value| value.to_le_bytes()).collect()))
    };
    let axes = [("lat", 3), ("lon", 8), ("z", 5)];
    let (mut sst, values) = counting("sst", DataType::Int16, &axes);
    sst.storage.chunk_shape = vec![2, 3, 5];
    sst.attributes = vec![
        Attribute { name: "scale_factor".into(), value: Value::Float64(vec![0.5]) },
        Attribute { name: "missing_value".into(), value: Value::Int16(vec![3]) },
    ];
    let (mut raw, bytes) = counting("raw", DataType::Int8, &[("z", 5)]);
    raw.attributes = vec![
        Attribute { name: "_Unsigned".into(), value: Value::text("true") },
        Attribute { name: "_FillValue".into(), value: Value::Int8(vec![-1]) },
    ];
    let Values::Fixed(mut bytes) = bytes else { panic!("numbers have a size") };
    bytes[1] = 200;
    bytes[2] = 255;
    dataset_of(vec![
        axis("lat", &[-30.0, 0.0, 30.0], "degrees_north"),
        axis("lon", &[0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0], "degrees_east"),
        axis("z", &[1.0, 2.0, 3.0, 4.0, 5.0], "m"),
        (sst, values),
        (raw, Values::Fixed(bytes)),
    ])
}

fn started(dataset: MemoryDataset, config: &str) -> Running {
    MockHost::new().dataset("d", dataset).config(config).start::<DapPlugin>()
}

/// The structure and the bytes behind it.
fn parts(answer: &Pulled) -> (String, Vec<u8>) {
    assert_eq!(answer.length, Some(answer.bytes.len() as u64));
    let mark = b"\nData:\n";
    let at = answer.bytes.windows(mark.len()).position(|window| window == mark).unwrap();
    let structure = String::from_utf8(answer.bytes[..=at].to_vec()).unwrap();
    grammar::parse_dds(&structure).unwrap();
    (structure, answer.bytes[at + mark.len()..].to_vec())
}

/// Numbers as they travel, each 8 bytes long.
fn doubles(bytes: &[u8]) -> Vec<f64> {
    bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_be_bytes(*bytes)).collect()
}

fn words(bytes: &[u8]) -> Vec<i32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| i32::from_be_bytes(*bytes)).collect()
}

#[test]
fn the_contract_is_kept() {
    // How many rows a selection leaves is not known before, so its data has no place here.
    let targets =
        [".dds?log.id&log.id%3E3", ".dods?log.id", ".dods?tabular(time)", ".dods?log[1:2:4].level", ".das"];
    let targets: Vec<String> = targets.iter().map(|suffix| format!("{TARGET}{suffix}")).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    check_contract::<DapPlugin>(MockHost::new().dataset("d", table(30)), "d", &targets);
}

#[test]
fn head_tells_the_length_of_whole_tables_of_numbers() {
    let running = started(table(30), "{}");
    let check = |query: &str, known: bool| {
        let get = running.get(&format!("{TARGET}.dods?{query}")).unwrap().length;
        let head = running.head(&format!("{TARGET}.dods?{query}")).unwrap().length;
        assert_eq!(head, get.filter(|_| known), "{query}");
    };
    check("log.id,log.level", true);
    check("log[1:2:4].level", true);
    check("time", true);
    check("log.tag", false);
    check("log.id&log.id>3", false);
}

#[test]
fn bytes_that_the_file_calls_unsigned_are_unsigned_in_columns() {
    let answer = started(earth(), "{}").get(&format!("{TARGET}.dods?tabular(raw)")).unwrap();
    let (structure, data) = parts(&answer);
    assert!(structure.contains("Int32 raw;"), "{structure}");
    let values: Vec<i32> = words(&data).chunks_exact(2).map(|row| row[1]).collect();
    assert_eq!(values, [1, 200, 255, 4, 5]);
}

#[test]
fn rows_are_the_same_however_they_are_sent() {
    for config in ["{}", r#"{"commit_limit": 0}"#, r#"{"commit_limit": 200}"#] {
        let running = started(table(1000), config);
        let ids = |query: &str| {
            let (structure, data) = parts(&running.get(&format!("{TARGET}.dods?{query}")).unwrap());
            assert!(structure.contains("Sequence {\n        Int32 id;\n    } log;"), "{structure}");
            let mut words = words(&data);
            assert_eq!(words.pop(), Some(0xa500_0000_u32 as i32), "{query}");
            let rows: Vec<_> = words.as_chunks::<2>().0.to_vec();
            assert!(rows.iter().all(|row| row[0] == 0x5a00_0000), "{query}");
            rows.iter().map(|row| row[1]).collect::<Vec<i32>>()
        };
        assert_eq!(ids("log.id"), (1..=1000).collect::<Vec<_>>());
        assert_eq!(ids("log.id&log.id>990&log.tag=\"a\""), [991, 994, 997, 1000]);
        assert_eq!(ids("log.id&log.level<=-999"), [999, 1000]);
        assert_eq!(ids("log.id&log.id={7,3}"), [3, 7]);
        assert_eq!(ids("log[3:5:17].id"), [4, 9, 14]);
        assert_eq!(ids("log[1:2:4].id&log.tag~=\"[bc]\""), [3, 6]);
        assert_eq!(ids("log[5000:1:6000].id"), [0; 0]);
        assert_eq!(ids("log.id&log.id>5000"), [0; 0]);
    }
}

#[test]
fn narrow_columns_travel_as_they_are_declared() {
    let running = started(table(2), "{}");
    let (structure, data) = parts(&running.get(&format!("{TARGET}.dods?log.level")).unwrap());
    assert!(structure.contains("        Int32 level;\n"), "{structure}");
    assert_eq!(words(&data), [0x5a00_0000, -1, 0x5a00_0000, -2, 0xa500_0000_u32 as i32]);
    let das = running.get(&format!("{TARGET}.das")).unwrap().text();
    // netCDF-C stops where a Sequence and an unlimited dimension meet.
    assert!(!das.contains("DODS_EXTRA"), "{das}");
    assert!(
        das.contains("    log {\n        tag {\n            Int32 DODS.strlen 2;\n        }\n    }\n"),
        "{das}"
    );
}

#[test]
fn a_selection_may_look_at_more_than_may_be_sent() {
    let running = MockHost::new().dataset("d", table(1000)).limit(200).start::<DapPlugin>();
    let get = |query: &str| running.get(&format!("{TARGET}.dods?{query}"));
    assert!(get("log&log.id=7").is_ok());
    assert_eq!(get("log&log.id>7").unwrap_err().kind, ErrorKind::TooLarge);
    let reads = running.reads();
    assert_eq!(get("log").unwrap_err().kind, ErrorKind::TooLarge);
    assert_eq!(running.reads(), reads);
}

#[test]
fn a_range_of_selected_rows_is_read_no_further() {
    let running = started(table(10_000), "{}");
    let before = running.reads();
    assert!(running.get(&format!("{TARGET}.dods?log[0:1:2]&log.id>0")).is_ok());
    let few = running.reads() - before;
    assert!(running.get(&format!("{TARGET}.dods?log&log.id=1")).is_ok());
    assert!(few * 10 < running.reads() - before - few, "{few} reads for three rows");
}

#[test]
fn damaged_rows_are_an_error_before_the_first_byte() {
    for config in ["{}", r#"{"commit_limit": 0}"#] {
        let dataset = MemoryDataset { corrupt: vec!["/log".into()], ..table(100) };
        let running = started(dataset, config);
        for query in ["log", "log&log.id>3", "log[1:2:5].id"] {
            let error = running.get(&format!("{TARGET}.dods?{query}")).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Corrupt, "{query}");
        }
        assert!(running.get(&format!("{TARGET}.dds?log&log.id>3")).is_ok());
    }
}

#[test]
fn arrays_become_a_table() {
    let running = started(table(9), "{}");
    let (structure, data) =
        parts(&running.get(&format!("{TARGET}.dods?tabular(time[2:2:8])&time>3&table.time<9")).unwrap());
    assert!(structure.contains("    Sequence {\n        Float64 time;\n    } table;\n"), "{structure}");
    let rows: Vec<f64> = data.as_chunks::<12>().0.iter().map(|row| doubles(&row[4..])[0]).collect();
    assert_eq!(rows, [5.0, 7.0]);
}

#[test]
fn grids_are_a_choice_of_the_site() {
    let dds = |config: &str| started(earth(), config).get(&format!("{TARGET}.dds")).unwrap().text();
    assert!(!dds("{}").contains("Grid"));
    assert!(!dds(r#"{"grids": ["other"]}"#).contains("Grid"));
    let grids = dds(r#"{"grids": ["d"]}"#);
    let grid = "    Grid {\n     Array:\n        Int16 sst[lat = 3][lon = 8][z = 5];\n     Maps:\n        Float64 lat[lat = 3];\n        \
                Float64 lon[lon = 8];\n        Float64 z[z = 5];\n    } sst;\n";
    assert!(grids.contains(grid), "{grids}");
    assert!(grids.contains("    Float64 lat[lat = 3];\n"), "{grids}");
    let running = started(earth(), r#"{"grids": ["d"]}"#);
    let (_, data) = parts(&running.get(&format!("{TARGET}.dods?sst[1][2:3][4]")).unwrap());
    assert_eq!(words(&data[..16]), [2, 2, 55, 60]);
    assert_eq!(words(&data[16..24]), [1, 1]);
    assert_eq!(doubles(&data[24..32]), [0.0]);
    assert_eq!(doubles(&data[40..56]), [90.0, 135.0]);
    assert_eq!(doubles(&data[64..]), [5.0]);
}

/// The value of `sst` at a place: counted from 1.
fn sst(lat: i32, lon: i32, z: i32) -> i32 {
    (lat * 8 + lon) * 5 + z + 1
}

#[test]
fn boxes_wrap_around_whatever_the_axis() {
    for config in ["{}", r#"{"commit_limit": 0}"#, r#"{"grids": ["d"]}"#] {
        let running = started(earth(), config);
        let query = "geogrid(sst,20,-90,-10,45,\"2<=z<=4\")";
        let (structure, data) = parts(&running.get(&format!("{TARGET}.dods?{query}")).unwrap());
        assert!(structure.contains("Int16 sst[lat = 3][lon = 4][z = 3];"), "{structure}");
        let expected: Vec<i32> = (0..3)
            .flat_map(|lat| [6, 7, 0, 1].map(|lon| (lat, lon)))
            .flat_map(|(lat, lon)| (1..4).map(move |z| sst(lat, lon, z)))
            .collect();
        assert_eq!(words(&data[..8]), [36, 36]);
        assert_eq!(words(&data[8..8 + 144]), expected);
        let lon = &data[8 + 144 + 8 + 24..];
        assert_eq!(words(&lon[..8]), [4, 4]);
        assert_eq!(doubles(&lon[8..40]), [-90.0, -45.0, 0.0, 45.0]);
    }
}

/// The two ends of the axis are too much for one piece, so that they follow each other piece by piece.
#[test]
fn large_ends_of_an_axis_follow_each_other() {
    let lon: Vec<f64> = (0..8).map(|n| f64::from(n) * 45.0).collect();
    let (mut axis, _) = counting("lon", DataType::Float64, &[("lon", 8)]);
    axis.attributes = vec![Attribute { name: "units".into(), value: Value::text("degrees_east") }];
    let (lat, _) = counting("lat", DataType::Float64, &[("lat", 2)]);
    let dataset = dataset_of(vec![
        (axis, Values::Fixed(lon.iter().flat_map(|value| value.to_le_bytes()).collect())),
        (lat, Values::Fixed([0_f64, 1.0].iter().flat_map(|value| value.to_le_bytes()).collect())),
        counting("z", DataType::Int32, &[("z", 3000)]),
        counting("deep", DataType::Float64, &[("lat", 2), ("lon", 8), ("z", 3000)]),
    ]);
    let running = started(dataset, r#"{"commit_limit": 0}"#);
    let (_, data) = parts(&running.get(&format!("{TARGET}.dods?geogrid(deep,1,270,0,45)")).unwrap());
    let expected: Vec<f64> = (0..2)
        .flat_map(|lat| [6, 7, 0, 1].map(|lon| (lat * 8 + lon) * 3000))
        .flat_map(|first| (1..=3000).map(move |z| f64::from(first + z)))
        .collect();
    assert_eq!(doubles(&data[8..8 + expected.len() * 8]), expected);
}

#[test]
fn values_are_scaled() {
    let running = started(earth(), "{}");
    let values = |query: &str| {
        let (structure, data) = parts(&running.get(&format!("{TARGET}.dods?{query}")).unwrap());
        assert!(structure.contains("Float64"), "{structure}");
        doubles(&data[8..])
    };
    assert_eq!(values("linear_scale(sst[0][0][])"), [0.5, 1.0, 3.0, 2.0, 2.5]);
    assert_eq!(values("linear_scale(sst[0][0][],10,1)"), [11.0, 21.0, 31.0, 41.0, 51.0]);
    assert_eq!(values("linear_scale(sst[0][0][],10,1,4)"), [11.0, 21.0, 31.0, 4.0, 51.0]);
    // netCDF-3 says by an attribute that bytes are unsigned.
    assert_eq!(values("linear_scale(raw,2,0)"), [2.0, 400.0, 510.0, 8.0, 10.0]);
}

#[test]
fn functions_answer_with_text_too() {
    let running = started(earth(), "{}");
    let (structure, data) = parts(&running.get(&format!("{TARGET}.dods?version()")).unwrap());
    assert_eq!(structure, "Dataset {\n    String version;\n} d;\n");
    let length = words(&data[..4])[0] as usize;
    let text = std::str::from_utf8(&data[4..4 + length]).unwrap();
    assert!(text.contains("name=\"geogrid\"") && data.len() == (4 + length).next_multiple_of(4), "{text}");
}

#[test]
fn what_functions_cannot_do_is_the_clients_mistake() {
    let running = started(earth(), "{}");
    let check = |query: &str, expected: &str| {
        let error = running.get(&format!("{TARGET}.dods?{query}")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadRequest, "{query}");
        assert!(error.message.contains(expected), "{query}: {}", error.message);
    };
    check("geogrid(raw,1,2,0,3)", "none of its coordinates is a latitude");
    check("grid(sst,\"lat>90\")", "no value of lat fulfils the expressions");
    check("nonsense(sst)", "there is no server function \"nonsense\"");
    check("sst&sst>3", "selections compare columns of one Sequence");
    check("sst&version()", "version() answers with values");
}
