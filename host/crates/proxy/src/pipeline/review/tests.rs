use super::*;

#[test]
fn the_note_says_what_a_list_of_rules_hides() {
    assert_eq!(note(&Kept::default()), None);
    let kept = Kept { judged: 9, refused: 2, held: vec!["delete pods".to_owned(), "create pods/exec".to_owned()], ..Kept::default() };
    assert_eq!(
        note(&kept).unwrap(),
        "the gateway's policies refuse 2 of what RBAC allows; the gateway holds for a person's approval: delete pods, create pods/exec"
    );
    let many = Kept { held: vec!["delete pods".to_owned(); 20], wildcards: true, ..Kept::default() };
    assert!(note(&many).unwrap().contains(" and 8 more; of what a `*` stands for"), "{:?}", note(&many));
}

#[test]
fn a_rule_is_taken_apart_in_order() {
    let [groups, resources, names] = [vec!["".to_owned(), "apps".to_owned()], vec!["a".to_owned()], vec!["x".to_owned(), "y".to_owned()]];
    let all: Vec<_> = combinations(&groups, &resources, &names).collect();
    assert_eq!(all, [("", "a", "x"), ("", "a", "y"), ("apps", "a", "x"), ("apps", "a", "y")]);
}
