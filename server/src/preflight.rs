//! Looks at a shared library before anything of it runs: a library that the dynamic loader would crash on, or that no weir can
//! work with, is refused with the reason.
//!
//! The checks work on a copy in memory. Nothing here trusts a number of the file: a library that is still being copied into the
//! plugin directory is the common case, and `dlopen` of one ends the process with a bus error.

use std::fmt;
use std::mem::offset_of;

use object::elf;
use object::read::elf::{
    ElfFile64, FileHeader as _, NoteIterator, ProgramHeader as _, SectionHeader as _, Sym as _,
};
use object::{Endianness, Object as _, ObjectSection as _, ObjectSymbol as _};
use serde_json::Value;
use weir_plugin_abi as abi;
use weir_plugin_abi::WeirPlugin;

type Header = elf::FileHeader64<Endianness>;
type File<'a> = ElfFile64<'a, Endianness>;

/// The greatest number of bytes of a plugin.
pub const LARGEST: u64 = 512 << 20;

/// The longest name of a plugin.
const LONGEST_NAME: usize = 64;

/// What a plugin says of itself in its note, without any of its code having run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The ABI that it was built against, as `major.minor`.
    pub abi: String,
    /// Its name: lower case.
    pub name: String,
    /// Its version, for people.
    pub version: String,
}

/// What was found in a library that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The symbols that it exports, sorted.
    pub exported: Vec<String>,
    /// The libraries that it needs, in their order.
    pub needed: Vec<String>,
}

/// Why a file is not a plugin that this server could load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// No bytes.
    Empty,
    /// Some other kind of file.
    NotElf,
    /// A library for 32-bit programs.
    Not64Bit,
    /// A library for the other byte order.
    ByteOrder,
    /// A library for another processor.
    Machine {
        /// `e_machine` of the library.
        of_library: u16,
        /// `e_machine` of this server.
        of_server: u16,
    },
    /// A program, an object file or a core dump.
    NotALibrary,
    /// Its end is missing.
    Truncated {
        /// Bytes that are there.
        has: u64,
        /// Bytes that its headers speak of.
        needs: u64,
    },
    /// Its headers contradict themselves.
    Damaged(String),
    /// It carries no manifest.
    NoNote,
    /// Its manifest cannot be used.
    BadNote(String),
    /// Built against another major version of the ABI.
    OtherAbi(String),
    /// Built so that one panic ends the whole server.
    PanicAborts,
    /// The entry symbol is missing.
    NoEntry,
    /// The entry symbol is no table, or a table that is too short.
    ShortEntry(u64),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (section, entry) = (abi::NOTE_SECTION, abi::ENTRY_SYMBOL);
        match self {
            Self::Empty => write!(f, "it is empty; is it still being copied?"),
            Self::NotElf => write!(f, "it is not an ELF file; a plugin is a shared library for Linux"),
            Self::Not64Bit => write!(f, "it is built for 32-bit programs; build it for this machine"),
            Self::ByteOrder => write!(f, "it is built for the other byte order; build it for this machine"),
            Self::Machine { of_library, of_server } => write!(
                f,
                "it is built for {}, this server runs on {}; build it for this machine",
                machine_name(*of_library),
                machine_name(*of_server)
            ),
            Self::NotALibrary => {
                write!(f, "it is not a shared library; link it with -shared, or as a crate of type cdylib")
            }
            Self::Truncated { has, needs } => {
                write!(f, "it is truncated: {has} of {needs} bytes are there; is it still being copied?")
            }
            Self::Damaged(what) => write!(f, "it is a damaged ELF file: {what}"),
            Self::NoNote => write!(
                f,
                "it is not a weir plugin: it has no note {section}; use export_plugin! in Rust, WEIR_PLUGIN_NOTE in C"
            ),
            Self::BadNote(what) => write!(f, "its note {section} cannot be used: {what}"),
            Self::OtherAbi(abi) => {
                write!(f, "it speaks ABI {abi}, this server speaks ABI {}", abi::WEIR_ABI_MAJOR)
            }
            Self::PanicAborts => {
                write!(
                    f,
                    "it is built with panic = \"abort\", so that one panic would end the server; build it with \"unwind\""
                )
            }
            Self::NoEntry => write!(f, "it does not export {entry}"),
            Self::ShortEntry(size) => {
                write!(f, "its {entry} has {size} bytes, a plugin's table has {LEAST_TABLE}")
            }
        }
    }
}

impl std::error::Error for Unfit {}

/// Bytes of the shortest table of major version 1.
const LEAST_TABLE: usize = offset_of!(WeirPlugin, self_test) + size_of::<usize>();

