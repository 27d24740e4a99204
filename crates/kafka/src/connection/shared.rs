//! What the task of a connection shares with those who wait for answers.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::error::Error;

pub(super) struct Shared {
    pub(super) address: Arc<str>,
    pub(super) state: Mutex<State>,
    pub(super) closed: Notify,
}

#[derive(Default)]
pub(super) struct State {
    /// In the order in which the requests were written, which is the order of the answers.
    pub(super) pending: VecDeque<Pending>,
    pub(super) closed: Option<Closed>,
}

#[derive(Clone)]
pub(super) struct Closed {
    pub(super) error: Error,
    /// Whether the end is no news: nobody was waiting for anything.
    pub(super) quiet: bool,
}

pub(super) struct Pending {
    pub(super) correlation: i32,
    pub(super) reply: oneshot::Sender<Result<Bytes, Error>>,
}

impl Shared {
    pub(super) fn lost(&self, reason: &str) -> Error {
        Error::Disconnected { address: self.address.clone(), reason: reason.into() }
    }

    /// Closes once; the first reason stays.
    pub(super) fn close(&self, reason: &str) {
        let error = self.lost(reason);
        let pending = {
            let mut state = self.state.lock();
            if state.closed.is_none() {
                let quiet = state.pending.is_empty();
                state.closed = Some(Closed { error: error.clone(), quiet });
            }
            std::mem::take(&mut state.pending)
        };
        for waiting in pending {
            // The one who asked may have gone away.
            let _ = waiting.reply.send(Err(error.clone()));
        }
        self.closed.notify_one();
    }

    /// Closes a connection that nobody waits on; a request can then no longer slip in unnoticed.
    pub(super) fn close_if_idle(&self) -> bool {
        let mut state = self.state.lock();
        let idle = state.pending.is_empty();
        if idle && state.closed.is_none() {
            state.closed = Some(Closed { error: self.lost("idle"), quiet: true });
        }
        idle
    }

    /// Hands an answer to the request at the head of the line.
    pub(super) fn answer(&self, frame: Bytes) -> Result<(), String> {
        let Some(head) = frame.first_chunk::<4>() else {
            return Err(format!("an answer of {} bytes is too short", frame.len()));
        };
        let correlation = i32::from_be_bytes(*head);
        let Some(pending) = self.state.lock().pending.pop_front() else {
            return Err("an answer that nobody asked for".to_owned());
        };
        if pending.correlation != correlation {
            let expected = pending.correlation;
            let _ = pending.reply.send(Err(self.lost("an answer to another request")));
            return Err(format!("an answer to request {correlation} instead of {expected}"));
        }
        // The one who asked may have gone away.
        let _ = pending.reply.send(Ok(frame));
        Ok(())
    }
}
