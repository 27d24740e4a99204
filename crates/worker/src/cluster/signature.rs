//! Signatures of the requests that workers send each other (KIP-507): an HMAC of the body with the cluster's
//! session key.
//!
//! The key is secret: nothing here prints it (invariant 8).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use thiserror::Error;

/// The header that carries the signature, in Base64.
pub const SIGNATURE_HEADER: &str = "X-Connect-Authorization";
/// The header that names the algorithm of the signature.
pub const ALGORITHM_HEADER: &str = "X-Connect-Request-Signature-Algorithm";

/// What a key may be at least, in bits: the least that Java's key generators take.
const KEY_BITS_MIN: u32 = 40;
/// What a key may be at most, in bits: far beyond what adds strength, and little enough for the config topic.
const KEY_BITS_MAX: u32 = 8 * 1024;

/// An algorithm of `inter.worker.signature.algorithm` and its neighbours, by its Java name.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Algorithm {
    /// HMAC with SHA-1.
    HmacSha1,
    /// HMAC with SHA-224.
    HmacSha224,
    /// HMAC with SHA-256, Kafka's default.
    HmacSha256,
    /// HMAC with SHA-384.
    HmacSha384,
    /// HMAC with SHA-512.
    HmacSha512,
}

/// There is no such algorithm, or none that is supported.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error(
    "`{0}` is no supported algorithm; hint: use one of HmacSHA1, HmacSHA224, HmacSHA256, HmacSHA384, HmacSHA512"
)]
pub struct UnknownAlgorithm(String);

/// A key cannot be made.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum KeyError {
    /// The size is out of range.
    #[error("a key of {0} bits cannot be made, hint: take {KEY_BITS_MIN} to {KEY_BITS_MAX} bits")]
    Size(u32),
    /// The operating system gives no random bytes.
    #[error("cannot get random bytes for a key: {0}")]
    Random(String),
}

/// The key that all workers of a cluster share.
#[derive(Clone, Eq, PartialEq)]
pub struct SessionKey {
    /// The algorithm that it was made for.
    pub algorithm: Algorithm,
    bytes: Vec<u8>,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub created_ms: i64,
}

/// Why a signature was not accepted, with the words that Kafka answers.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Refusal {
    /// One of the headers is missing (400).
    #[error("Internal request missing required signature")]
    Missing,
    /// The algorithm is not known here or not among those that are accepted (400).
    #[error(
        "This worker does not support the '{0}' key signing algorithm used by other workers. This worker is \
         currently configured to use: {1}. Check that all workers' configuration files permit the same set of \
         signature algorithms, and correct any misconfigured worker and restart it."
    )]
    Algorithm(String, String),
    /// The signature is not Base64 (400).
    #[error("Internal request contained malformed signature.")]
    Malformed,
    /// This worker has no key yet (503).
    #[error(
        "This worker is still starting up and has not been able to read a session key from the config topic yet"
    )]
    NoKey,
    /// The signature is not the right one (403).
    #[error("Internal request contained invalid signature.")]
    Mismatch,
}

