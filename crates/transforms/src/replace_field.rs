//! `ReplaceField`: fewer fields, and other names.

use std::collections::HashMap;
use std::sync::Arc;

use api::config::{Importance, Key, Parsed, Problem, Problems, Type, Validator, Values};
use api::{Schema, Text, Transform, Value};

use crate::class::{Side, classes, replace_null, replace_null_key};
use crate::field::{Nulls, build, get, require_map, require_struct, require_struct_schema, with_basics};
use crate::plan::{Change, Changer, Origin};
use crate::schemaless;

classes!("ReplaceField", keys, configure);

const PURPOSE: &str = "field replacement";

fn keys() -> Vec<Key> {
    let list = |name: &'static str| Key::new(name, Type::List).default("").importance(Importance::Medium);
    vec![
        list("exclude").documentation("Fields to exclude. This takes precedence over the fields to include."),
        list("include").documentation("Fields to include. If specified, only these fields will be used."),
        list("renames")
            .validator(Validator::new(
                "list of colon-delimited pairs, e.g. <code>foo:bar,abc:xyz</code>",
                |_, value| match value {
                    Parsed::List(items) => parse_renames(items).map(drop),
                    _ => Ok(()),
                },
            ))
            .documentation("Field rename mappings."),
        replace_null_key(),
    ]
}

fn configure(values: &Values, side: Side) -> Result<Box<dyn Transform>, Problems> {
    let problem = |message| Problems::from(Problem { key: "renames".to_owned(), message });
    let change = ReplaceField {
        exclude: values.list("exclude").to_vec(),
        include: values.list("include").to_vec(),
        renames: parse_renames(values.list("renames")).map_err(problem)?,
        replace: replace_null(values),
    };
    Ok(Box::new(Changer::new(side, change)))
}

/// Old and new names; of mappings of one name the last counts.
fn parse_renames(mappings: &[String]) -> Result<HashMap<String, Text>, String> {
    let parse = |mapping: &String| {
        // Java's `split` drops what is empty at the end.
        match mapping.trim_end_matches(':').split_once(':') {
            Some((from, to)) if !to.contains(':') => Ok((from.to_owned(), Text::from(to))),
            _ => Err(format!(
                "Invalid value [{}] for configuration renames: Invalid rename mapping: {mapping}",
                mappings.join(", ")
            )),
        }
    };
    mappings.iter().map(parse).collect()
}

pub(crate) struct ReplaceField {
    exclude: Vec<String>,
    include: Vec<String>,
    renames: HashMap<String, Text>,
    replace: bool,
}

impl ReplaceField {
    /// What drops some fields and fills in defaults.
    pub(crate) fn excluding(names: &[Text]) -> Self {
        let exclude = names.iter().map(|name| name.to_string()).collect();
        Self { exclude, include: Vec::new(), renames: HashMap::new(), replace: true }
    }

    fn keeps(&self, name: &str) -> bool {
        !self.exclude.iter().any(|field| field == name)
            && (self.include.is_empty() || self.include.iter().any(|field| field == name))
    }

    fn renamed<'a>(&'a self, name: &'a str) -> &'a str {
        self.renames.get(name).map_or(name, |renamed| renamed)
    }

    /// The field that a new name takes its value from, as Java sees it: never a field that has the name itself.
    fn source(&self, schema: &Schema, index: usize) -> Result<usize, String> {
        let new = self.renamed(&schema.fields[index].name);
        let mut olds: Vec<&str> =
            self.renames.iter().filter(|(_, to)| ***to == *new).map(|(from, _)| from.as_str()).collect();
        olds.sort_unstable();
        match olds.as_slice() {
            [] => Ok(index),
            olds if olds.contains(&&*schema.fields[index].name) => Ok(index),
            [old, ..] => schema.field(old).ok_or_else(|| format!("{old} is not a valid field name")),
        }
    }
}

pub(crate) struct Plan {
    /// The place of each new value among the old; `None`: all stay.
    sources: Option<Vec<usize>>,
    /// Whether the new values are in the order of the old ones.
    in_order: bool,
    /// How many of the first values stay where they are.
    in_place: usize,
    /// The fields that take their value from one of another name: its place, its schema, and theirs.
    moved: Vec<(usize, Arc<Schema>, Arc<Schema>)>,
    nulls: Nulls,
}

