//! field-masking.
