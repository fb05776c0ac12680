//! What a module or component is: what it wants and what it offers.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use wasmparser::component_types::ComponentEntityType;
use wasmparser::types::TypesRef;
use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldId, WorldKey};
use wasmparser::{
    BinaryReaderError, Encoding, ExternalKind, Parser, Payload, TypeRef, ValidPayload, Validator, WasmFeatures,
};

use crate::convert::{Form, METADATA, read_wit};
use crate::json;

/// A report on `binary`, as JSON; `../README.md` shows its members.
///
/// With a `wit`, a component is also held against the world in it that has most of
/// its exports, `actor` at the least, and `misfit` says what does not agree.
pub fn inspect(binary: &[u8], wit: &[u8]) -> Result<String> {
    match Form::of(binary)? {
        Form::Module => inspect_module(binary).context("the module is not valid"),
        Form::Component => inspect_component(binary, wit),
    }
}

fn inspect_module(binary: &[u8]) -> Result<String> {
    crate::convert::validate(binary)?;
    let (mut imports, mut exports, mut metadata) = (Vec::new(), Vec::new(), false);
    for payload in Parser::new(0).parse_all(binary) {
        match payload? {
            Payload::CustomSection(section) => metadata |= section.name().starts_with(METADATA),
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    imports.push(json::object([
                        ("module", json::string(import.module)),
                        ("name", json::string(import.name)),
                        ("kind", json::string(type_kind(import.ty))),
                    ]));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    exports.push(json::object([
                        ("name", json::string(export.name)),
                        ("kind", json::string(external_kind(export.kind))),
                    ]));
                }
            }
            _ => {}
        }
    }
    Ok(json::object([
        ("form", json::string("module")),
        ("imports", json::array(imports)),
        ("exports", json::array(exports)),
        ("metadata", metadata.to_string()),
    ]))
}

fn inspect_component(binary: &[u8], wit: &[u8]) -> Result<String> {
    let outside = Outside::of(binary).context("the component is not valid")?;
    let misfit = if wit.is_empty() { None } else { misfit(binary, wit, &outside.exported)? };
    Ok(json::object([
        ("form", json::string("component")),
        ("imports", json::array(outside.imports)),
        ("exports", json::array(outside.exports)),
        ("misfit", json::string_or_null(misfit.as_deref())),
    ]))
}

/// What of this component, with these exports, does not agree with its world in `wit`.
/// What it imports from other packages is not looked at.
fn misfit(binary: &[u8], wit: &[u8], exported: &BTreeSet<String>) -> Result<Option<String>> {
    let (mut resolve, world) = read_wit(wit, exported)?;
    if let Err(error) = add_foreign_imports(&mut resolve, world, binary) {
        return Ok(Some(format!("{error:#}")));
    }
    let Err(error) = wit_component::targets(&resolve, world, binary, false) else {
        return Ok(None);
    };
    let cause = error.root_cause();
    let message = match cause.downcast_ref::<BinaryReaderError>() {
        // Without its offset, which is one in a file made for this check alone.
        Some(error) => error.message().to_owned(),
        None => cause.to_string(),
    };
    // From the outer type to the inner, a line each. The outermost is the world
    // itself, as an import of the file made for the check.
    let outermost = format!("type mismatch for import `{}`", resolve.worlds[world].name);
    let lines: Vec<_> = message
        .lines()
        .skip_while(|line| line.starts_with(&outermost))
        .collect();
    Ok(Some(if lines.is_empty() { message } else { lines.join(": ") }))
}

/// Puts into the world what the component imports from packages other than the world's.
fn add_foreign_imports(resolve: &mut Resolve, world: WorldId, binary: &[u8]) -> Result<()> {
    let DecodedWasm::Component(decoded, own) = wit_component::decode(binary)? else {
        return Ok(());
    };
    let package = resolve.worlds[world].package.context("the world is in no package")?;
    let contract = resolve.packages[package].name.clone();
    let is_foreign = |resolve: &Resolve, key: &WorldKey| {
        let WorldKey::Interface(id) = key else { return false };
        let Some(package) = resolve.interfaces[*id].package else { return false };
        let name = &resolve.packages[package].name;
        (&name.namespace, &name.name) != (&contract.namespace, &contract.name)
    };
    if !decoded.worlds[own].imports.keys().any(|key| is_foreign(&decoded, key)) {
        return Ok(());
    }
    let remap = resolve.merge(decoded)?;
    let own = remap.map_world(own, Default::default())?;
    let foreign: Vec<_> = resolve.worlds[own]
        .imports
        .iter()
        .filter(|(key, _)| is_foreign(resolve, key))
        .map(|(key, item)| (key.clone(), item.clone()))
        .collect();
    resolve.worlds[world].imports.extend(foreign);
    Ok(())
}

