use std::time::Duration;

use super::{Algorithm, KeyError, Refusal, SessionKey, verify};
use crate::config::Signing;

const BODY: &[u8] = br#"[{"a":"b"}]"#;
const SIGNED: &str = "Eroe1tB3QaSe5EJ0n/U/3E2UQZRh4D5G73yb9AU1xkM=";

fn key() -> SessionKey {
    SessionKey::new(Algorithm::HmacSha256, (0..32).collect(), 0)
}

fn check(signature: Option<&str>, algorithm: Option<&str>, body: &[u8]) -> Result<(), Refusal> {
    verify(Some(&key()), &[Algorithm::HmacSha256], signature, algorithm, body)
}

/// The values were computed by Java's `Mac`.
#[test]
fn signs_as_java_does() {
    assert_eq!(key().sign(Algorithm::HmacSha256, BODY), SIGNED);
    assert_eq!(key().sign(Algorithm::HmacSha256, b""), "04tCCW2A9F+Ca0Sp1WB95ySWpBXT9KGoyI47udqNwcs=");
}

#[test]
fn accepts_what_is_signed() {
    assert_eq!(check(Some(SIGNED), Some("HmacSHA256"), BODY), Ok(()));
    assert_eq!(check(Some(SIGNED), Some("hmacsha256"), BODY), Ok(()));
}

#[test]
fn refuses_everything_else_with_the_words_of_kafka() {
    assert_eq!(check(None, Some("HmacSHA256"), BODY), Err(Refusal::Missing));
    assert_eq!(check(Some(SIGNED), None, BODY), Err(Refusal::Missing));
    assert_eq!(check(Some("*"), Some("HmacSHA256"), BODY), Err(Refusal::Malformed));
    assert_eq!(check(Some(SIGNED), Some("HmacSHA256"), b"[]"), Err(Refusal::Mismatch));
    assert_eq!(check(Some("AAAA"), Some("HmacSHA256"), BODY), Err(Refusal::Mismatch));
    let accepted = [Algorithm::HmacSha256];
    assert_eq!(verify(None, &accepted, Some(SIGNED), Some("HmacSHA256"), BODY), Err(Refusal::NoKey));
    for algorithm in ["HmacSHA512", "none"] {
        let refusal = Err(Refusal::Algorithm(algorithm.to_owned(), "[HmacSHA256]".to_owned()));
        assert_eq!(check(Some(SIGNED), Some(algorithm), BODY), refusal);
    }
}

#[test]
fn every_algorithm_verifies_its_own_signatures() {
    for name in ["HmacSHA1", "HmacSHA224", "HmacSHA256", "HmacSHA384", "HmacSHA512"] {
        let algorithm: Algorithm = name.parse().unwrap();
        let key = SessionKey::generate(algorithm, None, 0).unwrap();
        let signed = key.sign(algorithm, BODY);
        assert_eq!(verify(Some(&key), &[algorithm], Some(&signed), Some(name), BODY), Ok(()), "{name}");
    }
}

#[test]
fn a_key_has_the_size_that_is_asked_for_and_another_every_time() {
    let make = |bits| SessionKey::generate(Algorithm::HmacSha256, bits, 7);
    assert_eq!(make(None).unwrap().bytes().len(), 32);
    assert_eq!(make(Some(41)).unwrap().bytes().len(), 6);
    assert_ne!(make(None).unwrap(), make(None).unwrap());
    assert_eq!(make(Some(8)), Err(KeyError::Size(8)));
    assert_eq!(make(Some(u32::MAX)), Err(KeyError::Size(u32::MAX)));
}

#[test]
fn a_key_is_never_shown() {
    assert_eq!(format!("{:?}", key()), "SessionKey(HmacSHA256, created at 0 ms)");
}

#[test]
fn a_key_is_good_for_its_time_and_its_settings() {
    let signing = |key_ttl_ms, key_bits, key_algorithm| Signing {
        key_algorithm,
        key_bits,
        key_ttl_ms,
        algorithm: Algorithm::HmacSha256,
        accepted: vec![Algorithm::HmacSha256],
    };
    let left = |signing: Signing, now_ms| signing.left(&key(), now_ms);
    let sha256 = Algorithm::HmacSha256;
    assert_eq!(left(signing(1000, None, sha256), 400), Some(Duration::from_millis(600)));
    assert_eq!(left(signing(1000, None, sha256), 1000), None);
    assert_eq!(left(signing(0, None, sha256), i64::MAX), Some(Duration::MAX));
    assert_eq!(left(signing(0, Some(128), sha256), 0), None);
    assert_eq!(left(signing(0, Some(256), sha256), 0), Some(Duration::MAX));
    assert_eq!(left(signing(0, None, Algorithm::HmacSha512), 0), None);
}
