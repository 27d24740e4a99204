//! Schemas without anything but a type, made once and shared.

use std::sync::{Arc, LazyLock};

use super::{Schema, Type};

const PRIMITIVES: [Type; 9] = [
    Type::Int8,
    Type::Int16,
    Type::Int32,
    Type::Int64,
    Type::Float32,
    Type::Float64,
    Type::Boolean,
    Type::String,
    Type::Bytes,
];

static REQUIRED: LazyLock<[Arc<Schema>; 9]> =
    LazyLock::new(|| PRIMITIVES.map(|kind| Schema::of(kind).build()));
static OPTIONAL: LazyLock<[Arc<Schema>; 9]> =
    LazyLock::new(|| PRIMITIVES.map(|kind| Schema::of(kind).optional().build()));

macro_rules! shared {
    ($($place:literal $name:ident $optional:ident $kind:literal,)*) => {
        impl Schema {$(
            #[doc = concat!("The plain schema of ", $kind, ".")]
            pub fn $name() -> Arc<Self> {
                REQUIRED[$place].clone()
            }

            #[doc = concat!("The plain schema of ", $kind, " that allows null.")]
            pub fn $optional() -> Arc<Self> {
                OPTIONAL[$place].clone()
            }
        )*}
    };
}

shared! {
    0 int8 optional_int8 "INT8",
    1 int16 optional_int16 "INT16",
    2 int32 optional_int32 "INT32",
    3 int64 optional_int64 "INT64",
    4 float32 optional_float32 "FLOAT32",
    5 float64 optional_float64 "FLOAT64",
    6 boolean optional_boolean "BOOLEAN",
    7 string optional_string "STRING",
    8 bytes optional_bytes "BYTES",
}
