//! Functions that were compiled since the process began, in memory.
//!
//! A component with another configuration is the same code around other data, and one that its author has changed is mostly the code that
//! it was. Cranelift finds each function by a digest of everything that goes into its compilation, so that only new ones are compiled:
//! saving a configuration takes a quarter to a third of the time. After a restart nothing is here, and nothing is needed: whole components are on disk.

use std::borrow::Cow;
use std::collections::HashMap;

use parking_lot::Mutex;
use wasmtime::CacheStore;

/// Bytes kept, digests included: the functions of about twenty components as large as `deny-list`, which takes 1.1 MB.
const BYTES: usize = 24 << 20;

/// The functions, by digest.
#[derive(Default)]
pub(crate) struct Functions {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    functions: HashMap<Box<[u8]>, Box<[u8]>>,
    bytes: usize,
}

impl CacheStore for Functions {
    fn get(&self, digest: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.kept.lock().functions.get(digest).map(|function| Cow::Owned(function.to_vec()))
    }

    fn insert(&self, digest: &[u8], function: Vec<u8>) -> bool {
        let mut kept = self.kept.lock();
        let bytes = digest.len() + function.len();
        if kept.bytes + bytes > BYTES {
            // Which of them will be asked for again nobody knows: what is at work now comes back first.
            *kept = Kept::default();
        }
        if bytes > BYTES {
            return false;
        }
        kept.bytes += bytes;
        if let Some(before) = kept.functions.insert(digest.into(), function.into()) {
            kept.bytes -= digest.len() + before.len();
        }
        true
    }
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kept = self.kept.lock();
        f.debug_struct("Functions").field("number", &kept.functions.len()).field("bytes", &kept.bytes).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_found_by_its_digest_and_nothing_else_is() {
        let functions = Functions::default();
        assert!(functions.insert(b"one", b"first".to_vec()));
        assert!(functions.insert(b"one", b"the first again".to_vec()));
        assert_eq!(functions.get(b"one").as_deref(), Some(&b"the first again"[..]));
        assert_eq!(functions.get(b"two"), None);
        assert_eq!(functions.kept.lock().bytes, b"one".len() + b"the first again".len());
    }

    #[test]
    fn no_more_is_kept_than_the_bound_whatever_is_compiled() {
        let functions = Functions::default();
        for i in 0..100u8 {
            assert!(functions.insert(&[i], vec![i; 1 << 20]));
            assert!(functions.kept.lock().bytes <= BYTES);
            assert_eq!(functions.get(&[i]).as_deref(), Some(&vec![i; 1 << 20][..]), "the newest is there");
        }
        assert!(!functions.insert(b"huge", vec![0; BYTES + 1]));
        assert_eq!(functions.get(b"huge"), None);
    }
}
