//! The macros that make the types of the API. Generated files are made of their calls.
//!
//! # Structs
//!
//! ```text
//! model! {                                   // can be sent: `new`, setters
//!     /// Doc of the type.
//!     pub struct RunCreateParams {
//!         const { 0 "type" = "function" req; 1 "kind" = "x" opt; }
//!         required {
//!             /// Doc of the field.
//!             2 assistant_id: String = "assistant_id";
//!         }
//!         optional {
//!             /// Doc. `null` is followed by the name of the setter that sends an explicit null.
//!             3 temperature: f64 = "temperature" null(temperature_null);
//!             4 r#type: String = "type";
//!         }
//!     }
//! }
//! response! { … the same … }                 // is only received: `#[non_exhaustive]`, `Default`, no `new`, no setters
//! ```
//!
//! - All three blocks are always there, in this order, and may be empty.
//! - The number in front is the field's bit in [`Extra`](super::Extra)'s marks: 0 to 127, unique in the struct.
//! - A constant is a string, `true`, `false` or an integer, as a literal that means the same in Rust and in JSON.
//!   `req` is written by itself, `opt` only if the wire had it.
//! - `required { a: T }` makes the Rust field `a: T`, `optional { b: T }` makes `b: Option<T>`.
//! - `model!` makes `new(required…: impl Into<T>)`, a setter `b(self, impl Into<T>)` for each optional field, and
//!   `Default` where no field is required. So an optional field of a `model!` may not be called `new`; no field of any
//!   struct may be called `extra`.
//! - A field whose type holds the struct itself, not in a list, map or union, is optional and a `Box`.
//!
//! # Enums of strings
//!
//! ```text
//! open_enum! {
//!     /// Doc.
//!     pub enum RunStatus { Queued = "queued", InProgress = "in_progress" }
//! }
//! ```
//! Makes the variants and `Unknown(String)`, `as_str()`, `From<&str>`, `From<String>`, `Display`. Two texts may not share
//! a variant. Docs and other attributes may stand on variants.
//!
//! # Unions
//!
//! ```text
//! union! {
//!     /// Doc.
//!     pub enum AssistantTool tag "type" {                              // `tag "…"` is left out of an untagged one
//!         CodeInterpreter(CodeInterpreterTool) = "code_interpreter" => from;
//!         Function(FunctionTool) = "function", "other";                // several values of the tag; no `From`
//!         Plain(EasyMessage) = => from;                                // no value of the tag: chosen by shape
//!         Text: String => from;                                        // not boxed; chosen by kind
//!         Parts: Vec<Part>;
//!     }
//! }
//! ```
//! - `Name(Type) = …;` is a boxed arm: for structs and unions. `Name: Type;` is an arm as it is: for the rest.
//! - `text Text` after the tag makes `From<&str>`, which goes into that arm, a string or an open enum.
//! - `=> from` makes `From<Type>` for the union; leave it out where two arms have one type.
//! - `Unknown(Json)` keeps what belongs to no arm.
//!
//! `==` and `Debug` look at a value as it is on the wire: `Debug` shows its name and its JSON, secrets as `***`.
//! Everything derives or implements `Debug`, `Clone`, `PartialEq`, `Encode`, `Decode`, `Serialize` and `Deserialize`.
//! The macros name everything by full path, so that a generated file imports only the macros and its fields' types.

// Which of the macros are used depends on the generated types.
#![allow(unused_macros, unused_imports)]

