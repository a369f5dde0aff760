//! The WebAssembly standard library.
