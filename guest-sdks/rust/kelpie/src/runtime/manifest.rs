//! What an actor says of itself.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Actor, Operation};

/// What an operation takes.
pub enum Argued {
    /// Bytes, as they are.
    Bytes,
    /// A JSON object of parameters.
    Json(&'static [Parameter]),
}

/// A member of the JSON object.
pub struct Parameter {
    /// What it is called.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it is if it is left out, if that can be told.
    pub default: Option<fn() -> Option<Value>>,
    /// The schema of its type.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

/// The schema of a type, as [`Parameter::schema`] wants it.
pub fn json_argument<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// The JSON of a default, as [`Parameter::default`] wants it.
pub fn value_of<T: Serialize>(default: T) -> Option<Value> {
    serde_json::to_value(default).ok()
}

pub(super) fn bytes_schema() -> Schema {
    json_schema!({ "type": "string", "format": "binary" })
}

/// The manifest, as JSON: the same for the same component.
pub fn describe<A: Actor>() -> String {
    let mut manifest = Map::new();
    manifest.insert("doc".into(), A::DOC.into());
    let operations: Vec<Value> = A::OPERATIONS.iter().map(operation).collect();
    manifest.insert("operations".into(), operations.into());
    Value::Object(manifest).to_string()
}

fn operation<A>(operation: &Operation<A>) -> Value {
    let mut told = Map::new();
    told.insert("name".into(), operation.name.into());
    told.insert("doc".into(), operation.doc.into());
    told.insert("read_only".into(), operation.read_only.into());
    told.insert("durable".into(), operation.durable.into());
    let argument = with_definitions(|generator| match &operation.argument {
        Argued::Bytes => bytes_schema(),
        Argued::Json(parameters) => object_of(parameters, generator),
    });
    told.insert("argument".into(), argument);
    told.insert("result".into(), with_definitions(operation.result));
    Value::Object(told)
}

fn object_of(parameters: &[Parameter], generator: &mut SchemaGenerator) -> Schema {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for parameter in parameters {
        let mut schema = (parameter.schema)(generator);
        if !parameter.doc.is_empty() {
            schema.insert("description".into(), parameter.doc.into());
        }
        if let Some(default) = parameter.default.and_then(|default| default()) {
            schema.insert("default".into(), default);
        }
        properties.insert(parameter.name.into(), schema.to_value());
        if parameter.required {
            required.push(Value::from(parameter.name));
        }
    }
    let mut object = Map::new();
    object.insert("type".into(), "object".into());
    object.insert("properties".into(), properties.into());
    if !required.is_empty() {
        object.insert("required".into(), required.into());
    }
    object.insert("additionalProperties".into(), false.into());
    object.into()
}

/// A schema that stands by itself: types are written out where they are used, and
/// only those that contain themselves are defined apart.
fn with_definitions(schema: impl FnOnce(&mut SchemaGenerator) -> Schema) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut schema = schema(&mut generator);
    let definitions = generator.take_definitions(true);
    if !definitions.is_empty() {
        schema.insert("$defs".into(), definitions.into());
    }
    schema.to_value()
}