/// Refuses a value that is none of the schema it would get.
fn check_moved(value: &Value, from: &Schema, to: &Schema) -> Result<(), String> {
    if value.is_null() {
        return Ok(());
    }
    let logical = |schema: &Schema| {
        let name = schema.name.as_deref().filter(|name| name.starts_with("org.apache.kafka.connect.data."));
        name.map(str::to_owned)
    };
    let fits = from.kind == to.kind && logical(from) == logical(to) && to.validate(value).is_ok();
    if fits { Ok(()) } else { Err(format!("Invalid Java object for schema with type {}", to.kind.name())) }
}

impl Change for ReplaceField {
    type Plan = Plan;

    const NULL_PASSES: bool = true;

    fn plan(&self, schema: &Arc<Schema>) -> Result<(Option<Arc<Schema>>, Plan), String> {
        require_struct_schema(schema, PURPOSE)?;
        let mut builder = with_basics(schema, Schema::structure());
        let (mut sources, mut moved, mut nulls) = (Vec::new(), Vec::new(), Nulls::default());
        for (index, field) in schema.fields.iter().enumerate().filter(|(_, field)| self.keeps(&field.name)) {
            let name = self.renamed(&field.name);
            builder = builder.field(name, Arc::clone(&field.schema));
            let source = self.source(schema, index)?;
            nulls.watch(source, name, &schema.fields[source].schema, &field.schema, self.replace);
            sources.push(source);
            if source != index {
                moved.push((source, Arc::clone(&schema.fields[source].schema), Arc::clone(&field.schema)));
            }
        }
        let in_place = sources.iter().enumerate().take_while(|(place, source)| place == *source).count();
        let in_order = sources.is_sorted_by(|a, b| a < b);
        let stay = in_place == schema.fields.len();
        let plan = Plan { sources: (!stay).then_some(sources), in_order, in_place, moved, nulls };
        Ok((Some(build(builder)?), plan))
    }

    fn structured(&self, plan: &Plan, value: &mut Value, _: &mut Origin<'_>) -> Result<(), String> {
        self.of_struct(plan, value)
    }

    fn schemaless(&self, value: &mut Value, _: &mut Origin<'_>) -> Result<(), String> {
        self.of_map(value)
    }
}

impl ReplaceField {
    /// Replaces fields of a struct; after an error it is as it was.
    pub(crate) fn of_struct(&self, plan: &Plan, value: &mut Value) -> Result<(), String> {
        let values = require_struct(value, PURPOSE)?;
        for (place, from, to) in &plan.moved {
            check_moved(get(&values[*place], from, self.replace), from, to)?;
        }
        plan.nulls.settle(values)?;
        let Some(sources) = &plan.sources else { return Ok(()) };
        if plan.in_order {
            let mut left = std::mem::take(values).into_vec();
            for (place, source) in sources.iter().enumerate().skip(plan.in_place) {
                left.swap(place, *source);
            }
            left.truncate(sources.len());
            *values = left.into();
        } else {
            *values = sources.iter().map(|source| values[*source].clone()).collect();
        }
        Ok(())
    }

    /// Replaces entries of a map; after an error it is as it was.
    pub(crate) fn of_map(&self, value: &mut Value) -> Result<(), String> {
        let entries = require_map(value, PURPOSE)?;
        if let Some((key, _)) = entries.iter().find(|(key, _)| !matches!(key, Value::Text(_))) {
            return Err(format!("expected a map whose keys are text, got {}", key.kind()));
        }
        let size = schemaless::capacity(entries.len());
        entries.retain(|(key, _)| matches!(key, Value::Text(name) if self.keeps(name)));
        if !self.renames.is_empty() {
            self.rename(entries);
        }
        schemaless::arrange(entries, size);
        Ok(())
    }

    /// Puts entries into a map under their new names; of those that get one name the last counts.
    fn rename(&self, entries: &mut Vec<(Value, Value)>) {
        let mut renamed = Vec::with_capacity(entries.len());
        for (key, value) in entries.drain(..) {
            let Value::Text(name) = key else { continue };
            schemaless::put(&mut renamed, self.renames.get(&*name).unwrap_or(&name), value);
        }
        *entries = renamed;
    }
}
