use super::*;
use crate::api::resources::known;

fn query(text: &str) -> Vec<(String, String)> {
    crate::query::parse(text)
}

fn store_with(count: usize) -> Store {
    let mut store = Store::default();
    let resource = known("", "configmaps");
    for index in 0..count {
        let name = format!("c{index:02}");
        store
            .put(
                Key::new(resource, "shop", &name),
                json!({"metadata": {"name": name, "namespace": "shop"}}),
            )
            .unwrap();
    }
    store
}

fn ask() -> Ask {
    Ask {
        resource: known("", "configmaps"),
        namespace: Some("shop".to_owned()),
        selector: Selector::default(),
        form: Form::Plain,
    }
}

#[test]
fn pages_add_up_to_the_list_and_keep_its_version() {
    let mut store = store_with(5);
    let version = store.revision().to_string();
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let page = list(&store, &ask(), &query(&format!("limit=2&continue={token}"))).unwrap();
        assert_eq!(page["metadata"]["resourceVersion"], version);
        names.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["metadata"]["name"].as_str().unwrap().to_owned()),
        );
        match page["metadata"]["continue"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
        // What happens between two pages does not disturb the third.
        store.remove(&Key::new(known("", "configmaps"), "shop", "c00"));
    }
    assert_eq!(names, ["c00", "c01", "c02", "c03", "c04"]);
}

#[test]
fn versions_that_cannot_be_had_are_refused() {
    let store = store_with(3);
    for (text, code) in [
        ("resourceVersion=999", 504),
        ("resourceVersion=2&resourceVersionMatch=Exact", 410),
        ("resourceVersion=x", 400),
        ("limit=x", 400),
        ("continue=x", 400),
    ] {
        assert_eq!(
            list(&store, &ask(), &query(text)).unwrap_err().code,
            code,
            "{text}"
        );
    }
    for text in [
        "resourceVersion=0",
        "resourceVersion=2&resourceVersionMatch=NotOlderThan",
        "limit=0",
    ] {
        assert_eq!(
            list(&store, &ask(), &query(text)).unwrap()["items"]
                .as_array()
                .unwrap()
                .len(),
            3,
            "{text}"
        );
    }
}
