//! From a core module to a component.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

use crate::gather::gather;
use crate::weave::weave;

/// The world of everything that exports no more than an actor has to. The other
/// worlds of the WIT are this one with further exports.
pub const WORLD: &str = "actor";

/// The one module name, besides those of its world, that a core module may
/// import from when an adapter is given.
pub const ADAPTED: &str = "wasi_snapshot_preview1";

/// The section in which bindings generators leave the world of a module. Its
/// name may go on behind this, because linkers join sections of equal name.
pub const METADATA: &str = "component-type";

/// What a file is, by its first eight bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Module,
    Component,
}

impl Form {
    pub fn of(binary: &[u8]) -> Result<Self> {
        ensure!(!binary.is_empty(), "the file is empty");
        ensure!(
            binary.starts_with(b"\0asm"),
            "this is not WebAssembly: it does not begin with the bytes 00 61 73 6d"
        );
        match binary.get(4..8) {
            None => bail!("the file ends after {} bytes, within its header", binary.len()),
            Some([1, 0, 0, 0]) => Ok(Self::Module),
            Some([0x0d, 0, 1, 0]) => Ok(Self::Component),
            Some(&[a, b, c, d]) => bail!(
                "this is neither a core module nor a component of a version known here: \
                 bytes 4 to 7 are {a:02x} {b:02x} {c:02x} {d:02x}"
            ),
            Some(_) => unreachable!("the slice has four bytes"),
        }
    }
}

/// Makes a component of `module`.
///
/// The module is of the world that its metadata section names, or else of the
/// one in `wit` that has most of its exports. `adapter` is a core module that implements `ADAPTED`; empty
/// for none. What comes back is validated.
pub fn componentize(module: &[u8], wit: &[u8], adapter: &[u8]) -> Result<Vec<u8>> {
    if Form::of(module)? == Form::Component {
        bail!("this is a component already; a core module is wanted here");
    }
    // Also so that the encoder, which is less careful, sees only valid modules.
    validate(module).context("the module is not valid")?;
    let facts = Facts::of(module)?;
    let adapted = facts.imports_adapted;
    ensure!(
        !adapted || !adapter.is_empty(),
        "the module imports from `{ADAPTED}`, and no adapter for that was given"
    );
    let mut module = gather(module)?;
    if adapted {
        module = weave(&module)?;
    }

    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    if facts.has_metadata {
        encoder.module(&module).context("the module's own component metadata is not usable")?;
    } else {
        let (resolve, world) = read_wit(wit, &facts.exported)?;
        facts.expect_version_of(&resolve, world)?;
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
            .context("the WIT could not be put into the module")?;
        encoder.module(&module)?;
    }
    if adapted {
        encoder
            .adapter(ADAPTED, &described_adapter(adapter, wit)?)
            .with_context(|| format!("the adapter for {ADAPTED} is not usable"))?;
    }
    encoder
        .encode()
        .map_err(without_stages)
        .context("the module does not fit its world")
}

/// The adapter, with the world in it of what it imports from the contract.
fn described_adapter(adapter: &[u8], wit: &[u8]) -> Result<Vec<u8>> {
    validate(adapter).context("the adapter is not valid")?;
    let (mut resolve, actor) = read_wit(wit, &BTreeSet::new())?;
    let facts = Facts::of(adapter)?;
    // Exports are the program's; of an adapter they would be wanted too.
    let mut world = resolve.worlds[actor].clone();
    world.name = "adapter".to_owned();
    world.exports.clear();
    world.imports.retain(|key, _| facts.interfaces.contains(&resolve.name_world_key(key)));
    let world = resolve.worlds.alloc(world);
    let mut described = adapter.to_vec();
    embed_component_metadata(&mut described, &resolve, world, StringEncoding::UTF8, false)?;
    Ok(described)
}

/// The encoder's error without the names of its own stages, which say nothing to
/// somebody whose module does not fit.
fn without_stages(error: anyhow::Error) -> anyhow::Error {
    const STAGES: [&str; 2] = ["failed to decode world from module", "module was not valid"];
    let causes: Vec<_> = error
        .chain()
        .map(ToString::to_string)
        .filter(|cause| !STAGES.contains(&cause.as_str()))
        .collect();
    if causes.is_empty() { error } else { anyhow::anyhow!(causes.join(": ")) }
}

/// Reads a WIT package and finds the world in it of something that exports these
/// interfaces: the one with most exports of those that have no others.
pub fn read_wit(wit: &[u8], exported: &BTreeSet<String>) -> Result<(Resolve, WorldId)> {
    let text = std::str::from_utf8(wit).context("the WIT is not UTF-8")?;
    ensure!(!text.trim().is_empty(), "the WIT is empty");
    let mut resolve = Resolve::default();
    let package = resolve
        .push_str("contract.wit", text)
        .context("the WIT could not be read")?;
    let basic = resolve
        .select_world(&[package], Some(WORLD))
        .with_context(|| format!("the WIT has no world `{WORLD}`"))?;
    let fits = |world: &WorldId| {
        let exports = &resolve.worlds[*world].exports;
        exports.keys().all(|key| exported.contains(&resolve.name_world_key(key)))
    };
    let worlds = resolve.packages[package].worlds.values().copied();
    let world = worlds
        .filter(fits)
        .max_by_key(|world| resolve.worlds[*world].exports.len())
        .unwrap_or(basic);
    Ok((resolve, world))
}

pub fn validate(binary: &[u8]) -> Result<()> {
    Validator::new_with_features(WasmFeatures::all()).validate_all(binary)?;
    Ok(())
}

/// What has to be known of a module before it is encoded.
#[derive(Default)]
struct Facts {
    has_metadata: bool,
    imports_adapted: bool,
    /// The interfaces that it imports from or exports, as `package/name@version`.
    interfaces: BTreeSet<String>,
    exported: BTreeSet<String>,
}

impl Facts {
    fn of(module: &[u8]) -> Result<Self> {
        let mut facts = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::CustomSection(section) if section.name().starts_with(METADATA) => {
                    facts.has_metadata = true;
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let from = import?.module;
                        facts.imports_adapted |= from == ADAPTED;
                        facts.interfaces.insert(from.to_owned());
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        if let Some((interface, _)) = export?.name.split_once('#') {
                            facts.interfaces.insert(interface.to_owned());
                            facts.exported.insert(interface.to_owned());
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(facts)
    }

    /// Refuses a module of another version of the package that `world` is in; the
    /// encoder would only say that its exports are missing.
    fn expect_version_of(&self, resolve: &Resolve, world: WorldId) -> Result<()> {
        let Some(package) = resolve.worlds[world].package else { return Ok(()) };
        let wanted = &resolve.packages[package].name;
        let path = format!("{}:{}/", wanted.namespace, wanted.name);
        for interface in self.interfaces.iter().filter(|name| name.starts_with(&path)) {
            let version = interface.split_once('@').map(|(_, version)| version);
            if version != wanted.version.as_ref().map(ToString::to_string).as_deref() {
                bail!("the module is built against `{interface}`, and {wanted} is wanted");
            }
        }
        Ok(())
    }
}
