//! serde's traits for our types, over JSON text, so that they can be stored in any of serde's formats.
//!
//! Each type has two shims of one line. A shim is generic over the format only; what depends on the type is a call
//! through `dyn Encode` or one decode function, which exist already.

use super::codec::{Decode, Encode};
use super::node::{Kind, Node};
use super::tape::Doc;
use super::value::Json;
use super::writer::Writer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What `Serialize` of our types does.
pub fn serialize<S: Serializer>(value: &dyn Encode, serializer: S) -> Result<S::Ok, S::Error> {
    let text = super::encode(value).map_err(S::Error::custom)?;
    let doc = Doc::parse_limited(&text, usize::MAX).map_err(S::Error::custom)?;
    doc.root().serialize(serializer)
}

/// What `Deserialize` of our types does.
pub fn deserialize<'de, D: Deserializer<'de>, T: Decode>(deserializer: D) -> Result<T, D::Error> {
    let mut writer = Writer::new();
    TextSeed(&mut writer).deserialize(deserializer)?;
    from_text(writer.text()).map_err(D::Error::custom)
}

fn from_text<T: Decode>(text: &str) -> Result<T, super::DecodeError> {
    super::decode(text.as_bytes())
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.kind() {
            Kind::Null => serializer.serialize_unit(),
            Kind::Bool => serializer.serialize_bool(self.as_bool() == Some(true)),
            Kind::String => serializer.serialize_str(&self.as_str().unwrap_or_default()),
            Kind::Number => {
                let text = self.raw();
                if let Ok(value) = text.parse::<i64>() {
                    serializer.serialize_i64(value)
                } else if let Ok(value) = text.parse::<u64>() {
                    serializer.serialize_u64(value)
                } else if let Some(value) = self.as_f64() {
                    serializer.serialize_f64(value)
                } else {
                    Err(S::Error::custom("a number beyond the range of a double"))
                }
            }
            Kind::List => {
                let mut list = serializer.serialize_seq(Some(self.len()))?;
                for item in self.items() {
                    list.serialize_element(&item)?;
                }
                list.end()
            }
            Kind::Object => {
                let mut map = serializer.serialize_map(Some(self.len()))?;
                for member in self.members() {
                    map.serialize_entry(&member.name(), &member.value)?;
                }
                map.end()
            }
        }
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with(|node| node.serialize(serializer))
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer)
    }
}

/// Writes whatever a format holds as JSON text.
struct TextSeed<'w>(&'w mut Writer);

impl<'de> DeserializeSeed<'de> for TextSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TextSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.bool(value);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.int(value);
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.0.raw(itoa::Buffer::new().format(value));
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        if !value.is_finite() {
            return Err(E::custom("not a finite number"));
        }
        self.0.float(value);
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.0.string(value);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.null();
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        self.0.null();
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.0.begin_list();
        while items.next_element_seed(TextSeed(self.0))?.is_some() {}
        self.0.end_list();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.0.begin_object();
        while let Some(name) = members.next_key::<String>()? {
            self.0.key(&name);
            members.next_value_seed(TextSeed(self.0))?;
        }
        self.0.end_object();
        Ok(())
    }
}
