//! The host that runs the component.

use crate::bindings::kelpie::actor::{
    clock, config, entropy, identity, kv, log, messaging, secrets, state,
};
use crate::messaging::Failure;
use crate::{Address, Caller, Payload};

#[derive(Debug)]
pub(crate) struct Host;

// `&self` is there because the host of the tests has something in it.
#[allow(clippy::unused_self)]
impl Host {
    pub(crate) fn address(&self) -> Address {
        identity::self_address()
    }

    pub(crate) fn turn(&self) -> u64 {
        identity::turn()
    }

    pub(crate) fn request_id(&self) -> String {
        identity::request_id()
    }

    pub(crate) fn caller(&self) -> Caller {
        identity::get_caller()
    }

    pub(crate) fn now(&self) -> u64 {
        clock::now()
    }

    pub(crate) fn entropy_bytes(&self, length: u32) -> Vec<u8> {
        entropy::get_bytes(length)
    }

    pub(crate) fn entropy_u64(&self) -> u64 {
        entropy::get_u64()
    }

    pub(crate) fn entropy_uuid(&self) -> String {
        entropy::get_uuid()
    }

    pub(crate) fn log(&self, level: log::Level, message: &str) {
        log::write(level, message);
    }

    pub(crate) fn config(&self, name: &str) -> Option<String> {
        config::get(name)
    }

    pub(crate) fn secret(&self, name: &str) -> Option<String> {
        secrets::get(name)
    }

    pub(crate) fn state_load(&self) -> Option<Payload> {
        state::load()
    }

    pub(crate) fn state_save(&self, value: &Payload) {
        state::save(value);
    }

    pub(crate) fn state_clear(&self) {
        state::clear();
    }

    pub(crate) fn kv_get(&self, key: &str) -> Option<Payload> {
        kv::get(key)
    }

    pub(crate) fn kv_set(&self, key: &str, value: &Payload) {
        kv::set(key, value);
    }

    pub(crate) fn kv_delete(&self, key: &str) {
        kv::delete(key);
    }

    pub(crate) fn kv_list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
        reverse: bool,
    ) -> kv::Page {
        kv::list(prefix, after, limit, reverse)
    }

    pub(crate) fn call(
        &self,
        target: &Address,
        operation: &str,
        argument: &Payload,
        key: Option<&str>,
    ) -> Result<Payload, Failure> {
        Ok(messaging::call(target, operation, argument, key)?)
    }

    pub(crate) fn send(
        &self,
        target: &Address,
        operation: &str,
        argument: &Payload,
    ) -> Result<(), Failure> {
        Ok(messaging::send(target, operation, argument)?)
    }

    pub(crate) fn send_after(
        &self,
        target: &Address,
        operation: &str,
        argument: &Payload,
        delay_ms: u64,
    ) -> Result<(), Failure> {
        Ok(messaging::send_after(target, operation, argument, delay_ms)?)
    }

    pub(crate) fn request(
        &self,
        target: &Address,
        operation: &str,
        argument: &Payload,
        continuation: &str,
    ) -> Result<(), Failure> {
        Ok(messaging::request(target, operation, argument, continuation)?)
    }

    pub(crate) fn remind(
        &self,
        name: &str,
        schedule: &messaging::Schedule,
        missed: messaging::Missed,
        operation: &str,
        argument: &Payload,
    ) -> Result<(), Failure> {
        Ok(messaging::remind(name, schedule, missed, operation, argument)?)
    }

    pub(crate) fn cancel_reminder(&self, name: &str) -> Result<bool, Failure> {
        Ok(messaging::cancel_reminder(name)?)
    }

    pub(crate) fn reminders(&self) -> Result<Vec<String>, Failure> {
        Ok(messaging::reminders()?)
    }
}
