use super::{Quoting, TableId, Words};

const POSTGRES: Words = Words { quote: '"', catalogs: false };
const MYSQL: Words = Words { quote: '`', catalogs: true };

#[test]
fn names_are_written_and_read_back() {
    let check = |words: &Words, id: TableId, quoted: &str| {
        assert_eq!(words.table(&id, Quoting::Always), quoted);
        assert_eq!(words.parse(quoted), id);
    };
    let id = |catalog: Option<&str>, schema: Option<&str>, name: &str| TableId {
        catalog: catalog.map(Into::into),
        schema: schema.map(Into::into),
        name: name.into(),
    };
    check(&POSTGRES, id(None, Some("public"), "orders"), r#""public"."orders""#);
    check(&POSTGRES, id(None, None, "a.b"), r#""a.b""#);
    check(&POSTGRES, id(None, Some("x"), "say \"hi\""), r#""x"."say ""hi""""#);
    check(&MYSQL, id(Some("mydb"), None, "us`ers"), "`mydb`.`us``ers`");
    assert_eq!(POSTGRES.parse("public.orders"), id(None, Some("public"), "orders"));
    assert_eq!(MYSQL.parse("mydb.users"), id(Some("mydb"), None, "users"));
    assert_eq!(POSTGRES.table(&id(None, Some("public"), "Orders"), Quoting::Never), "public.Orders");
    assert_eq!(id(None, Some("public"), "orders").plain(), "public.orders");
}
