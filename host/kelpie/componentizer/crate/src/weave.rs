//! Lets the adapter know what the program is doing.
//!
//! The adapter is called by the program alone, and has to know whether a turn runs:
//! the host answers nothing while the engine asks the program for memory, and a
//! turn has its own time and its own seed. So what the engine calls is put into a
//! wrapper that keeps count, in globals that the adapter asks for. It also gets a
//! page of memory in which the program cannot reach it: Go takes any memory that
//! its own grows by for its own.
//!
//! Functions, globals and a memory are added behind those that are there, so that
//! nothing in the program's code changes its number.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use wasm_encoder::{
    CodeSection, ConstExpr, Encode, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, Instruction, MemorySection, MemoryType, TypeSection, ValType,
};
use wasmparser::{ExternalKind, FuncType, Parser, Payload, TypeRef};

use crate::convert::ADAPTED;

/// Nothing during which the host may be called.
const QUIET: i32 = 0;
/// Describing itself: it may log.
const DESCRIBING: i32 = 1;
/// Beginning, or running a turn.
const RUNNING: i32 = 2;

/// By what names the engine asks a program for memory.
const ALLOCATORS: [&str; 2] = ["cabi_realloc", "cm32p2_realloc"];
const BEGINNING: [&str; 2] = ["_initialize", "cm32p2_initialize"];

/// The order in which sections stand; a custom one may stand anywhere.
const ORDER: [u8; 13] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
const TYPES: u8 = 1;
const FUNCTIONS: u8 = 3;
const MEMORIES: u8 = 5;
const GLOBALS: u8 = 6;
const EXPORTS: u8 = 7;
const CODE: u8 = 10;

/// What an exported function is called for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    Turn,
    Description,
    Beginning,
    Memory,
}

impl Call {
    fn of(export: &str) -> Option<Self> {
        if ALLOCATORS.contains(&export) {
            return Some(Self::Memory);
        }
        if BEGINNING.contains(&export) {
            return Some(Self::Beginning);
        }
        match export.rsplit_once(['#', '|'])?.1 {
            "invoke" | "invoke-batch" => Some(Self::Turn),
            "describe" => Some(Self::Description),
            _ => None,
        }
    }
}

/// The valid module `module`, with all that the adapter imports from it.
pub fn weave(module: &[u8]) -> Result<Vec<u8>> {
    let found = Found::of(module)?;
    ensure!(found.memories == 1, "the module has {} memories: one is wanted", found.memories);
    let mut added = Added::behind(&found);
    let mut exports = ExportSection::new();
    for (name, kind, index) in &found.exports {
        ensure!(!name.starts_with("kelpie_"), "the module exports `{name}`: that name is taken");
        let call = Call::of(name).filter(|_| *kind == ExportKind::Func);
        let index = match call {
            Some(call) => added.wrapper(call, *index, &found)?,
            None => *index,
        };
        exports.export(name, *kind, index);
    }
    added.answers(&mut exports);
    Ok(added.into_module(&found, &exports))
}

/// What is in the module before.
#[derive(Default)]
struct Found<'a> {
    /// Each section with its number, in order.
    sections: Vec<(u8, &'a [u8])>,
    types: Vec<Option<FuncType>>,
    /// The type of each function, those that are imported first.
    functions: Vec<u32>,
    memories: u32,
    globals: u32,
    exports: Vec<(&'a str, ExportKind, u32)>,
    /// The adapter's function that writes what was said, if the module imports it.
    write: Option<u32>,
}

impl<'a> Found<'a> {
    fn of(module: &'a [u8]) -> Result<Self> {
        let mut found = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload?;
            if let Some((id, range)) = payload.as_section() {
                found.sections.push((id, &module[range.start as usize..range.end as usize]));
            }
            found.note(payload)?;
        }
        Ok(found)
    }

    fn note(&mut self, payload: Payload<'a>) -> Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    for each in group?.into_types() {
                        let function = match &each.composite_type.inner {
                            wasmparser::CompositeInnerType::Func(function) => Some(function.clone()),
                            _ => None,
                        };
                        self.types.push(function);
                    }
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    match import.ty {
                        TypeRef::Func(of) | TypeRef::FuncExact(of) => {
                            if (import.module, import.name) == (ADAPTED, "fd_write") {
                                self.write = Some(self.functions.len() as u32);
                            }
                            self.functions.push(of);
                        }
                        TypeRef::Memory(_) => self.memories += 1,
                        TypeRef::Global(_) => self.globals += 1,
                        TypeRef::Table(_) | TypeRef::Tag(_) => {}
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for of in section {
                    self.functions.push(of?);
                }
            }
            Payload::MemorySection(section) => self.memories += section.count(),
            Payload::GlobalSection(section) => self.globals += section.count(),
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    self.exports.push((export.name, kind_of(export.kind), export.index));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn type_of(&self, function: u32) -> Result<(u32, &FuncType)> {
        let of = self.functions[function as usize];
        let found = self.types[of as usize].as_ref();
        Ok((of, found.context("a function has a type that is none of a function")?))
    }
}