impl Algorithm {
    /// Java's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::HmacSha1 => "HmacSHA1",
            Self::HmacSha224 => "HmacSHA224",
            Self::HmacSha256 => "HmacSHA256",
            Self::HmacSha384 => "HmacSHA384",
            Self::HmacSha512 => "HmacSHA512",
        }
    }

    /// The bits of a key when `inter.worker.key.size` is not set, as Java's key generators have it.
    fn key_bits(self) -> u32 {
        match self {
            Self::HmacSha1 | Self::HmacSha512 => 512,
            Self::HmacSha224 => 224,
            Self::HmacSha256 => 256,
            Self::HmacSha384 => 384,
        }
    }

    /// The bytes of a key of so many bits, or of the bits that the algorithm is made for.
    pub fn key_size(self, bits: Option<u32>) -> usize {
        bits.unwrap_or_else(|| self.key_bits()).div_ceil(8) as usize
    }

    fn sign(self, key: &[u8], body: &[u8]) -> Vec<u8> {
        match self {
            Self::HmacSha1 => mac::<Hmac<Sha1>>(key, body).finalize().into_bytes().to_vec(),
            Self::HmacSha224 => mac::<Hmac<Sha224>>(key, body).finalize().into_bytes().to_vec(),
            Self::HmacSha256 => mac::<Hmac<Sha256>>(key, body).finalize().into_bytes().to_vec(),
            Self::HmacSha384 => mac::<Hmac<Sha384>>(key, body).finalize().into_bytes().to_vec(),
            Self::HmacSha512 => mac::<Hmac<Sha512>>(key, body).finalize().into_bytes().to_vec(),
        }
    }

    /// Whether a signature is the right one, in a time that does not depend on where it differs.
    fn verifies(self, key: &[u8], body: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::HmacSha1 => mac::<Hmac<Sha1>>(key, body).verify_slice(signature).is_ok(),
            Self::HmacSha224 => mac::<Hmac<Sha224>>(key, body).verify_slice(signature).is_ok(),
            Self::HmacSha256 => mac::<Hmac<Sha256>>(key, body).verify_slice(signature).is_ok(),
            Self::HmacSha384 => mac::<Hmac<Sha384>>(key, body).verify_slice(signature).is_ok(),
            Self::HmacSha512 => mac::<Hmac<Sha512>>(key, body).verify_slice(signature).is_ok(),
        }
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], body: &[u8]) -> M {
    let mac = <M as KeyInit>::new_from_slice(key).expect("an HMAC takes a key of any length");
    mac.chain_update(body)
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Reads Java's name, in any case, as Java does.
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        let all = [Self::HmacSha1, Self::HmacSha224, Self::HmacSha256, Self::HmacSha384, Self::HmacSha512];
        let known = all.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name.trim()));
        known.ok_or_else(|| UnknownAlgorithm(name.to_owned()))
    }
}

impl SessionKey {
    /// A key that was read from the config topic.
    pub fn new(algorithm: Algorithm, bytes: Vec<u8>, created_ms: i64) -> Self {
        Self { algorithm, bytes, created_ms }
    }

    /// Makes a random key; `bits` as in `inter.worker.key.size`, `None` for Java's default.
    ///
    /// # Errors
    /// The size is out of range, or the operating system gives no random bytes.
    pub fn generate(algorithm: Algorithm, bits: Option<u32>, now_ms: i64) -> Result<Self, KeyError> {
        if let Some(bits) = bits.filter(|bits| !(KEY_BITS_MIN..=KEY_BITS_MAX).contains(bits)) {
            return Err(KeyError::Size(bits));
        }
        let mut bytes = vec![0; algorithm.key_size(bits)];
        getrandom::fill(&mut bytes).map_err(|error| KeyError::Random(error.to_string()))?;
        Ok(Self::new(algorithm, bytes, now_ms))
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes, for the config topic only.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The signature of a body, in Base64; a request without a body signs nothing.
    pub fn sign(&self, algorithm: Algorithm, body: &[u8]) -> String {
        BASE64.encode(algorithm.sign(&self.bytes, body))
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({}, created at {} ms)", self.algorithm, self.created_ms)
    }
}

/// Checks the signature of a request in Kafka's order: headers, algorithm, key, signature.
///
/// # Errors
/// It is not accepted.
pub fn verify(
    key: Option<&SessionKey>,
    accepted: &[Algorithm],
    signature: Option<&str>,
    algorithm: Option<&str>,
    body: &[u8],
) -> Result<(), Refusal> {
    let (Some(signature), Some(name)) = (signature, algorithm) else { return Err(Refusal::Missing) };
    let algorithm = name.parse().ok().filter(|algorithm| accepted.contains(algorithm));
    let algorithm = algorithm.ok_or_else(|| Refusal::Algorithm(name.to_owned(), names(accepted)))?;
    let signature = BASE64.decode(signature).map_err(|_| Refusal::Malformed)?;
    let key = key.ok_or(Refusal::NoKey)?;
    if algorithm.verifies(&key.bytes, body, &signature) { Ok(()) } else { Err(Refusal::Mismatch) }
}

fn names(algorithms: &[Algorithm]) -> String {
    let names: Vec<&str> = algorithms.iter().map(|algorithm| algorithm.name()).collect();
    format!("[{}]", names.join(", "))
}

#[cfg(test)]
mod tests;
