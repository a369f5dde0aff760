//! Bundles that are wrong, each in one way: refused with the place and the fix, and nothing else happens.