fn kind_of(kind: ExternalKind) -> ExportKind {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
        ExternalKind::Table => ExportKind::Table,
        ExternalKind::Memory => ExportKind::Memory,
        ExternalKind::Global => ExportKind::Global,
        ExternalKind::Tag => ExportKind::Tag,
    }
}

/// What is put behind it.
struct Added {
    types: u32,
    functions: u32,
    memory: u32,
    phase: u32,
    turn: u32,
    /// The type and the code of each function.
    code: Vec<(u32, Function)>,
}

impl Added {
    fn behind(found: &Found) -> Self {
        Self {
            types: found.types.len() as u32,
            functions: found.functions.len() as u32,
            memory: found.memories,
            phase: found.globals,
            turn: found.globals + 1,
            code: Vec::new(),
        }
    }

    fn function(&mut self, of: u32, code: Function) -> u32 {
        self.code.push((of, code));
        self.functions + self.code.len() as u32 - 1
    }

    /// A function that calls `inner` and keeps count of it.
    fn wrapper(&mut self, call: Call, inner: u32, found: &Found) -> Result<u32> {
        let (of, function_type) = found.type_of(inner)?;
        let parameters = function_type.params().len() as u32;
        let before = parameters; // a local of our own, behind the parameters
        let mut code = Function::new([(1, ValType::I32)]);
        match call {
            Call::Turn => {
                self.set_phase(&mut code, RUNNING);
                code.instruction(&Instruction::GlobalGet(self.turn));
                code.instruction(&Instruction::I32Const(1));
                code.instruction(&Instruction::I32Add);
                code.instruction(&Instruction::GlobalSet(self.turn));
            }
            Call::Description => self.set_phase(&mut code, DESCRIBING),
            Call::Beginning => {}
            Call::Memory => {
                code.instruction(&Instruction::GlobalGet(self.phase));
                code.instruction(&Instruction::LocalSet(before));
                self.set_phase(&mut code, QUIET);
            }
        }
        for parameter in 0..parameters {
            code.instruction(&Instruction::LocalGet(parameter));
        }
        code.instruction(&Instruction::Call(inner));
        if call == Call::Memory {
            code.instruction(&Instruction::LocalGet(before));
            code.instruction(&Instruction::GlobalSet(self.phase));
        } else {
            if let Some(write) = found.write {
                flush(&mut code, write);
            }
            self.set_phase(&mut code, QUIET);
        }
        code.instruction(&Instruction::End);
        Ok(self.function(of, code))
    }

    fn set_phase(&self, code: &mut Function, phase: i32) {
        code.instruction(&Instruction::I32Const(phase));
        code.instruction(&Instruction::GlobalSet(self.phase));
    }

    /// What the adapter imports from `__main_module__`.
    fn answers(&mut self, exports: &mut ExportSection) {
        let answer = self.types; // see `into_module`
        let copying = self.types + 1;
        let page = self.memory;
        for (name, global) in [("kelpie_phase", self.phase), ("kelpie_turn", self.turn)] {
            let code = straight(&[Instruction::GlobalGet(global)]);
            exports.export(name, ExportKind::Func, self.function(answer, code));
        }
        let code = straight(&has_page(page));
        exports.export("kelpie_page", ExportKind::Func, self.function(answer, code));
        for (name, to, from) in [("kelpie_keep", page, 0), ("kelpie_fetch", 0, page)] {
            let code = straight(&[
                Instruction::LocalGet(0),
                Instruction::LocalGet(1),
                Instruction::LocalGet(2),
                Instruction::MemoryCopy { src_mem: from, dst_mem: to },
            ]);
            exports.export(name, ExportKind::Func, self.function(copying, code));
        }
    }

