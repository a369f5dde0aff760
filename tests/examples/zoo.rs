//! Writes the bundle of hostile components to a folder, for `cargo xtask bench zoo`: `zoo FOLDER`. Prints their namespaces.

fn main() {
    let folder = std::env::args_os().nth(1).expect("a folder");
    portcullis_tests::zoo::write_bundle(folder.as_ref());
    for animal in portcullis_tests::zoo::at_request().iter().filter(|animal| animal.world == "guard" && !animal.body) {
        println!("{}", animal.name);
    }
}
