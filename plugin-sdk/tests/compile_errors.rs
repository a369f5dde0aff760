//! What the compiler says to an author who has made a mistake: reviewed, one file for each.
//!
//! `TRYBUILD=overwrite cargo test -p portcullis-sdk --test compile_errors` writes them anew.

#[test]
fn mistakes_say_what_to_write() {
    trybuild::TestCases::new().compile_fail("tests/compile_errors/*.rs");
}
