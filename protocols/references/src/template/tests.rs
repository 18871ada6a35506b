//! Templates render as Jinja renders them, or are refused.

use proptest::prelude::*;

use super::*;
use crate::ErrorKind;
use crate::limits::MOST_DEPTH;

fn render(text: &str) -> Result<String, ErrorKind> {
    let templates = [("u", "server.domain/path"), ("f", "{{c}}"), ("g", "{{ a }}/{{ '%03d' % b }}.nc")];
    let templates = templates.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
    let templates = Templates::parse(templates).map_err(|e| e.kind)?;
    let variables = [("i".to_owned(), Value::Int(7)), ("name".to_owned(), Value::Text("tas".to_owned()))];
    let scope = Scope { variables: &variables, templates: Some(&templates) };
    let template = Template::parse(text).map_err(|e| e.kind)?;
    template.render(&scope, &mut Steps::default()).map_err(|e| e.kind)
}

fn check(text: &str, expected: Result<&str, ErrorKind>) {
    let got = render(text);
    assert_eq!(got.as_deref().map_err(|kind| *kind), expected, "{text}");
}

#[test]
fn templates_make_text() {
    check("plain", Ok("plain"));
    check("http://{{u}}_{{ i }}", Ok("http://server.domain/path_7"));
    check("{{f(c='text')}}", Ok("text"));
    check("{{ f(c=u) }}.nc", Ok("server.domain/path.nc"));
    check("{{ g(a=name, b=i + 1,) }}", Ok("tas/008.nc"));
    check("{{ f(c=f(c=i)) }}", Ok("7"));
    check("{{(i + 1) * 1000}}", Ok("8000"));
    check("{{ 1 + 2 * 3 - 4 }}", Ok("3"));
    check("{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 // -2 }} {{ 7 % -3 }} {{ 6 // 3 }}", Ok("-4 2 -4 -2 2"));
    check("{{ 1 ~ 2 * 3 ~ 'a' }}", Ok("16a"));
    check("{{ 'a' + 'b' }}", Ok("ab"));
    check("{{ '%03d' % i }}|{{ '%3d' % i }}|{{ '%d%%' % i }}", Ok("007|  7|7%"));
    check("{{ '%04d' % -i }}|{{ '%s_%5s' % (name, i) }}", Ok("-007|tas_    7"));
    check("{{ '%d-%02d' % (i, i + 5) }}", Ok("7-12"));
    check("{single} }}", Ok("{single} }}"));
}

#[test]
fn what_is_not_understood_is_refused() {
    for text in ["{{u", "{{}}", "{{ i i }}", "{{ none }}", "{{ f }}", "{{ u() }}", "{{ h(c=1) }}"] {
        let kind = render(text).unwrap_err();
        assert!(matches!(kind, ErrorKind::Malformed | ErrorKind::Unsupported), "{text}: {kind:?}");
    }
    check("{{ f(d=1) }}", Err(ErrorKind::Malformed));
    check("{{ f(c=1, c=2) }}", Err(ErrorKind::Malformed));
    check("{{ f('text') }}", Err(ErrorKind::Unsupported));
    check("{{ i / 2 }}", Err(ErrorKind::Unsupported));
    check("{{ i ** 2 }}", Err(ErrorKind::Unsupported));
    check("{{ i | string }}", Err(ErrorKind::Unsupported));
    check("{{ i if i }}", Err(ErrorKind::Unsupported));
    check("{% for a in b %}", Err(ErrorKind::Unsupported));
    check("{# a #}", Err(ErrorKind::Unsupported));
    check("{{- u }}", Err(ErrorKind::Unsupported));
    check("{{ 'a' * 9 }}", Err(ErrorKind::Malformed));
    check("{{ 1 + 'a' }}", Err(ErrorKind::Malformed));
    check("{{ -name }}", Err(ErrorKind::Malformed));
    check("{{ i // 0 }}", Err(ErrorKind::Malformed));
    check("{{ i % 0 }}", Err(ErrorKind::Malformed));
    check("{{ (1, 2) }}", Err(ErrorKind::Malformed));
    check("{{ '%d' % name }}", Err(ErrorKind::Malformed));
    check("{{ '%d %d' % i }}", Err(ErrorKind::Malformed));
    check("{{ '%d' % (i, i) }}", Err(ErrorKind::Malformed));
    check("{{ '%x' % i }}", Err(ErrorKind::Unsupported));
    check("{{ '%' % i }}", Err(ErrorKind::Unsupported));
}

#[test]
fn what_asks_for_too_much_is_refused() {
    check("{{ 9223372036854775807 + 1 }}", Err(ErrorKind::TooLarge));
    check("{{ -9223372036854775807 - 2 }}", Err(ErrorKind::TooLarge));
    check("{{ (-9223372036854775807 - 1) // -1 }}", Err(ErrorKind::TooLarge));
    check("{{ '%99d' % i }}", Err(ErrorKind::TooLarge));
    check("{{ '%99999999999999999999999d' % i }}", Err(ErrorKind::TooLarge));
    let deep = |n: usize| format!("{{{{ {}i{} }}}}", "(".repeat(n), ")".repeat(n));
    check(&deep(MOST_DEPTH / 2), Ok("7"));
    check(&deep(MOST_DEPTH + 1), Err(ErrorKind::TooLarge));
    check(&format!("{{{{ {}1 }}}}", "-".repeat(1000)), Err(ErrorKind::TooLarge));
    check(&"a".repeat(MOST_TEXT_BYTES + 1), Err(ErrorKind::TooLarge));
    let wide = format!("{{{{ '%d' % i{} }}}}", " ~ u".repeat(2000));
    check(&wide, Err(ErrorKind::TooLarge));
}

#[test]
fn a_long_chain_is_not_a_deep_one() {
    let chain = format!("{{{{ 0{} }}}}", " + 1".repeat(4000));
    check(&chain, Ok("4000"));
}

#[test]
fn all_templates_share_their_steps() {
    let templates = Templates::parse(vec![("u".into(), "a".repeat(10_000))]).unwrap();
    let scope = Scope { variables: &[], templates: Some(&templates) };
    let template = Template::parse("{{u}}").unwrap();
    let mut steps = Steps::default();
    let rounds = (0..100_000).find(|_| template.render(&scope, &mut steps).is_err());
    let rounds = rounds.expect("the steps end");
    assert!(rounds as u64 >= MOST_STEPS / 21_000, "{rounds}");
}

proptest! {
    #[test]
    fn division_rounds_down(a in any::<i32>(), b in any::<i32>()) {
        prop_assume!(b != 0);
        let (a, b) = (i64::from(a), i64::from(b));
        let quotient = arithmetic(a, Operator::Divide, b).unwrap();
        let remainder = arithmetic(a, Operator::Remainder, b).unwrap();
        prop_assert_eq!(quotient * b + remainder, a);
        prop_assert!(remainder == 0 || (remainder < 0) == (b < 0));
        prop_assert!(remainder.abs() < b.abs());
    }

    #[test]
    fn any_text_is_a_template_or_refused(text in "[{}%#'\"()+*/~=, a-z0-9\\\\-]{0,60}") {
        let _ = render(&text);
    }
}
