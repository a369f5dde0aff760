//! The table of messages, parsed when the first protobuf body comes.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Kinds by API version and name, and the messages that they and their fields are.
#[derive(Default)]
pub(super) struct Table {
    kinds: HashMap<(&'static str, &'static str), usize>,
    messages: Vec<Message>,
}

/// A message.
pub(super) struct Message {
    /// Such as `core/v1.Pod`.
    pub name: &'static str,
    pub form: Form,
    /// In the order of its JSON.
    pub fields: Vec<Field>,
}

/// What a message is in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// An object with a member for each field.
    Object,
    /// The value of the one field that it has, or null.
    Bare,
    /// `resource.Quantity`: a string.
    Quantity,
    /// `intstr.IntOrString`.
    IntOrString,
    /// `metav1.Time`: RFC 3339 in seconds.
    Time,
    /// `metav1.MicroTime`: RFC 3339 in microseconds.
    MicroTime,
    /// `metav1.Duration`: as Go prints it.
    Duration,
    /// `JSONSchemaPropsOrBool`.
    SchemaOrBool,
}

/// A field of a message.
pub(super) struct Field {
    pub number: u32,
    /// In JSON.
    pub name: &'static str,
    pub shape: Shape,
    pub of: Of,
    /// Left out of the JSON when empty.
    pub omitted: bool,
}

/// How often there is a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Always: when it is not on the wire, it is zero.
    Value,
    /// A message whose members are those of the one around it.
    Flat,
    /// Once or not at all.
    Pointer,
    List,
    /// By string.
    Map,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    String,
    Bool,
    Int32,
    Int64,
    Double,
    Bytes,
    /// Bytes that are JSON.
    Json,
    /// By its place.
    Message(usize),
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // A table that cannot be read is a test's failure; without one every kind is refused.
    Table::parse(include_str!("messages.txt")).unwrap_or_default()
});

impl Table {
    pub(super) fn get() -> &'static Table {
        &TABLE
    }

    /// The message of a kind. `DeleteOptions` are the same under any group's name.
    pub(super) fn kind(&self, api_version: &str, kind: &str) -> Option<&Message> {
        let place = self.kinds.get(&(api_version, kind)).or_else(|| self.kinds.get(&("*", kind)))?;
        self.messages.get(*place)
    }

    pub(super) fn message(&self, place: usize) -> Option<&Message> {
        self.messages.get(place)
    }

    /// How many kinds there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Reads the text; its grammar is explained at its head.
    pub(super) fn parse(text: &'static str) -> Option<Table> {
        let lines = || text.lines().filter(|line| !line.starts_with('#'));
        let named = lines().filter_map(|line| line.strip_prefix("message ")?.split(' ').next());
        let places: HashMap<&str, usize> = named.enumerate().map(|(place, name)| (name, place)).collect();
        let mut table = Table::default();
        for line in lines() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["kind", api_version, kind, message] => {
                    table.kinds.insert((api_version, kind), *places.get(message)?);
                }
                ["message", name] => table.messages.push(Message { name, form: Form::Object, fields: Vec::new() }),
                ["message", name, form] => table.messages.push(Message { name, form: Form::parse(form)?, fields: Vec::new() }),
                [number, name, of] => table.messages.last_mut()?.fields.push(Field::parse(number, name, of, &places)?),
                _ => return None,
            }
        }
        Some(table)
    }
}

impl Form {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "bare" => Form::Bare,
            "quantity" => Form::Quantity,
            "int-or-string" => Form::IntOrString,
            "time" => Form::Time,
            "micro-time" => Form::MicroTime,
            "duration" => Form::Duration,
            "schema-or-bool" => Form::SchemaOrBool,
            _ => return None,
        })
    }
}

impl Field {
    fn parse(number: &str, name: &'static str, of: &'static str, places: &HashMap<&str, usize>) -> Option<Self> {
        let (shape, of) = match (name, of.split_at_checked(1)?) {
            ("+", _) => (Shape::Flat, of),
            (_, ("*", of)) => (Shape::Pointer, of),
            _ => match of.split_at_checked(2)? {
                ("[]", of) => (Shape::List, of),
                ("{}", of) => (Shape::Map, of),
                _ => (Shape::Value, of),
            },
        };
        let of = match of {
            "string" => Of::String,
            "bool" => Of::Bool,
            "int32" => Of::Int32,
            "int64" => Of::Int64,
            "double" => Of::Double,
            "bytes" => Of::Bytes,
            "json" => Of::Json,
            message => Of::Message(*places.get(message)?),
        };
        let omitted = name.ends_with('?');
        Some(Field { number: number.parse().ok()?, name: name.trim_end_matches('?'), shape, of, omitted })
    }
}
