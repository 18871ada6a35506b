//! Tests of the parser of constraint expressions.

use proptest::prelude::*;
use weir_model::Stride;

use super::*;

fn index(index: &Index) -> String {
    match index.stop {
        Some(stop) => format!("[{}:{}:{stop}]", index.start, index.step),
        None => format!("[{}:{}:*]", index.start, index.step),
    }
}

fn projection(projection: &Projection) -> String {
    let step = |step: &Step| format!("{}{}", step.name, step.indices.iter().map(index).collect::<String>());
    let steps: Vec<String> = projection.steps.iter().map(step).collect();
    format!("{}@{}", steps.join("/"), projection.byte)
}

fn call(call: &Call) -> String {
    let arguments: Vec<String> = call.arguments.iter().map(operand).collect();
    format!("{}@{}({})", call.name, call.byte, arguments.join(" "))
}

fn operand(operand: &Operand) -> String {
    match operand {
        Operand::Number(number) => format!("{number:?}"),
        Operand::Text(text) => format!("'{text}'"),
        Operand::Projection(one) => projection(one),
        Operand::Call(inner) => call(inner),
    }
}

fn clause(clause: &Clause) -> String {
    let right: Vec<String> = clause.right.iter().map(operand).collect();
    let before = if clause.before == Before::Mark { "&" } else { "" };
    format!("{before}@{} {} {:?} {}", clause.byte, operand(&clause.left), clause.operator, right.join("|"))
}

fn check(query: &str, expected: &str) {
    let got = match Constraint::parse(query) {
        Ok(constraint) => {
            let items = constraint.items.iter().map(|item| match item {
                Item::Projection(one) => projection(one),
                Item::Call(one) => call(one),
            });
            items.chain(constraint.clauses.iter().map(clause)).collect::<Vec<_>>().join(" ")
        }
        Err(fault) => fault.to_string(),
    };
    assert_eq!(got, expected, "{query}");
}

#[test]
fn projections() {
    check("", "");
    check("&", "");
    check("t", "t@0");
    check("t,lat,lon&", "t@0 lat@2 lon@6");
    check("t[3]", "t[3:1:3]@0");
    check("t[0:2:9][1:2]", "t[0:2:9][1:1:2]@0");
    check("lat[1:2],lon[0:0]", "lat[1:1:2]@0 lon[0:1:0]@9");
    check("t[][*][2:*][1:3:*]", "t[0:1:*][0:1:*][2:1:*][1:3:*]@0");
    check("a.b[1]", "a.b[1:1:1]@0");
    check("s[0:2:4].f[1],x~y", "s[0:2:4]/f[1:1:1]@0 x~y@14");
    check("s[0].in.x[1].y", "s[0:1:0]/in.x[1:1:1]/y@0");
}

#[test]
fn escapes_of_every_depth() {
    check("t%5b0%5d", "t[0:1:0]@0");
    check("t%5B0%3a2%3A9%5D%2Clat", "t[0:2:9]@0 lat@9");
    check("a%2520b%255b1%255d", "a b[1:1:1]@0");
    check("t%25255b1%25255d", "t[1:1:1]@0");
    check("s.f%26s.g%253e%253d3", "s.f@0 &@4 s.g@4 GreaterOrEqual 3.0");
}

#[test]
fn calls() {
    check("version()", "version@0()");
    check("grid(g,\"10<lat<20\",\"lon>3\")", "grid@0(g@5 '10<lat<20' 'lon>3')");
    check("geogrid(g, 40, -10.5 ,1e1,+3)", "geogrid@0(g@8 40.0 -10.5 10.0 3.0)");
    check("linear_scale(t[0:2]),lat", "linear_scale@0(t[0:1:2]@13) lat@21");
    check("f(g(h(x)))", "f@0(g@2(h@4(x@6)))");
    check("f(3a,\"a\\\"\\\\b\\d\")", "f@0(3a@2 'a\"\\b\\d')");
    check("f(f(f(f(f(f(f(f(x))))))))", "f@0(f@2(f@4(f@6(f@8(f@10(f@12(f@14(x@16))))))))");
    check("f(f(f(f(f(f(f(f(f(x)))))))))", "calls lie too deep in each other at byte 16 of the constraint");
}

#[test]
fn selections() {
    check("&s.f>3", "&@1 s.f@1 Greater 3.0");
    check("s.f&s.f>=3&s.g!=-1e3", "s.f@0 &@4 s.f@4 GreaterOrEqual 3.0 &@11 s.g@11 NotEqual -1000.0");
    check("s&s.n=\"x&y\"", "s@0 &@2 s.n@2 Equal 'x&y'");
    check("s&s.n~=\"^a.*\"", "s@0 &@2 s.n@2 Matches '^a.*'");
    check("s&s.f={1,2, 3}", "s@0 &@2 s.f@2 Equal 1.0|2.0|3.0");
    check("s&s.f<s.g&3<=s.f", "s@0 &@2 s.f@2 Less s.g@6 &@10 3.0 LessOrEqual s.f@13");
    // netCDF-C leaves out the first `&`.
    check("c%3e3", "@0 c@0 Greater 3.0");
    check("c=3&d<4", "@0 c@0 Equal 3.0 &@4 d@4 Less 4.0");
    check("s.a,s.bs.a>3", "s.a@0 @4 s.bs.a@4 Greater 3.0");
    check("t[0:1:4]s.a>3&s.b=1", "t[0:1:4]@0 @8 s.a@8 Greater 3.0 &@14 s.b@14 Equal 1.0");
}

