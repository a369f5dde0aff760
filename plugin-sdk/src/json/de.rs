//! serde's side of the reader.

use serde::de::{self, DeserializeSeed, Deserializer, Error as _, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::Error;
use super::text::Text;

/// A number that is read.
enum Whole<'t> {
    Unsigned(u64),
    Signed(i64),
    /// What it is instead, and its text.
    Not(&'static str, &'t str),
}

fn fraction(number: &str) -> Result<f64, Error> {
    match number.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(Error::syntax("the JSON has a number that is too large")),
    }
}

impl<'t> Text<'t> {
    /// What is there instead of what is wanted. Not generic, like all that can be: a component has as many copies as types otherwise.
    fn mismatch(&mut self, expected: &dyn Expected) -> Error {
        let found = match self.peek() {
            None => return Error::syntax("the JSON ends too early"),
            Some(b'n') => Unexpected::Unit,
            Some(b't') => Unexpected::Bool(true),
            Some(b'f') => Unexpected::Bool(false),
            Some(b'[') => Unexpected::Seq,
            Some(b'{') => Unexpected::Map,
            Some(b'"') => {
                return match self.string() {
                    Ok(text) => Error::invalid_type(Unexpected::Str(&text), expected),
                    Err(error) => error,
                };
            }
            Some(_) => {
                return match self.whole() {
                    Ok(Whole::Unsigned(number)) => Error::invalid_type(Unexpected::Unsigned(number), expected),
                    Ok(Whole::Signed(number)) => Error::invalid_type(Unexpected::Signed(number), expected),
                    Ok(Whole::Not(what, _)) => Error::invalid_type(Unexpected::Other(what), expected),
                    Err(error) => error,
                };
            }
        };
        Error::invalid_type(found, expected)
    }

    /// A number, as an integer where it is one.
    fn whole(&mut self) -> Result<Whole<'t>, Error> {
        let (number, whole) = self.number()?;
        if !whole {
            return Ok(Whole::Not("a number with a fraction", number));
        }
        Ok(match (number.parse(), number.parse()) {
            (Ok(number), _) => Whole::Unsigned(number),
            // As serde_json: a zero with a sign is no integer.
            (_, Ok(signed)) if signed != 0 => Whole::Signed(signed),
            _ => Whole::Not("a number that is too large", number),
        })
    }

    fn is_number(&mut self) -> Result<bool, Error> {
        Ok(matches!(self.next()?, b'-' | b'0'..=b'9'))
    }

    /// A number that is whole.
    fn integer<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        if !self.is_number()? {
            return Err(self.mismatch(&visitor));
        }
        match self.whole()? {
            Whole::Unsigned(number) => visitor.visit_u64(number),
            Whole::Signed(number) => visitor.visit_i64(number),
            Whole::Not(what, _) => Err(Error::invalid_type(Unexpected::Other(what), &visitor)),
        }
    }

    /// A number of any kind. Only where somebody asks for one is what reads fractions in the component.
    fn float<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        if !self.is_number()? {
            return Err(self.mismatch(&visitor));
        }
        match self.whole()? {
            Whole::Unsigned(number) => visitor.visit_u64(number),
            Whole::Signed(number) => visitor.visit_i64(number),
            Whole::Not(_, number) => visitor.visit_f64(fraction(number)?),
        }
    }

    fn text<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        if self.next()? != b'"' {
            return Err(self.mismatch(&visitor));
        }
        let text = self.string()?;
        visitor.visit_str(&text)
    }

    fn list<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        if self.next()? != b'[' {
            return Err(self.mismatch(&visitor));
        }
        self.open()?;
        let value = visitor.visit_seq(Items { text: self, first: true })?;
        self.close(b']')?;
        Ok(value)
    }

    fn map<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        if self.next()? != b'{' {
            return Err(self.mismatch(&visitor));
        }
        self.open()?;
        let value = visitor.visit_map(Items { text: self, first: true })?;
        self.close(b'}')?;
        Ok(value)
    }
}

/// All these are whole numbers.
macro_rules! integers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.integer(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for &mut Text<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.next()? {
            b'n' => self.deserialize_unit(visitor),
            b't' | b'f' => self.deserialize_bool(visitor),
            b'"' => self.text(visitor),
            b'[' => self.list(visitor),
            b'{' => self.map(visitor),
            _ => self.float(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.next()? {
            b't' => self.word("true").and_then(|()| visitor.visit_bool(true)),
            b'f' => self.word("false").and_then(|()| visitor.visit_bool(false)),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    integers! { deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_i128 deserialize_u128 }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.float(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.float(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.next()? != b'"' {
            return self.list(visitor);
        }
        let text = self.string()?;
        visitor.visit_bytes(text.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.next()? == b'n' {
            self.word("null")?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.next()? != b'n' {
            return Err(self.mismatch(&visitor));
        }
        self.word("null")?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.map(visitor)
    }

    /// From an object only: that serde_json takes a list of the fields' values too serves nobody who writes YAML.
    fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.map(visitor)
    }

    /// A variant's name, or an object with that one key.
    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        match self.next()? {
            b'"' => {
                let name = self.string()?;
                visitor.visit_enum(IntoDeserializer::<Error>::into_deserializer(&*name))
            }
            b'{' => {
                self.open()?;
                let value = visitor.visit_enum(Variant(self))?;
                self.close(b'}')?;
                Ok(value)
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.skip()?;
        visitor.visit_unit()
    }
}

/// What stands in an array or an object, with commas between.
struct Items<'r, 't> {
    text: &'r mut Text<'t>,
    first: bool,
}

impl<'de> de::SeqAccess<'de> for Items<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if self.text.another(&mut self.first, b']')? { seed.deserialize(&mut *self.text).map(Some) } else { Ok(None) }
    }
}

impl<'de> de::MapAccess<'de> for Items<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if !self.text.another(&mut self.first, b'}')? {
            return Ok(None);
        }
        let key = self.text.key()?;
        seed.deserialize(Key(&key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(&mut *self.text)
    }
}

/// A key: a text, also where a number is wanted.
struct Key<'k>(&'k str);

macro_rules! integer_keys {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match (self.0.parse(), self.0.parse()) {
                (Ok(number), _) => visitor.visit_u64(number),
                (_, Ok(number)) => visitor.visit_i64(number),
                _ => Err(Error::invalid_type(Unexpected::Str(self.0), &visitor)),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.0)
    }

    integer_keys! { deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        visitor.visit_enum(IntoDeserializer::<Error>::into_deserializer(self.0))
    }

    forward_to_deserialize_any! {
        bool f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A variant with something in it: `{"Variant": …}`.
struct Variant<'r, 't>(&'r mut Text<'t>);

impl<'de> de::EnumAccess<'de> for Variant<'_, '_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name = self.0.key()?;
        Ok((seed.deserialize(Key(&name))?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.0.word("null")
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.0.list(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.0.map(visitor)
    }
}
