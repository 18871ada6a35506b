//! What is kept of the values of one group while they pass by: one small struct for each action.
//!
//! Sums are of doubles, whatever the values are, and are added in one order that the plan of blocks alone decides, so that a
//! result is the same whatever the number of threads.

use super::item::Item;

/// What is kept of the values of one group.
pub trait Cell: Copy + Send + Sync + Default {
    /// The values.
    type Item: Item;

    /// Takes a value in. Weights are 1 where none were asked for.
    fn add(&mut self, item: Self::Item, weight: f64);

    /// Takes in what was kept of values that come later.
    fn merge(&mut self, later: &Self);
}

/// Counts values.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count<T> {
    /// How many there were.
    pub count: u64,
    marker: std::marker::PhantomData<T>,
}

impl<T: Item> Cell for Count<T> {
    type Item = T;

    fn add(&mut self, item: T, _: f64) {
        self.count += u64::from(!item.is_missing());
    }

    fn merge(&mut self, later: &Self) {
        self.count += later.count;
    }
}

/// Adds values up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum<T> {
    /// Their sum.
    pub sum: f64,
    /// How many there were.
    pub count: u64,
    marker: std::marker::PhantomData<T>,
}

impl<T: Item> Cell for Sum<T> {
    type Item = T;

    fn add(&mut self, item: T, _: f64) {
        let there = !item.is_missing();
        self.sum += if there { item.double() } else { 0.0 };
        self.count += u64::from(there);
    }

    fn merge(&mut self, later: &Self) {
        self.sum += later.sum;
        self.count += later.count;
    }
}

impl<T> Sum<T> {
    /// The mean; NaN where there were no values.
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 values")]
    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }
}

/// Adds weighted values up.
#[derive(Clone, Copy, Debug, Default)]
pub struct WeightedSum<T> {
    /// The sum of values times weights.
    pub sum: f64,
    /// The sum of the weights of values that are there.
    pub weights: f64,
    marker: std::marker::PhantomData<T>,
}

impl<T: Item> Cell for WeightedSum<T> {
    type Item = T;

    fn add(&mut self, item: T, weight: f64) {
        if !item.is_missing() {
            self.sum += item.double() * weight;
            self.weights += weight;
        }
    }

    fn merge(&mut self, later: &Self) {
        self.sum += later.sum;
        self.weights += later.weights;
    }
}

impl<T> WeightedSum<T> {
    /// The weighted mean; NaN where the weights sum to 0.
    pub fn mean(&self) -> f64 {
        if self.weights == 0.0 { f64::NAN } else { self.sum / self.weights }
    }
}

/// Adds integers up, modulo 2^64 as NumPy does.
#[derive(Clone, Copy, Debug, Default)]
pub struct WrappingSum<T> {
    /// The sum.
    pub sum: T,
}

/// Integers are added modulo 2^64.
macro_rules! wrapping {
    ($type:ty) => {
        impl Cell for WrappingSum<$type> {
            type Item = $type;

            fn add(&mut self, item: $type, _: f64) {
                self.sum = self.sum.wrapping_add(item);
            }

            fn merge(&mut self, later: &Self) {
                self.sum = self.sum.wrapping_add(later.sum);
            }
        }
    };
}

wrapping!(i64);
wrapping!(u64);

/// Keeps one of the values: `None` as long as there was none.
macro_rules! kept {
    ($name:ident, $words:literal, $replaces:expr) => {
        #[doc = $words]
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $name<T> {
            /// The value, where there was one.
            pub value: T,
            /// Whether there was one.
            pub is_there: bool,
        }

        impl<T: Item> Cell for $name<T> {
            type Item = T;

            fn add(&mut self, item: T, _: f64) {
                let replaces: fn(T, T) -> bool = $replaces;
                if !item.is_missing() && (!self.is_there || replaces(item, self.value)) {
                    *self = Self { value: item, is_there: true };
                }
            }

            fn merge(&mut self, later: &Self) {
                if later.is_there {
                    self.add(later.value, 1.0);
                }
            }
        }
    };
}

kept!(Least, "Keeps the least value.", |new, old| new < old);
kept!(Greatest, "Keeps the greatest value.", |new, old| new > old);
kept!(First, "Keeps the first value.", |_, _| false);
kept!(Last, "Keeps the last value.", |_, _| true);

/// Mean and sum of squared differences from it, by Welford's method (Welford 1962; with weights: West 1979), which loses no
/// digits where the mean is large beside the differences.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments<T> {
    /// The sum of weights: how many values there were, where none were asked for.
    pub weights: f64,
    /// The first value. All else is told from there: a mean far from zero would lose the digits that its values differ in.
    pub first: f64,
    /// Their mean, from the first value on.
    pub mean: f64,
    /// The sum of weighted squares of differences from the mean.
    pub squares: f64,
    marker: std::marker::PhantomData<T>,
}

impl<T: Item> Cell for Moments<T> {
    type Item = T;

    fn add(&mut self, item: T, weight: f64) {
        // A value of no weight changes nothing; the first one would divide by zero.
        if item.is_missing() || weight == 0.0 {
            return;
        }
        if self.weights == 0.0 {
            self.first = item.double();
        }
        self.weights += weight;
        let from_first = item.double() - self.first;
        let from_old = from_first - self.mean;
        self.mean += from_old * (weight / self.weights);
        self.squares += weight * from_old * (from_first - self.mean);
    }

