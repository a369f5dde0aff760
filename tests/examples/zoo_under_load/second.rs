//! The second client: as many requests a second to the zoo, or to what the first one asks for.

use portcullis_tests::Gateway;
use portcullis_tests::load::{Answer, Ask, Load};
use portcullis_tests::zoo::{self, Animal};

use super::ordinary;

/// Enough that those that wait for a deadline hold up no others.
const CONNECTIONS: u32 = 24;
/// A prime, so that animals that are neighbours in the list do not meet requests one after the other.
const STRIDE: usize = 17;

/// Starts it, with so many requests a second.
pub fn start(gateway: &Gateway, rate: u32, zoo: bool) -> Load {
    let animals = zoo::at_request();
    Load::start(gateway, "bob", rate, CONNECTIONS, move |nth| if zoo { meet(animal(&animals, nth)) } else { ordinary::ask(nth) })
}

fn animal(animals: &[Animal], nth: u32) -> &Animal {
    &animals[nth as usize * STRIDE % animals.len()]
}

/// The request that an animal is asked about.
fn meet(animal: &Animal) -> Ask {
    let namespace = if animal.world == "masker" { "default" } else { animal.name };
    let group = if animal.resource() == "deployments" { "apis/apps/v1" } else { "api/v1" };
    let path = format!("/{group}/namespaces/{namespace}/{}", animal.resource());
    match animal.body {
        false => Ask::get(path),
        true => Ask { method: "POST", path, body: r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"zoo"}}"# },
    }
}

/// How many of the zoo's requests were anything but a refusal because the component failed; of those components that lead nowhere, how many were
/// refused for that.
pub fn not_closed(answers: &[Answer]) -> usize {
    let animals = zoo::at_request();
    let open = |answer: &&Answer| {
        let animal = animal(&animals, answer.nth);
        let failed = answer.status == 403 && answer.refusal.contains("PolicyFailed") && answer.refusal.contains(&format!("`{}`", animal.name));
        answer.status == 0 || failed != animal.told.is_some()
    };
    answers.iter().filter(open).inspect(|answer| eprintln!("{}: {answer:?}", animal(&animals, answer.nth).name)).count()
}
