//! The Merkle tree of RFC 6962, section 2.1, kept as the roots of its complete subtrees.

use aws_lc_rs::digest::{Context, SHA256, digest};

/// A SHA-256 hash.
pub(crate) type Hash = [u8; 32];

fn to_hash(digest: &aws_lc_rs::digest::Digest) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}

/// SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> Hash {
    to_hash(&digest(&SHA256, bytes))
}

/// `MTH({d}) = SHA-256(0x00 || d)`
pub(crate) fn leaf_hash(data: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(data);
    to_hash(&context.finish())
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [0; 65];
    bytes[0] = 1;
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    sha256(&bytes)
}

/// The tree over all leaves so far: at most 64 hashes, one amortised node hash for each leaf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CompactRange {
    size: u64,
    /// Roots of the complete subtrees, from the largest (leftmost) to the smallest.
    roots: Vec<Hash>,
}

impl CompactRange {
    /// From parts that were kept; none when there are not as many roots as `size` has bits set.
    pub(crate) fn from_parts(size: u64, roots: Vec<Hash>) -> Option<CompactRange> {
        (roots.len() == size.count_ones() as usize).then_some(CompactRange { size, roots })
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn roots(&self) -> &[Hash] {
        &self.roots
    }

    pub(crate) fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        let mut size = self.size;
        while size & 1 == 1 {
            if let Some(left) = self.roots.pop() {
                hash = node_hash(&left, &hash);
            }
            size >>= 1;
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// The root hash; for no leaves the hash of nothing.
    pub(crate) fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev();
        match roots.next() {
            None => sha256(b""),
            Some(last) => roots.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}

#[cfg(test)]
mod tests;
