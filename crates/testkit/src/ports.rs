//! TCP ports nobody listens on.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{LazyLock, Mutex, PoisonError};

/// Below the range the kernel gives to outgoing connections, so that a port stays free while its server restarts.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

static TAKEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);

/// Returns a port of 127.0.0.1 that is free now and was not given out before by this process.
///
/// # Panics
///
/// When a thousand random ports are all in use.
pub fn free() -> u16 {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let random = RandomState::new();
    (0..1000u16)
        .map(|attempt| FIRST + (random.hash_one(attempt) % u64::from(COUNT)) as u16)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok() && taken.insert(*port))
        .expect("some port of 127.0.0.1 is free")
}
