//! Cells of a variable taken for others: those nearest to places, those inside an area, or sums of cells that lie where others are
//! wanted. What is made looks to the engine as if it were stored.

use std::ops::Range;

/// The cell of a target that none is taken for.
pub const NO_CELL: u32 = u32::MAX;

/// What becomes of the axes of a variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// The axes along which cells lie: one or two, in the order in which cells are numbered.
    pub cells: Vec<usize>,
    /// The axes of what is made.
    pub axes: Vec<Origin>,
    /// How many targets there are along each of one or two axes.
    pub targets: Vec<usize>,
    /// What is taken for each.
    pub taking: Taking,
    /// How many cells are read for one target, on the average, at least one.
    pub cost: u64,
}

/// Where an axis of what is made comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is an axis of the variable.
    Kept(usize),
    /// It is one of targets, by its number.
    Target(usize),
}

/// What is taken for targets.
#[derive(Clone, Debug, PartialEq)]
pub enum Taking {
    /// One cell for each, by its number; targets row-major.
    Each(Vec<u32>),
    /// Sums over rows and columns of cells: along both axes, shares of the indices that each target takes.
    Sums {
        /// Along the first axis.
        rows: Shares,
        /// Along the second one.
        columns: Shares,
        /// What a missing value does.
        missing: Missing,
    },
}

/// What a missing value does to a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is left out, and the others count for more.
    LeftOut,
    /// The sum is missing.
    Spreads,
}

/// Shares of indices along one axis, for each target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shares {
    starts: Vec<usize>,
    of: Vec<(u32, f64)>,
}

impl Shares {
    /// Of each target, the indices that it takes with their shares.
    #[must_use]
    pub fn of(targets: impl Iterator<Item = Vec<(u32, f64)>>) -> Self {
        let mut shares = Self { starts: vec![0], of: Vec::new() };
        for target in targets {
            shares.of.extend(target.into_iter().filter(|(_, share)| *share != 0.0));
            shares.starts.push(shares.of.len());
        }
        shares
    }

    /// The shares of one target.
    #[must_use]
    pub fn at(&self, target: usize) -> &[(u32, f64)] {
        let end = target.saturating_add(1);
        let (Some(start), Some(end)) = (self.starts.get(target), self.starts.get(end)) else { return &[] };
        self.of.get(*start..*end).unwrap_or_default()
    }

    /// The first and the last index that some targets take; `None` where they take none.
    #[must_use]
    pub fn hull(&self, targets: &[usize]) -> Option<Range<u64>> {
        let taken = || targets.iter().flat_map(|target| self.at(*target)).map(|(index, _)| u64::from(*index));
        Some(taken().min()?..taken().max()?.saturating_add(1))
    }

    /// How many targets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }
}

impl Mapping {
    /// Whether some targets have no value of their own, so that results must be able to be missing, or to lie between values.
    #[must_use]
    pub fn makes_reals(&self) -> bool {
        match &self.taking {
            Taking::Each(cells) => cells.contains(&NO_CELL),
            Taking::Sums { .. } => true,
        }
    }

    /// Bytes that it takes in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let bytes = match &self.taking {
            Taking::Each(cells) => cells.len().saturating_mul(size_of::<u32>()),
            Taking::Sums { rows, columns, .. } => {
                rows.of.len().saturating_add(columns.of.len()).saturating_mul(size_of::<(u32, f64)>())
            }
        };
        bytes as u64
    }

    /// The same, with what it costs where a variable has these lengths and chunks.
    #[must_use]
    pub fn costed(mut self, shape: &[u64], chunks: &[u64]) -> Self {
        let targets = self.targets.iter().fold(1_u64, |all, one| all.saturating_mul(*one as u64)).max(1);
        let read = match &self.taking {
            Taking::Each(cells) => {
                let width = self.width(shape);
                let all = cells.iter().zip(0_usize..).filter(|(cell, _)| **cell != NO_CELL);
                let all = all.map(|(cell, place)| Wanted::of((place, *cell), width)).collect();
                let all = clusters(all, self.chunk(chunks));
                all.iter().map(Cluster::cells).fold(0, u64::saturating_add)
            }
            Taking::Sums { rows, columns, .. } => {
                let length = |shares: &Shares| {
                    shares
                        .hull(&(0..shares.len()).collect::<Vec<_>>())
                        .map_or(0, |hull| hull.end.saturating_sub(hull.start))
                };
                // What is summed is there as doubles, too.
                length(rows).saturating_mul(length(columns)).saturating_mul(4)
            }
        };
        self.cost = read.div_ceil(targets).max(1);
        self
    }

    /// How many cells a row has.
    #[must_use]
    pub fn width(&self, shape: &[u64]) -> u64 {
        self.cells.get(1).and_then(|axis| shape.get(*axis)).copied().unwrap_or(1).max(1)
    }

    /// The lengths of chunks along the axes of cells.
    #[must_use]
    pub fn chunk(&self, chunks: &[u64]) -> (u64, u64) {
        let along = |place: usize| {
            self.cells.get(place).and_then(|axis| chunks.get(*axis)).copied().unwrap_or(1).max(1)
        };
        (along(0), along(1))
    }
}

