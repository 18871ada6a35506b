//! The steps of a dataset: the dimension along which it grows, which is that of time where it has one.

use weir_model::{Dimension, Group, Schema};

use crate::axes::{Axis, Kind, kind};

/// The dimension along which a dataset grows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps {
    /// Its full path.
    pub dimension: String,
    /// How many indices it has now.
    pub count: u64,
}

/// The dimension along which a dataset grows; `None` where nothing says that it does. Of several, in this order:
///
/// 1. a dimension that can grow, whose coordinate variable is time;
/// 2. any other one whose coordinate variable is time, because Zarr does not say what can grow, and aggregations grow although
///    their dimensions are counted;
/// 3. a dimension that can grow;
/// 4. one whose coordinate variable says when forecasts began, or that is only called `time`.
///
/// Of equal ones the first counts, groups after their parents.
#[must_use]
pub fn steps(schema: &Schema) -> Option<Steps> {
    let groups = schema.groups();
    let all = groups.iter().flat_map(|(path, group)| group.dimensions.iter().map(move |d| (path, group, d)));
    let ranked = all.filter_map(|(path, group, dimension)| {
        let rank = rank(group, dimension)?;
        let dimension_path = format!("{path}/{}", dimension.name);
        Some((rank, Steps { dimension: dimension_path, count: dimension.length }))
    });
    // The first of the best: `min_by_key` keeps the first.
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, steps)| steps)
}

/// The place of a dimension in the order above.
fn rank(group: &Group, dimension: &Dimension) -> Option<u32> {
    let coordinate = group.variable(&dimension.name).filter(|variable| variable.shape.len() == 1);
    match coordinate.and_then(kind) {
        Some(Kind::Time | Kind::Other(Axis::T)) if dimension.unlimited => Some(1),
        Some(Kind::Time | Kind::Other(Axis::T)) => Some(2),
        _ if dimension.unlimited => Some(3),
        Some(Kind::ReferenceTime) => Some(4),
        _ if dimension.name.eq_ignore_ascii_case("time") => Some(4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::schema;

    /// `growing` are the dimensions that can grow.
    fn check(text: &str, growing: &[&str], expected: Option<(&str, u64)>) {
        let mut schema = schema(text);
        for dimension in &mut schema.root.dimensions {
            dimension.unlimited = growing.contains(&dimension.name.as_str());
        }
        let found = steps(&schema);
        let found = found.as_ref().map(|steps| (steps.dimension.as_str(), steps.count));
        assert_eq!(found, expected, "{text}");
    }

    const DAYS: &str = "dim x 3\ndim t 5\nt(t): units = days since 2000-01-01\nsst(t, x): units = K";

    #[test]
    fn steps_are_those_of_time() {
        check(DAYS, &[], Some(("/t", 5)));
        check(DAYS, &["x"], Some(("/t", 5)));
        check("dim x 3\ndim time 4\nv(time, x): units = K", &[], Some(("/time", 4)));
        check("dim x 3\ndim record 7\nv(record, x): units = K", &["record"], Some(("/record", 7)));
        check("dim x 3\nv(x): units = K", &[], None);
        let two =
            "dim a 2\ndim b 9\na(a): units = days since 1850-01-01\nb(b): units = hours since 1850-01-01";
        check(two, &[], Some(("/a", 2)));
        check(two, &["b"], Some(("/b", 9)));
        let forecasts = "dim run 6\ndim step 3\nrun(run): standard_name = forecast_reference_time; units = days since 1950-01-01";
        check(forecasts, &[], Some(("/run", 6)));
        check(forecasts, &["step"], Some(("/step", 3)));
    }
}
