//! Arrangement: in which order members are joined, and where each of them begins.

use weir_model::DataType;

use super::definition::{Order, Overlap, Rules};
use super::facts::{Facts, path_of};
use super::held::Held;
use super::times::{Counted, convert, ends};
use crate::{Error, ErrorKind};

/// A member's place in the order: the first and the last value of its coordinate.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The name, for messages.
    pub name: String,
    /// The first and last value, in the units of one member; `None` where there is nothing to compare.
    pub ends: Option<(f64, f64)>,
}

/// The keys of all members, in the units of the first.
///
/// # Errors
/// Where times cannot be converted.
pub fn keys(
    rules: &Rules,
    members: &[(String, Facts)],
    data_type: Option<&DataType>,
) -> Result<Vec<Key>, Error> {
    let join = path_of(&rules.dimension);
    let reference = members.first().and_then(|(_, facts)| Counted::of(facts.layout.variable(&join)?, None));
    let key = |(name, facts): &(String, Facts)| -> Result<Key, Error> {
        let (Some(held), Some(data_type)) = (&facts.coordinate, data_type) else {
            return Ok(Key { name: name.clone(), ends: None });
        };
        let own = facts.layout.variable(&join).and_then(|variable| Counted::of(variable, None));
        let conversion = match own.zip(reference.as_ref()) {
            Some((own, reference)) => own.to(reference).map_err(|e| e.within(name))?,
            None => None,
        };
        let Some(conversion) = conversion else {
            return Ok(Key { name: name.clone(), ends: ends(held, data_type) });
        };
        // Compared as doubles: whether whole numbers stay whole matters only to the order that is found.
        let Some((first, last)) = ends(held, data_type) else {
            return Ok(Key { name: name.clone(), ends: None });
        };
        let mut pair = [first.to_le_bytes(), last.to_le_bytes()].concat();
        convert(&conversion, (&DataType::Float64, &[]), &mut pair).map_err(|e| e.within(name))?;
        Ok(Key { name: name.clone(), ends: ends(&Held::Elements(pair), &DataType::Float64) })
    };
    members.iter().map(key).collect()
}

/// The order of members, as their numbers in the listing.
///
/// # Errors
/// `BadRequest` where coordinates overlap and that is refused, or where some members can be compared and some cannot.
pub fn order(rules: &Rules, keys: &[Key], problems: &mut Vec<String>) -> Result<Vec<usize>, Error> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    let ends = |number: usize| keys.get(number).and_then(|key| key.ends);
    let comparable = keys.iter().any(|key| key.ends.is_some());
    if !comparable {
        return Ok(order);
    }
    if let Some(key) = keys.iter().find(|key| key.ends.is_some_and(|(a, b)| a.is_nan() || b.is_nan())) {
        let message = format!("{}: {} has a missing value", key.name, rules.dimension);
        return Err(Error::new(ErrorKind::BadRequest, message));
    }
    // Members of one value each do not tell; then the order in which they were given does.
    let whole = || {
        let mut firsts = keys.iter().filter_map(|key| Some(key.ends?.0));
        let first = firsts.next().filter(|_| rules.order == Order::Given)?;
        Some((first, firsts.next_back()?))
    };
    let falling = keys.iter().find_map(|key| key.ends.filter(|(first, last)| first != last)).or_else(whole);
    let falling = falling.is_some_and(|(first, last)| first > last);
    let sign = if falling { -1.0 } else { 1.0 };
    if rules.order == Order::ByCoordinate {
        // Members without any index add nothing, wherever they stand.
        let value = |&number: &usize| ends(number).map_or(f64::INFINITY, |(first, _)| first * sign);
        order.sort_by(|a, b| value(a).total_cmp(&value(b)).then(a.cmp(b)));
    }
    let with_values: Vec<(usize, (f64, f64))> =
        order.iter().filter_map(|&number| Some((number, ends(number)?))).collect();
    for pair in with_values.windows(2) {
        let [(before, (_, last)), (behind, (first, _))] = pair else { continue };
        if first * sign > last * sign {
            continue;
        }
        let name = |number: &usize| keys.get(*number).map_or("", |key| key.name.as_str());
        let (before, behind, dimension) = (name(before), name(behind), &rules.dimension);
        let what = if first == last { "has the same value as" } else { "overlaps with" };
        let message = format!(
            "{behind}: its {dimension} (from {first}) {what} that of {before} (up to {last}); join them in another order, leave one out, or allow overlaps"
        );
        if rules.overlap == Overlap::Refuse {
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        problems.push(message);
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::definition::Kind;

    fn check(order_of: Order, overlap: Overlap, members: &[(f64, f64)], expected: Result<&[usize], &str>) {
        let mut rules = Rules::new(Kind::JoinExisting, "time");
        (rules.order, rules.overlap) = (order_of, overlap);
        let numbered = members.iter().zip('a'..);
        let keys: Vec<Key> =
            numbered.map(|(&ends, name)| Key { name: name.to_string(), ends: Some(ends) }).collect();
        let mut problems = Vec::new();
        match (order(&rules, &keys, &mut problems), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{members:?}"),
            (Err(e), Err(words)) => assert!(e.message.contains(words), "{e}"),
            (found, expected) => panic!("{members:?}: {found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn members_follow_their_coordinates() {
        use {Order::*, Overlap::*};
        check(ByCoordinate, Refuse, &[(7.0, 9.0), (1.0, 3.0), (4.0, 6.0)], Ok(&[1, 2, 0]));
        check(ByCoordinate, Refuse, &[(7.0, 5.0), (10.0, 8.0), (4.0, 4.0)], Ok(&[1, 0, 2]));
        check(ByCoordinate, Refuse, &[(3.0, 3.0), (1.0, 1.0)], Ok(&[1, 0]));
        check(
            ByCoordinate,
            Refuse,
            &[(1.0, 3.0), (3.0, 5.0)],
            Err("b: its time (from 3) has the same value as that of a"),
        );
        check(
            ByCoordinate,
            Refuse,
            &[(2.0, 5.0), (1.0, 3.0)],
            Err("a: its time (from 2) overlaps with that of b (up to 3)"),
        );
        check(ByCoordinate, Note, &[(2.0, 5.0), (1.0, 3.0)], Ok(&[1, 0]));
        check(Given, Note, &[(7.0, 9.0), (1.0, 3.0)], Ok(&[0, 1]));
        check(Given, Refuse, &[(7.0, 9.0), (1.0, 3.0)], Err("b: its time"));
        check(Given, Refuse, &[(7.0, 7.0), (5.0, 5.0), (2.0, 2.0)], Ok(&[0, 1, 2]));
        check(ByCoordinate, Refuse, &[(f64::NAN, 2.0)], Err("has a missing value"));
        check(ByCoordinate, Refuse, &[], Ok(&[]));
    }
}
