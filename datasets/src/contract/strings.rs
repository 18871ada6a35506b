//! What reads of strings, and of other elements of varying size, must hold.

use weir_model::{ByteOrder, Hyperslab, Packed};

use super::{Numbers, SLABS, Subject, places, rule};
use crate::ErrorKind;

/// Whole reads and hyperslabs equal `whole`, whose elements are packed as their type says; reading bytes instead is refused.
pub fn check(subject: &Subject<'_>, whole: &[Vec<u8>]) -> Result<(), String> {
    for element in whole {
        let packed = Packed::count(element, &subject.variable.data_type);
        packed.map_err(|error| format!("what is expected is not packed as it must be: {error}"))?;
    }
    check_slab(subject, whole, &subject.whole()?)?;
    let mut numbers = Numbers::new(0);
    for _ in 0..SLABS {
        check_slab(subject, whole, &numbers.slab(&subject.variable.shape)?)?;
    }
    let refused = subject.dataset.read(subject.path, &subject.whole()?, ByteOrder::Little, &mut []);
    let kind = refused.as_ref().err().map(|e| e.kind);
    rule(kind == Some(ErrorKind::BadRequest), || {
        format!("reading strings as bytes is not a bad request, but {refused:?}")
    })
}

fn check_slab(subject: &Subject<'_>, whole: &[Vec<u8>], slab: &Hyperslab) -> Result<(), String> {
    let got = subject.dataset.read_strings(subject.path, slab);
    let got = got.map_err(|e| format!("{slab:?} cannot be read: {e}"))?;
    let places = places(&subject.variable.shape, slab);
    rule(got.len() == places.len(), || format!("{slab:?} has {} strings, not {}", got.len(), places.len()))?;
    let wrong = got.iter().zip(places).find(|(got, place)| whole.get(*place) != Some(*got));
    match wrong {
        Some((got, place)) => Err(format!("{slab:?}: string {place} is {got:?}, not {:?}", whole.get(place))),
        None => Ok(()),
    }
}
