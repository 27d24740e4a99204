//! Asks Kafka's own classes, many questions at once.

use std::sync::{LazyLock, Mutex, PoisonError};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value as Json, json};
use testkit::jars::{self, Debezium};
use testkit::java::Judge;

use crate::case::Case;

/// How many generated records a class has. A run that asks for a number of its own, as the nightly one does, has
/// other records every time; the usual run has the same ones always, so that it fails only for what was changed.
const CASES: &str = "TRANSFORM_CASES";
const CASES_DEFAULT: usize = 300;
const AT_ONCE: usize = 25;

static JUDGE: LazyLock<Mutex<Judge>> = LazyLock::new(|| start(Debezium::V3));
/// Knows the keys of Debezium that version 3 no longer has.
static OLD_JUDGE: LazyLock<Mutex<Judge>> = LazyLock::new(|| start(Debezium::V2));

fn start(debezium: Debezium) -> Mutex<Judge> {
    let jars = jars::debezium(debezium).expect("Maven brings Debezium");
    Mutex::new(Judge::start_beside("TransformJudge", &jars).expect("the judge starts"))
}

/// The answers to questions.
pub(crate) fn ask(questions: &[Json]) -> Vec<Json> {
    let is_old = |question: &&Json| {
        ["delete.handling.mode", "drop.tombstones"].iter().any(|key| !question["config"][key].is_null())
    };
    let (old, new): (Vec<&Json>, Vec<&Json>) = questions.iter().partition(is_old);
    let mut old_answers = ask_one(&OLD_JUDGE, &old).into_iter();
    let mut answers = ask_one(&JUDGE, &new).into_iter();
    let answer = |question| if is_old(&question) { old_answers.next() } else { answers.next() };
    questions.iter().map(answer).collect::<Option<_>>().expect("an answer for every question")
}

fn ask_one(judge: &LazyLock<Mutex<Judge>>, questions: &[&Json]) -> Vec<Json> {
    if questions.is_empty() {
        return Vec::new();
    }
    let mut judge = judge.lock().unwrap_or_else(PoisonError::into_inner);
    let line = judge.ask(&serde_json::to_string(questions).unwrap()).unwrap();
    serde_json::from_str(&line).unwrap()
}

/// How many generated cases are wanted.
pub(crate) fn count() -> usize {
    std::env::var(CASES).map_or(CASES_DEFAULT, |count| count.parse().expect("TRANSFORM_CASES is a number"))
}

/// A source of randomness, and the seed it has.
pub(crate) fn runner() -> (TestRunner, String) {
    let usual = std::env::var_os(CASES).is_none();
    let seed: [u8; 32] = std::array::from_fn(|index| if usual { index as u8 } else { rand_byte() });
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    (TestRunner::new_with_rng(Config::default(), rng), hex::encode(seed))
}

/// What counts of an answer: what a value has no class for in our model is made alike, and errors have no words.
pub(crate) fn verdict(answer: &Json) -> Json {
    if answer.get("error").is_some() {
        return json!({"error": answer["while"]});
    }
    let mut answer = answer.clone();
    for (schema, value) in [("keySchema", "key"), ("valueSchema", "value")] {
        if answer[schema].is_null() {
            widen(&mut answer[value]);
        }
        // `Cast` of a whole value keeps the name of its schema: then Java holds a number under the name of a date.
        let name = answer[schema]["name"].as_str().unwrap_or_default().to_owned();
        let unit = match name.rsplit_once('.') {
            Some(("org.apache.kafka.connect.data", "Date")) => 86_400_000,
            Some(("org.apache.kafka.connect.data", "Time" | "Timestamp")) => 1,
            _ => continue,
        };
        if let Some("i32" | "i64") = answer[value][0].as_str() {
            let number: i64 = answer[value][1].as_str().unwrap().parse().unwrap();
            answer[value] = json!(["date", (number * unit).to_string()]);
        }
    }
    for header in answer["headers"].as_array_mut().into_iter().flatten() {
        // What is in an array or map of several types has no schema.
        let mixed = header[1]["type"] == "ARRAY" || header[1]["type"] == "MAP";
        if header[1].is_null() || mixed && header[1]["value"].is_null() {
            widen(&mut header[2]);
        }
    }
    answer
}

/// Without a schema an integer has no width, a float neither, and a date is its milliseconds.
fn widen(form: &mut Json) {
    match form[0].as_str() {
        Some("i8" | "i16" | "i32" | "date") => form[0] = json!("i64"),
        Some("f32") => {
            let bits = u32::from_str_radix(form[1].as_str().unwrap(), 16).unwrap();
            *form = json!(["f64", format!("{:x}", f64::from(f32::from_bits(bits)).to_bits())]);
        }
        Some("list") => form[1].as_array_mut().unwrap().iter_mut().for_each(widen),
        Some("map") => form[1].as_array_mut().unwrap().iter_mut().for_each(|entry| {
            widen(&mut entry[0]);
            widen(&mut entry[1]);
        }),
        _ => {}
    }
}

/// Asks about generated cases and fails with the smallest case whose answer is not ours.
pub(crate) fn compare(strategy: impl Strategy<Value = Case>) {
    let (mut runner, seed) = runner();
    let differs = |case: &Case, answers: &[Json]| {
        let ours = case.answers();
        (0..ours.len()).find(|place| verdict(&answers[*place]) != verdict(&ours[*place]))
    };
    let mut left = count() as i64;
    while left > 0 {
        let trees: Vec<_> = (0..AT_ONCE).map(|_| strategy.new_tree(&mut runner).unwrap()).collect();
        let cases: Vec<Case> = trees.iter().map(ValueTree::current).collect();
        let questions: Vec<Json> = cases.iter().flat_map(Case::questions).collect();
        let answers = ask(&questions);
        left -= answers.len() as i64;
        let mut rest = &answers[..];
        for (case, tree) in cases.iter().zip(trees) {
            let (own, others) = rest.split_at(case.records.len());
            rest = others;
            if differs(case, own).is_some() {
                fail(&seed, tree, |case| differs(case, &ask(&case.questions())));
            }
        }
    }
}

fn fail<V: ValueTree<Value = Case>>(seed: &str, mut tree: V, wrong: impl Fn(&Case) -> Option<usize>) -> ! {
    for _ in 0..60 {
        if !tree.simplify() {
            break;
        }
        while wrong(&tree.current()).is_none() {
            if !tree.complicate() {
                break;
            }
        }
    }
    let case = tree.current();
    let place = wrong(&case).expect("it was wrong before");
    let question = case.questions().swap_remove(place);
    let answer = &ask(std::slice::from_ref(&question))[0];
    panic!("seed {seed}\nasked  {question}\nKafka  {answer}\nours   {}", case.answers()[place]);
}

fn rand_byte() -> u8 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) as u8
}
