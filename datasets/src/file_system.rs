//! File systems: which of them answer at once.

use std::os::fd::AsFd;

/// Magic numbers of file systems that keep their files on a disk of this machine or in its memory (linux/magic.h): ext2 to 4,
/// XFS, Btrfs, F2FS, ZFS, tmpfs, and the layers of containers over them.
const OF_THIS_MACHINE: [u64; 7] =
    [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x2fc1_2fc1, 0x0102_1994, 0x794c_7630];

/// Whether looking at a file waits for no other machine. What is not known to be so, such as a mount of NFS or FUSE, may
/// keep whoever looks waiting for ever.
pub(crate) fn answers_at_once(file: impl AsFd) -> bool {
    // The number has another type on every architecture, and never more than 32 bits that mean something.
    let number = |status: rustix::fs::StatFs| status.f_type as u64 & 0xffff_ffff;
    rustix::fs::fstatfs(file).is_ok_and(|status| OF_THIS_MACHINE.contains(&number(status)))
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn memory_and_disks_answer_at_once() {
        let check = |path: &str, expected: bool| {
            assert_eq!(answers_at_once(File::open(path).unwrap()), expected, "{path}");
        };
        check("/dev/shm", true);
        check("/proc", false);
        let own = tempfile::tempdir().unwrap();
        assert!(answers_at_once(File::open(own.path()).unwrap()), "temporary files are on a disk");
    }
}
