//! Tests of the grammar.

use proptest::prelude::*;

use super::*;

fn shown_index(index: &Index) -> String {
    let slice = |slice: &Slice| {
        let stop = slice.stop.map_or_else(|| "*".to_owned(), |stop| stop.to_string());
        format!("{}:{}:{stop}", slice.start, slice.step)
    };
    format!("[{}]", index.slices.iter().map(slice).collect::<Vec<_>>().join(","))
}

fn shown_name(name: &Name) -> String {
    let groups: String = name.groups.iter().map(|group| format!("{group}/")).collect();
    format!("{groups}{}", name.last.join("."))
}

fn shown(clause: &Clause) -> String {
    let indices: String = clause.indices.iter().map(shown_index).collect();
    let fields: Vec<String> = clause.fields.iter().map(shown).collect();
    let fields = if fields.is_empty() { String::new() } else { format!("{{{}}}", fields.join(" ")) };
    let predicate = |predicate: &Predicate| {
        let rest = predicate.rest.iter().map(|(operator, operand)| format!(" {operator:?} {}", operand.text));
        format!("|{}{}", predicate.first.text, rest.collect::<String>())
    };
    let filter: String = clause.filter.iter().map(predicate).collect();
    format!("{}@{}{indices}{fields}{filter}", shown_name(&clause.name), clause.name.byte)
}

fn check(value: &str, expected: &str) {
    let got = match Constraint::parse(value) {
        Ok(constraint) => {
            let dimensions = constraint.dimensions.iter();
            let dimensions =
                dimensions.map(|one| format!("{}={}", shown_name(&one.name), shown_index(&one.index)));
            dimensions.chain(constraint.clauses.iter().map(shown)).collect::<Vec<_>>().join(" ")
        }
        Err(fault) => fault.to_string(),
    };
    assert_eq!(got, expected, "{value}");
}

#[test]
fn names_and_indices() {
    check("", "");
    check("/t", "t@0");
    check("t;/g/lat ; lon", "t@0 g/lat@2 lon@11");
    check("/t[3]", "t@0[3:1:3]");
    check("/t[][1:2][0:2:9][4:][4:2:]", "t@0[][1:1:2][0:2:9][4:1:*][4:2:*]");
    check("/t[0:1,3, 5:2:9]", "t@0[0:1:1,3:1:3,5:2:9]");
    check("/t [ 1 ] [ ]", "t@0[1:1:1][]");
    check("/", "@0");
    check("/g/;", "g/@0");
}

#[test]
fn dimensions_come_first() {
    check("lat=[1:2];/t", "lat=[1:1:2] t@10");
    check("/g/lat=[0:2:9] ; lon=[3];/t[][];/u", "g/lat=[0:2:9] lon=[3:1:3] t@25[][] u@32");
    check("lat=[1:2]", "lat=[1:1:2]");
    check("lat=[1:2];", "lat=[1:1:2]");
    check("lat=3", "expected \"[\" at byte 4 of the constraint, found \"3\"");
}

#[test]
fn fields_and_conditions() {
    check("/s{a;b[1]}", "s@0{a@3 b@5[1:1:1]}");
    check("/s[0]{a,in{x}}", "s@0[0:1:0]{a@6 in@8{x@11}}");
    check("/s.in.x", "s.in.x@0");
    check("/r|x<5", "r@0|x Less 5");
    check("/r{x}|x<=5,y!=\"a b\",1<z<=2", "r@0{x@3}|x LessOrEqual 5|y NotEqual a b|1 Less z LessOrEqual 2");
    check("/r|n~=\"^a.*\";/t", "r@0|n Matches ^a.* t@13");
    check("/r|x==1.5e3", "r@0|x Equal 1.5e3");
}

#[test]
fn odd_names_are_escaped_or_quoted() {
    check("/a b", "a b@0");
    check("/a\\.b\\[0\\]", "a.b[0]@0");
    check("/\"a;b\".\"c d\"[1]", "a;b.c d@0[1:1:1]");
    check("/g.x/t", "g.x/t@0");
    check("/größe", "größe@0");
}

#[test]
fn escapes_of_every_depth() {
    check("/t%5b0%3a2%3A9%5D", "t@0[0:2:9]");
    check("/t%25255b1%25255d", "t@0[1:1:1]");
    check("%2Ft%3B%2Fu", "t@0 u@3");
}

