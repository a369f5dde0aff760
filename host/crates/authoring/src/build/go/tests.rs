use super::*;

#[test]
fn the_bindings_call_the_policys_package_for_all_that_is_exported() {
    let text = "import (\n\t\"unsafe\"\n\t\"wit_component/export_wit_world\"\n\t\"wit_component/portcullis_policy_types\"\n)\n";
    let expected = "import (\n\t\"unsafe\"\n\texport_wit_world \"example.com/policy\"\n\t\"portcullis/portcullis_policy_types\"\n)\n";
    assert_eq!(ours(text, "example.com/policy"), expected);
}

#[test]
fn a_body_that_is_lent_is_given_back() {
    let text = "\t\toption25 = witTypes.Some[*d.Document](d.DocumentFromBorrowHandle(7))\n";
    assert_eq!(ours(text, "policy"), format!("{text}\t\tdefer option25.Some().Drop()\n"));
}

#[test]
fn what_is_exported_tells_of_panics() {
    let text = "func wasm_export_wit_world_evaluate(arg0 uintptr) uintptr {\n";
    assert_eq!(ours(text, "policy"), format!("{text}\tdefer tell()\n"));
    let after = "func wasm_export_post_return_wit_world_evaluate(result uintptr) {\n";
    assert_eq!(ours(after, "policy"), after);
}
