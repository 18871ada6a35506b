//! Ticks: round numbers along an axis, and how they are written.

/// A tick of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where it stands.
    pub at: f64,
    /// What is written beside it.
    pub text: String,
}

/// An axis of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What is written along it.
    pub label: String,
    /// The numbers at its ends: left and right, or bottom and top. The first may be the greater.
    pub ends: (f64, f64),
    /// Its ticks.
    pub ticks: Vec<Tick>,
}

impl Axis {
    /// An axis with round numbers as ticks.
    #[must_use]
    pub fn of(label: &str, ends: (f64, f64)) -> Self {
        let (low, high) = (ends.0.min(ends.1), ends.0.max(ends.1));
        Self { label: label.to_owned(), ends, ticks: labelled(&nice_ticks((low, high), 6)) }
    }

    /// An axis along which things are counted: its ticks are whole numbers.
    #[must_use]
    pub fn counting(label: &str, ends: (f64, f64)) -> Self {
        let mut axis = Self::of(label, ends);
        axis.ticks.retain(|tick| tick.at.fract() == 0.0);
        axis
    }

    /// Where a number stands between the ends, as 0 to 1 within them.
    #[must_use]
    pub fn part(&self, number: f64) -> f64 {
        (number - self.ends.0) / (self.ends.1 - self.ends.0)
    }
}

/// About `count` round numbers between two, the ends included where they are round.
#[must_use]
pub fn nice_ticks((least, most): (f64, f64), count: u32) -> Vec<f64> {
    let width = most - least;
    if !width.is_finite() || width <= 0.0 || count == 0 {
        return Vec::new();
    }
    let rough = width / f64::from(count);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|n| n * power).find(|step| *step >= rough * 0.999);
    multiples((least, most), step.unwrap_or(10.0 * power))
}

/// The multiples of a step between two numbers; none where there would be more than a thousand.
#[must_use]
pub fn multiples((least, most): (f64, f64), step: f64) -> Vec<f64> {
    let slack = step * 1e-9;
    let first = ((least - slack) / step).ceil();
    let count = ((most + slack) / step).floor() - first;
    if !(0.0..1000.0).contains(&count) {
        return Vec::new();
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below a thousand")]
    let count = count as u32;
    (0..=count)
        .map(|n| (first + f64::from(n)) * step)
        .map(|n| if n.abs() < slack { 0.0 } else { n })
        .collect()
}

/// Ticks at rising numbers, written with as many digits as they need.
pub(crate) fn labelled(numbers: &[f64]) -> Vec<Tick> {
    let apart = numbers.windows(2).map(|pair| if let [a, b] = pair { b - a } else { 0.0 });
    let slack = apart.fold(f64::INFINITY, f64::min) * 1e-3;
    let ticks = |text: &dyn Fn(f64) -> String| -> Vec<Tick> {
        numbers.iter().map(|at| Tick { at: *at, text: text(*at) }).collect()
    };
    let is_told = |tick: &Tick| tick.text.parse().is_ok_and(|number: f64| (number - tick.at).abs() <= slack);
    let short = ticks(&brief);
    if short.iter().all(is_told) {
        return short;
    }
    let longer = (6..16).map(|digits| ticks(&|number| with_digits(number, digits)));
    longer.into_iter().find(|ticks| ticks.iter().all(is_told)).unwrap_or(short)
}

/// A number in few characters: six digits, with an exponent where it is very large or very small.
#[must_use]
pub fn brief(number: f64) -> String {
    with_digits(number, 5)
}

/// A number with so many digits behind its first; one less where it has an exponent.
fn with_digits(number: f64, digits: usize) -> String {
    let size = number.abs();
    if !size.is_finite() {
        return number.to_string();
    }
    if size != 0.0 && !(1e-4..1e6).contains(&size) {
        let text = format!("{number:.*e}", digits.saturating_sub(1));
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{exponent}", trimmed(digits));
    }
    let most = digits.max(9);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "from 0 to 19"
    )]
    let decimals =
        if size == 0.0 { 0 } else { (digits as f64 - size.log10().floor()).clamp(0.0, most as f64) as usize };
    trimmed(&format!("{number:.decimals$}")).to_owned()
}

fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// A longitude as `60°W`.
#[must_use]
pub fn longitude(degrees: f64) -> String {
    let degrees = crate::signed(degrees);
    match brief(degrees.abs()).as_str() {
        "0" => "0°".to_owned(),
        "180" => "180°".to_owned(),
        text if degrees < 0.0 => format!("{text}°W"),
        text => format!("{text}°E"),
    }
}

/// A latitude as `30°S`.
#[must_use]
pub fn latitude(degrees: f64) -> String {
    match brief(degrees.abs()).as_str() {
        "0" => "0°".to_owned(),
        text if degrees < 0.0 => format!("{text}°S"),
        text => format!("{text}°N"),
    }
}

/// The step of a graticule over some degrees.
pub(crate) fn degrees_step(width: f64, count: u32) -> f64 {
    let rough = width / f64::from(count.max(1));
    let steps = [
        180.0, 90.0, 60.0, 45.0, 30.0, 20.0, 15.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01,
        0.005, 0.002, 0.001,
    ];
    steps.into_iter().rev().find(|step| *step >= rough).unwrap_or(180.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        let check = |ends, expected: &[f64]| {
            let found = nice_ticks(ends, 5);
            assert_eq!(found.len(), expected.len(), "{found:?}");
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
        };
        check((0.0, 10.0), &[0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        check((-1.3, 1.1), &[-1.0, -0.5, 0.0, 0.5, 1.0]);
        check((273.2, 298.9), &[280.0, 290.0]);
        check((1.0, 1.0), &[]);
        check((f64::NAN, 1.0), &[]);
        check((0.0, f64::INFINITY), &[]);
    }

    #[test]
    fn numbers_are_written_in_few_characters() {
        let check = |number, expected: &str| assert_eq!(brief(number), expected);
        check(0.0, "0");
        check(0.1 + 0.2, "0.3");
        check(-12.5, "-12.5");
        check(100.0, "100");
        check(101_325.0, "101325");
        check(2.5e-7, "2.5e-7");
        check(1e20, "1e20");
        check(273.15, "273.15");
        check(f64::NAN, "NaN");
    }

    #[test]
    fn ticks_differ() {
        let check = |numbers: &[f64], expected: &[&str]| {
            let found: Vec<String> = labelled(numbers).into_iter().map(|tick| tick.text).collect();
            assert_eq!(found, expected);
        };
        check(&[0.0, 0.5, 1.0], &["0", "0.5", "1"]);
        check(&[1_522_850_000.0, 1_522_875_000.0, 1_522_900_000.0], &["1.52285e9", "1.522875e9", "1.5229e9"]);
        check(&[1e6, 2e6], &["1e6", "2e6"]);
        check(&[300.0001, 300.0002], &["300.0001", "300.0002"]);
        check(&[-0.25], &["-0.25"]);
    }

    #[test]
    fn degrees_have_directions() {
        assert_eq!([-60.0, 0.0, 190.0, 360.0, -180.0].map(longitude), ["60°W", "0°", "170°W", "0°", "180°"]);
        assert_eq!([-30.0, 0.0, 89.5].map(latitude), ["30°S", "0°", "89.5°N"]);
        assert_eq!(degrees_step(360.0, 6), 60.0);
        assert_eq!(degrees_step(50.0, 6), 10.0);
    }
}
