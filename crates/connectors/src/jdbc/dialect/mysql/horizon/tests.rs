use super::writes;

#[test]
fn statements_that_write_are_known_by_their_first_word() {
    for text in [
        "insert into t",
        " /* app */ /* two */ INSERT",
        "(REPLACE INTO t)",
        "with c as (select 1) delete",
        "/* cut",
    ] {
        assert!(writes(text), "{text}");
    }
    for text in ["SELECT 1", "/* INSERT */ SELECT 1", "", "SHOW TABLES", "ins\u{e9}"] {
        assert!(!writes(text), "{text}");
    }
}
