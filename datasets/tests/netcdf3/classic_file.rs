//! Writes headers that no library would write.

/// Type numbers of the format.
pub const BYTE: u32 = 1;
pub const CHAR: u32 = 2;
pub const SHORT: u32 = 3;
pub const INT: u32 = 4;
pub const FLOAT: u32 = 5;
pub const DOUBLE: u32 = 6;

/// A variable to be written.
#[derive(Clone)]
pub struct ClassicVariable {
    pub name: Vec<u8>,
    pub dimensions: Vec<u64>,
    pub attributes: Vec<(Vec<u8>, u32, u64, Vec<u8>)>,
    pub code: u32,
    pub vsize: u64,
    pub begin: u64,
}

/// A file to be written: its header, and bytes behind it that are never alike in a row.
#[derive(Clone)]
pub struct ClassicFile {
    pub version: u8,
    pub records: u64,
    pub dimensions: Vec<(Vec<u8>, u64)>,
    pub attributes: Vec<(Vec<u8>, u32, u64, Vec<u8>)>,
    pub variables: Vec<ClassicVariable>,
    pub length: usize,
}

impl ClassicFile {
    /// A file with one dimension `x` of length 4 and without variables.
    pub fn new(version: u8) -> Self {
        let dimensions = vec![(b"x".to_vec(), 4)];
        Self { version, records: 0, dimensions, attributes: vec![], variables: vec![], length: 1024 }
    }

    pub fn dimension(mut self, name: &str, length: u64) -> Self {
        self.dimensions.push((name.into(), length));
        self
    }

    pub fn variable(mut self, name: &[u8], code: u32, dimensions: &[u64], begin: u64) -> Self {
        let (name, dimensions) = (name.to_vec(), dimensions.to_vec());
        self.variables.push(ClassicVariable {
            name,
            dimensions,
            attributes: vec![],
            code,
            vsize: 0xdead,
            begin,
        });
        self
    }

    pub fn attribute(mut self, name: &[u8], code: u32, count: u64, bytes: &[u8]) -> Self {
        self.attributes.push((name.to_vec(), code, count, bytes.to_vec()));
        self
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = vec![b'C', b'D', b'F', self.version];
        self.count(&mut out, self.records);
        self.list(&mut out, 0x0a, self.dimensions.len());
        for (name, length) in &self.dimensions {
            self.name(&mut out, name);
            self.count(&mut out, *length);
        }
        self.attributes(&mut out, &self.attributes);
        self.list(&mut out, 0x0b, self.variables.len());
        for variable in &self.variables {
            self.name(&mut out, &variable.name);
            self.count(&mut out, variable.dimensions.len() as u64);
            variable.dimensions.iter().for_each(|&number| self.count(&mut out, number));
            self.attributes(&mut out, &variable.attributes);
            out.extend(variable.code.to_be_bytes());
            self.count(&mut out, variable.vsize);
            match self.version {
                1 => out.extend((variable.begin as u32).to_be_bytes()),
                _ => out.extend(variable.begin.to_be_bytes()),
            }
        }
        let header = out.len();
        out.extend((header..self.length).map(byte));
        out
    }

    fn count(&self, out: &mut Vec<u8>, n: u64) {
        match self.version {
            5 => out.extend(n.to_be_bytes()),
            _ => out.extend((n as u32).to_be_bytes()),
        }
    }

    fn list(&self, out: &mut Vec<u8>, tag: u32, count: usize) {
        out.extend(if count == 0 { 0 } else { tag }.to_be_bytes());
        self.count(out, count as u64);
    }

    fn name(&self, out: &mut Vec<u8>, name: &[u8]) {
        self.count(out, name.len() as u64);
        out.extend(name);
        pad(out, name.len());
    }

    fn attributes(&self, out: &mut Vec<u8>, attributes: &[(Vec<u8>, u32, u64, Vec<u8>)]) {
        self.list(out, 0x0c, attributes.len());
        for (name, code, count, bytes) in attributes {
            self.name(out, name);
            out.extend(code.to_be_bytes());
            self.count(out, *count);
            out.extend(bytes);
            pad(out, bytes.len());
        }
    }
}

fn pad(out: &mut Vec<u8>, length: usize) {
    out.extend(vec![0; length.next_multiple_of(4) - length]);
}

/// The byte at a place behind the header.
pub fn byte(at: usize) -> u8 {
    (at % 251) as u8 + 1
}
