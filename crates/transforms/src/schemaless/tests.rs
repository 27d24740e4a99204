use api::{Text, Value};

use super::{FEW, arrange, bucket};

fn entries(count: usize) -> Vec<(Value, Value)> {
    let name = |number: usize| Value::Text(Text::from(format!("name {}", number * 7919 % 1000)));
    (0..count).map(|number| (name(number), Value::Int(number as i64))).collect()
}

#[test]
fn few_entries_and_many_are_in_the_order_of_their_buckets() {
    for count in [0, 1, 2, 7, FEW, FEW + 1, 100] {
        let mut arranged = entries(count);
        arrange(&mut arranged, 16);
        let mut size = 16;
        while count > size / 4 * 3 {
            size *= 2;
        }
        let mut expected = entries(count);
        expected.sort_by_key(|(key, _)| bucket(key, size));
        assert_eq!(arranged, expected, "{count} entries");
    }
}

#[test]
fn keys_that_are_no_text_leave_the_order_as_it_is() {
    let mut entries = entries(5);
    entries.push((Value::Int(1), Value::Null));
    let expected = entries.clone();
    arrange(&mut entries, 16);
    assert_eq!(entries, expected);
}