    /// As Chan, Golub and LeVeque (1979) join two sets.
    fn merge(&mut self, later: &Self) {
        if later.weights == 0.0 {
            return;
        }
        if self.weights == 0.0 {
            self.first = later.first;
        }
        let weights = self.weights + later.weights;
        let apart = (later.first - self.first) + (later.mean - self.mean);
        self.squares += later.squares + apart * apart * (self.weights * later.weights / weights);
        self.mean += apart * (later.weights / weights);
        self.weights = weights;
    }
}

impl<T> Moments<T> {
    /// The variance; NaN where there were no values.
    pub fn variance(&self) -> f64 {
        if self.weights == 0.0 { f64::NAN } else { self.squares / self.weights }
    }
}

/// Whether one value is not zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnyTrue<T> {
    /// Whether there was one.
    pub any: bool,
    marker: std::marker::PhantomData<T>,
}

impl<T: Item> Cell for AnyTrue<T> {
    type Item = T;

    fn add(&mut self, item: T, _: f64) {
        self.any |= item.is_truthy();
    }

    fn merge(&mut self, later: &Self) {
        self.any |= later.any;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of<C: Cell>(items: &[C::Item]) -> C {
        let mut cell = C::default();
        items.iter().for_each(|item| cell.add(*item, 1.0));
        cell
    }

    #[test]
    fn missing_values_are_left_out() {
        let values = [f64::NAN, 3.0, 1.0, f64::NAN, 2.0];
        assert_eq!(of::<Sum<f64>>(&values).mean(), 2.0);
        assert_eq!(of::<Count<f64>>(&values).count, 3);
        assert_eq!(of::<First<f64>>(&values).value, 3.0);
        assert_eq!(of::<Last<f64>>(&values).value, 2.0);
        assert_eq!(of::<Least<f64>>(&values).value, 1.0);
        assert_eq!(of::<Greatest<f64>>(&values).value, 3.0);
        assert!((of::<Moments<f64>>(&values).variance() - 2.0 / 3.0).abs() < 1e-15);
        assert!(of::<AnyTrue<f64>>(&values[..1]).any, "NumPy counts NaN as true");
    }

    #[test]
    fn a_large_mean_costs_a_variance_no_digits() {
        let values: Vec<f64> = (1..=1000).map(|number| 1e12 + f64::from(number)).collect();
        let (early, late) = values.split_at(300);
        let mut merged = of::<Moments<f64>>(early);
        merged.merge(&of::<Moments<f64>>(late));
        // Of 1 to n it is (n² - 1) / 12.
        for cell in [of::<Moments<f64>>(&values), merged] {
            assert!((cell.variance() / (999_999.0 / 12.0) - 1.0).abs() < 1e-14, "{}", cell.variance());
        }
    }

    #[test]
    fn nothing_has_a_sum_of_zero_and_no_mean() {
        let nothing = [f64::NAN; 3];
        assert_eq!(of::<Sum<f64>>(&nothing).sum, 0.0);
        assert!(of::<Sum<f64>>(&nothing).mean().is_nan());
        assert!(of::<Moments<f64>>(&nothing).variance().is_nan());
        assert!(!of::<Least<f64>>(&nothing).is_there);
        assert!(!of::<AnyTrue<f64>>(&[]).any);
    }

    #[test]
    fn sums_of_integers_wrap() {
        assert_eq!(of::<WrappingSum<i64>>(&[i64::MAX, 1]).sum, i64::MIN);
        assert_eq!(of::<WrappingSum<u64>>(&[u64::MAX, 3]).sum, 2);
    }

    proptest! {
        /// What is kept of two halves is what is kept of both.
        #[test]
        fn halves_merge(values in prop::collection::vec(prop_oneof![-1e3..1e3f64, Just(f64::NAN)], 0..40), at in 0usize..40) {
            let (early, late) = values.split_at(at.min(values.len()));
            fn merged<C: Cell<Item = f64>>(early: &[f64], late: &[f64]) -> C {
                let mut cell = of::<C>(early);
                cell.merge(&of::<C>(late));
                cell
            }
            let same = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + a.abs()) || (a.is_nan() && b.is_nan());
            prop_assert!(same(merged::<Sum<f64>>(early, late).mean(), of::<Sum<f64>>(&values).mean()));
            prop_assert!(same(merged::<Moments<f64>>(early, late).variance(), of::<Moments<f64>>(&values).variance()));
            prop_assert_eq!(merged::<First<f64>>(early, late).value, of::<First<f64>>(&values).value);
            prop_assert_eq!(merged::<Last<f64>>(early, late).value, of::<Last<f64>>(&values).value);
            prop_assert_eq!(merged::<Least<f64>>(early, late).value, of::<Least<f64>>(&values).value);
            prop_assert_eq!(merged::<Greatest<f64>>(early, late).is_there, of::<Greatest<f64>>(&values).is_there);
            prop_assert_eq!(merged::<Count<f64>>(early, late).count, of::<Count<f64>>(&values).count);
        }
    }
}
