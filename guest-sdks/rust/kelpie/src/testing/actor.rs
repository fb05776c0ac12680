//! An actor under test.

use std::mem;

use super::{BatchError, Host};
use crate::runtime::{Instance, describe, invoke, invoke_batch};
use crate::{Payload, Result, runtime};

/// An actor on a [`Host`] of its own, asked as a host asks it.
pub struct Actor<A: runtime::Actor> {
    host: Host,
    instance: Instance<A>,
}

impl<A: runtime::Actor> Default for Actor<A> {
    fn default() -> Self {
        Self::on(Host::new())
    }
}

impl<A: runtime::Actor> Actor<A> {
    /// An actor that was never asked before.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same on a host that is there already.
    pub fn on(host: Host) -> Self {
        Self { host, instance: Instance::default() }
    }

    /// Its host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Runs one operation, with JSON text or with bytes: a turn.
    ///
    /// # Errors
    /// It was rejected, or has failed. Then it changed nothing. What a real host
    /// ends a turn for, a write in a read-only operation or a value over a limit, is
    /// `Failed` here.
    ///
    /// # Panics
    /// The operation does.
    pub fn invoke(&mut self, operation: &str, argument: impl Into<Payload>) -> Result<Payload> {
        let known = A::OPERATIONS.iter().find(|known| known.name == operation);
        let read_only = known.is_some_and(|known| known.read_only);
        let argument = argument.into();
        let mut instance = mem::take(&mut self.instance);
        let run = |context: &_| invoke(&mut instance, context, operation, argument);
        let reply = self.host.turn(read_only, run, |error| error)?;
        self.instance = instance;
        Ok(reply)
    }

    /// Runs a batch of operations, which are JSON lines: one turn.
    ///
    /// # Errors
    /// One of them was rejected, or has failed. Then none of them changed anything.
    ///
    /// # Panics
    /// One of them does.
    pub fn invoke_batch(&mut self, operations: &str) -> Result<String, BatchError> {
        let mut instance = mem::take(&mut self.instance);
        let run = |context: &_| invoke_batch(&mut instance, context, operations);
        let broken = |error| BatchError { index: 0, error };
        let replies = self.host.turn(false, run, broken)?;
        self.instance = instance;
        Ok(replies)
    }

    /// What the actor says of itself: its manifest, as JSON.
    pub fn describe(&self) -> String {
        describe::<A>()
    }

    /// Forgets what is in memory, as a host may between any two turns.
    pub fn renew(&mut self) {
        self.instance = Instance::default();
    }
}
