//! Constraints that mean nothing: each is answered with a status of the client's fault and an error body of the protocol,
//! never with data, and never as a fault of the server. They are made at random from a fixed seed.

use weir_tests::{Client, Mode, Netcdf3, Reply, Server, Values};

/// How many constraints each protocol is sent.
const COUNT: usize = 10_000;

/// A protocol, and the resources whose constraint it reads. Resources that the server does not offer are left out, but each
/// protocol of [`NEEDED`] must be there.
struct Protocol {
    name: &'static str,
    suffixes: &'static [&'static str],
    /// What stands before the constraint in the query.
    before: &'static str,
    /// What stands before a variable's name.
    root: &'static str,
    /// What stands between two variables.
    separator: &'static str,
    is_error: fn(&Reply) -> bool,
}

const PROTOCOLS: [Protocol; 2] = [
    Protocol {
        name: "DAP2",
        suffixes: &[".dods", ".dds", ".ascii", ".asc", ".json"],
        before: "",
        root: "",
        separator: ",",
        is_error: |reply| {
            let text = reply.text();
            let begins = text.starts_with("Error {\n    code = ") && text.contains("message = \"");
            begins && text.ends_with("};\n") && reply.header("content-description") == "dods-error"
        },
    },
    Protocol {
        name: "DAP4",
        suffixes: &[".dap", ".dmr", ".dmr.xml"],
        before: "dap4.ce=",
        root: "/",
        separator: ";",
        is_error: |reply| {
            let media_type =
                reply.header("content-type").starts_with("application/vnd.opendap.dap4.error+xml");
            media_type && reply.text().contains("<Error") && reply.text().contains("</Error>")
        },
    },
];

/// A splitmix64 generator: the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    fn of<'l, T: ?Sized>(&mut self, list: &[&'l T]) -> &'l T {
        list[self.below(list.len())]
    }
}

/// Variables, with their lengths as both protocols show them.
const VARIABLES: [(&str, &[u64]); 4] = [("x", &[10]), ("lat", &[3]), ("lon", &[4]), ("sst", &[3, 4])];

fn data() -> tempfile::TempDir {
    let count = |n: u32| (1..=n).map(|i| i as f32).collect();
    let file = Netcdf3::new()
        .dimension("x", 10)
        .dimension("lat", 3)
        .dimension("lon", 4)
        .variable("x", &["x"], &[], Values::Float64((1..=10).map(f64::from).collect()))
        .variable("lat", &["lat"], &[], Values::Float32(count(3)))
        .variable("lon", &["lon"], &[], Values::Float32(count(4)))
        .variable("sst", &["lat", "lon"], &[], Values::Float32(count(12)));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("d.nc"), file.bytes()).unwrap();
    folder
}

/// An index that lies inside an axis.
fn good_index(random: &mut Random, length: u64) -> String {
    let (a, b) = (random.next() % length, random.next() % length);
    let (first, last) = (a.min(b), a.max(b));
    match random.below(4) {
        0 => format!("[{first}]"),
        1 => format!("[{first}:{last}]"),
        _ => format!("[{first}:{}:{last}]", 1 + random.next() % 3),
    }
}

/// An index that is none, or lies outside.
fn bad_index(random: &mut Random, length: u64) -> String {
    const HUGE: [&str; 6] = [
        "2147483648",
        "4294967296",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "1000000000000000000000000000000",
    ];
    let (inside, huge) = (random.next() % length, random.of(&HUGE));
    let outside = length + random.next() % 5;
    match random.below(16) {
        0 => format!("[{outside}]"),
        1 => format!("[{inside}:{outside}]"),
        2 => format!("[{outside}:1:{outside}]"),
        3 => format!("[{}:{inside}]", inside + 1),
        4 => format!("[{inside}:0:{inside}]"),
        5 => format!("[0:{huge}]"),
        6 => format!("[{huge}:{huge}:{huge}]"),
        7 => format!("[-{}]", inside + 1),
        8 => format!("[{inside}.5]"),
        9 => format!("[{inside}:1:{inside}:1]"),
        10 => format!("[{inside}"),
        11 => format!("{inside}]"),
        12 => format!("[[{inside}]]"),
        13 => format!("[{}]", random.of(&["a", "x", "0x1", "1e0", "+", "é", "'0'", "?", "0 0", "١"])),
        14 => format!("[{inside}]]"),
        _ => format!("[{inside}:-1:{inside}]"),
    }
}