#[test]
fn faults_name_byte_and_token() {
    check("/t[x]", "expected an index, \":\", \",\" or \"]\" at byte 3 of the constraint, found \"x]\"");
    check("/t[0:1", "expected an index, \":\", \",\" or \"]\" at byte 6 of the constraint, found the end");
    check("/t[-1]", "expected an index, \":\", \",\" or \"]\" at byte 3 of the constraint, found \"-1]\"");
    check(
        "/t]",
        "expected a name, \"[\", \"{\", \"|\", \";\" or the end at byte 2 of the constraint, found \"]\"",
    );
    check("/s{}", "expected a field at byte 3 of the constraint, found \"}\"");
    check("/s{a", "expected \"}\" or \";\" at byte 4 of the constraint, found the end");
    check("/r|", "expected a field or a value at byte 3 of the constraint, found the end");
    check("/r|x", "expected an operator such as \"<\" at byte 4 of the constraint, found the end");
    check("/r|x<<5", "the operator \"<<5\" at byte 4 of the constraint is not available");
    check(
        "/t[99999999999999999999]",
        "the number \"99999999999999999999\" at byte 3 of the constraint exceeds 64 bits",
    );
    check("%ff", "byte 0 of the decoded constraint is not utf-8");
    let deep = format!("{}a{}", "a{".repeat(100), "}".repeat(100));
    check(&deep, "fields lie too deep in each other at byte 121 of the constraint");
}

#[test]
fn slices_are_checked_against_the_axis() {
    let check = |start, step, stop, length, expected: &str| {
        let got = match (Slice { start, step, stop }).stride(1, length) {
            Ok(stride) => format!("{} {} {}", stride.start, stride.step, stride.count),
            Err(misfit) => misfit.to_string(),
        };
        assert_eq!(got, expected);
    };
    check(0, 2, Some(9), 10, "0 2 5");
    check(2, 3, None, 10, "2 3 3");
    check(0, 1, None, 0, "0 1 0");
    check(0, 1, Some((1 << 63) - 2), 0, "0 1 0");
    check(0, 1, Some((1 << 63) - 2), 5, "axis 1 is asked for index 9223372036854775806, but its length is 5");
    check(0, 2, Some(10), 10, "axis 1 is asked for index 10, but its length is 10");
    check(0, 1, Some(0), 0, "axis 1 is asked for index 0, but its length is 0");
    check(5, 1, Some(1), 10, "axis 1 selects no index; steps must be at least 1");
    check(0, 0, Some(1), 10, "axis 1 selects no index; steps must be at least 1");
}

/// Slices as start, step and stop.
type Slices = Vec<(u64, u64, u64)>;

proptest! {
    #[test]
    fn nothing_makes_the_parser_panic(value in "\\PC{0,60}") {
        let _ = Constraint::parse(&value).map_err(|fault| fault.to_string());
    }

    #[test]
    fn brackets_of_any_kind_neither(value in "[t/.,;=|{}<>!~\"0-9:%\\[\\]\\\\ 25bBdD]{0,40}") {
        let _ = Constraint::parse(&value).map_err(|fault| fault.to_string());
    }

    #[test]
    fn what_is_written_is_what_is_parsed(
        clauses in prop::collection::vec(
            ("[a-z_é]{1,8}", prop::collection::vec(prop::collection::vec((any::<u64>(), any::<u64>(), any::<u64>()), 0..3), 0..4)),
            1..5,
        ),
        depth in 0_u32..4,
    ) {
        let index = |slices: &Slices| {
            let slices: Vec<String> = slices.iter().map(|(a, s, b)| format!("{a}:{s}:{b}")).collect();
            format!("[{}]", slices.join(","))
        };
        let one = |(name, indices): &(String, Vec<Slices>)| {
            format!("/{name}{}", indices.iter().map(index).collect::<String>())
        };
        let mut value = clauses.iter().map(one).collect::<Vec<_>>().join(";");
        for layer in 0..depth {
            value = if layer == 0 { value.replace('[', "%5b").replace(';', "%3B") } else { value.replace('%', "%25") };
        }
        let constraint = Constraint::parse(&value).unwrap();
        prop_assert_eq!(constraint.clauses.len(), clauses.len());
        for (clause, (name, indices)) in constraint.clauses.iter().zip(&clauses) {
            prop_assert_eq!(&clause.name.last, &vec![name.clone()]);
            let got: Vec<Vec<_>> = clause.indices.iter().map(|index| {
                index.slices.iter().map(|slice| (slice.start, slice.step, slice.stop.unwrap())).collect()
            }).collect();
            prop_assert_eq!(&got, indices);
        }
    }
}
