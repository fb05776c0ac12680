//! The host calls of a fake host. Their real ones are in `host/wasm.rs`.

use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use super::Level;
use super::world::World;
use crate::kv::{Entry, Page};
use crate::{Address, Caller, Payload};

const ENTROPY_BYTES_MAX: u32 = 65_536;
const KEY_BYTES_MAX: usize = 1_024;
const VALUE_BYTES_MAX: usize = 1 << 20;
const STATE_BYTES_MAX: usize = 4 << 20;
const PAGE_ENTRIES_MAX: u32 = 1_000;
const PAGE_BYTES_MAX: usize = 1 << 20;

#[derive(Clone, Debug, Default)]
pub(crate) struct Fake(Rc<RefCell<World>>);

impl Fake {
    /// Nothing that is called meanwhile may ask for it again.
    pub(super) fn world(&self) -> RefMut<'_, World> {
        self.0.borrow_mut()
    }

    pub(crate) fn address(&self) -> Address {
        self.world().address.clone()
    }

    pub(crate) fn turn(&self) -> u64 {
        self.world().turn
    }

    pub(crate) fn request_id(&self) -> String {
        self.world().request_id.clone()
    }

    pub(crate) fn caller(&self) -> Caller {
        self.world().caller.clone()
    }

    pub(crate) fn now(&self) -> u64 {
        self.world().now
    }

    pub(crate) fn entropy_bytes(&self, length: u32) -> Vec<u8> {
        let mut world = self.world();
        if length > ENTROPY_BYTES_MAX {
            world.violate(format!("{length} random bytes are over the limit entropy_bytes_max"));
            return Vec::new();
        }
        let mut bytes = Vec::new();
        while bytes.len() < length as usize {
            bytes.extend(world.random().to_le_bytes());
        }
        bytes.truncate(length as usize);
        bytes
    }

    pub(crate) fn entropy_u64(&self) -> u64 {
        self.world().random()
    }

    pub(crate) fn entropy_uuid(&self) -> String {
        let mut world = self.world();
        let (high, low) = (world.random(), world.random());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 48 & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff,
        )
    }

    pub(crate) fn log(&self, level: Level, message: &str) {
        self.world().lines.push((level, message.to_owned()));
    }

    pub(crate) fn config(&self, name: &str) -> Option<String> {
        self.world().config.get(name).cloned()
    }

    pub(crate) fn secret(&self, name: &str) -> Option<String> {
        self.world().secrets.get(name).cloned()
    }

    pub(crate) fn state_load(&self) -> Option<Payload> {
        self.world().stored.state.clone()
    }

    pub(crate) fn state_save(&self, value: &Payload) {
        let mut world = self.world();
        world.change("state.save");
        if size(value) > STATE_BYTES_MAX {
            world.violate("the state is over the limit state_bytes_max".to_owned());
        }
        world.stored.state = Some(value.clone());
    }

    pub(crate) fn state_clear(&self) {
        let mut world = self.world();
        world.change("state.clear");
        world.stored.state = None;
    }

    pub(crate) fn kv_get(&self, key: &str) -> Option<Payload> {
        let mut world = self.world();
        check_key(&mut world, key);
        world.stored.kv.get(key).cloned()
    }

    pub(crate) fn kv_set(&self, key: &str, value: &Payload) {
        let mut world = self.world();
        world.change("kv.set");
        check_key(&mut world, key);
        if size(value) > VALUE_BYTES_MAX {
            world.violate(format!("the value of {key:?} is over the limit kv_value_bytes_max"));
        }
        world.stored.kv.insert(key.to_owned(), value.clone());
    }

    pub(crate) fn kv_delete(&self, key: &str) {
        let mut world = self.world();
        world.change("kv.delete");
        check_key(&mut world, key);
        world.stored.kv.remove(key);
    }

    pub(crate) fn kv_list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
        reverse: bool,
    ) -> Page {
        let world = self.world();
        let is_wanted = |key: &str| {
            let is_behind =
                after.is_none_or(|after| if reverse { key < after } else { key > after });
            is_behind && key.starts_with(prefix)
        };
        let mut found: Vec<(&String, &Payload)> =
            world.stored.kv.iter().filter(|(key, _)| is_wanted(key)).collect();
        if reverse {
            found.reverse();
        }
        let (mut entries, mut bytes) = (Vec::new(), 0);
        for (key, value) in &found {
            bytes += key.len() + size(value);
            let is_full = entries.len() >= limit.min(PAGE_ENTRIES_MAX) as usize;
            if is_full || (bytes > PAGE_BYTES_MAX && !entries.is_empty()) {
                break;
            }
            entries.push(Entry { key: (*key).clone(), value: (*value).clone() });
        }
        Page { more: entries.len() < found.len(), entries }
    }
}

fn check_key(world: &mut World, key: &str) {
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        world.violate(format!("a key has 1 to {KEY_BYTES_MAX} bytes, and not {}", key.len()));
    }
}

fn size(value: &Payload) -> usize {
    match value {
        Payload::Text(text) => text.len(),
        Payload::Bytes(bytes) => bytes.len(),
    }
}
