//! Ordered keys and values that belong to one actor.

use std::collections::VecDeque;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::host::Host;
use crate::{Payload, Result, fail};

pub use crate::bindings::kelpie::actor::kv::{Entry, Page};

/// The keys and values of an actor, for state that is too large or too wide to be
/// read as a whole. Keys are ordered by their bytes; they have 1 to 1,024 bytes, and
/// values at most 1 MiB. A turn sees what it wrote itself.
///
/// ```
/// # use kelpie::kv::Listing;
/// # let host = kelpie::testing::Host::new();
/// # let context = host.context();
/// let kv = context.kv();
/// kv.set("score/ann", "7");
/// kv.set_json("score/bob", &9)?;
/// assert_eq!(kv.get_json::<i64>("score/ann")?, Some(7));
///
/// let best = kv.list(Listing { prefix: "score/", limit: 1, reverse: true, ..Listing::default() });
/// assert_eq!(best.entries[0].key, "score/bob");
/// assert!(best.more);
///
/// let all: Vec<String> = kv.entries("score/").map(|entry| entry.key).collect();
/// assert_eq!(all, ["score/ann", "score/bob"]);
/// # Ok::<(), kelpie::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Kv<'a>(pub(crate) &'a Host);

/// What to list: see [`Kv::list`].
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a> {
    /// With what the keys begin.
    pub prefix: &'a str,
    /// Behind which key to begin; before it, in reverse.
    pub after: Option<&'a str>,
    /// How many entries at most. There may be fewer, and more behind them.
    pub limit: u32,
    /// From the last to the first.
    pub reverse: bool,
}

impl Default for Listing<'_> {
    fn default() -> Self {
        Self { prefix: "", after: None, limit: PAGE_ENTRIES, reverse: false }
    }
}

/// More than this the host gives in no page.
const PAGE_ENTRIES: u32 = 1_000;

impl<'a> Kv<'a> {
    /// The value of a key; none if it has none.
    pub fn get(&self, key: &str) -> Option<Payload> {
        self.0.kv_get(key)
    }

    /// The value whose JSON is stored under a key; none if nothing is.
    ///
    /// # Errors
    /// What is stored is not the JSON of such a value.
    pub fn get_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match value.to_json() {
                Ok(value) => Ok(Some(value)),
                Err(error) => Err(fail(format!("the value of key {key:?}: {error}"))),
            },
        }
    }

    /// Stores text or bytes under a key.
    pub fn set(&self, key: &str, value: impl Into<Payload>) {
        self.0.kv_set(key, &value.into());
    }

    /// Stores the JSON of a value under a key.
    ///
    /// # Errors
    /// The value has no JSON.
    pub fn set_json<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<()> {
        self.0.kv_set(key, &Payload::json(value)?);
        Ok(())
    }

    /// Deletes a key; one that is not there may be deleted too.
    pub fn delete(&self, key: &str) {
        self.0.kv_delete(key);
    }

    /// One page of entries, in the order of their keys: at most 1,000, and at most
    /// 1 MiB of them, but at least one if there is one.
    pub fn list(&self, listing: Listing<'_>) -> Page {
        self.0.kv_list(listing.prefix, listing.after, listing.limit, listing.reverse)
    }

    /// All entries whose keys begin with `prefix`, page after page. What is written
    /// meanwhile behind the last page is seen.
    pub fn entries(&self, prefix: &str) -> Entries<'a> {
        self.iterate(prefix, false)
    }

    /// The same, from the last to the first.
    pub fn entries_reversed(&self, prefix: &str) -> Entries<'a> {
        self.iterate(prefix, true)
    }

    fn iterate(&self, prefix: &str, reverse: bool) -> Entries<'a> {
        Entries {
            kv: *self,
            prefix: prefix.to_owned(),
            reverse,
            page: VecDeque::new(),
            after: None,
            more: true,
        }
    }
}

/// See [`Kv::entries`].
#[derive(Debug)]
pub struct Entries<'a> {
    kv: Kv<'a>,
    prefix: String,
    reverse: bool,
    page: VecDeque<Entry>,
    after: Option<String>,
    more: bool,
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.page.is_empty() && self.more {
            let page = self.kv.list(Listing {
                prefix: &self.prefix,
                after: self.after.as_deref(),
                limit: PAGE_ENTRIES,
                reverse: self.reverse,
            });
            self.after = page.entries.last().map(|entry| entry.key.clone());
            self.more = page.more && self.after.is_some();
            self.page = page.entries.into();
        }
        self.page.pop_front()
    }
}
