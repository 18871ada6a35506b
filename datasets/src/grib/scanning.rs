//! Scanning modes (flag table 3.4 of GRIB 2, table 8 of GRIB 1): in which order a message stores the points of its grid.

/// The order of a grid's points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scanning(pub u8);

impl Scanning {
    /// Whether x falls along a row (bit 1).
    pub fn falls_along_x(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// Whether y rises from row to row (bit 2).
    pub fn rises_along_y(self) -> bool {
        self.0 & 0x40 != 0
    }

    /// Whether neighbours along y follow each other (bit 3).
    pub fn by_columns(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// Whether every second row, or column, runs backwards (bit 4).
    pub fn alternates(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// Whether rows are shifted against each other, or shorter than others (bits 5 to 8 of GRIB 2).
    pub fn staggers(self) -> bool {
        self.0 & 0x0f != 0
    }

    /// Puts stored values into rows of x: the first is the row that is stored first, and each runs as the first one does.
    /// The caller has checked that there are `nx` times `ny` values.
    pub fn into_rows(self, values: Vec<f32>, nx: usize, ny: usize) -> Vec<f32> {
        let mut values = values;
        let line = if self.by_columns() { ny } else { nx };
        if self.alternates() && line > 0 {
            values.chunks_exact_mut(line).skip(1).step_by(2).for_each(<[f32]>::reverse);
        }
        if !self.by_columns() || ny == 0 {
            return values;
        }
        (0..ny).flat_map(|row| values.iter().skip(row).step_by(ny)).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_becomes_rows() {
        let check = |mode: u8, stored: [f32; 6]| {
            let rows = Scanning(mode).into_rows(stored.to_vec(), 3, 2);
            assert_eq!(rows, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "{mode:#x}");
        };
        check(0x00, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        check(0xc0, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        check(0x10, [1.0, 2.0, 3.0, 6.0, 5.0, 4.0]);
        check(0x20, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        check(0x30, [1.0, 4.0, 5.0, 2.0, 3.0, 6.0]);
    }
}
