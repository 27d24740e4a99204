use proptest::prelude::*;

use super::*;
use crate::cluster::{Loads, Share};
use crate::task::TaskId;

fn task(connector: &str, task: u32) -> TaskId {
    TaskId { connector: connector.into(), task }
}

fn assignment() -> Assignment {
    Assignment {
        error: 0,
        leader: "m1".into(),
        leader_url: "http://w1:8083/".into(),
        config_offset: 5,
        assigned: Share { connectors: vec!["c".into()], tasks: vec![task("c", 0)] },
        revoked: Share::default(),
        delay_ms: 0,
    }
}

fn loads() -> Loads {
    Loads::from([(task("c", 0), 700), (task("c", 3), 0), (task("d", 1), 1_000)])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const URL: &str = "000f687474703a2f2f77313a383038332f";
const OFFSET: &str = "0000000000000005";

#[test]
fn the_bytes_are_those_of_java() {
    let metadata =
        Metadata { url: "http://w1:8083/".into(), config_offset: 5, current: None, loads: Loads::new() };
    assert_eq!(hex(&metadata.encode(Protocol::Eager).unwrap()), format!("0000{URL}{OFFSET}"));
    assert_eq!(hex(&metadata.encode(Protocol::Sessioned).unwrap()), format!("0002{URL}{OFFSET}ffffffff"));
    let assigned = "000000010001630000000\
                    2ffffffff00000000";
    let bytes = format!("0002000000026d31{URL}{OFFSET}{assigned}0000000000000000");
    assert_eq!(hex(&assignment().encode(Protocol::Sessioned).unwrap()), bytes);
    let metadata = Metadata { current: Some(assignment()), ..metadata };
    let whole = format!("0002{URL}{OFFSET}0000003c{bytes}");
    assert_eq!(hex(&metadata.encode(Protocol::Sessioned).unwrap()), whole);
}

#[test]
fn an_older_version_lacks_fields_and_a_newer_one_has_more() {
    let eager = assignment().encode(Protocol::Eager).unwrap();
    assert_eq!(Assignment::decode(&eager).unwrap(), assignment());
    let mut newer = assignment().encode(Protocol::Sessioned).unwrap();
    newer[1] = 7;
    newer.extend([1, 2, 3]);
    assert_eq!(Assignment::decode(&newer).unwrap(), assignment());
    let metadata = Metadata { url: "u".into(), config_offset: 1, current: None, loads: Loads::new() };
    assert_eq!(Metadata::decode(&metadata.encode(Protocol::Eager).unwrap()).unwrap(), metadata);
}

#[test]
fn loads_stand_behind_what_java_knows_and_what_else_may_stand_there_is_passed_over() {
    let metadata =
        Metadata { url: "u".into(), config_offset: 1, current: Some(assignment()), loads: Loads::new() };
    let plain = metadata.encode(Protocol::Sessioned).unwrap();
    let metadata = Metadata { loads: loads(), ..metadata };
    let bytes = metadata.encode(Protocol::Sessioned).unwrap();
    assert_eq!(bytes[..plain.len()], plain);
    assert_eq!(Metadata::decode(&bytes).unwrap(), metadata);
    for end in plain.len()..bytes.len() {
        assert_eq!(Metadata::decode(&bytes[..end]).unwrap().loads, Loads::new(), "cut off at {end}");
    }
    let later = [&*plain, &[0, 0, 0, 7]].concat();
    assert_eq!(Metadata::decode(&later).unwrap().loads, Loads::new());
    assert_eq!(Metadata::decode(&metadata.encode(Protocol::Eager).unwrap()).unwrap().loads, Loads::new());
}

#[test]
fn a_version_below_zero_is_refused() {
    assert_eq!(Metadata::decode(&[0xff, 0xff]), Err(Malformed::Wrong("version")));
    assert_eq!(Assignment::decode(&[0xff, 0xff]), Err(Malformed::Wrong("version")));
}

#[test]
fn a_length_that_the_bytes_do_not_have_is_refused() {
    let mut bytes = assignment().encode(Protocol::Compatible).unwrap();
    let list = 2 + 2 + 4 + 17 + 8;
    bytes[list..list + 4].copy_from_slice(&i32::MAX.to_be_bytes());
    assert_eq!(Assignment::decode(&bytes), Err(Malformed::CutOff));
    bytes[list..list + 4].copy_from_slice(&(-2_i32).to_be_bytes());
    assert_eq!(Assignment::decode(&bytes), Err(Malformed::Wrong("length")));
}

#[test]
fn a_name_too_long_for_the_group_is_told() {
    let metadata =
        Metadata { url: "u".repeat(40_000).into(), config_offset: 1, current: None, loads: Loads::new() };
    assert_eq!(metadata.encode(Protocol::Eager), Err(Malformed::TooLong(40_000)));
}

#[test]
fn protocols_have_the_names_of_kafka() {
    for protocol in [Protocol::Eager, Protocol::Compatible, Protocol::Sessioned] {
        assert_eq!(Protocol::from_name(protocol.name()), Some(protocol));
        assert_eq!(protocol.offered()[0], protocol);
        assert_eq!(protocol.offered().last(), Some(&Protocol::Eager));
    }
    assert_eq!(Protocol::from_config("Sessioned"), Some(Protocol::Sessioned));
    assert_eq!(Protocol::from_config("default"), None);
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoders_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Metadata::decode(&bytes);
        let _ = Assignment::decode(&bytes);
    }

    #[test]
    fn damaged_bytes_do_not_make_the_decoders_panic(place in 0_usize..120, byte in any::<u8>(), cut in 0_usize..140) {
        let metadata = Metadata { url: "u".into(), config_offset: 1, current: Some(assignment()), loads: loads() };
        let mut bytes = metadata.encode(Protocol::Sessioned).unwrap();
        bytes[place] = byte;
        bytes.truncate(cut);
        let _ = Metadata::decode(&bytes);
    }
}
