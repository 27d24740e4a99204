//! Asks Kafka's own classes, many questions at once.

use std::sync::{LazyLock, Mutex, PoisonError};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value as Json, json};
use testkit::java::Judge;

/// How many generated cases a test has. A run that asks for a number of its own, as the nightly one does, has other
/// cases every time; the usual run has the same ones always, so that it fails only for what was changed.
const CASES: &str = "CONVERTER_CASES";
const CASES_DEFAULT: usize = 300;
const AT_ONCE: usize = 100;

static JUDGE: LazyLock<Mutex<Judge>> =
    LazyLock::new(|| Mutex::new(Judge::start("ConverterJudge").expect("the judge starts")));

/// The answers to questions.
pub(crate) fn ask(questions: &[Json]) -> Vec<Json> {
    let mut judge = JUDGE.lock().unwrap_or_else(PoisonError::into_inner);
    let line = judge.ask(&serde_json::to_string(questions).unwrap()).unwrap();
    serde_json::from_str(&line).unwrap()
}

/// An answer without the words of an error: that there is one counts.
fn verdict(answer: &Json) -> Json {
    if answer.get("error").is_some() {
        return json!("error");
    }
    let mut answer = answer.clone();
    normalise(&mut answer);
    answer
}

/// Takes away what our values do not know: the order of maps whose keys are bytes, which differs between runs of
/// Java, and whether a number is one of eight bits or a date where its schema does not say it.
fn normalise(form: &mut Json) {
    match form {
        Json::Array(elements) => {
            elements.iter_mut().for_each(normalise);
            match elements.first().and_then(Json::as_str) {
                Some("map") if elements[1][0][0][0] == "bytes" => {
                    elements[1].as_array_mut().unwrap().sort_by_key(|entry| entry[0].to_string());
                }
                Some("i8" | "i16" | "i32" | "i64" | "date") => elements[0] = json!("int"),
                Some("f32") => {
                    let bits = u32::from_str_radix(elements[1].as_str().unwrap(), 16).unwrap();
                    *form = json!(["f64", format!("{:x}", f64::from(f32::from_bits(bits)).to_bits())]);
                }
                _ => {}
            }
        }
        Json::Object(members) => members.values_mut().for_each(normalise),
        _ => {}
    }
}

/// Asks about generated cases and fails with the smallest case whose answer is not ours.
pub(crate) fn compare<T>(
    strategy: impl Strategy<Value = T>,
    question: impl Fn(&T) -> Json,
    ours: impl Fn(&T) -> Json,
) {
    let count = std::env::var(CASES)
        .map_or(CASES_DEFAULT, |count| count.parse().expect("CONVERTER_CASES is a number"));
    let usual = std::env::var_os(CASES).is_none();
    let seed: [u8; 32] = std::array::from_fn(|index| if usual { index as u8 } else { rand_byte() });
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let differs = |case: &T, answer: &Json| verdict(answer) != verdict(&ours(case));
    for _ in 0..count.div_ceil(AT_ONCE) {
        let trees: Vec<_> = (0..AT_ONCE).map(|_| strategy.new_tree(&mut runner).unwrap()).collect();
        let cases: Vec<T> = trees.iter().map(ValueTree::current).collect();
        let answers = ask(&cases.iter().map(&question).collect::<Vec<_>>());
        let wrong = cases.iter().zip(&answers).position(|(case, answer)| differs(case, answer));
        let Some(wrong) = wrong else { continue };
        let mut tree = trees.into_iter().nth(wrong).expect("the place of a case");
        let still_differs = |case: &T| differs(case, &ask(&[question(case)])[0]);
        shrink(&mut tree, still_differs);
        let case = tree.current();
        let question = question(&case);
        let answer = &ask(std::slice::from_ref(&question))[0];
        panic!("seed {}\nasked  {question}\nKafka  {answer}\nours   {}", hex::encode(seed), ours(&case));
    }
}

/// Makes a case simpler as long as it is still wrong.
fn shrink<T, V: ValueTree<Value = T>>(tree: &mut V, wrong: impl Fn(&T) -> bool) {
    for _ in 0..500 {
        if !tree.simplify() {
            return;
        }
        while !wrong(&tree.current()) {
            if !tree.complicate() {
                return;
            }
        }
    }
}

fn rand_byte() -> u8 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) as u8
}

/// Fails unless Kafka gives the same answer.
#[track_caller]
pub(crate) fn assert_agrees(question: &Json, ours: &Json) {
    let answer = &ask(std::slice::from_ref(question))[0];
    assert_eq!(verdict(ours), verdict(answer), "asked {question}\nKafka {answer}");
}
