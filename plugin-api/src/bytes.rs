//! Bytes with a reference count that may belong to either side of the boundary.

use std::ffi::c_void;
use std::ops::Deref;
use std::sync::Arc;

use weir_plugin_abi::{WeirBytes, WeirBytesTable};

/// Immutable bytes; cloning counts a reference, and whoever made them frees them.
pub struct Bytes(WeirBytes);

/// The table of bytes that a value of type `T` owns.
struct TableOf<T>(std::marker::PhantomData<T>);

impl<T: Send + Sync + 'static> TableOf<T> {
    const TABLE: WeirBytesTable =
        WeirBytesTable { size: size_of::<WeirBytesTable>(), retain: retain::<T>, release: release::<T> };
}

unsafe extern "C" fn retain<T>(owner: *mut c_void) {
    // SAFETY: `owner` came from `Arc::into_raw` of this type, and the caller holds a reference.
    unsafe { Arc::increment_strong_count(owner.cast::<T>().cast_const()) }
}

unsafe extern "C" fn release<T>(owner: *mut c_void) {
    // SAFETY: `owner` came from `Arc::into_raw` of this type; the caller gives its reference up.
    let owner = unsafe { Arc::from_raw(owner.cast::<T>().cast_const()) };
    // What frees the bytes may be anybody's code; nothing of it unwinds across the boundary.
    drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || drop(owner))));
}

impl Bytes {
    /// No bytes.
    #[must_use]
    pub fn new() -> Self {
        Self(WeirBytes::EMPTY)
    }

    /// Bytes of any owner, which is dropped with the last reference. `owner` must always show the same bytes.
    #[must_use]
    pub fn from_owner<T: AsRef<[u8]> + Send + Sync + 'static>(owner: T) -> Self {
        let owner = Arc::new(owner);
        let bytes = (*owner).as_ref();
        let (ptr, len) = (bytes.as_ptr(), bytes.len());
        let table: &'static WeirBytesTable = &TableOf::<T>::TABLE;
        let owner = Arc::into_raw(owner).cast_mut().cast::<c_void>();
        Self(WeirBytes { ptr, len, owner, table })
    }

    /// Takes over bytes that crossed the boundary.
    ///
    /// # Safety
    /// `raw` is empty or owned by the caller, who gives its reference up, and follows the rules of [`WeirBytes`].
    #[must_use]
    pub unsafe fn from_raw(raw: WeirBytes) -> Self {
        Self(raw)
    }

    /// Hands the reference over to the other side.
    #[must_use]
    pub fn into_raw(self) -> WeirBytes {
        let raw = self.0;
        std::mem::forget(self);
        raw
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from_owner(bytes)
    }
}

impl From<String> for Bytes {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        text.as_bytes().to_vec().into()
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        if self.0.len == 0 || self.0.ptr.is_null() {
            return &[];
        }
        // SAFETY: the bytes live as long as this reference to their owner, and never change.
        unsafe { std::slice::from_raw_parts(self.0.ptr, self.0.len) }
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Clone for Bytes {
    fn clone(&self) -> Self {
        // SAFETY: a table that is not null is valid for ever (plugins are never unloaded), and we hold a reference.
        unsafe {
            if let Some(table) = self.0.table.as_ref() {
                (table.retain)(self.0.owner);
            }
        }
        Self(self.0)
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        // SAFETY: as in `clone`; this reference is given up once.
        unsafe {
            if let Some(table) = self.0.table.as_ref() {
                (table.release)(self.0.owner);
            }
        }
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bytes({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_counted_across_threads() {
        let bytes = Bytes::from(vec![1, 2, 3]);
        let clone = bytes.clone();
        let crossed = clone.into_raw();
        // SAFETY: `crossed` holds the clone's reference.
        let back = unsafe { Bytes::from_raw(crossed) };
        drop(bytes);
        let seen = std::thread::spawn(move || back.to_vec()).join().unwrap();
        assert_eq!(seen, [1, 2, 3]);
    }

    #[test]
    fn no_bytes_need_no_owner() {
        assert_eq!(&*Bytes::new(), b"");
        assert_eq!(&*Bytes::new().clone(), b"");
    }
}
