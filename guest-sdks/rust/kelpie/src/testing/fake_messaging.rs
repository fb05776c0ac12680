//! The host calls of a fake host to other actors.

use super::Fake;
use super::world::{How, Message, Reminder};
use crate::messaging::{Failure, Missed, Schedule};
use crate::{Address, Payload};

impl Fake {
    pub(crate) fn call(
        &self,
        target: &Address,
        operation: &str,
        argument: &Payload,
        key: Option<&str>,
    ) -> Result<Payload, Failure> {
        let how = How::Call(key.map(str::to_owned));
        let message = self.post("messaging.call", target, operation, argument, how);
        // The answer may ask this host for something.
        let Some(mut answer) = self.world().answer.take() else {
            let unanswered = "nobody answers here: see `kelpie::testing::Host::answer_calls`";
            return Err(Failure::Unavailable(unanswered.to_owned()));
        };
        let reply = answer(&message);
        self.world().answer.get_or_insert(answer);
        reply
    }

    pub(crate) fn send(
        &self,
        target: &Address,
        operation: &str,
        argument: &Payload,
    ) -> Result<(), Failure> {
        self.post("messaging.send", target, operation, argument, How::Send);
        Ok(())
    }

    pub(crate) fn send_after(
        &self,
        target: &Address,
        operation: &str,
        argument: &Payload,
        delay_ms: u64,
    ) -> Result<(), Failure> {
        let how = How::SendAfter(delay_ms);
        self.post("messaging.send-after", target, operation, argument, how);
        Ok(())
    }

    pub(crate) fn request(
        &self,
        target: &Address,
        operation: &str,
        argument: &Payload,
        continuation: &str,
    ) -> Result<(), Failure> {
        let how = How::Request(continuation.to_owned());
        self.post("messaging.request", target, operation, argument, how);
        Ok(())
    }

    pub(crate) fn remind(
        &self,
        name: &str,
        schedule: &Schedule,
        missed: Missed,
        operation: &str,
        argument: &Payload,
    ) -> Result<(), Failure> {
        let mut world = self.world();
        world.change("messaging.remind");
        let reminder = Reminder {
            schedule: schedule.clone(),
            missed,
            operation: operation.to_owned(),
            argument: argument.clone(),
        };
        world.stored.reminders.insert(name.to_owned(), reminder);
        Ok(())
    }

    pub(crate) fn cancel_reminder(&self, name: &str) -> Result<bool, Failure> {
        let mut world = self.world();
        world.change("messaging.cancel-reminder");
        Ok(world.stored.reminders.remove(name).is_some())
    }

    pub(crate) fn reminders(&self) -> Result<Vec<String>, Failure> {
        Ok(self.world().stored.reminders.keys().cloned().collect())
    }

    fn post(
        &self,
        call: &str,
        target: &Address,
        operation: &str,
        argument: &Payload,
        how: How,
    ) -> Message {
        let message = Message {
            target: target.clone(),
            operation: operation.to_owned(),
            argument: argument.clone(),
            how,
        };
        let mut world = self.world();
        world.change(call);
        world.stored.messages.push(message.clone());
        message
    }
}
