//! Links: the members of a group, whichever of the three ways it keeps them.
//!
//! Source: "HDF5 File Format Specification Version 3.0", sections III.A to III.D and IV.A.2.g.

use hdf5_reader::btree_v1::collect_btree_v1_leaves_storage;
use hdf5_reader::btree_v2::BTreeV2Record;
use hdf5_reader::io::Cursor;
use hdf5_reader::local_heap::LocalHeap;
use hdf5_reader::messages::{MSG_LINK, MSG_LINK_INFO, MSG_SYMBOL_TABLE, link_info, symbol_table_msg};
use hdf5_reader::symbol_table::{SymbolTableEntry, SymbolTableNode};

use super::dense::{self, Dense};
use super::metadata::{Metadata, guarded};
use super::object_header::ObjectHeader;
use crate::Error;

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To the object whose header is at this address.
    Hard(u64),
    /// To whatever is at this path.
    Soft(String),
    /// Out of the file, or to what only its writer knows.
    Elsewhere,
}

/// A named member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The name; what is not UTF-8 is replaced by U+FFFD.
    pub name: String,
    /// Where it leads.
    pub target: Target,
    order: u64,
}

/// The members of a group: in creation order where the group tracks it, else by name.
pub fn members(metadata: &Metadata, header: &ObjectHeader) -> Result<Vec<Link>, Error> {
    if let Some(table) = header.find(MSG_SYMBOL_TABLE) {
        return of_symbol_table(metadata, &table.body);
    }
    let mut links = Vec::new();
    for message in header.messages.iter().filter(|message| message.kind == MSG_LINK) {
        links.push(parse(metadata, &message.body)?);
    }
    let mut tracked = false;
    if let Some(info) = header.find(MSG_LINK_INFO) {
        let Metadata { offset_size, length_size, .. } = *metadata;
        let body = info.body.as_slice();
        let info = guarded("link info", || {
            link_info::parse(&mut Cursor::new(body), offset_size, length_size, body.len())
        })?;
        tracked = info.creation_order_tracked;
        let heap = metadata.defined(info.fractal_heap_address);
        if let Some((heap, index)) = heap.zip(metadata.defined(info.btree_name_index_address)) {
            links.extend(dense_links(metadata, Dense { heap, index })?);
        }
    }
    match tracked {
        true => links.sort_by_key(|link| link.order),
        false => links.sort_by(|a, b| a.name.cmp(&b.name)),
    }
    Ok(links)
}

/// Parses a link message.
fn parse(metadata: &Metadata, body: &[u8]) -> Result<Link, Error> {
    let mut cursor = Cursor::new(body);
    let (version, flags) = (cursor.read_u8()?, cursor.read_u8()?);
    if version != 1 {
        return Err(Error::corrupt(format!("a link has the unknown version {version}")));
    }
    let kind = if flags & 0x08 != 0 { cursor.read_u8()? } else { 0 };
    let order = if flags & 0x04 != 0 { cursor.read_u64_le()? } else { 0 };
    cursor.skip(if flags & 0x10 != 0 { 1 } else { 0 })?;
    let length = cursor.read_uvar(1_usize << (flags & 0x03))?;
    let name = cursor.read_bytes(usize::try_from(length).unwrap_or(usize::MAX))?;
    let name = String::from_utf8_lossy(name).into_owned();
    let target = match kind {
        0 => Target::Hard(cursor.read_offset(metadata.offset_size)?),
        1 => {
            let length = usize::from(cursor.read_u16_le()?);
            Target::Soft(text(cursor.read_bytes(length)?))
        }
        _ => Target::Elsewhere,
    };
    Ok(Link { name, target, order })
}

/// Bytes up to the first NUL, as text.
fn text(bytes: &[u8]) -> String {
    let bytes = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

/// Links in a fractal heap, with an index by name.
fn dense_links(metadata: &Metadata, dense: Dense) -> Result<Vec<Link>, Error> {
    let bodies = dense::bodies(metadata, dense, "dense links", |record| match record {
        BTreeV2Record::LinkNameHash { heap_id, .. } => Some(((), heap_id)),
        _ => None,
    })?;
    bodies.into_iter().map(|(_, body)| parse(metadata, &body)).collect()
}

/// Links of an old group: a B-tree of symbol table nodes, whose names are in a local heap.
fn of_symbol_table(metadata: &Metadata, body: &[u8]) -> Result<Vec<Link>, Error> {
    let Metadata { offset_size, length_size, .. } = *metadata;
    let storage = metadata.storage();
    let (heap, leaves) = guarded("symbol table", || {
        let table = symbol_table_msg::parse(&mut Cursor::new(body), offset_size, length_size, body.len())?;
        let heap = LocalHeap::parse_at_storage(storage, table.heap_address, offset_size, length_size)?;
        let (root, sizes) = (table.btree_address, (offset_size, length_size));
        let leaves = collect_btree_v1_leaves_storage(storage, root, sizes.0, sizes.1, None, &[], None)?;
        Ok((heap, leaves))
    })?;
    if leaves.is_empty() {
        return Ok(Vec::new());
    }
    let length = usize::try_from(heap.data_segment_size).unwrap_or(usize::MAX);
    let names = metadata.piece(heap.data_segment_address, length)?;
    let mut links = Vec::new();
    for (_, address) in leaves {
        for entry in symbol_table_node(metadata, address)? {
            let link = of_entry(&entry, &names)?;
            metadata.spend(link.name.len())?;
            links.push(link);
        }
    }
    Ok(links)
}

fn symbol_table_node(metadata: &Metadata, address: u64) -> Result<Vec<SymbolTableEntry>, Error> {
    let Metadata { offset_size, length_size, .. } = *metadata;
    let head = metadata.piece(address, 8)?;
    let mut cursor = Cursor::new(&head);
    cursor.skip(6)?;
    let entries = usize::from(cursor.read_u16_le()?);
    let entry = usize::from(offset_size).saturating_mul(2).saturating_add(24);
    let bytes = metadata.piece(address, entries.saturating_mul(entry).saturating_add(8))?;
    let node = guarded("symbol table", || {
        SymbolTableNode::parse(&mut Cursor::new(&bytes), offset_size, length_size)
    })?;
    Ok(node.entries)
}

fn of_entry(entry: &SymbolTableEntry, names: &[u8]) -> Result<Link, Error> {
    let at = |offset: u64| {
        let rest = usize::try_from(offset).ok().and_then(|offset| names.get(offset..));
        rest.map(text).ok_or_else(|| Error::corrupt("a name lies outside its group's heap"))
    };
    let name = at(entry.link_name_offset)?;
    let target = match (entry.cache_type, entry.scratch) {
        (2, [a, b, c, d, ..]) => Target::Soft(at(u64::from(u32::from_le_bytes([a, b, c, d])))?),
        _ => Target::Hard(entry.object_header_address),
    };
    Ok(Link { name, target, order: 0 })
}
