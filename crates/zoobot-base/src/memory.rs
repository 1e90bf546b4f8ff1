//! Settings of the memory allocator for running networks.

use std::sync::Mutex;

/// While a value of this type exists, freed memory stays with the process.
///
/// A network allocates large blocks of equal size at every step. glibc returns such blocks to the system
/// and requests them again, page by page, each filled with zeros, which takes half the time of a training
/// step. When the last value is dropped, free memory is returned. Without glibc this type does nothing.
#[derive(Debug)]
pub struct Keep;

/// The number of existing values.
static LIVING: Mutex<usize> = Mutex::new(0);

impl Keep {
    /// Keeps freed memory until the value is dropped.
    pub fn new() -> Self {
        let mut living = LIVING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *living += 1;
        if *living == 1 {
            glibc::keep();
        }
        Self
    }
}

impl Default for Keep {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        let mut living = LIVING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *living -= 1;
        if *living == 0 {
            glibc::give_back();
        }
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    /// The largest block that glibc's own dynamic threshold keeps, in bytes; glibc maps larger blocks.
    const MAPPED_FROM: libc::c_int = 32 << 20;

    pub(super) fn keep() {
        set(&[(libc::M_MMAP_MAX, 0), (libc::M_TRIM_THRESHOLD, libc::c_int::MAX)]);
    }

    pub(super) fn give_back() {
        set(&[
            (libc::M_MMAP_MAX, 65_536),
            (libc::M_MMAP_THRESHOLD, MAPPED_FROM),
            (libc::M_TRIM_THRESHOLD, 2 * MAPPED_FROM),
        ]);
        // SAFETY: the call releases free pages under the allocator's own locks.
        unsafe { libc::malloc_trim(0) };
    }

    fn set(settings: &[(libc::c_int, libc::c_int)]) {
        for &(name, value) in settings {
            // SAFETY: the call stores a number under the allocator's own lock.
            unsafe { libc::mallopt(name, value) };
        }
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod glibc {
    pub(super) fn keep() {}

    pub(super) fn give_back() {}
}
