use super::*;

#[test]
fn numbers_and_names_are_kubernetes_own() {
    let names: Vec<_> = (0..5).map(|number| Channel::from_number(number).expect("it is one").name()).collect();
    assert_eq!(names, ["stdin", "stdout", "stderr", "error", "resize"]);
    assert!(Channel::ALL.into_iter().all(|one| Channel::from_name(one.name()) == Some(one)));
    assert_eq!((Channel::from_number(5), Channel::from_number(255)), (None, None));
    assert_eq!((Channel::from_name("Stdin"), Channel::from_name("data"), Channel::from_name("")), (None, None, None));
}

#[test]
fn a_command_has_the_channels_that_were_asked_for() {
    let has = |wanted: Wanted| Channel::ALL.into_iter().filter(|one| wanted.has(*one)).map(Channel::name).collect::<Vec<_>>();
    let all = Wanted { stdin: true, stdout: true, stderr: true, tty: false };
    assert_eq!(has(all), ["stdin", "stdout", "stderr", "error"]);
    assert_eq!(has(Wanted { tty: true, ..all }), ["stdin", "stdout", "error", "resize"], "a terminal has no stderr of its own");
    assert_eq!(has(Wanted { stdout: true, ..Wanted::default() }), ["stdout", "error"]);
}
