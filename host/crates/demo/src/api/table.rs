//! `meta.k8s.io/v1` tables: what `kubectl get` prints.

mod cells;
mod columns;

use super::resources::Resource;
use columns::{Column, columns};
use serde_json::{Value, json};

/// The form that a client asked for with `Accept`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The objects themselves.
    Plain,
    /// A table whose rows carry metadata, whole objects or nothing.
    Table(Include),
    /// `PartialObjectMetadata`.
    Metadata,
}

/// What a table's rows carry beside their cells: `includeObject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Include {
    Metadata,
    Object,
    Nothing,
}

impl Form {
    /// The first form in `accept` that is served; `None` when none is.
    pub(crate) fn negotiate(accept: Option<&str>, include: Option<&str>) -> Option<Self> {
        let Some(accept) = accept.filter(|it| !it.trim().is_empty()) else {
            return Some(Self::Plain);
        };
        accept.split(',').find_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            if !matches!(media, "application/json" | "application/*" | "*/*") {
                return None;
            }
            let (mut wanted, mut version, mut group) = ("", "v1", "meta.k8s.io");
            for part in parts {
                match part.split_once('=') {
                    Some(("as", value)) => wanted = value,
                    Some(("v", value)) => version = value,
                    Some(("g", value)) => group = value,
                    _ => {}
                }
            }
            match wanted {
                "" => Some(Self::Plain),
                _ if version != "v1" || group != "meta.k8s.io" => None,
                "Table" => Some(Self::Table(match include {
                    Some("Object") => Include::Object,
                    Some("None") => Include::Nothing,
                    _ => Include::Metadata,
                })),
                "PartialObjectMetadata" | "PartialObjectMetadataList" => Some(Self::Metadata),
                _ => None,
            }
        })
    }

    /// One object in this form. `with_columns` is false for all but the first event of a watch.
    pub(crate) fn one(self, resource: &Resource, object: &Value, with_columns: bool) -> Value {
        match self {
            Self::Plain => object.clone(),
            Self::Metadata => metadata_only(object),
            Self::Table(include) => {
                let version = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
                table(
                    resource,
                    version,
                    std::iter::once(object),
                    include,
                    with_columns,
                )
            }
        }
    }

    /// A list in this form.
    pub(crate) fn list<'a>(
        self,
        resource: &Resource,
        metadata: Value,
        items: impl Iterator<Item = &'a Value>,
    ) -> Value {
        match self {
            Self::Plain => {
                json!({"kind": format!("{}List", resource.kind), "apiVersion": resource.api_version(),
                "metadata": metadata, "items": items.map(without_type).collect::<Vec<_>>()})
            }
            Self::Metadata => {
                json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata, "items": items.map(metadata_only).collect::<Vec<_>>()})
            }
            Self::Table(include) => table(resource, metadata, items, include, true),
        }
    }
}

fn table<'a>(
    resource: &Resource,
    metadata: Value,
    items: impl Iterator<Item = &'a Value>,
    include: Include,
    with_columns: bool,
) -> Value {
    let columns = columns(resource);
    let row = |object: &Value| {
        let cells: Vec<Value> = columns.iter().map(|column| (column.cell)(object)).collect();
        let carried = match include {
            Include::Metadata => metadata_only(object),
            Include::Object => object.clone(),
            Include::Nothing => Value::Null,
        };
        json!({"cells": cells, "object": carried})
    };
    let rows: Vec<Value> = items.map(row).collect();
    let definitions: Vec<Value> = if with_columns {
        columns.iter().map(Column::definition).collect()
    } else {
        Vec::new()
    };
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": definitions, "rows": rows})
}

fn metadata_only(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

/// Items of a typed list carry no kind of their own.
fn without_type(object: &Value) -> Value {
    let mut item = object.clone();
    if let Some(fields) = item.as_object_mut() {
        fields.remove("kind");
        fields.remove("apiVersion");
    }
    item
}

#[cfg(test)]
mod tests;
