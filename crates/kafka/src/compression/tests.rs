use proptest::prelude::*;

use super::*;

fn levels(codec: Codec) -> &'static [i32] {
    match codec {
        Codec::Gzip => &[-1, 1, 9],
        Codec::Zstd => &[-5, 3],
        _ => &[0],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_codec_gives_back_what_it_was_given(bytes: Vec<u8>, repeat in 1..500usize) {
        let bytes = bytes.repeat(repeat);
        for codec in Codec::ALL {
            for level in levels(codec) {
                let compressed = compress(Compression { codec, level: *level }, &bytes).unwrap();
                prop_assert_eq!(&decompress(codec, &compressed, bytes.len()).unwrap(), &bytes);
                if !bytes.is_empty() {
                    prop_assert!(decompress(codec, &compressed, bytes.len() - 1).is_err());
                }
            }
        }
    }

    #[test]
    fn garbage_is_an_error_or_bounded(bytes: Vec<u8>) {
        for codec in Codec::ALL {
            if let Ok(output) = decompress(codec, &bytes, 1_000) {
                prop_assert!(output.len() <= 1_000);
            }
        }
    }

    #[test]
    fn damaged_streams_do_not_panic(seed: Vec<u8>, position: usize, byte: u8) {
        for codec in Codec::ALL {
            let mut bytes = compress(Compression { codec, level: 1 }, &seed.repeat(50)).unwrap();
            if !bytes.is_empty() {
                let position = position % bytes.len();
                bytes[position] = byte;
            }
            if let Ok(output) = decompress(codec, &bytes, 1 << 20) {
                prop_assert!(output.len() <= 1 << 20);
            }
        }
    }
}

#[test]
fn a_small_stream_that_grows_without_end_is_stopped() {
    let bomb = vec![0u8; 8 << 20];
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let compressed = compress(Compression { codec, level: 3 }, &bomb).unwrap();
        let error = decompress(codec, &compressed, 1 << 20).expect_err("too long");
        assert!(error.to_string().contains("more than 1048576 bytes"), "{error}");
    }
}

#[test]
fn bare_snappy_is_read() {
    let compressed = snap::raw::Encoder::new().compress_vec(b"some records").unwrap();
    assert_eq!(decompress(Codec::Snappy, &compressed, 100).unwrap(), b"some records");
}

#[test]
fn a_codec_is_known_by_its_number() {
    for codec in Codec::ALL {
        assert_eq!(Codec::of_attributes(codec.id() | 0b1000), Some(codec));
    }
    assert_eq!(Codec::of_attributes(5), None);
}
