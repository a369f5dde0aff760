//! A message to JSON, as Go's `encoding/json` writes the struct that the API server decodes it to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ProtobufError;
use super::table::{Field, Form, Message, Of, Shape, Table};
use super::wire::{Fields, Value, varint};
use crate::json::{MAX_DEPTH, MAX_VALUES, double};
use crate::{Json, MAX_BODY};

/// Decodes one body.
pub(super) struct Decoder<'t> {
    table: &'t Table,
    /// Values so far, within JSON too.
    values: usize,
    /// About the length of what they will be as text.
    size: usize,
}

/// What the wire holds for one field.
pub(super) enum Slot<'a> {
    Absent,
    One(Json),
    /// A message that lies flat, not decoded yet.
    Flat(&'a [u8]),
    Many(Vec<Json>),
    Entries(Vec<(String, Json)>),
}

impl<'t> Decoder<'t> {
    pub(super) fn new(table: &'t Table) -> Self {
        Self { table, values: 0, size: 0 }
    }

    /// The members of a message, appended. `depth` is that of the object they go to, and of messages in messages:
    /// at least as deep as the JSON is.
    pub(super) fn members(&mut self, message: &'t Message, bytes: &[u8], depth: usize, out: &mut Vec<(String, Json)>) -> Result<(), ProtobufError> {
        for (field, slot) in message.fields.iter().zip(self.slots(message, bytes, depth)?) {
            let value = match slot {
                Slot::Flat(bytes) => {
                    self.members(self.inner(field)?, bytes, depth, out)?;
                    continue;
                }
                Slot::Absent if field.shape == Shape::Flat => {
                    self.members(self.inner(field)?, &[], depth, out)?;
                    continue;
                }
                Slot::Absent => match self.absent(field, depth)? {
                    Some(value) => value,
                    None => continue,
                },
                Slot::One(value) if field.omitted && field.shape == Shape::Value && is_empty(&value) => continue,
                Slot::One(value) => value,
                Slot::Many(items) => Json::Array(items),
                Slot::Entries(entries) => Json::Object(sorted(message, field, entries)?),
            };
            self.grow(field.name.len() + 4)?;
            out.push((field.name.to_owned(), value));
        }
        Ok(())
    }

    /// What Go writes for a field that is not on the wire.
    fn absent(&mut self, field: &Field, depth: usize) -> Result<Option<Json>, ProtobufError> {
        if field.omitted {
            return Ok(None);
        }
        self.count()?;
        Ok(Some(match (field.shape, field.of) {
            (Shape::Value, Of::String) => Json::String(String::new()),
            (Shape::Value, Of::Bool) => Json::Bool(false),
            (Shape::Value, Of::Int32 | Of::Int64 | Of::Double) => Json::Number("0".to_owned()),
            (Shape::Value, Of::Message(place)) => self.message(place, &[], depth + 1)?,
            _ => Json::Null,
        }))
    }

    /// One message, in its form.
    fn message(&mut self, place: usize, bytes: &[u8], depth: usize) -> Result<Json, ProtobufError> {
        if depth > MAX_DEPTH {
            return Err(ProtobufError::TooDeep);
        }
        let message = self.table.message(place).ok_or(ProtobufError::Malformed)?;
        if message.form == Form::Object {
            let mut members = Vec::new();
            self.members(message, bytes, depth, &mut members)?;
            Ok(Json::Object(members))
        } else {
            let slots = self.slots(message, bytes, depth)?;
            super::special::value(message, slots)
        }
    }

