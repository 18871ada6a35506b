//! Writes small netCDF-3 files (CDF-1), by the format's specification, so that tests need no other program.

/// Values of a variable; stored big-endian.
#[derive(Clone, Debug)]
pub enum Values {
    /// `NC_SHORT`.
    Int16(Vec<i16>),
    /// `NC_FLOAT`.
    Float32(Vec<f32>),
    /// `NC_DOUBLE`.
    Float64(Vec<f64>),
    /// `NC_CHAR`.
    Char(Vec<u8>),
}

impl Values {
    fn code(&self) -> u32 {
        match self {
            Self::Char(_) => 2,
            Self::Int16(_) => 3,
            Self::Float32(_) => 5,
            Self::Float64(_) => 6,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Int16(v) => v.iter().flat_map(|n| n.to_be_bytes()).collect(),
            Self::Float32(v) => v.iter().flat_map(|n| n.to_be_bytes()).collect(),
            Self::Float64(v) => v.iter().flat_map(|n| n.to_be_bytes()).collect(),
            Self::Char(v) => v.clone(),
        }
    }
}

/// Names and texts.
type Attributes = Vec<(String, String)>;

/// A file in the making: dimensions, of which the one of length 0 counts records, variables over them, text attributes.
#[derive(Clone, Debug, Default)]
pub struct Netcdf3 {
    dimensions: Vec<(String, u32)>,
    variables: Vec<(String, Vec<usize>, Attributes, Values)>,
    attributes: Attributes,
}

impl Netcdf3 {
    /// An empty file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares a dimension; the one of length 0 counts records. Elements of variables over it have 4 or 8 bytes each.
    pub fn dimension(mut self, name: &str, length: u32) -> Self {
        self.dimensions.push((name.to_owned(), length));
        self
    }

    /// Adds a global text attribute.
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a variable over the named dimensions, with text attributes.
    pub fn variable(
        mut self,
        name: &str,
        dimensions: &[&str],
        attributes: &[(&str, &str)],
        values: Values,
    ) -> Self {
        let place = |wanted: &&str| self.dimensions.iter().position(|(name, _)| name == wanted).unwrap();
        let places = dimensions.iter().map(place).collect();
        let attributes = attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        self.variables.push((name.to_owned(), places, attributes, values));
        self
    }

    /// The file's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        // Offsets are part of the header, and the header's length does not depend on them: lay out twice.
        let length = self.header(0).len();
        let mut file = self.header(length);
        for (_, dimensions, _, values) in &self.variables {
            if self.records_of(dimensions, values).is_none() {
                file.extend(padded(values.bytes()));
            }
        }
        for record in 0..self.records() {
            for (_, dimensions, _, values) in &self.variables {
                if let Some(records) = self.records_of(dimensions, values) {
                    let (bytes, size) = (values.bytes(), values.bytes().len() / records);
                    file.extend(&bytes[record * size..(record + 1) * size]);
                }
            }
        }
        file
    }

    /// How many records the file has.
    fn records(&self) -> usize {
        let all = self
            .variables
            .iter()
            .filter_map(|(_, dimensions, _, values)| self.records_of(dimensions, values));
        all.max().unwrap_or(0)
    }

    /// How many records a variable has, if its first dimension counts them.
    fn records_of(&self, dimensions: &[usize], values: &Values) -> Option<usize> {
        let mut lengths = dimensions.iter().map(|place| self.dimensions[*place].1 as usize);
        let element = if matches!(values, Values::Float64(_)) { 8 } else { 4 };
        let is_record = lengths.next() == Some(0);
        is_record.then(|| values.bytes().len() / lengths.product::<usize>() / element)
    }

    fn header(&self, data: usize) -> Vec<u8> {
        let mut out = b"CDF\x01".to_vec();
        out.extend((self.records() as u32).to_be_bytes());
        list(&mut out, 10, self.dimensions.len());
        for (name, length) in &self.dimensions {
            text(&mut out, name);
            out.extend(length.to_be_bytes());
        }
        attributes(&mut out, &self.attributes);
        list(&mut out, 11, self.variables.len());
        let fixed = self
            .variables
            .iter()
            .filter(|(_, dimensions, _, values)| self.records_of(dimensions, values).is_none());
        let fixed: usize = fixed.map(|(.., values)| padded(values.bytes()).len()).sum();
        let (mut begin_fixed, mut begin_record) = (data, data + fixed);
        for (name, dimensions, own, values) in &self.variables {
            text(&mut out, name);
            out.extend((dimensions.len() as u32).to_be_bytes());
            dimensions.iter().for_each(|d| out.extend((*d as u32).to_be_bytes()));
            attributes(&mut out, own);
            out.extend(values.code().to_be_bytes());
            let (size, begin) = match self.records_of(dimensions, values) {
                Some(records) => (values.bytes().len() / records, &mut begin_record),
                None => (padded(values.bytes()).len(), &mut begin_fixed),
            };
            out.extend((size as u32).to_be_bytes());
            out.extend((*begin as u32).to_be_bytes());
            *begin += size;
        }
        out
    }
}

/// A folder with one dataset, `d.nc`: the variable `x` with the values 1, 2, 3.
pub fn small_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file =
        Netcdf3::new().dimension("x", 3).variable("x", &["x"], &[], Values::Float32(vec![1.0, 2.0, 3.0]));
    std::fs::write(folder.path().join("d.nc"), file.bytes()).unwrap();
    folder
}

fn list(out: &mut Vec<u8>, tag: u32, n: usize) {
    out.extend((if n == 0 { 0 } else { tag }).to_be_bytes());
    out.extend((n as u32).to_be_bytes());
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u32).to_be_bytes());
    out.extend(padded(text.as_bytes().to_vec()));
}

fn attributes(out: &mut Vec<u8>, attributes: &[(String, String)]) {
    list(out, 12, attributes.len());
    for (name, value) in attributes {
        text(out, name);
        out.extend(2_u32.to_be_bytes());
        text(out, value);
    }
}

fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
