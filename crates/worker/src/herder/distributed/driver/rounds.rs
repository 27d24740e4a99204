//! What the loop looks after at every turn: the right to write, the key of requests, loads, and who can be reached.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use super::super::writer::Job;
use super::Driver;
use crate::cluster::signature::SessionKey;
use crate::cluster::topic::now_ms;

/// How often the leader looks whether the key for signatures is to be made anew.
const KEY_LOOK: Duration = Duration::from_secs(10);
/// How often readings of loads are taken.
const LOADS_LOOK: Duration = Duration::from_secs(5);

impl Driver {
    /// The leader takes the right to write from whoever led before.
    pub(super) fn claim(&mut self) {
        let leads = self.state.leads();
        if std::mem::replace(&mut self.claimed, leads) != leads {
            self.job(if leads { Job::Claim } else { Job::Relinquish });
        }
    }

    /// The leader makes the key that requests between workers are signed with, and makes it anew in time.
    pub(super) fn renew_key(&mut self) {
        let now = Instant::now();
        if !std::mem::replace(&mut self.signing, self.state.signs()) && self.signing {
            // A new leader looks at once.
            self.key_look_at = now;
        }
        if now < self.key_look_at {
            return;
        }
        self.key_look_at = now + KEY_LOOK;
        if !self.signing {
            return;
        }
        let signing = &self.config.signing;
        let current = self.state.configs().session_key.as_deref();
        if let Some(left) = current.and_then(|key| self.rotation.left(signing, key, now_ms(), now)) {
            self.key_look_at = now + left.min(KEY_LOOK);
            return;
        }
        match SessionKey::generate(signing.key_algorithm, signing.key_bits, now_ms()) {
            Ok(key) => self.job(Job::Key(key)),
            Err(error) => warn!(%error, "cannot make a key for requests between workers"),
        }
    }

    /// Takes readings of what tasks take, whoever may ask.
    pub(super) fn read_loads(&mut self) {
        let now = Instant::now();
        if now >= self.loads_at {
            self.loads_at = now + LOADS_LOOK;
            self.snapshot.activities().read_loads();
        }
    }

    /// Takes note of what the group has agreed on, and looks whether its workers can be reached.
    pub(super) fn look_around(&mut self) {
        while self.background.try_join_next().is_some() {}
        if let Some(signed) = self.state.agreed_to_sign()
            && self.signed.swap(signed, Ordering::Relaxed) != signed
        {
            warn!(
                signed,
                "the group has agreed on another protocol: requests between workers are verified if they are signed. \
                 hint: `connect.protocol` is to be the same on all workers"
            );
        }
        if let Some(partners) = self.state.partners() {
            self.reach.look(partners, &self.peers, &mut self.background);
        }
    }
}
