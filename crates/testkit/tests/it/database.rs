use testkit::database::Engine;
use testkit::database::Server;
use testkit::database::{MariaDbEngine, PostgresEngine, Settings};
use testkit::{MariaDb, Postgres};

#[test]
fn what_is_written_is_read_back_with_nulls_and_marks() {
    round_trip::<PostgresEngine>();
    round_trip::<MariaDbEngine>();
}

fn round_trip<E: Engine>() {
    let database = Server::<E>::shared().create_database("round_trip").unwrap();
    database.execute("CREATE TABLE t (id int, v varchar(40)); INSERT INTO t VALUES (1, NULL)").unwrap();
    database.execute("INSERT INTO t VALUES (2, 'NULL'), (3, ''), (4, 'ä <b> & \"c\"\n d')").unwrap();

    let rows = database.query("SELECT id, v FROM t ORDER BY id").unwrap();

    let text = |text: &str| Some(text.to_owned());
    let values: Vec<_> = rows.iter().map(|row| row[1].clone()).collect();
    assert_eq!(values, [None, text("NULL"), text(""), text("ä <b> & \"c\"\n d")]);
    assert_eq!(rows[3][0], text("4"));
    assert!(database.query("SELECT id FROM t WHERE id > 9").unwrap().is_empty());
}

#[test]
fn a_refused_statement_is_an_error_with_the_servers_message() {
    for database in
        [Postgres::shared().create_database("refused"), MariaDb::shared().create_database("refused")]
    {
        let error = database.unwrap().execute("SELECT * FROM missing; SELECT 1").unwrap_err().to_string();
        assert!(error.contains("missing"), "{error}");
    }
}

#[test]
fn two_databases_of_one_prefix_are_apart() {
    let first = MariaDb::shared().create_database("apart").unwrap();
    let second = MariaDb::shared().create_database("apart").unwrap();
    first.execute("CREATE TABLE only_here (id int)").unwrap();

    assert!(second.query("SELECT * FROM only_here").is_err());
    assert_ne!(first.jdbc_url(), second.jdbc_url());
}

#[test]
fn a_killed_postgres_restarts_with_what_was_committed() {
    killed_and_restarted::<PostgresEngine>(Settings::default());
}

#[test]
fn a_killed_mariadb_restarts_with_what_was_committed() {
    killed_and_restarted::<MariaDbEngine>(Settings::default());
}

#[test]
fn durable_servers_start_too() {
    killed_and_restarted::<PostgresEngine>(Settings::default().durable());
    killed_and_restarted::<MariaDbEngine>(Settings::default().durable());
}

fn killed_and_restarted<E: Engine>(settings: Settings) {
    let mut server = Server::<E>::start_with(settings).unwrap();
    let database = server.create_database("kept").unwrap();
    database.execute("CREATE TABLE t (id int)").unwrap();
    for id in 0..20 {
        database.execute(&format!("INSERT INTO t VALUES ({id})")).unwrap();
    }
    let port = server.port();

    server.kill().unwrap();
    assert!(database.query("SELECT 1").is_err());
    server.restart().unwrap();

    assert_eq!(server.port(), port);
    assert_eq!(database.query("SELECT count(*) FROM t").unwrap(), [[Some("20".to_owned())]]);
    server.stop().unwrap();
    server.restart().unwrap();
    assert_eq!(database.query("SELECT count(*) FROM t").unwrap(), [[Some("20".to_owned())]]);
}