    fn into_module(self, found: &Found, exports: &ExportSection) -> Vec<u8> {
        let mut more = BTreeMap::new();
        let mut types = TypeSection::new();
        types.ty().function([], [ValType::I32]);
        types.ty().function([ValType::I32; 3], []);
        more.insert(TYPES, items(&types));
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 0,
            maximum: Some(1),
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        more.insert(MEMORIES, items(&memories));
        let mut globals = GlobalSection::new();
        let number = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(number, &ConstExpr::i32_const(RUNNING));
        globals.global(number, &ConstExpr::i32_const(0));
        more.insert(GLOBALS, items(&globals));
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        for (of, each) in &self.code {
            functions.function(*of);
            code.function(each);
        }
        more.insert(FUNCTIONS, items(&functions));
        more.insert(CODE, items(&code));
        joined(found, more, exports)
    }
}

fn straight(instructions: &[Instruction]) -> Function {
    let mut code = Function::new([]);
    for instruction in instructions {
        code.instruction(instruction);
    }
    code.instruction(&Instruction::End);
    code
}

/// Has the adapter write what is no whole line yet.
fn flush(code: &mut Function, write: u32) {
    for argument in [-1, 0, 0, 0] {
        code.instruction(&Instruction::I32Const(argument));
    }
    code.instruction(&Instruction::Call(write));
    code.instruction(&Instruction::Drop);
}

/// Whether the page is there; it is made when it is first asked for.
fn has_page(page: u32) -> [Instruction<'static>; 8] {
    [
        Instruction::MemorySize(page),
        Instruction::I32Eqz,
        Instruction::If(wasm_encoder::BlockType::Empty),
        Instruction::I32Const(1),
        Instruction::MemoryGrow(page),
        Instruction::Drop,
        Instruction::End,
        Instruction::MemorySize(page),
    ]
}

/// Things of a section: how many, and their bytes.
struct Items {
    count: u32,
    bytes: Vec<u8>,
}

/// The things in a section as the encoder writes it: its size, their count, they.
fn items(section: &impl Encode) -> Items {
    let mut whole = Vec::new();
    section.encode(&mut whole);
    let mut reader = wasmparser::BinaryReader::new(&whole, 0);
    let expected = "what was just encoded can be read";
    reader.read_var_u32().expect(expected);
    let count = reader.read_var_u32().expect(expected);
    let at = reader.original_position() as usize;
    Items { count, bytes: whole[at..].to_vec() }
}

/// The module with these things behind those in its sections, and other exports.
fn joined(found: &Found, mut more: BTreeMap<u8, Items>, exports: &ExportSection) -> Vec<u8> {
    let mut module = wasm_encoder::Module::new();
    let place = |id: u8| ORDER.iter().position(|each| *each == id);
    for (id, data) in &found.sections {
        if let Some(here) = place(*id) {
            // Sections that the module has not, and that stand before this one.
            for missing in ORDER[..here].iter().filter(|each| *each != id) {
                if let Some(items) = more.remove(missing) {
                    write_section(&mut module, *missing, &[], &items);
                }
            }
        }
        match more.remove(id) {
            Some(items) => write_section(&mut module, *id, data, &items),
            None if *id == EXPORTS => _ = module.section(exports),
            None => _ = module.section(&wasm_encoder::RawSection { id: *id, data }),
        }
    }
    for id in ORDER {
        if let Some(items) = more.remove(&id) {
            write_section(&mut module, id, &[], &items);
        }
    }
    module.finish()
}

fn write_section(module: &mut wasm_encoder::Module, id: u8, before: &[u8], items: &Items) {
    let mut reader = wasmparser::BinaryReader::new(before, 0);
    let count = if before.is_empty() { 0 } else { reader.read_var_u32().unwrap_or(0) };
    let rest = &before[reader.original_position() as usize..];
    let mut data = Vec::with_capacity(before.len() + items.bytes.len() + 5);
    (count + items.count).encode(&mut data);
    data.extend_from_slice(rest);
    data.extend_from_slice(&items.bytes);
    module.section(&wasm_encoder::RawSection { id, data: &data });
}