/// A target and the cell that is taken for it, by row and column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// The number of the target.
    pub target: usize,
    /// The row of the cell.
    pub row: u64,
    /// Its column.
    pub column: u64,
}

impl Wanted {
    /// A target's cell, by its number in rows of a width.
    #[must_use]
    pub fn of((target, cell): (usize, u32), width: u64) -> Self {
        let cell = u64::from(cell);
        let row = cell.checked_div(width).unwrap_or(0);
        Self { target, row, column: cell.checked_rem(width).unwrap_or(0) }
    }
}

/// Cells that are read together.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// The targets that take them.
    pub wanted: Vec<Wanted>,
    /// The rows that are read.
    pub rows: Range<u64>,
    /// The columns that are read.
    pub columns: Range<u64>,
}

/// Cells that are read at once although they lie in several chunks.
const READ_AT_ONCE: u64 = 1 << 16;

impl Cluster {
    fn of(wanted: Vec<Wanted>) -> Self {
        let hull = |of: fn(&Wanted) -> u64| {
            let (least, greatest) = (wanted.iter().map(of).min(), wanted.iter().map(of).max());
            least.unwrap_or(0)..greatest.map_or(0, |greatest| greatest.saturating_add(1))
        };
        let (rows, columns) = (hull(|one| one.row), hull(|one| one.column));
        Self { wanted, rows, columns }
    }

    /// How many cells are read.
    #[must_use]
    pub fn cells(&self) -> u64 {
        let length = |range: &Range<u64>| range.end.saturating_sub(range.start);
        length(&self.rows).saturating_mul(length(&self.columns))
    }
}

/// Cells that are wanted, so that each chunk is read once: all together where they lie close, else chunk by chunk.
#[must_use]
pub fn clusters(mut wanted: Vec<Wanted>, (rows, columns): (u64, u64)) -> Vec<Cluster> {
    let all = wanted.len() as u64;
    if all == 0 {
        return Vec::new();
    }
    let chunk = |one: &Wanted| (one.row.checked_div(rows), one.column.checked_div(columns));
    let together = Cluster::of(wanted.clone());
    if together.cells() <= all.saturating_mul(2) || (together.cells() <= READ_AT_ONCE && all > 64) {
        return vec![together];
    }
    wanted.sort_by_key(|one| (chunk(one), one.row, one.column));
    wanted.chunk_by(|a, b| chunk(a) == chunk(b)).map(|cluster| Cluster::of(cluster.to_vec())).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shares_are_those_of_their_target() {
        let shares = Shares::of([vec![(3, 0.5), (4, 0.0), (5, 0.5)], vec![], vec![(1, 1.0)]].into_iter());
        assert_eq!(
            (shares.at(0), shares.at(1), shares.at(2)),
            (&[(3, 0.5), (5, 0.5)][..], &[][..], &[(1, 1.0)][..])
        );
        assert_eq!((shares.at(3), shares.len()), (&[][..], 3));
        assert_eq!(
            (shares.hull(&[0, 1, 2]), shares.hull(&[1]), shares.hull(&[0])),
            (Some(1..6), None, Some(3..6))
        );
    }

    proptest! {
        /// Every target's cell is read in one cluster, and those of a chunk in the same.
        #[test]
        fn clusters_hold_each_target_once(cells in prop::collection::vec(0_u32..100_000, 0..80), rows in 1_u64..40, columns in 1_u64..40) {
            let wanted: Vec<Wanted> = cells.iter().enumerate().map(|(place, cell)| Wanted::of((place, *cell), 250)).collect();
            let made = clusters(wanted.clone(), (rows, columns));
            let mut seen: Vec<Wanted> = made.iter().flat_map(|cluster| cluster.wanted.clone()).collect();
            seen.sort_by_key(|one| one.target);
            prop_assert_eq!(seen, wanted);
            for cluster in &made {
                prop_assert!(cluster.wanted.iter().all(|one| cluster.rows.contains(&one.row) && cluster.columns.contains(&one.column)));
            }
            let chunks: Vec<(u64, u64)> = made.iter().map(|cluster| (cluster.rows.start / rows, cluster.columns.start / columns)).collect();
            let distinct: std::collections::BTreeSet<_> = chunks.iter().collect();
            prop_assert_eq!(distinct.len(), chunks.len());
        }
    }
}
