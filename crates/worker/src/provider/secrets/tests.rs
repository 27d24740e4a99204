use super::*;

fn secrets(values: &[&str]) -> Secrets {
    let secrets = Secrets::default();
    let named: Vec<(String, String)> =
        (1..).zip(values).map(|(number, value)| ((*value).to_owned(), format!("${{v:{number}}}"))).collect();
    secrets.remember(&named);
    secrets
}

fn check(values: &[&str], text: &str, expected: &str) {
    assert_eq!(secrets(values).hide(text), expected, "{values:?}");
}

#[test]
fn a_value_is_replaced_wherever_it_stands() {
    check(&["hunter22"], "a hunter22, \"hunter22\" xhunter22x", "a ${v:1}, \"${v:1}\" x${v:1}x");
    check(&[], "nothing is known", "nothing is known");
    check(&["hunter22"], "nothing is found", "nothing is found");
    check(&["hunter22", "hunter22-longer"], "hunter22-longer hunter22", "${v:2} ${v:1}");
}

#[test]
fn a_short_value_is_replaced_as_a_word() {
    check(&["pass"], "password pass=pass,pass", "password ${v:1}=${v:1},${v:1}");
    check(&["äöü!"], "xäöü!y äöü!", "xäöü!y ${v:1}");
}

#[test]
fn words_and_numbers_of_many_settings_stay() {
    check(&["abc", "true", "INFO", "12345", ""], "abc true INFO 12345", "abc true INFO 12345");
    check(&["123456"], "123456", "${v:1}");
}

#[test]
fn a_value_is_known_in_the_forms_that_messages_show() {
    check(&["  padded-value \n"], "got [padded-value]", "got [${v:1}]");
    check(&["line one\nline two"], "at line two", "at ${v:1}");
    check(&["orders,customers"], "[orders, customers]", "[${v:1}, ${v:1}]");
    check(&["with \"quotes\" and \\"], r#"{"p":"with \"quotes\" and \\"}"#, r#"{"p":"${v:1}"}"#);
}

#[test]
fn the_oldest_are_forgotten_when_there_are_too_many() {
    let secrets = Secrets::default();
    let value = |number: usize| (format!("value number {number:06}"), "${v}".to_owned());
    let all: Vec<(String, String)> = (0..=FORMS_MAX).map(value).collect();
    secrets.remember(&all);
    assert_eq!(secrets.hide(&all[0].0), all[0].0);
    assert_eq!(secrets.hide(&all[1].0), "${v}");
    assert_eq!(secrets.hide(&all[FORMS_MAX].0), "${v}");
}

#[test]
fn nothing_shows_what_is_known() {
    assert_eq!(format!("{:?}", secrets(&["hunter22"])), "[hidden]");
}
