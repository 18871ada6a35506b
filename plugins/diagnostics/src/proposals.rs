//! The names that unknown ones were meant to be.

/// How alike two names must be, from 0 to 1.
const LEAST: f64 = 0.6;

/// `; did you mean …?` with the most similar name, if one is similar.
pub fn proposal(unknown: &str, names: &[&str]) -> String {
    let alike = |name: &&&str| strsim::normalized_damerau_levenshtein(unknown, name);
    let nearest = names.iter().max_by(|one, other| alike(one).total_cmp(&alike(other)));
    match nearest.filter(|name| alike(name) >= LEAST) {
        Some(name) => format!("; did you mean {name}?"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_names_are_proposed() {
        assert_eq!(proposal("temprature", &["pressure", "temperature"]), "; did you mean temperature?");
        assert_eq!(proposal("time", &["lat", "lon"]), "");
        assert_eq!(proposal("time", &[]), "");
    }
}
