use super::*;

#[test]
fn kubectl_gets_the_aggregated_document() {
    assert!(wants_aggregated(Some(
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    )));
    assert!(!wants_aggregated(Some(
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
    )));
    assert!(!wants_aggregated(Some("application/json")));
    assert!(!wants_aggregated(None));
}

#[test]
fn both_discoveries_name_the_same_resources() {
    let mut old: Vec<String> = Vec::new();
    for (group, version) in groups() {
        let list = resource_list(group, version).unwrap();
        let names = list["resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["name"].as_str().unwrap());
        old.extend(names.map(|name| format!("{group}/{name}")));
    }
    let mut new: Vec<String> = Vec::new();
    for document in [aggregated(true), aggregated(false)] {
        for item in document["items"].as_array().unwrap() {
            let group = item["metadata"]["name"].as_str().unwrap_or_default();
            for resource in item["versions"][0]["resources"].as_array().unwrap() {
                let name = resource["resource"].as_str().unwrap();
                new.push(format!("{group}/{name}"));
                let subresources = resource["subresources"].as_array().into_iter().flatten();
                new.extend(
                    subresources.map(|it| {
                        format!("{group}/{name}/{}", it["subresource"].as_str().unwrap())
                    }),
                );
            }
        }
    }
    assert_eq!(old, new);
    assert!(old.contains(&"apps/deployments/scale".to_owned()));
}

#[test]
fn groups_are_listed_once() {
    let names: Vec<_> = group_list()["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap().to_owned())
        .collect();
    let mut unique = names.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), names.len());
    assert!(group("apps").is_some() && group("").is_none() && group("metrics.k8s.io").is_none());
    assert!(resource_list("apps", "v1beta1").is_none());
}