    fn inner(&self, field: &Field) -> Result<&'t Message, ProtobufError> {
        match field.of {
            Of::Message(place) => self.table.message(place).ok_or(ProtobufError::Malformed),
            _ => Err(ProtobufError::Malformed),
        }
    }

    /// What the wire holds for each field of a message, in the table's order.
    fn slots<'a>(&mut self, message: &'t Message, bytes: &'a [u8], depth: usize) -> Result<Vec<Slot<'a>>, ProtobufError> {
        let mut slots: Vec<Slot> = message.fields.iter().map(|_| Slot::Absent).collect();
        for found in Fields(bytes) {
            let (number, value) = found?;
            let known = message.fields.iter().zip(&mut slots).find(|(field, _)| field.number == number);
            let (field, slot) = known.ok_or(ProtobufError::Field { message: message.name, number })?;
            match (field.shape, slot, value) {
                (Shape::List, slot, value) => self.item(message, field, value, depth + 1, slot)?,
                (Shape::Map, slot, Value::Bytes(entry)) => {
                    let entry = self.entry(message, field, entry, depth + 1)?;
                    match slot {
                        Slot::Entries(entries) => entries.push(entry),
                        slot => {
                            self.count()?;
                            *slot = Slot::Entries(vec![entry]);
                        }
                    }
                }
                (Shape::Flat, slot @ Slot::Absent, Value::Bytes(bytes)) => *slot = Slot::Flat(bytes),
                (Shape::Value | Shape::Pointer, slot @ Slot::Absent, value) => *slot = Slot::One(self.one(message, field, value, depth)?),
                (_, Slot::Absent, _) => return Err(ProtobufError::Value { message: message.name, field: field.name }),
                _ => return Err(ProtobufError::Twice { message: message.name, field: field.name }),
            }
        }
        Ok(slots)
    }

    /// An item of a list, or several: numbers may come packed or not (`generated.pb.go` takes both).
    fn item(&mut self, message: &Message, field: &Field, value: Value, depth: usize, slot: &mut Slot) -> Result<(), ProtobufError> {
        let mut items = match std::mem::replace(slot, Slot::Absent) {
            Slot::Many(items) => items,
            _ => {
                self.count()?;
                Vec::new()
            }
        };
        match (field.of, value) {
            (Of::Bool | Of::Int32 | Of::Int64, Value::Bytes(mut packed)) => {
                while !packed.is_empty() {
                    let number = Value::Number(varint(&mut packed)?);
                    items.push(self.one(message, field, number, depth)?);
                }
            }
            _ => items.push(self.one(message, field, value, depth)?),
        }
        // Packed into nothing is nothing.
        *slot = if items.is_empty() { Slot::Absent } else { Slot::Many(items) };
        Ok(())
    }

    /// An entry of a map: a message with the key as 1 and the value as 2.
    fn entry(&mut self, message: &Message, field: &Field, bytes: &[u8], depth: usize) -> Result<(String, Json), ProtobufError> {
        let wrong = || ProtobufError::Value { message: message.name, field: field.name };
        let (mut key, mut value) = (None, None);
        for found in Fields(bytes) {
            match found? {
                (1, Value::Bytes(text)) if key.is_none() => key = Some(std::str::from_utf8(text).map_err(|_| wrong())?),
                (2, found) if value.is_none() => value = Some(self.one(message, field, found, depth)?),
                _ => return Err(wrong()),
            }
        }
        // Kubernetes writes both, empty ones too.
        let (Some(key), Some(value)) = (key, value) else { return Err(wrong()) };
        self.grow(key.len() + 4)?;
        Ok((key.to_owned(), value))
    }

    /// One value.
    fn one(&mut self, message: &Message, field: &Field, value: Value, depth: usize) -> Result<Json, ProtobufError> {
        self.count()?;
        let wrong = || ProtobufError::Value { message: message.name, field: field.name };
        Ok(match (field.of, value) {
            (Of::String, Value::Bytes(text)) => {
                self.grow(text.len())?;
                Json::String(std::str::from_utf8(text).map_err(|_| wrong())?.to_owned())
            }
            (Of::Bytes, Value::Bytes(bytes)) => {
                self.grow(bytes.len())?;
                Json::String(STANDARD.encode(bytes))
            }
            (Of::Bool, Value::Number(bit @ (0 | 1))) => Json::Bool(bit == 1),
            // A negative number is written with all its 64 bits; what is outside of 32 would be cut.
            (Of::Int32, Value::Number(bits)) => Json::Number(i32::try_from(bits.cast_signed()).map_err(|_| wrong())?.to_string()),
            (Of::Int64, Value::Number(bits)) => Json::Number(bits.cast_signed().to_string()),
            (Of::Double, Value::Fixed(bits)) => Json::Number(double(f64::from_bits(bits)).ok_or_else(wrong)?),
            (Of::Json, Value::Bytes(text)) => self.json(message, text, depth)?,
            (Of::Message(place), Value::Bytes(bytes)) => self.message(place, bytes, depth + 1)?,
            _ => return Err(wrong()),
        })
    }

    /// JSON in a message, by the rules for JSON. `null` would be taken for no value at all, and so is refused; what is
    /// no JSON could be an object in protobuf or CBOR, which Kubernetes would look into.
    fn json(&mut self, message: &Message, text: &[u8], depth: usize) -> Result<Json, ProtobufError> {
        self.grow(text.len())?;
        let json = Json::parse_within(text, depth, &mut self.values).map_err(|error| ProtobufError::Json { message: message.name, error })?;
        if json == Json::Null {
            return Err(ProtobufError::Value { message: message.name, field: "raw" });
        }
        Ok(json)
    }

    fn count(&mut self) -> Result<(), ProtobufError> {
        self.values += 1;
        if self.values > MAX_VALUES { Err(ProtobufError::TooLarge) } else { self.grow(1) }
    }

    fn grow(&mut self, by: usize) -> Result<(), ProtobufError> {
        self.size += by;
        if self.size > MAX_BODY { Err(ProtobufError::TooLarge) } else { Ok(()) }
    }
}

/// What `omitempty` leaves out. Of structs only a time can be among them (`omitzero`), and an empty one is null.
fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(value) => !value,
        Json::Number(text) => text == "0",
        Json::String(text) => text.is_empty(),
        Json::Array(_) | Json::Object(_) => false,
    }
}

/// By key, as Go writes maps. Of two equal ones the last would count.
fn sorted(message: &Message, field: &Field, mut entries: Vec<(String, Json)>) -> Result<Vec<(String, Json)>, ProtobufError> {
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    if entries.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(ProtobufError::Twice { message: message.name, field: field.name });
    }
    Ok(entries)
}
