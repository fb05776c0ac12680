//! Few large data segments in the place of many small ones.
//!
//! Go's linker leaves out every run of zeros, however short, and so makes tens of
//! thousands of segments. The engine compiles each of them into code that copies
//! it: that takes many times as long as the program itself.

use anyhow::Result;
use wasm_encoder::{ConstExpr, DataSection, Module, RawSection, SectionId};
use wasmparser::{DataKind, DataSectionReader, Operator, Parser, Payload};

/// So many zeros between two segments are written out.
const GAP_BYTES_MAX: u64 = 64;

/// A piece of memory, and what is in it at the start.
struct Piece {
    begin: u64,
    content: Vec<u8>,
}

impl Piece {
    fn end(&self) -> u64 {
        self.begin + self.content.len() as u64
    }
}

/// The module with segments that lie close together joined to one.
///
/// A module comes back as it was if its code could tell: if it names segments by
/// their number, or if one does not simply lie at a place of its own.
pub fn gather(module: &[u8]) -> Result<Vec<u8>> {
    let mut gathered = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::DataCountSection { .. } = payload {
            return Ok(module.to_vec());
        }
        let Some((id, range)) = payload.as_section() else { continue };
        let Payload::DataSection(section) = payload else {
            let data = &module[range.start as usize..range.end as usize];
            gathered.section(&RawSection { id, data });
            continue;
        };
        debug_assert_eq!(id, SectionId::Data as u8);
        let Some(pieces) = pieces(section)? else { return Ok(module.to_vec()) };
        let mut data = DataSection::new();
        for piece in joined(pieces) {
            // An offset counts without a sign, and is written with one.
            let begin = ConstExpr::i32_const(piece.begin as u32 as i32);
            data.active(0, &begin, piece.content);
        }
        gathered.section(&data);
    }
    Ok(gathered.finish())
}

/// The segments by their places; none if one is of another kind, or two overlap.
fn pieces(section: DataSectionReader) -> Result<Option<Vec<Piece>>> {
    let mut pieces = Vec::with_capacity(section.count() as usize);
    for segment in section {
        let segment = segment?;
        let DataKind::Active { memory_index: 0, offset_expr } = segment.kind else {
            return Ok(None);
        };
        let mut operators = offset_expr.get_operators_reader();
        let Operator::I32Const { value } = operators.read()? else { return Ok(None) };
        if !matches!(operators.read()?, Operator::End) {
            return Ok(None);
        }
        let begin = u64::from(value as u32);
        pieces.push(Piece { begin, content: segment.data.to_vec() });
    }
    pieces.sort_by_key(|piece| piece.begin);
    let overlap = pieces.windows(2).any(|pair| pair[0].end() > pair[1].begin);
    Ok((!overlap).then_some(pieces))
}

fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        match joined.last_mut() {
            Some(last) if piece.begin - last.end() <= GAP_BYTES_MAX => {
                let gap = (piece.begin - last.end()) as usize;
                last.content.resize(last.content.len() + gap, 0);
                last.content.extend(piece.content);
            }
            _ => joined.push(piece),
        }
    }
    joined
}
