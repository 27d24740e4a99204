use super::{END, Figures, Job, START, Side, markdown, replace};

#[test]
fn the_table_compares_both_sides() {
    let run = |rate, cpu_per_million, peak_bytes| Figures::Move { rate, cpu_per_million, peak_bytes };
    let sides = vec![(Side::Java, run(227e3, 5.2, 2.2e9)), (Side::Ferroduct, run(2.27e6, 0.2, 44e6))];

    let table = markdown("a machine", 5_000_000, 3, &[(Job::SourceString, sides)]);

    assert_eq!(
        table,
        "a machine. 5000000 lines of 100 bytes, median of 3 runs in turns.\n\n\
         | | Apache Kafka Connect | Ferroduct | |\n|---|---|---|---|\n\
         | file source, String: records per second | 227 k | 2270 k | 10.0 times |\n\
         | file source, String: CPU-s per million | 5.20 | 0.20 | 1/26.0 |\n\
         | file source, String: peak memory | 2200.0 MB | 44.0 MB | 1/50.0 |\n"
    );
}

#[test]
fn only_what_is_between_the_marks_is_replaced() {
    let page = format!("before\n{START}\nold\n{END}\nafter\n");

    assert_eq!(replace(&page, "new\n").unwrap(), format!("before\n{START}\nnew\n{END}\nafter\n"));
    assert_eq!(replace("no marks", "new"), None);
}
