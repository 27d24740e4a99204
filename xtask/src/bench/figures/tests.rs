use super::{Figures, median};

#[test]
fn the_median_is_taken_of_every_figure_on_its_own() {
    let run = |rate, cpu_per_million, peak_bytes| Figures::Move { rate, cpu_per_million, peak_bytes };

    let figures = Figures::median(vec![run(1.0, 9.0, 5.0), run(3.0, 7.0, 5.0), run(2.0, 8.0, 4.0)]);

    assert_eq!(figures, run(2.0, 8.0, 5.0));
}

#[test]
fn the_median_of_an_even_number_is_between_the_middle_two() {
    assert_eq!(median(vec![4.0, 1.0, 2.0, 9.0]), 3.0);
}