/// The imports and exports of a component, each as a JSON object.
struct Outside {
    imports: Vec<String>,
    exports: Vec<String>,
    /// The names of the exports.
    exported: BTreeSet<String>,
}

impl Outside {
    /// Validates the component on the way.
    fn of(binary: &[u8]) -> Result<Self> {
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        let (mut imports, mut exports) = (Vec::new(), Vec::new());
        let mut depth = 0;
        let mut allocations = wasmparser::FuncValidatorAllocations::default();
        let mut types = None;
        for payload in Parser::new(0).parse_all(binary) {
            let payload = payload?;
            match validator.payload(&payload)? {
                ValidPayload::Func(function, body) => {
                    let mut function = function.into_validator(allocations);
                    function.validate(&body)?;
                    allocations = function.into_allocations();
                }
                ValidPayload::End(found) => types = Some(found),
                ValidPayload::Ok | ValidPayload::Parser(_) => {}
            }
            match payload {
                // Modules and components nest; only the outermost is of interest.
                Payload::Version { encoding: Encoding::Module | Encoding::Component, .. } => {
                    depth += 1;
                }
                Payload::End(_) => depth -= 1,
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section {
                        imports.push(import?.name.name);
                    }
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section {
                        exports.push(export?.name.name);
                    }
                }
                _ => {}
            }
        }
        let types = types.context("the file ends too early")?;
        let types = types.as_ref();
        let describe = |name: &str, entity: Option<ComponentEntityType>| {
            let (kind, functions) = describe_entity(types, entity);
            let external = ExternalName::of(name);
            json::object([
                ("name", json::string(name)),
                ("package", json::string_or_null(external.package)),
                ("interface", json::string_or_null(external.interface)),
                ("version", json::string_or_null(external.version)),
                ("kind", json::string(kind)),
                ("functions", json::array(functions)),
            ])
        };
        Ok(Self {
            exported: exports.iter().map(|name| (*name).to_owned()).collect(),
            imports: imports
                .into_iter()
                .map(|name| describe(name, types.component_item_for_import(name).map(|i| i.ty)))
                .collect(),
            exports: exports
                .into_iter()
                .map(|name| describe(name, types.component_item_for_export(name).map(|i| i.ty)))
                .collect(),
        })
    }
}

/// Its kind and, for an instance, the functions in it as JSON strings.
fn describe_entity(
    types: TypesRef<'_>,
    entity: Option<ComponentEntityType>,
) -> (&'static str, Vec<String>) {
    match entity {
        None => ("unknown", Vec::new()),
        Some(ComponentEntityType::Module(_)) => ("module", Vec::new()),
        Some(ComponentEntityType::Func(_)) => ("function", Vec::new()),
        Some(ComponentEntityType::Value(_)) => ("value", Vec::new()),
        Some(ComponentEntityType::Type { .. }) => ("type", Vec::new()),
        Some(ComponentEntityType::Component(_)) => ("component", Vec::new()),
        Some(ComponentEntityType::Instance(id)) => {
            let functions = types[id]
                .exports
                .iter()
                .filter(|(_, item)| matches!(item.ty, ComponentEntityType::Func(_)))
                .map(|(name, _)| json::string(name))
                .collect();
            ("instance", functions)
        }
    }
}

/// The parts of a name like `kelpie:actor/state@0.1.0`; none of a plain name.
struct ExternalName<'a> {
    package: Option<&'a str>,
    interface: Option<&'a str>,
    version: Option<&'a str>,
}

impl<'a> ExternalName<'a> {
    fn of(name: &'a str) -> Self {
        let (path, version) = match name.split_once('@') {
            Some((path, version)) => (path, Some(version)),
            None => (name, None),
        };
        match path.split_once('/') {
            Some((package, interface)) => {
                Self { package: Some(package), interface: Some(interface), version }
            }
            None => Self { package: None, interface: None, version: None },
        }
    }
}

fn type_kind(ty: TypeRef) -> &'static str {
    match ty {
        TypeRef::Func(_) | TypeRef::FuncExact(_) => "function",
        TypeRef::Table(_) => "table",
        TypeRef::Memory(_) => "memory",
        TypeRef::Global(_) => "global",
        TypeRef::Tag(_) => "tag",
    }
}

fn external_kind(kind: ExternalKind) -> &'static str {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => "function",
        ExternalKind::Table => "table",
        ExternalKind::Memory => "memory",
        ExternalKind::Global => "global",
        ExternalKind::Tag => "tag",
    }
}