/// Looks at the whole content of a file.
///
/// # Errors
/// [`Unfit`] says why this server could not load it.
pub fn inspect(image: &[u8]) -> Result<Inspection, Unfit> {
    let header = right_kind(image)?;
    complete(header, image)?;
    let file = File::parse(image).map_err(damaged)?;
    let dynamics = dynamics(&file)?;
    if dynamics.is_program {
        return Err(Unfit::NotALibrary);
    }
    let manifest = manifest(&note(&file)?.ok_or(Unfit::NoNote)?)?;
    entry(&file)?;
    Ok(Inspection { manifest, exported: exported(&file), needed: dynamics.needed })
}

fn damaged(error: object::read::Error) -> Unfit {
    Unfit::Damaged(error.to_string().to_lowercase())
}

/// Class, byte order, processor and type, from the file's first bytes.
fn right_kind(image: &[u8]) -> Result<&Header, Unfit> {
    if image.is_empty() {
        return Err(Unfit::Empty);
    }
    if !image.starts_with(&elf::ELFMAG) {
        return Err(Unfit::NotElf);
    }
    if image.len() < size_of::<Header>() {
        return Err(Unfit::Truncated { has: image.len() as u64, needs: size_of::<Header>() as u64 });
    }
    let native_order = if cfg!(target_endian = "little") { elf::ELFDATA2LSB } else { elf::ELFDATA2MSB };
    // The class and the byte order are the fifth and the sixth byte of every ELF file.
    match image {
        [_, _, _, _, class, ..] if *class != elf::ELFCLASS64.0 => return Err(Unfit::Not64Bit),
        [_, _, _, _, _, order, ..] if *order != native_order.0 => return Err(Unfit::ByteOrder),
        _ => {}
    }
    let header = Header::parse(image).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    let of_library = header.e_machine(endian).0;
    match native_machine() {
        Some(of_server) if of_server != of_library => return Err(Unfit::Machine { of_library, of_server }),
        _ => {}
    }
    if header.e_type(endian) == elf::ET_DYN { Ok(header) } else { Err(Unfit::NotALibrary) }
}

/// Processors that weir runs on, as `e_machine` and as people call them.
const MACHINES: &[(&str, elf::Machine)] = &[
    ("x86_64", elf::EM_X86_64),
    ("aarch64", elf::EM_AARCH64),
    ("riscv64", elf::EM_RISCV),
    ("powerpc64", elf::EM_PPC64),
    ("s390x", elf::EM_S390),
];

fn native_machine() -> Option<u16> {
    MACHINES.iter().find(|(name, _)| *name == std::env::consts::ARCH).map(|(_, machine)| machine.0)
}

fn machine_name(machine: u16) -> String {
    let known = MACHINES.iter().find(|(_, known)| known.0 == machine);
    known.map_or_else(|| format!("processor {machine}"), |(name, _)| (*name).to_owned())
}

/// Every byte that the headers speak of must be there, or `dlopen` maps pages behind the end and dies of touching them.
fn complete(header: &Header, image: &[u8]) -> Result<(), Unfit> {
    let has = image.len() as u64;
    let within = |start: u64, length: u64| match start.checked_add(length) {
        Some(end) if end <= has => Ok(()),
        Some(needs) => Err(Unfit::Truncated { has, needs }),
        None => Err(Unfit::Damaged(format!("a part of {length} bytes begins at byte {start}"))),
    };
    let endian = header.endian().map_err(damaged)?;
    let table = |count: u16, size: u16| u64::from(count).saturating_mul(u64::from(size));
    let segments_length = table(header.e_phnum(endian), header.e_phentsize(endian));
    let sections_length = table(header.e_shnum(endian), header.e_shentsize(endian));
    within(header.e_phoff(endian), segments_length)?;
    within(header.e_shoff(endian), sections_length)?;
    let segments = header.program_headers(endian, image).map_err(damaged)?;
    if !segments.iter().any(|segment| segment.p_type(endian) == elf::PT_LOAD) {
        return Err(Unfit::Damaged("it has nothing to load".to_owned()));
    }
    for segment in segments {
        within(segment.p_offset(endian), segment.p_filesz(endian))?;
        if segment.p_type(endian) == elf::PT_LOAD && segment.p_filesz(endian) > segment.p_memsz(endian) {
            return Err(Unfit::Damaged("a segment is larger in the file than in memory".to_owned()));
        }
    }
    for section in header.section_headers(endian, image).map_err(damaged)? {
        if let Some((start, length)) = section.file_range(endian) {
            within(start, length)?;
        }
    }
    Ok(())
}

