//! Small stable responses that are kept, so that metadata costs what a static file costs.

use std::sync::Arc;

/// A response that is kept.
#[derive(Debug)]
pub struct Kept {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// Whether byte ranges may be served.
    pub ranges: bool,
    /// The body.
    pub body: bytes::Bytes,
}

/// Bodies larger than this are not kept.
pub const MOST_BODY: usize = 256 << 10;

/// The kept responses, by request target and entity tag.
pub struct KeptResponses(moka::sync::Cache<String, Arc<Kept>>);

impl KeptResponses {
    /// None yet; all together may have `bytes` bytes.
    pub fn within(bytes: u64) -> Self {
        let weight = |key: &String, kept: &Arc<Kept>| {
            u32::try_from(key.len().saturating_add(kept.body.len()).saturating_add(512)).unwrap_or(u32::MAX)
        };
        Self(moka::sync::Cache::builder().weigher(weight).max_capacity(bytes).build())
    }

    /// The response that was kept under a tag.
    pub fn get(&self, tag: &str) -> Option<Arc<Kept>> {
        self.0.get(tag)
    }

    /// Keeps a response, if it is small and whole.
    pub fn keep(&self, tag: &str, kept: &Kept) {
        if kept.body.len() <= MOST_BODY && kept.status == 200 {
            // A copy of its own: the plugin's bytes may be a small part of something large.
            let body = bytes::Bytes::copy_from_slice(&kept.body);
            let Kept { status, ref headers, ranges, .. } = *kept;
            self.0.insert(tag.to_owned(), Arc::new(Kept { status, headers: headers.clone(), ranges, body }));
            // What has to leave for it leaves at once.
            self.0.run_pending_tasks();
        }
    }
}
