//! The state of an actor in the memory of its instance.

use std::marker::PhantomData;
use std::mem;
use std::panic::RefUnwindSafe;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::encoding::{decode, encode};
use crate::{Context, Payload, Result, fail};

/// What can be an actor's state.
pub trait State: Default + Serialize + DeserializeOwned {
    /// The version of what is stored.
    const VERSION: u32;
    /// Whether a value may change that nobody can change: it has a `Cell` in it.
    const INTERIOR: bool;

    /// The state of this version, made of that of a lower one.
    fn migrate(version: u32, old: serde_json::Value) -> Result<Self>;
}

/// The state as this instance knows it. A turn that fails must drop it.
pub struct Instance<A> {
    actor: Option<A>,
    /// The text of the state as it was last seen; none if it is that of an older
    /// version.
    text: Option<String>,
    /// Whether the state may differ from its text.
    may_differ: bool,
    /// Whether the text has to be saved.
    unsaved: bool,
    /// Brings the text up to date. Only an actor that has state can say how.
    update: fn(&mut Self) -> Result<()>,
}

impl<A> Default for Instance<A> {
    fn default() -> Self {
        Self { actor: None, text: None, may_differ: false, unsaved: false, update: |_| Ok(()) }
    }
}

impl<A> Instance<A> {
    /// Saves what the turn has changed.
    pub(super) fn save(&mut self, context: &Context) -> Result<()> {
        (self.update)(self)?;
        if mem::take(&mut self.unsaved) {
            let text = Payload::Text(self.text.take().unwrap_or_default());
            context.host.state_save(&text);
            if let Payload::Text(text) = text {
                self.text = Some(text);
            }
        }
        Ok(())
    }
}

impl<A: State> Instance<A> {
    /// Runs an operation that takes `&mut self`.
    pub fn write<R>(
        &mut self,
        context: &Context,
        run: impl FnOnce(&mut A) -> Result<R>,
    ) -> Result<R> {
        self.load(context)?;
        self.may_differ = true;
        run(self.actor.get_or_insert_default())
    }

    /// Runs an operation that takes `&self`.
    pub fn read<R>(
        &mut self,
        context: &Context,
        read_only: bool,
        run: impl FnOnce(&A) -> Result<R>,
    ) -> Result<R> {
        self.load(context)?;
        if !A::INTERIOR {
            return run(self.actor.get_or_insert_default());
        }
        if !read_only {
            self.may_differ = true;
            return run(self.actor.get_or_insert_default());
        }
        self.update()?;
        let actor = self.actor.get_or_insert_default();
        let reply = run(actor)?;
        if self.text.as_deref() != Some(encode(actor)?.as_str()) {
            return Err(fail("a read-only operation has changed the state"));
        }
        Ok(reply)
    }

    fn load(&mut self, context: &Context) -> Result<()> {
        if self.actor.is_some() {
            return Ok(());
        }
        self.update = Self::update;
        match context.host.state_load() {
            None => {
                let actor = A::default();
                self.text = Some(encode(&actor)?);
                self.actor = Some(actor);
            }
            Some(stored) => {
                let (actor, is_current) = decode(&stored)?;
                self.actor = Some(actor);
                self.text = match stored {
                    Payload::Text(text) if is_current => Some(text),
                    _ => None,
                };
            }
        }
        Ok(())
    }

    fn update(&mut self) -> Result<()> {
        if !mem::take(&mut self.may_differ) {
            return Ok(());
        }
        let Some(actor) = &self.actor else {
            return Ok(());
        };
        let text = encode(actor)?;
        if self.text.as_deref() != Some(text.as_str()) {
            self.text = Some(text);
            self.unsaved = true;
        }
        Ok(())
    }
}

/// Tells whether a type has interior mutability: `Probe::<T>::INTERIOR` is the constant
/// of the type itself if it can be told that it has none, else that of the trait.
/// (Atomics and mutexes pass for what has none.)
pub struct Probe<T>(PhantomData<T>);

/// See [`Probe`].
pub trait Interior {
    /// It may have some.
    const INTERIOR: bool = true;
}

impl<T> Interior for Probe<T> {}

impl<T: RefUnwindSafe> Probe<T> {
    /// It has none.
    pub const INTERIOR: bool = false;
}
