use super::{Form, casted};

#[test]
fn a_query_is_a_part_of_another_one_whatever_ends_it() {
    assert_eq!(casted("SELECT 1 ;\n", &[Form::Plain]), "SELECT 1 \n");
    assert_eq!(
        casted("SELECT a, b FROM t -- all", &[Form::Plain, Form::Text]),
        "SELECT q.c0, q.c1::text FROM (SELECT a, b FROM t -- all\n) AS q(c0, c1)"
    );
}