#[test]
fn faults_name_byte_and_token() {
    check("t[x]", "expected an index, \"*\" or \"]\" at byte 2 of the constraint, found \"x]\"");
    check("t[0:1", "expected \"]\" or \":\" at byte 5 of the constraint, found the end");
    check("t[1:]", "expected an index or \"*\" at byte 4 of the constraint, found \"]\"");
    check("t[1:*:2]", "expected a step at byte 4 of the constraint, found \"*:2]\"");
    check("t[-1]", "expected an index, \"*\" or \"]\" at byte 2 of the constraint, found \"-1]\"");
    check("t[+1]", "expected an index, \"*\" or \"]\" at byte 2 of the constraint, found \"+1]\"");
    let behind = "expected a variable name, \"[\", \",\", \"&\" or the end at byte";
    check("t,", &format!("{behind} 1 of the constraint, found \",\""));
    check("t]", &format!("{behind} 1 of the constraint, found \"]\""));
    check(",t", &format!("{behind} 0 of the constraint, found \",t\""));
    check(
        "t[99999999999999999999]",
        "the number \"99999999999999999999\" at byte 2 of the constraint exceeds 64 bits",
    );
    check("%ff", "byte 0 of the decoded constraint is not utf-8");
    check("s[0].", "expected the name of a member at byte 5 of the constraint, found the end");
    check("f(x", "expected an argument, \",\" or \")\" at byte 3 of the constraint, found the end");
    check("f(\"x)", "expected a text that ends with a quote at byte 2 of the constraint, found \"\"x)\"");
    check("t&lat", "expected a selection such as \"name>1\" at byte 5 of the constraint, found the end");
    check(
        "s&s.f>",
        "expected a name, a number or a text in quotes at byte 6 of the constraint, found the end",
    );
    check("s&s.f={1", "expected a constant, \",\" or \"}\" at byte 8 of the constraint, found the end");
    check(
        "s&version()",
        "version() answers with values, so it cannot select rows: ask for it before the first \"&\" (byte 2 of the constraint)",
    );
}

#[test]
fn indices_are_checked_against_the_axis() {
    let check = |start, step, stop, length, expected: &str| {
        let got = match (Index { start, step, stop }).stride(1, length) {
            Ok(Stride { start, step, count }) => format!("{start} {step} {count}"),
            Err(misfit) => misfit.to_string(),
        };
        assert_eq!(got, expected);
    };
    check(0, 2, Some(9), 10, "0 2 5");
    check(10, 3, Some(21), 180, "10 3 4");
    check(2, 3, None, 10, "2 3 3");
    check(0, 1, None, 0, "0 1 0");
    check(0, 1, Some(9_223_372_036_854_775_806), 0, "0 1 0");
    check(1, 1, Some(9_223_372_036_854_775_806), 0, "axis 1 is asked for index 1, but its length is 0");
    check(0, 1, Some(0), 0, "axis 1 is asked for index 0, but its length is 0");
    check(0, 2, Some(10), 10, "axis 1 is asked for index 10, but its length is 10");
    check(3, 1, None, 3, "axis 1 is asked for index 3, but its length is 3");
    check(2, 1, None, 0, "axis 1 is asked for index 2, but its length is 0");
    check(5, 1, Some(1), 10, "axis 1 selects no index; steps must be at least 1");
    check(0, 0, Some(1), 10, "axis 1 selects no index; steps must be at least 1");
}

proptest! {
    #[test]
    fn nothing_makes_the_parser_panic(query in "\\PC{0,60}") {
        let _ = Constraint::parse(&query).map_err(|fault| fault.to_string());
    }

    #[test]
    fn marks_of_any_kind_neither(query in "[ts.,0-9:*&%\\[\\]25bBdD(){}<>=!~\"\\\\ ]{0,40}") {
        let _ = Constraint::parse(&query).map_err(|fault| fault.to_string());
    }

    #[test]
    fn what_is_written_is_what_is_parsed(
        parts in prop::collection::vec(("[a-z_.]{1,8}", prop::collection::vec((any::<u64>(), any::<u64>(), any::<u64>()), 0..4)), 1..5),
        depth in 0_u32..4,
    ) {
        let one = |(name, indices): &(String, Vec<(u64, u64, u64)>)| {
            let indices: String = indices.iter().map(|(a, s, b)| format!("[{a}:{s}:{b}]")).collect();
            format!("{name}{indices}")
        };
        let mut query = parts.iter().map(one).collect::<Vec<_>>().join(",");
        for layer in 0..depth {
            query = if layer == 0 { query.replace('[', "%5b").replace(':', "%3A") } else { query.replace('%', "%25") };
        }
        let constraint = Constraint::parse(&query).unwrap();
        prop_assert_eq!(constraint.items.len(), parts.len());
        for (item, (name, indices)) in constraint.items.iter().zip(&parts) {
            let Item::Projection(projection) = item else { panic!("{item:?}") };
            prop_assert_eq!(&projection.name(), name);
            let got: Vec<_> = projection.steps[0].indices.iter().map(|i| (i.start, i.step, i.stop.unwrap())).collect();
            prop_assert_eq!(&got, indices);
        }
    }
}