/// A name that no variable has.
fn bad_name(random: &mut Random) -> String {
    const NAMES: [&str; 14] = [
        "y",
        "X",
        "sst_",
        "la",
        "lat.lon",
        "sst.sst.sst",
        "température",
        "数",
        "a b",
        "x$",
        "\"y\"",
        "..",
        "x/y/z",
        "'",
    ];
    match random.below(4) {
        0 => random.of(&NAMES).to_owned(),
        1 => format!("none{}", random.below(1000)),
        2 => format!("x{}", random.of(&[".y", "x", "_0", "%", "~", "^", "|"])),
        _ => (0..=random.below(12)).map(|_| char::from(b'k' + (random.below(5) as u8))).collect(),
    }
}

/// A variable with indices; `broken` says which of them, if any, is bad.
fn variable(random: &mut Random, root: &str, broken: bool) -> String {
    let (name, lengths) = VARIABLES[random.below(VARIABLES.len())];
    let bad = if broken { random.below(lengths.len()) } else { usize::MAX };
    let indices = lengths.iter().enumerate().map(|(axis, &length)| match axis == bad {
        true => bad_index(random, length),
        false => good_index(random, length),
    });
    let indices: String = indices.collect();
    format!("{root}{name}{indices}")
}

/// One part of a constraint that makes the whole of it mean nothing.
fn broken_part(random: &mut Random, protocol: &Protocol) -> String {
    let root = protocol.root;
    let dap2 = protocol.name == "DAP2";
    match random.below(if dap2 { 12 } else { 8 }) {
        0..=2 => variable(random, root, true),
        3 => format!("{root}{}", bad_name(random)),
        4 => format!("{root}{}{}", bad_name(random), good_index(random, 10)),
        5 => variable(random, root, false) + &good_index(random, 3),
        6 => format!("{root}x{}", "[0]".repeat(2 + random.below(200))),
        7 => format!("{root}{}{root}x", random.of(&["(", ")", "{", "}x", "]", "[", "x[0]x", "!", "@"])),
        8 => format!("x{}", random.of(&[",,x", ",", ",,", ",[0]", ".", "..x", "[0].x"])),
        9 => random
            .of(&["none(x)", "geogrid(", "geogrid(none)", "f(f(f(x)))", "version(,)", "x(1)", "()", ")x("])
            .to_owned(),
        10 => format!(
            "x&{}",
            random.of(&[
                "none>1", "x>>1", ">1", "x>", "x=<1", "x!1", "x~~1", "=", "x>1<2", "f(x)>", "x=\"", "&x>"
            ])
        ),
        _ => format!("{}({})", random.of(&["none", "sst", "x"]), variable(random, root, false)),
    }
}

/// A whole constraint that means nothing.
fn broken(random: &mut Random, protocol: &Protocol) -> String {
    let mut parts: Vec<String> =
        (0..random.below(4)).map(|_| variable(random, protocol.root, false)).collect();
    let at = random.below(parts.len() + 1);
    // A selection ends what is asked for.
    let part = broken_part(random, protocol);
    let at = if part.contains('&') { parts.len() } else { at };
    parts.insert(at, part);
    parts.join(protocol.separator)
}

/// The same constraint as one of many clients would write it.
fn spelt(random: &mut Random, text: &str) -> String {
    let encode = |text: &str, all: bool| -> String {
        let keep = |byte: u8| !all && (byte.is_ascii_alphanumeric() || b",:;/.".contains(&byte));
        let one = |byte: u8| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        text.bytes().map(one).collect()
    };
    // What separates selections in a query stays raw: encoded, it would be a part of a name.
    let each = |text: &str, encode: &dyn Fn(&str) -> String| {
        text.split('&').map(encode).collect::<Vec<_>>().join("&")
    };
    let once = each(text, &|part| encode(part, false));
    match random.below(8) {
        // Raw as far as a request line can carry it.
        0..=2 => text.chars().map(|c| if c == ' ' { "%20".to_owned() } else { c.to_string() }).collect(),
        3..=5 => once,
        6 => each(text, &|part| encode(&encode(part, false), false)),
        _ => each(text, &|part| encode(part, true)),
    }
}

