//! Numbers of type `numeric` in binary: groups of four digits.

use api::Decimal;
use num_bigint::Sign;

/// The most digits before the point, and behind it, that the type has.
const DIGITS_MAX: usize = 131_072;
const SCALE_MAX: usize = 16_383;

const NEGATIVE: u16 = 0x4000;
/// The digits behind the point of a number of usual size, and room for its groups.
const SMALL_SCALE_MAX: i32 = 18;
type SmallGroups = [u16; 8];

/// Appends a number; `None`: the type has no room for it.
pub(super) fn append(number: &Decimal, out: &mut Vec<u8>) -> Option<()> {
    let sign = if number.unscaled.sign() == Sign::Minus { NEGATIVE } else { 0 };
    if let (Ok(digits), 0..=SMALL_SCALE_MAX) = (u64::try_from(number.unscaled.magnitude()), number.scale) {
        let (groups, first, weight) = small_groups(digits, usize::try_from(number.scale).ok()?);
        return write(&groups[first..], weight, sign, usize::try_from(number.scale).ok()?, out);
    }
    let mut digits = number.unscaled.magnitude().to_string();
    if number.unscaled.sign() == Sign::NoSign {
        digits.clear();
    }
    let zeros = usize::try_from(-i64::from(number.scale)).unwrap_or(0);
    let scale = usize::try_from(number.scale).unwrap_or(0);
    if digits.len() + zeros > DIGITS_MAX || scale > SCALE_MAX {
        return None;
    }
    if !digits.is_empty() {
        digits.extend(std::iter::repeat_n('0', zeros));
    }
    let (groups, weight) = groups(&digits, scale);
    write(&groups, weight, sign, scale, out)
}

fn write(groups: &[u16], weight: i16, sign: u16, scale: usize, out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(&u16::try_from(groups.len()).ok()?.to_be_bytes());
    out.extend_from_slice(&weight.to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&u16::try_from(scale).ok()?.to_be_bytes());
    for group in groups {
        out.extend_from_slice(&group.to_be_bytes());
    }
    Some(())
}

/// The groups of a number of usual size, where they begin, and the power of 10,000 of the first.
fn small_groups(digits: u64, scale: usize) -> (SmallGroups, usize, i16) {
    // Groups begin at the point: so many zeros are missing behind the last digit.
    let missing = (4 - scale % 4) % 4;
    let mut rest = u128::from(digits) * [1, 10, 100, 1000][missing];
    let mut behind = ((scale + missing) / 4) as i16;
    while rest > 0 && rest % 10_000 == 0 {
        (rest, behind) = (rest / 10_000, behind - 1);
    }
    let (mut groups, mut first) = (SmallGroups::default(), SmallGroups::default().len());
    while rest > 0 {
        first -= 1;
        groups[first] = (rest % 10_000) as u16;
        rest /= 10_000;
    }
    let count = groups.len() - first;
    (groups, first, if count == 0 { 0 } else { count as i16 - behind - 1 })
}

/// The groups from the first that is not zero to the last one, and the power of 10,000 of the first.
fn groups(digits: &str, scale: usize) -> (Vec<u16>, i16) {
    // Where the point is, counted from the first digit; before it with a negative number.
    let point = digits.len() as i64 - scale as i64;
    // Groups begin at the point.
    let lead = (4 - point.rem_euclid(4)).rem_euclid(4) as usize;
    let padded = std::iter::repeat_n(b'0', lead).chain(digits.bytes()).collect::<Vec<u8>>();
    let mut groups: Vec<u16> = padded
        .chunks(4)
        .map(|chunk| (0..4).fold(0, |group, i| group * 10 + chunk.get(i).map_or(0, |d| u16::from(d - b'0'))))
        .collect();
    let mut weight = (point + lead as i64) / 4 - 1;
    let leading = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..leading);
    weight -= leading as i64;
    while groups.last() == Some(&0) {
        groups.pop();
    }
    if groups.is_empty() {
        weight = 0;
    }
    (groups, weight as i16)
}

#[cfg(test)]
mod tests {
    use api::Decimal;

    use super::{groups, small_groups};

    fn of(text: &str) -> (Vec<u16>, i16) {
        let number: Decimal = text.parse().unwrap();
        groups(&number.unscaled.magnitude().to_string(), usize::try_from(number.scale).unwrap())
    }

    #[test]
    fn numbers_of_usual_size_are_written_as_all_are() {
        for digits in
            [0, 1, 7, 10, 9_999, 10_000, 10_001, 120_000, 57_005, 100_000_000, 1_234_567_890, u64::MAX]
        {
            for scale in 0..=18 {
                let text = if digits == 0 { String::new() } else { digits.to_string() };
                let (small, first, weight) = small_groups(digits, scale);
                let all = (small[first..].to_vec(), weight);
                assert_eq!(all, groups(&text, scale), "{digits} with scale {scale}");
            }
        }
    }

    #[test]
    fn groups_of_four_digits_begin_at_the_point() {
        assert_eq!(of("570.05"), (vec![570, 500], 0));
        assert_eq!(of("12345678"), (vec![1234, 5678], 1));
        assert_eq!(of("12345"), (vec![1, 2345], 1));
        assert_eq!(of("0.00001"), (vec![1000], -2));
        assert_eq!(of("0.12345"), (vec![1234, 5000], -1));
        assert_eq!(of("10000"), (vec![1], 1));
        assert_eq!(of("0.00"), (vec![], 0));
    }
}