/// What `model!` and `response!` share: the struct and its traits.
macro_rules! object {
    (
        $(#[$attr:meta])*
        pub struct $name:ident {
            const { $($const_number:literal $const_key:literal = $const_value:literal $const_mode:ident;)* }
            required { $($(#[$req_attr:meta])* $req_number:literal $req:ident: $req_type:ty = $req_key:literal;)* }
            optional {
                $($(#[$opt_attr:meta])* $opt_number:literal $opt:ident: $opt_type:ty = $opt_key:literal $(null($null:ident))?;)*
            }
        }
    ) => {
        $(#[$attr])*
        #[derive(Clone)]
        pub struct $name {
            $($(#[$req_attr])* pub $req: $req_type,)*
            $($(#[$opt_attr])* pub $opt: Option<$opt_type>,)*
            /// What the fields cannot say: unknown members, values of another type, explicit nulls.
            pub extra: $crate::json::Extra,
        }

        impl $crate::json::Encode for $name {
            fn encode(&self, w: &mut $crate::json::Writer) {
                let shape = <Self as $crate::json::Decode>::shape();
                let parts: &[&dyn $crate::json::macro_support::Slot] = &[
                    $($crate::json::macro_support::part(&self.$req),)*
                    $($crate::json::macro_support::part(&self.$opt),)*
                ];
                $crate::json::macro_support::write_object(w, &self.extra, shape, parts);
            }
        }

        impl $crate::json::Decode for $name {
            fn blank() -> Self {
                Self {
                    $($req: <$req_type as $crate::json::Decode>::blank(),)*
                    $($opt: None,)*
                    extra: $crate::json::Extra::absent(
                        0 $(| 1 << $req_number)* $(| $crate::json::macro_support::mode::$const_mode << $const_number)*
                    ),
                }
            }

            fn shape() -> &'static $crate::json::macro_support::Shape {
                &$crate::json::macro_support::Shape {
                    required: &[$(($req_number, $req_key)),*],
                    optional: &[$(($opt_number, $opt_key)),*],
                    constants: &[$($crate::json::macro_support::Const {
                        number: $const_number,
                        name: $const_key,
                        text: stringify!($const_value),
                        required: $crate::json::macro_support::mode::$const_mode == 1,
                    }),*],
                }
            }

            fn read(&mut self, node: $crate::json::Node<'_>, cx: &mut $crate::json::Context) -> bool {
                let slots: &mut [&mut dyn $crate::json::macro_support::Slot] = &mut [
                    $($crate::json::macro_support::slot(&mut self.$req),)*
                    $($crate::json::macro_support::slot(&mut self.$opt),)*
                ];
                $crate::json::macro_support::read_object(node, cx, Self::shape(), &mut self.extra, slots)
            }
        }

        $crate::json::value_traits!($name);
    };
}

/// A struct that can be sent.
macro_rules! model {
    (
        $(#[$attr:meta])*
        pub struct $name:ident {
            const { $($const:tt)* }
            required {}
            optional {
                $($(#[$opt_attr:meta])* $opt_number:literal $opt:ident: $opt_type:ty = $opt_key:literal $(null($null:ident))?;)*
            }
        }
    ) => {
        $crate::json::object! {
            $(#[$attr])*
            pub struct $name {
                const { $($const)* }
                required {}
                optional { $($(#[$opt_attr])* $opt_number $opt: $opt_type = $opt_key;)* }
            }
        }

        impl Default for $name {
            #[inline]
            fn default() -> Self {
                Self { $($opt: None,)* extra: Default::default() }
            }
        }

        impl $name {
            /// One with nothing set.
            #[inline]
            pub fn new() -> Self {
                Self::default()
            }

            $crate::json::setters! { $($opt_number $opt: $opt_type $(, $null)?;)* }
        }
    };
    (
        $(#[$attr:meta])*
        pub struct $name:ident {
            const { $($const:tt)* }
            required { $($(#[$req_attr:meta])* $req_number:literal $req:ident: $req_type:ty = $req_key:literal;)* }
            optional {
                $($(#[$opt_attr:meta])* $opt_number:literal $opt:ident: $opt_type:ty = $opt_key:literal $(null($null:ident))?;)*
            }
        }
    ) => {
        $crate::json::object! {
            $(#[$attr])*
            pub struct $name {
                const { $($const)* }
                required { $($(#[$req_attr])* $req_number $req: $req_type = $req_key;)* }
                optional { $($(#[$opt_attr])* $opt_number $opt: $opt_type = $opt_key;)* }
            }
        }

        impl $name {
            /// One with the required fields.
            #[allow(clippy::too_many_arguments)]
            pub fn new($($req: impl Into<$req_type>),*) -> Self {
                Self { $($req: $req.into(),)* $($opt: None,)* extra: Default::default() }
            }

            $crate::json::setters! { $($opt_number $opt: $opt_type $(, $null)?;)* }
        }
    };
}

/// The fluent setters of `model!`.
macro_rules! setters {
    ($($number:literal $opt:ident: $type:ty $(, $null:ident)?;)*) => {
        $(
            #[doc = concat!("Sets `", stringify!($opt), "`.")]
            pub fn $opt(mut self, $opt: impl Into<$type>) -> Self {
                self.$opt = Some($opt.into());
                self
            }

            $(
                #[doc = concat!("Sends an explicit null as `", stringify!($opt), "`.")]
                #[inline]
                pub fn $null(mut self) -> Self {
                    self.$opt = None;
                    self.extra.mark($number);
                    self
                }
            )?
        )*
    };
}

/// A struct that is only received.
macro_rules! response {
    ($(#[$attr:meta])* pub struct $name:ident { $($body:tt)* }) => {
        $crate::json::object! {
            $(#[$attr])*
            #[non_exhaustive]
            pub struct $name { $($body)* }
        }

        impl Default for $name {
            #[inline]
            fn default() -> Self {
                $crate::json::Decode::blank()
            }
        }
    };
}

/// A string enum that keeps what it does not know.
macro_rules! open_enum {
    (
        $(#[$attr:meta])*
        pub enum $name:ident { $($(#[$variant_attr:meta])* $variant:ident = $text:literal),* $(,)? }
    ) => {
        $(#[$attr])*
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("`", $text, "`")]
                $(#[$variant_attr])*
                $variant,
            )*
            /// Any other text.
            Unknown(String),
        }

        impl $name {
            /// The text on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(text) => text,
                }
            }

            fn known(text: &str) -> Option<Self> {
                Some(match text {
                    $($text => Self::$variant,)*
                    _ => return None,
                })
            }
        }

        $crate::json::open_enum_traits!($name);
    };
}

/// The traits of `open_enum!` that do not need the variants.
macro_rules! open_enum_traits {
    ($name:ident) => {
        impl PartialEq for $name {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl Eq for $name {}

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl std::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl From<&str> for $name {
            #[inline]
            fn from(text: &str) -> Self {
                Self::known(text).unwrap_or_else(|| Self::Unknown(text.to_owned()))
            }
        }

        impl From<String> for $name {
            #[inline]
            fn from(text: String) -> Self {
                Self::known(&text).unwrap_or(Self::Unknown(text))
            }
        }

        impl $crate::json::Encode for $name {
            fn encode(&self, w: &mut $crate::json::Writer) {
                w.string(self.as_str());
            }
        }

        impl $crate::json::Decode for $name {
            const KINDS: $crate::json::Kinds = $crate::json::macro_support::open_enum::KINDS;

            fn blank() -> Self {
                Self::Unknown(String::new())
            }

            fn read(&mut self, node: $crate::json::Node<'_>, cx: &mut $crate::json::Context) -> bool {
                $crate::json::macro_support::open_enum::read(self, node, cx)
            }

            fn fit(node: $crate::json::Node<'_>) -> $crate::json::macro_support::Fit {
                $crate::json::macro_support::open_enum::fit(&mut Self::blank(), node)
            }
        }

        impl $crate::json::macro_support::open_enum::OpenEnum for $name {
            fn set(&mut self, text: &str) -> bool {
                Self::known(text).map(|known| *self = known).is_some()
            }

            fn set_unknown(&mut self, text: String) {
                *self = Self::Unknown(text);
            }
        }

        $crate::json::serde_shims!($name);
    };
}

/// A union of types that keeps what it does not know.
macro_rules! union {
    (
        $(#[$attr:meta])*
        pub enum $name:ident $(tag $tag:literal)? $(text $text_arm:ident)? {
            $(
                $(#[$arm_attr:meta])*
                $arm:ident
                    $(($boxed:ty) = $($text:literal),* $(=> $from_boxed:ident)?)?
                    $(: $plain:ty $(=> $from_plain:ident)?)?;
            )*
        }
    ) => {
        $(#[$attr])*
        #[derive(Clone)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[allow(missing_docs)]
                $(#[$arm_attr])*
                $arm($(Box<$boxed>)? $($plain)?),
            )*
            /// A value that belongs to no arm, as it came.
            Unknown($crate::json::Json),
        }

        impl $name {
            fn arms() -> &'static $crate::json::macro_support::Arms {
                &$crate::json::macro_support::Arms {
                    tag: &[$($tag)?],
                    arms: &[$(
                        $crate::json::macro_support::Arm {
                            $(
                                tags: &[$($text),*],
                                kinds: <$boxed as $crate::json::Decode>::KINDS,
                                fit: <$boxed as $crate::json::Decode>::fit,
                            )?
                            $(
                                tags: &[],
                                kinds: <$plain as $crate::json::Decode>::KINDS,
                                fit: <$plain as $crate::json::Decode>::fit,
                            )?
                        },
                    )*],
                }
            }
        }

        $(
            $($(
                impl From<$boxed> for $name {
                    #[inline]
                    fn $from_boxed(value: $boxed) -> Self {
                        Self::$arm(Box::new(value))
                    }
                }
            )?)?
            $($(
                impl From<$plain> for $name {
                    #[inline]
                    fn $from_plain(value: $plain) -> Self {
                        Self::$arm(value)
                    }
                }
            )?)?
        )*

        $(
            impl From<&str> for $name {
                #[inline]
                fn from(text: &str) -> Self {
                    Self::$text_arm(text.into())
                }
            }
        )?

        impl $crate::json::Encode for $name {
            fn encode(&self, w: &mut $crate::json::Writer) {
                use $crate::json::macro_support::part;
                let value = match self {
                    $(Self::$arm(value) => $(part::<$boxed>(value))? $(part::<$plain>(value))?,)*
                    Self::Unknown(value) => part(value),
                };
                value.encode(w);
            }
        }

        impl $crate::json::Decode for $name {
            const KINDS: $crate::json::Kinds = $crate::json::Kinds::ANY;

            fn blank() -> Self {
                Self::Unknown($crate::json::Json::NULL)
            }

            fn read(&mut self, node: $crate::json::Node<'_>, cx: &mut $crate::json::Context) -> bool {
                $crate::json::macro_support::union::read(self, Self::arms(), node, cx)
            }

            fn fit(node: $crate::json::Node<'_>) -> $crate::json::macro_support::Fit {
                $crate::json::macro_support::union::fit(Self::arms(), node)
            }
        }

        impl $crate::json::macro_support::union::Union for $name {
            // One question an arm, which compiles to one jump.
            fn choose(&mut self, arm: usize) {
                let mut arm = arm;
                $(
                    if arm == 0 {
                        *self = Self::$arm(
                            $($crate::json::macro_support::union::boxed::<$boxed>())?
                            $(<$plain as $crate::json::Decode>::blank())?
                        );
                        return;
                    }
                    arm = arm.wrapping_sub(1);
                )*
                let _ = arm;
            }

            fn set_unknown(&mut self, value: $crate::json::Json) {
                *self = Self::Unknown(value);
            }

            fn slot(&mut self) -> &mut dyn $crate::json::macro_support::Slot {
                use $crate::json::macro_support::slot;
                match self {
                    $(Self::$arm(value) => $(slot::<$boxed>(value))? $(slot::<$plain>(value))?,)*
                    Self::Unknown(value) => slot(value),
                }
            }
        }

        $crate::json::value_traits!($name);
    };
}

/// The traits that look at a value as it is on the wire.
macro_rules! value_traits {
    ($name:ident) => {
        impl PartialEq for $name {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                $crate::json::macro_support::equal(&self, &other)
            }
        }

        impl std::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::json::macro_support::debug(f, stringify!($name), &self)
            }
        }

        $crate::json::serde_shims!($name);
    };
}

/// serde's traits of a type of ours.
macro_rules! serde_shims {
    ($name:ident) => {
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::json::macro_support::shims::serialize(self, serializer)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::json::macro_support::shims::deserialize(deserializer)
            }
        }
    };
}

pub(crate) use {model, object, open_enum, open_enum_traits, response, serde_shims, setters, union, value_traits};
