//! Label and field selectors (`k8s.io/apimachinery/pkg/labels` and `fields`).

use super::{problem::Problem, resources::Resource};
use serde_json::Value;

/// A selector over labels and fields; empty selects all.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, bool, String)>,
}

#[derive(Clone, Debug, PartialEq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
    More(i64),
    Less(i64),
}

impl Selector {
    /// Reads `labelSelector` and `fieldSelector`.
    pub(crate) fn parse(resource: &Resource, labels: &str, fields: &str) -> Result<Self, Problem> {
        let labels = split_outside_parentheses(labels)
            .into_iter()
            .map(requirement)
            .collect::<Result<_, _>>()?;
        let fields = fields
            .split(',')
            .filter(|it| !it.is_empty())
            .map(|it| field(resource, it))
            .collect::<Result<_, _>>()?;
        Ok(Self { labels, fields })
    }

    /// From a `matchLabels` and `matchExpressions` object, or from a plain map of labels (a service's selector).
    pub(crate) fn of_object(selector: &Value) -> Self {
        let equal = |(key, value): (&String, &Value)| Requirement {
            key: key.clone(),
            test: Test::In(vec![value.as_str().unwrap_or_default().to_owned()]),
        };
        let expression = |it: &Value| {
            let values = || {
                let list = it["values"].as_array().into_iter().flatten();
                list.filter_map(Value::as_str).map(str::to_owned).collect()
            };
            let test = match it["operator"].as_str()? {
                "In" => Test::In(values()),
                "NotIn" => Test::NotIn(values()),
                "Exists" => Test::Exists,
                _ => Test::Absent,
            };
            Some(Requirement {
                key: it["key"].as_str()?.to_owned(),
                test,
            })
        };
        let structured =
            selector.get("matchLabels").is_some() || selector.get("matchExpressions").is_some();
        let plain = if structured {
            &selector["matchLabels"]
        } else {
            selector
        };
        let mut labels: Vec<_> = plain.as_object().into_iter().flatten().map(equal).collect();
        if structured {
            labels.extend(
                selector["matchExpressions"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(expression),
            );
        }
        Self {
            labels,
            fields: Vec::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels
            .iter()
            .all(|it| it.holds(labels[it.key.as_str()].as_str()))
            && self
                .fields
                .iter()
                .all(|(path, equal, value)| (text_at(object, path) == *value) == *equal)
    }
}

impl Requirement {
    fn holds(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|it| it.parse::<i64>().ok());
        match &self.test {
            Test::In(values) => value.is_some_and(|it| values.iter().any(|other| other == it)),
            Test::NotIn(values) => value.is_none_or(|it| values.iter().all(|other| other != it)),
            Test::Exists => value.is_some(),
            Test::Absent => value.is_none(),
            Test::More(than) => number().is_some_and(|it| it > *than),
            Test::Less(than) => number().is_some_and(|it| it < *than),
        }
    }
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_u32, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.retain(|it| !it.trim().is_empty());
    parts
}

fn requirement(text: &str) -> Result<Requirement, Problem> {
    let text = text.trim();
    let wrong = || {
        Problem::bad_request(format!(
            "unable to parse requirement: {text:?}; write key=value, key in (a,b), key or !key"
        ))
    };
    let make = |key: &str, test| {
        let key = key.trim();
        let plain = !key.is_empty()
            && key
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
        if plain {
            Ok(Requirement {
                key: key.to_owned(),
                test,
            })
        } else {
            Err(wrong())
        }
    };
    let one = |value: &str| vec![value.trim().to_owned()];
    if let Some(key) = text.strip_prefix('!') {
        return make(key, Test::Absent);
    }
    if let Some((head, values)) = text.strip_suffix(')').and_then(|it| it.split_once('(')) {
        let values = values.split(',').map(|it| it.trim().to_owned()).collect();
        return match head.trim().rsplit_once(' ') {
            Some((key, "in")) => make(key, Test::In(values)),
            Some((key, "notin")) => make(key, Test::NotIn(values)),
            _ => Err(wrong()),
        };
    }
    // The longer operators first: `!=` and `==` contain `=`.
    if let Some((key, value)) = text.split_once("!=") {
        return make(key, Test::NotIn(one(value)));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return make(key, Test::In(one(value)));
    }
    if let Some((key, value)) = text.split_once('>') {
        return make(key, Test::More(value.trim().parse().map_err(|_| wrong())?));
    }
    if let Some((key, value)) = text.split_once('<') {
        return make(key, Test::Less(value.trim().parse().map_err(|_| wrong())?));
    }
    make(text, Test::Exists)
}

fn field(resource: &Resource, text: &str) -> Result<(String, bool, String), Problem> {
    let (path, equal, value) = if let Some((path, value)) = text.split_once("!=") {
        (path, false, value)
    } else if let Some((path, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (path, true, value)
    } else {
        return Err(Problem::bad_request(format!(
            "invalid field selector: {text:?}; write path=value"
        )));
    };
    if !selectable(resource, path) {
        return Err(Problem::bad_request(format!(
            "field label not supported: {path}"
        )));
    }
    Ok((path.to_owned(), equal, value.to_owned()))
}

/// The fields that a real API server can select by; any other is refused there, too.
fn selectable(resource: &Resource, path: &str) -> bool {
    let own: &[&str] = match resource.plural {
        "pods" => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
        ],
        "events" => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        "secrets" => &["type"],
        "namespaces" => &["status.phase"],
        "nodes" => &["spec.unschedulable"],
        "services" => &["spec.clusterIP", "spec.type"],
        "jobs" => &["status.successful"],
        _ => &[],
    };
    matches!(path, "metadata.name" | "metadata.namespace") || own.contains(&path)
}

/// The value at a dotted path as text; absent is empty, as in Kubernetes.
fn text_at(object: &Value, path: &str) -> String {
    let value = path.split('.').fold(object, |at, part| &at[part]);
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        _ if path == "spec.unschedulable" => "false".to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
