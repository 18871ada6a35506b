//! Any `units` and any number: an error, or a date that is written, read again, and counted again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_cf::Calendar;
use weir_cf::time::{Conversion, DateTime, Number, TimeUnits};

fuzz_target!(|input: (&str, u8, i64, f64)| {
    let (text, calendar, integer, real) = input;
    let Some(name) = Calendar::NAMES.get(usize::from(calendar) % Calendar::NAMES.len()) else { return };
    let Ok(calendar) = Calendar::parse(name) else { return };
    let Ok(units) = TimeUnits::parse(text, calendar) else { return };
    let again = TimeUnits::parse(&units.to_string(), calendar);
    assert_eq!(again.as_ref(), Ok(&units));
    for number in [Number::Integer(integer), Number::Real(real)] {
        let Ok(date) = units.decode(number) else { continue };
        assert_eq!(DateTime::parse(&date.to_string(), calendar).as_ref(), Ok(&date));
        let encoded = units.encode(&date);
        if let Number::Integer(_) = number {
            assert_eq!(encoded, Ok(number));
        }
        let reference = DateTime::parse("1970-01-01", calendar);
        let seconds = reference.map(|reference| TimeUnits::new(weir_cf::time::Unit::Second, reference));
        if let Ok(conversion) = seconds.and_then(|seconds| Conversion::between(units, seconds)) {
            let _ = conversion.number(number);
        }
        let _ = date.rfc3339();
    }
});
