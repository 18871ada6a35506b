//! The ids of results: `{source}/pp_{variable}_{coordinate}_{action}`, as cloudify names them, beside what they are made of.

use weir_model::Schema;
use weir_plugin_api::{Error, form};

use super::recipe::digest;
use crate::groupby::numeric;

/// What stands before the names of results.
const MARK: &str = "pp_";

/// The id of what `asked` means, `VARIABLE/COORDINATE/ACTION`, with the part of a quantile.
///
/// # Errors
/// `BadRequest` where it is not of three words.
pub fn of_groups(source: &str, schema: &Schema, asked: &str, part: Option<f64>) -> Result<String, Error> {
    let mut words = asked.trim_start_matches('/').rsplitn(3, '/');
    let (Some(action), Some(coordinate), Some(variable)) = (words.next(), words.next(), words.next()) else {
        return Err(Error::bad_request(format!("{asked:?} is not VARIABLE/COORDINATE/ACTION")));
    };
    let part = part.filter(|_| action == "quantile").map(|part| format!("-{part}")).unwrap_or_default();
    let named = format!("{variable}_{coordinate}");
    // Underscores may stand in names, too: where another variable fits, the name says which one it is.
    let fits = |other: &String| {
        other != variable && named.strip_prefix(other.as_str()).is_some_and(|rest| rest.starts_with('_'))
    };
    let which = match numeric(schema).iter().any(fits) {
        true => format!("-{}", digest(asked.as_bytes())),
        false => String::new(),
    };
    Ok(format!("{source}/{MARK}{named}_{action}{part}{which}"))
}

/// A query without its format, and the id of what it means: the variable, the action, and what differs with the query.
pub fn of_query(source: &str, query: &str) -> (String, String) {
    let mut pairs: Vec<(&str, &str)> = form::pairs(query).filter(|(name, _)| *name != "format").collect();
    pairs.sort_unstable();
    let value = |wanted: &str| {
        let found = pairs.iter().find(|(name, _)| *name == wanted).map_or("", |(_, value)| *value);
        form::decoded(found).unwrap_or_default().trim_matches('/').to_owned()
    };
    let (variable, action) = (value("variable"), value("action"));
    let query = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let id = format!("{source}/{MARK}{variable}_{action}_{}", digest(query.as_bytes()));
    (query, id)
}

#[cfg(test)]
mod tests {
    use weir_model::DataType;
    use weir_plugin_api::testing::{counting, dataset_of};

    use super::*;

    #[test]
    fn results_are_named_as_cloudify_names_them() {
        let schema = |names: &[&str]| {
            let variable = |name: &&str| counting(name, DataType::Float32, &[("x", 2)]);
            dataset_of(names.iter().map(variable).collect()).schema
        };
        let check = |names: &[&str], asked: &str, part: Option<f64>, expected: &str| {
            assert_eq!(of_groups("a/d.nc", &schema(names), asked, part).unwrap(), expected);
        };
        check(&["t"], "t/time.month/mean", None, "a/d.nc/pp_t_time.month_mean");
        check(&["t"], "t/time.month/mean", Some(0.5), "a/d.nc/pp_t_time.month_mean");
        check(&["t"], "t/x/quantile", Some(0.9), "a/d.nc/pp_t_x_quantile-0.9");
        check(&["t", "tas"], "g/t/x/max", None, "a/d.nc/pp_g/t_x_max");
        let one = of_groups("d", &schema(&["a", "a_b"]), "a/b_c/sum", None).unwrap();
        let other = of_groups("d", &schema(&["a", "a_b"]), "a_b/c/sum", None).unwrap();
        assert!(one != other && one.starts_with("d/pp_a_b_c_sum-"), "{one} {other}");
    }

    #[test]
    fn queries_that_mean_the_same_have_one_name() {
        let (query, id) = of_query("d", "variable=t&format=zarr&action=mean&over=x%2Cy");
        assert_eq!(query, "action=mean&over=x%2Cy&variable=t");
        assert_eq!(of_query("d", "over=x%2Cy&action=mean&variable=t"), (query, id.clone()));
        assert!(id.starts_with("d/pp_t_mean_"), "{id}");
        assert_ne!(of_query("d", "over=x&action=mean&variable=t").1, id);
    }
}