/// What the dynamic table says.
struct Dynamics {
    needed: Vec<String>,
    is_program: bool,
}

fn dynamics(file: &File<'_>) -> Result<Dynamics, Unfit> {
    let table = file.elf_dynamic_table().map_err(damaged)?;
    let mut dynamics = Dynamics { needed: vec![], is_program: false };
    for entry in table.iter() {
        if entry.tag == elf::DT_NEEDED {
            let name = table.string(entry).map_err(damaged)?;
            dynamics.needed.push(String::from_utf8_lossy(name).into_owned());
        }
        // Programs are position-independent nowadays, so the type alone does not tell them from libraries.
        dynamics.is_program |= entry.tag == elf::DT_FLAGS_1 && entry.val & elf::DF_1_PIE.0 != 0;
    }
    Ok(dynamics)
}

/// The description of the note: found by its section's name or, where the sections were stripped, among all notes.
fn note(file: &File<'_>) -> Result<Option<Vec<u8>>, Unfit> {
    let endian = file.endian();
    let mut places = Vec::new();
    if let Some(section) = file.section_by_name(abi::NOTE_SECTION) {
        places.push(section.data().map_err(damaged)?);
    }
    for segment in file.elf_program_headers() {
        if segment.p_type(endian) == elf::PT_NOTE {
            let data = segment.data(endian, file.data());
            places.push(data.map_err(|()| Unfit::Damaged("a note lies outside of the file".to_owned()))?);
        }
    }
    for place in places {
        let mut notes = NoteIterator::<Header>::new(endian, 4, place).map_err(damaged)?;
        // Notes of others may be aligned in their own way; where they cannot be read, ours is not among them.
        while let Ok(Some(note)) = notes.next() {
            if note.name() == abi::NOTE_OWNER.as_bytes() && note.n_type(endian).0 == 1 {
                return Ok(Some(note.desc().to_vec()));
            }
        }
    }
    Ok(None)
}

fn manifest(description: &[u8]) -> Result<Manifest, Unfit> {
    // The note of a plugin in C ends with the NUL of its string literal.
    let text = description.strip_suffix(&[0]).unwrap_or(description);
    let json: Value =
        serde_json::from_slice(text).map_err(|error| Unfit::BadNote(format!("it is not JSON: {error}")))?;
    let text = |key: &str| json.get(key).and_then(Value::as_str);
    let required = |key: &str| text(key).ok_or_else(|| Unfit::BadNote(format!("it has no text \"{key}\"")));
    let abi = required("abi")?;
    let (major, _) = abi.split_once('.').unwrap_or((abi, ""));
    let Ok(major) = major.parse::<u32>() else {
        let abi = abi.escape_debug();
        return Err(Unfit::BadNote(format!("\"abi\" is \"{abi}\", but should look like \"1.0\"")));
    };
    if major != abi::WEIR_ABI_MAJOR {
        return Err(Unfit::OtherAbi(abi.to_owned()));
    }
    if text("panic") == Some("abort") {
        return Err(Unfit::PanicAborts);
    }
    let name = required("name")?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(plain) {
        let name = name.escape_debug();
        return Err(Unfit::BadNote(format!(
            "\"name\" is \"{name}\", but should have 1 to {LONGEST_NAME} of a-z, 0-9, - and _"
        )));
    }
    Ok(Manifest { abi: abi.to_owned(), name: name.to_owned(), version: required("version")?.to_owned() })
}

fn entry(file: &File<'_>) -> Result<(), Unfit> {
    let endian = file.endian();
    let is_entry = |name: &str| name == abi::ENTRY_SYMBOL;
    let symbol = file
        .dynamic_symbols()
        .find(|symbol| symbol.is_definition() && symbol.is_global() && symbol.name().is_ok_and(is_entry));
    let symbol = symbol.ok_or(Unfit::NoEntry)?.elf_symbol();
    let size = symbol.st_size(endian);
    if symbol.st_type() == elf::STT_OBJECT && size >= LEAST_TABLE as u64 {
        Ok(())
    } else {
        Err(Unfit::ShortEntry(size))
    }
}

fn exported(file: &File<'_>) -> Vec<String> {
    let symbols = file.dynamic_symbols().filter(|symbol| symbol.is_definition() && symbol.is_global());
    let mut names: Vec<String> = symbols.filter_map(|symbol| symbol.name().ok().map(str::to_owned)).collect();
    names.sort();
    names.dedup();
    names
}