/// Spellings that are no text, and texts that are too long for anything.
fn odd(random: &mut Random, protocol: &Protocol) -> String {
    let root = protocol.root;
    const BYTES: [&str; 12] = [
        "%",
        "%2",
        "%G1",
        "%zz",
        "%00",
        "%ff",
        "%c0%80",
        "%ed%a0%80",
        "%f5%80%80%80",
        "%08",
        "%7f",
        "%25252525255b0%5d",
    ];
    let bytes = random.of(&BYTES);
    let long = 1 << (3 + random.below(12));
    match random.below(9) {
        0 => format!("{root}{bytes}"),
        1 => format!("{root}x{bytes}"),
        2 => format!("{root}x[0{bytes}]"),
        3 => format!("{root}none{}", "n".repeat(long)),
        4 => format!("{root}x{}", "[0]".repeat(long / 3 + 2)),
        5 => format!("{root}x{}", "[".repeat(long)),
        6 => format!("{root}x[0:{}]", "9".repeat(long)),
        7 => format!("{root}{}x{}", "none(".repeat(long / 5 + 1), ")".repeat(long / 5 + 1)),
        _ => format!("{root}x{}", format!("{}{root}nn", protocol.separator).repeat(long / 4 + 1)),
    }
}

fn check(client: &mut Client, target: &str, protocol: &Protocol) -> Result<(), String> {
    let reply = client.get(target);
    let is_fault = (400..500).contains(&reply.status) && reply.complete && (protocol.is_error)(&reply);
    match is_fault {
        true => Ok(()),
        false => {
            Err(format!("{} {target}\n{}", reply.status, reply.text().chars().take(400).collect::<String>()))
        }
    }
}

#[test]
fn malformed_constraints_are_the_clients_fault() {
    let folder = data();
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    let routes = server.get("/plugins").text();
    for protocol in &PROTOCOLS {
        let offered = |suffix: &&&str| routes.contains(&format!("/opendap/{{id}}{suffix}\""));
        let suffixes: Vec<&str> = protocol.suffixes.iter().filter(offered).copied().collect();
        assert!(protocol.name != "DAP2" || suffixes.len() >= 2, "{routes}");
        if suffixes.is_empty() {
            continue;
        }
        let mut client = server.client();
        let mut random = Random(20_261_121);
        let mut faults = Vec::new();
        for number in 0..COUNT {
            let text = match number % 10 {
                9 => odd(&mut random, protocol),
                _ => {
                    let text = broken(&mut random, protocol);
                    spelt(&mut random, &text)
                }
            };
            let target = format!("/opendap/d.nc{}?{}{text}", random.of(&suffixes), protocol.before);
            faults.extend(check(&mut client, &target, protocol).err());
        }
        assert!(
            faults.is_empty(),
            "{} of {COUNT}:\n{}",
            faults.len(),
            faults[..faults.len().min(20)].join("\n")
        );
        assert_eq!(client.get("/opendap/d.nc.dods?x[9]").status, 200, "the server is as it was");
    }
    server.stop(&[]);
}

#[test]
fn targets_that_are_too_long_are_refused() {
    let folder = data();
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    for length in [60_000, 70_000, 200_000, 2_000_000] {
        // The server may close before it has read all of it.
        let mut client = server.client();
        client.start_unheeded(&format!("/opendap/d.nc.dods?x{}", "[0]".repeat(length / 3)));
        let reply = client.read_head();
        assert!([400, 414, 431].contains(&reply.status), "{length} bytes: {}", reply.status);
    }
    assert_eq!(server.get("/opendap/d.nc.dods?x[9]").status, 200);
    server.stop(&[]);
}
