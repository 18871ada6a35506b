//! The few calls of HDF5 that tell where a dataset's elements are.

use std::ffi::{CString, c_char};
use std::path::Path;
use std::ptr::null_mut;

use hdf5_metno_sys::h5::{herr_t, hsize_t};
use hdf5_metno_sys::h5d::{H5D_layout_t, H5Dclose, H5Dget_create_plist, H5Dget_space, H5Dget_type, H5Dopen2};
use hdf5_metno_sys::h5e::H5Eset_auto2;
use hdf5_metno_sys::h5f::{H5F_ACC_RDONLY, H5Fclose, H5Fget_name, H5Fis_hdf5, H5Fopen};
use hdf5_metno_sys::h5i::hid_t;
use hdf5_metno_sys::h5p::{
    H5P_DEFAULT, H5Pclose, H5Pget_external, H5Pget_external_count, H5Pget_layout, H5Pget_virtual_count,
    H5Pget_virtual_dsetname, H5Pget_virtual_filename,
};
use hdf5_metno_sys::h5s::{H5Sclose, H5Sget_simple_extent_npoints};
use hdf5_metno_sys::h5t::{H5Tclose, H5Tget_size};

/// Names longer than this are not followed.
const MOST_NAME_BYTES: usize = 4096;

/// Something that HDF5 has open.
struct Handle {
    id: hid_t,
    close: unsafe extern "C" fn(hid_t) -> herr_t,
}

impl Handle {
    fn new(id: hid_t, close: unsafe extern "C" fn(hid_t) -> herr_t) -> Option<Self> {
        (id >= 0).then_some(Self { id, close })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the identifier is open, and is closed here only.
        unsafe { (self.close)(self.id) };
    }
}

/// Whether a file is one of HDF5.
pub fn is_hdf5(path: &Path) -> bool {
    // SAFETY: no function and no data are given: errors are not printed.
    unsafe { H5Eset_auto2(0, None, null_mut()) };
    // SAFETY: the text ends with a NUL and lives until the call returns.
    name(path.to_str()).is_some_and(|path| unsafe { H5Fis_hdf5(path.as_ptr()) } > 0)
}

/// An open file.
pub struct Hdf5File(Handle);

/// A dataset, and how it was made.
pub struct Dataset {
    dataset: Handle,
    creation: Handle,
}

/// A part of a file that holds elements, without any format.
pub struct ExternalPart {
    /// The file's name, as the dataset spells it.
    pub file: String,
    /// The first byte.
    pub offset: u64,
    /// How many bytes; `None` for as many as there are.
    pub bytes: Option<u64>,
}

impl Hdf5File {
    /// Opens a file to read it.
    pub fn open(path: &Path) -> Option<Self> {
        let path = name(path.to_str())?;
        // SAFETY: the text ends with a NUL and lives until the call returns.
        let id = unsafe { H5Fopen(path.as_ptr(), H5F_ACC_RDONLY, H5P_DEFAULT) };
        Handle::new(id, H5Fclose).map(Self)
    }

    /// Opens a dataset.
    pub fn dataset(&self, path: &str) -> Option<Dataset> {
        let path = name(Some(path))?;
        // SAFETY: the file is open; the text ends with a NUL and lives until the call returns.
        let id = unsafe { H5Dopen2(self.0.id, path.as_ptr(), H5P_DEFAULT) };
        let dataset = Handle::new(id, H5Dclose)?;
        // SAFETY: the dataset is open.
        let creation = Handle::new(unsafe { H5Dget_create_plist(dataset.id) }, H5Pclose)?;
        Some(Dataset { dataset, creation })
    }
}

impl Dataset {
    /// The file that it is in: another one than it was opened from, where a link leads there.
    pub fn file(&self) -> Option<String> {
        // SAFETY: the dataset is open; at most as many bytes are written as are told.
        text(|out, length| unsafe { H5Fget_name(self.dataset.id, out, length) })
    }

    /// Bytes of all its elements.
    pub fn bytes(&self) -> Option<u64> {
        // SAFETY: the dataset is open.
        let space = Handle::new(unsafe { H5Dget_space(self.dataset.id) }, H5Sclose)?;
        // SAFETY: the dataset is open.
        let data_type = Handle::new(unsafe { H5Dget_type(self.dataset.id) }, H5Tclose)?;
        // SAFETY: the dataspace is open.
        let elements = u64::try_from(unsafe { H5Sget_simple_extent_npoints(space.id) }).ok()?;
        // SAFETY: the datatype is open.
        elements.checked_mul(unsafe { H5Tget_size(data_type.id) } as u64)
    }

    /// The parts of other files that hold its elements; `None` where they cannot be told.
    pub fn external_parts(&self) -> Option<Vec<ExternalPart>> {
        // SAFETY: the property list is open.
        let count = u32::try_from(unsafe { H5Pget_external_count(self.creation.id) }).ok()?;
        (0..count).map(|n| self.external_part(n)).collect()
    }

    fn external_part(&self, n: u32) -> Option<ExternalPart> {
        let mut file = vec![0_u8; MOST_NAME_BYTES];
        let (mut offset, mut bytes): (libc::off_t, hsize_t) = (0, 0);
        let out = file.as_mut_ptr().cast::<c_char>();
        // SAFETY: the property list is open; at most as many bytes are written as are told.
        let done =
            unsafe { H5Pget_external(self.creation.id, n, MOST_NAME_BYTES, out, &mut offset, &mut bytes) };
        let end = file.iter().position(|&byte| byte == 0)?;
        file.truncate(end);
        let offset = u64::try_from(offset).ok()?;
        // `H5F_UNLIMITED` is all ones.
        let bytes = (bytes != hsize_t::MAX).then_some(bytes);
        (done >= 0).then_some(())?;
        Some(ExternalPart { file: String::from_utf8(file).ok()?, offset, bytes })
    }

    /// Whether it is put together from other datasets.
    pub fn is_virtual(&self) -> bool {
        // SAFETY: the property list is open.
        unsafe { H5Pget_layout(self.creation.id) == H5D_layout_t::H5D_VIRTUAL }
    }

    /// Names of the files and datasets that it is put together from; `None` where they cannot be told, or are more than
    /// `most`.
    pub fn virtual_sources(&self, most: usize) -> Option<Vec<(String, String)>> {
        let (mut count, id) = (0, self.creation.id);
        // SAFETY: the property list is open; the count is written.
        let done = unsafe { H5Pget_virtual_count(id, &mut count) };
        (done >= 0 && count <= most).then_some(())?;
        let source = |n: usize| {
            // SAFETY: the property list is open; at most as many bytes are written as are told.
            let file = text(|out, length| unsafe { H5Pget_virtual_filename(id, n, out, length) })?;
            // SAFETY: as above.
            let dataset = text(|out, length| unsafe { H5Pget_virtual_dsetname(id, n, out, length) })?;
            Some((file, dataset))
        };
        (0..count).map(source).collect()
    }
}

/// Text that a function writes; it returns the length that it would need, without the NUL.
fn text(write: impl FnOnce(*mut c_char, usize) -> libc::ssize_t) -> Option<String> {
    let mut out = vec![0_u8; MOST_NAME_BYTES];
    let length = usize::try_from(write(out.as_mut_ptr().cast(), out.len())).ok()?;
    if length >= MOST_NAME_BYTES {
        return None;
    }
    out.truncate(length);
    String::from_utf8(out).ok()
}

fn name(text: Option<&str>) -> Option<CString> {
    CString::new(text?).ok()
}
