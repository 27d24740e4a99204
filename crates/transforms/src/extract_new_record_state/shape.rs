//! How a row of a change event becomes a value.

use std::sync::Arc;

use api::{Schema, Text, Type, Value};

use super::envelope::{Added, Row};
use super::options::Options;
use crate::field::{Nulls, build, get, require_struct_schema, with_basics};

const DELETED: &str = "__deleted";

/// What is worked out once per schema of events and list of dropped fields.
pub(super) struct Shape {
    /// The schema of the value.
    pub(super) schema: Arc<Schema>,
    /// The place of the row in the event, and its schema.
    place: usize,
    row: Arc<Schema>,
    /// The places of the fields of the row that stay; `None`: all of them, and nothing is added.
    kept: Option<Vec<usize>>,
    /// The value of `__deleted`.
    deleted: Option<Value>,
    added: Vec<Added>,
    /// The nulls that may not be, and those that become defaults.
    nulls: Nulls,
    /// Those that become defaults as `ReplaceField` drops fields.
    replaced: Option<Nulls>,
}

impl Shape {
    pub(super) fn new(
        envelope: &Schema,
        place: usize,
        row: Row,
        dropped: &[Text],
        options: &Options,
    ) -> Result<Self, String> {
        let row_schema = &envelope.fields[place].schema;
        require_struct_schema(row_schema, "source field insertion")?;
        let op = envelope.field("op").ok_or("op is not a valid field name")?;
        if envelope.fields[op].schema.kind != Type::String {
            return Err("Field 'op' is not of type STRING".to_owned());
        }
        let mut added = Added::all(&options.fields, envelope)?;
        let rewrites = options.rewrites();
        let mut full = own_fields(row_schema, rewrites);
        // Fields are dropped of rows that are there after others were added, of deleted rows before that.
        if row == Row::After {
            full = added.iter().fold(full, |full, added| full.field(&added.name, Arc::clone(&added.schema)));
        }
        let full = build(full)?;
        let names = droppable(&full, dropped, options.drop_compatible)?;
        let stays = |name: &str| !names.iter().any(|dropped| **dropped == *name);
        let mut schema = with_basics(&full, Schema::structure());
        for field in full.fields.iter().filter(|field| stays(&field.name)) {
            schema = schema.field(&field.name, Arc::clone(&field.schema));
        }
        match row {
            Row::After => added.retain(|added| stays(&added.name)),
            _ => {
                schema = added
                    .iter()
                    .fold(schema, |schema, added| schema.field(&added.name, Arc::clone(&added.schema)))
            }
        }
        let fields = row_schema.fields.iter().enumerate();
        let kept: Vec<usize> =
            fields.filter(|(_, field)| stays(&field.name)).map(|(index, _)| index).collect();
        let is_deleted = if row == Row::After { "false" } else { "true" };
        let deleted = (rewrites && stays(DELETED)).then(|| Value::Text(Text::from_static(is_deleted)));
        let as_is = kept.len() == row_schema.fields.len() && added.is_empty() && deleted.is_none();
        Ok(Self {
            schema: build(schema)?,
            place,
            row: Arc::clone(row_schema),
            kept: (!as_is).then_some(kept),
            deleted,
            added,
            nulls: Nulls::of(row_schema, rewrites && options.replace_null),
            replaced: (!names.is_empty()).then(|| Nulls::replacing(row_schema, stays)),
        })
    }

    /// Checks the row of an event; `Ok(true)`: defaults have to be filled in.
    pub(super) fn check(&self, event: &[Value]) -> Result<bool, String> {
        match get(&event[self.place], &self.row, true) {
            Value::Struct(row) => self.nulls.check(row),
            other => Err(format!("expected a struct as the row of a change event, got {}", other.kind())),
        }
    }

    /// Takes the row, which was checked, out of an event.
    pub(super) fn apply(&self, event: &mut [Value], fill: bool) -> Value {
        // What is added may stand in the row.
        let mut out = Vec::new();
        if let Some(kept) = &self.kept {
            out.reserve_exact(kept.len() + usize::from(self.deleted.is_some()) + self.added.len());
            out.resize(kept.len(), Value::Null);
            out.extend(self.deleted.clone());
            out.extend(self.added.iter().map(|added| added.value(event)));
        }
        let mut row = match (std::mem::take(&mut event[self.place]), &self.row.default) {
            (Value::Null, Some(Value::Struct(default))) => default.clone(),
            (Value::Struct(row), _) => row,
            _ => Box::default(),
        };
        if fill {
            self.nulls.fill(&mut row);
        }
        if let Some(replaced) = &self.replaced {
            replaced.fill(&mut row);
        }
        let Some(kept) = &self.kept else { return Value::Struct(row) };
        for (slot, place) in out.iter_mut().zip(kept) {
            *slot = std::mem::take(&mut row[*place]);
        }
        Value::Struct(out.into())
    }
}

/// Starts a schema with the fields of a row, and `__deleted` if that is added.
fn own_fields(row: &Schema, rewrites: bool) -> api::SchemaBuilder {
    let mut builder = with_basics(row, Schema::structure());
    for field in &row.fields {
        builder = builder.field(&field.name, Arc::clone(&field.schema));
    }
    if rewrites { builder.field(DELETED, Schema::optional_string()) } else { builder }
}

/// Which of the fields that are to be dropped are dropped: if schemas have to stay compatible, those that may be null.
///
/// # Errors
/// The schema is none of a struct.
pub(super) fn droppable(schema: &Schema, dropped: &[Text], compatible: bool) -> Result<Vec<Text>, String> {
    if !compatible || dropped.is_empty() {
        return Ok(dropped.to_vec());
    }
    if schema.kind != Type::Struct {
        return Err("Cannot list fields on non-struct type".to_owned());
    }
    let optional =
        |name: &&Text| schema.field(name).is_some_and(|place| schema.fields[place].schema.optional);
    Ok(dropped.iter().filter(optional).cloned().collect())
}
