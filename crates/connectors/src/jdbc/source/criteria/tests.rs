use super::{Bound, Criteria, From};
use crate::jdbc::dialect::postgres::PostgreSql;
use crate::jdbc::dialect::{Quoting, TableId};
use crate::jdbc::source::offset::Offset;
use crate::jdbc::value::{Moment, Zone};

const BEGIN: Moment = Moment { seconds: 1, nanos: 0 };
const END: Moment = Moment { seconds: 2, nanos: 0 };

fn criteria(incrementing: bool, timestamps: &[&str]) -> Criteria {
    Criteria {
        from: From::Table(TableId { catalog: None, schema: Some("s".into()), name: "t".into() }),
        incrementing: incrementing.then(|| "id".to_owned()),
        timestamps: timestamps.iter().map(ToString::to_string).collect(),
        suffix: String::new(),
        quoting: Quoting::Always,
        qualified: true,
        zone: Zone::UTC,
    }
}

/// The SQL for rows behind id 7 and second 1, up to second 2 where there are timestamps.
fn sql(criteria: &Criteria) -> String {
    let timestamp = (!criteria.timestamps.is_empty()).then_some(END);
    let offset = Offset { incrementing: Some(7), timestamp: Some(BEGIN) };
    let sql = criteria.sql(&PostgreSql, &offset, Bound { incrementing: None, timestamp });
    sql.replace("'1970-01-01 00:00:01.000000+00:00:00'", "begin")
        .replace("'1970-01-01 00:00:02.000000+00:00:00'", "end")
}

#[test]
fn every_mode_asks_as_java_asks() {
    assert_eq!(sql(&criteria(false, &[])), r#"SELECT * FROM "s"."t""#);
    assert_eq!(sql(&criteria(true, &[])), r#"SELECT * FROM "s"."t" WHERE "id" > 7 ORDER BY "id" ASC"#);
    assert_eq!(
        sql(&criteria(false, &["a"])),
        r#"SELECT * FROM "s"."t" WHERE "a" > begin AND "a" < end ORDER BY "a" ASC"#
    );
    assert_eq!(
        sql(&criteria(true, &["a", "b"])),
        r#"SELECT * FROM "s"."t" WHERE COALESCE("a","b") < end AND ((COALESCE("a","b") = begin AND "id" > 7) OR "#
            .to_owned()
            + r#"COALESCE("a","b") > begin) ORDER BY COALESCE("a","b"),"id" ASC"#
    );
}

#[test]
fn a_bound_a_suffix_and_names_as_the_user_wants_them() {
    let mut criteria = criteria(true, &[]);
    criteria.suffix = "LIMIT 3".to_owned();
    let bound = Bound { incrementing: Some(9), timestamp: None };
    assert_eq!(
        criteria.sql(&PostgreSql, &Offset::default(), bound),
        r#"SELECT * FROM "s"."t" WHERE "id" > -1 AND "id" <= 9 ORDER BY "id" ASC LIMIT 3"#
    );
    criteria.quoting = Quoting::Never;
    criteria.qualified = false;
    assert_eq!(sql(&criteria), "SELECT * FROM t WHERE id > 7 ORDER BY id ASC LIMIT 3");
    criteria.from = From::Query("select * from x".to_owned());
    assert_eq!(sql(&criteria), "select * from x WHERE id > 7 ORDER BY id ASC LIMIT 3");
    assert_eq!(criteria.greatest(&PostgreSql).unwrap(), "SELECT max(id) FROM (select * from x) AS q");
}
