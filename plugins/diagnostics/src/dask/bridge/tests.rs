//! What `weir-dask` may answer, and what becomes of an answer that is not as it should be.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener};

use weir_cf::packing::NumberType;

use super::*;

/// The result of a conversation in which these bytes come back, and then the end.
fn told(answer: &[u8], wanted: (Type, usize), watch: &mut Watcher<'_>) -> Result<Values, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap().to_string());
    let answer = answer.to_vec();
    let other = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut job = String::new();
        BufReader::new(stream.try_clone().unwrap()).read_line(&mut job).unwrap();
        // In pieces, as a network may bring them.
        for piece in answer.chunks(7) {
            if stream.write_all(piece).is_err() {
                break;
            }
        }
        let _closed = stream.shutdown(Shutdown::Write);
        job
    });
    let result = exchange(&address, b"{\"the\": \"job\"}\n", wanted, watch);
    assert_eq!(other.join().unwrap(), "{\"the\": \"job\"}\n");
    result
}

fn check(answer: &[u8], wanted: (Type, usize), expected: Result<Values, (ErrorKind, &str)>) {
    match (told(answer, wanted, &mut |_| Ok(())), expected) {
        (Ok(got), Ok(expected)) => assert_eq!(got, expected),
        (Err(error), Err((kind, words))) => {
            assert!(error.kind == kind && error.message.contains(words), "{error:?}");
        }
        (got, expected) => panic!("{got:?} instead of {expected:?}"),
    }
}

fn done(dtype: &str, bytes: &[u8]) -> Vec<u8> {
    let line = format!(
        "{{\"state\":\"running\",\"done\":1,\"of\":3}}\n{{\"state\":\"done\",\"dtype\":\"{dtype}\",\"bytes\":{}}}\n",
        bytes.len()
    );
    [line.as_bytes(), bytes].concat()
}

#[test]
fn results_come_back() {
    let singles: Vec<u8> = [1.5_f32, -2.0, 3.25].iter().flat_map(|value| value.to_le_bytes()).collect();
    check(&done("float32", &singles), (Type::Float32, 3), Ok(Values::Float32(vec![1.5, -2.0, 3.25])));
    let integers: Vec<u8> = [1_i64, -2].iter().flat_map(|value| value.to_le_bytes()).collect();
    let signed = Type::Signed(NumberType::Int16);
    check(&done("int64", &integers), (signed, 2), Ok(Values::Signed(NumberType::Int16, vec![1, -2])));
    check(&done("bool", &[1, 0, 1]), (Type::Truth, 3), Ok(Values::Truth(vec![true, false, true])));
    let mut seen = Vec::new();
    let mut watch = |progress: Option<Progress>| {
        seen.extend(progress);
        Ok(())
    };
    told(&done("bool", &[1]), (Type::Truth, 1), &mut watch).unwrap();
    assert_eq!(seen, [Progress { done: 1, of: 3 }]);
}

#[test]
fn what_was_not_asked_for_is_never_a_result() {
    use ErrorKind::Unavailable;
    let bytes = [0_u8; 16];
    let whole = done("float64", &bytes);
    check(&whole, (Type::Float64, 3), Err((Unavailable, "16 bytes of float64 where 3 elements of float64")));
    check(&whole, (Type::Float32, 4), Err((Unavailable, "where 4 elements of float32")));
    check(&whole[..whole.len() - 1], (Type::Float64, 2), Err((Unavailable, "broke off")));
    check(
        &[whole.as_slice(), &[0]].concat(),
        (Type::Float64, 2),
        Err((Unavailable, "more bytes than it said")),
    );
    check(b"", (Type::Float64, 2), Err((Unavailable, "broke off")));
    check(b"<html>\n", (Type::Float64, 2), Err((Unavailable, "not understood")));
    check(b"{\"state\":\"done\"}\n", (Type::Float64, 2), Err((Unavailable, "not understood")));
    check(&[b'x'; LONGEST_LINE + 9000], (Type::Float64, 2), Err((Unavailable, "does not end")));
}

#[test]
fn failures_are_told() {
    let check = |kind: &str, expected| {
        let line = format!(
            "{{\"state\":\"failed\",\"kind\":\"{kind}\",\"message\":\"chunk 1.1\\u0007 is damaged\"}}\n"
        );
        super::tests::check(line.as_bytes(), (Type::Truth, 1), Err((expected, "chunk 1.1 is damaged")));
    };
    check("corrupt", ErrorKind::Corrupt);
    check("too_large", ErrorKind::TooLarge);
    check("unsupported", ErrorKind::Unsupported);
    check("unavailable", ErrorKind::Unavailable);
    check("internal", ErrorKind::Unavailable);
}

#[test]
fn nobody_is_an_error_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap().to_string());
    drop(listener);
    let error = exchange(&address, b"\n", (Type::Truth, 1), &mut |_| Ok(())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    let none = Address::Unix("/nonexistent/weir-dask".into());
    let error = exchange(&none, b"\n", (Type::Truth, 1), &mut |_| Ok(())).unwrap_err();
    assert!(error.message.contains("cannot be reached") && !error.message.contains("nonexistent"), "{error}");
}

#[test]
fn the_connection_ends_with_the_request() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap().to_string());
    let other = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut all = Vec::new();
        // Ends when weir closes its end; nothing is ever said.
        stream.read_to_end(&mut all).unwrap();
        all
    });
    let mut looks = 0;
    let mut watch = |_| {
        looks += 1;
        if looks < 3 { Ok(()) } else { Err(Error::new(ErrorKind::Cancelled, "gone")) }
    };
    let error = exchange(&address, b"job\n", (Type::Truth, 1), &mut watch).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Cancelled);
    assert_eq!(other.join().unwrap(), b"job\n");
}

#[test]
fn addresses_are_hosts_or_sockets() {
    let check =
        |text: &str, expected: Option<Address>| assert_eq!(Address::parse(text).ok(), expected, "{text}");
    check("dask.example:8790", Some(Address::Tcp("dask.example:8790".into())));
    check("[::1]:8790", Some(Address::Tcp("[::1]:8790".into())));
    check("unix:/run/x", Some(Address::Unix("/run/x".into())));
    for wrong in ["", "host", ":80", "host:0", "host:99999", "http://host:80", "unix:", "unix:relative"] {
        check(wrong, None);
    }
}
