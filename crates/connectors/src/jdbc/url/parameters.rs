//! What the parameters of the Java drivers mean here: pgjdbc 42.7, Connector/J 8 and 9, MariaDB Connector/J 2.7 and
//! 3, sqlite-jdbc 3.

use std::path::PathBuf;
use std::time::Duration;

use api::config::Password;

use super::{Settings, System, Tls, UrlError};

pub(super) const USER: &str = "user";
pub(super) const PASSWORD: &str = "password";

/// What a parameter does.
#[derive(Clone, Copy)]
enum Meaning {
    User,
    Password,
    /// One word for how the connection is encrypted.
    TlsMode,
    /// Whether the connection is encrypted, then with this.
    TlsFlag(Tls),
    /// Whether the certificate of the server is checked.
    TlsVerify,
    /// A socket factory of PostgreSQL's driver.
    TlsFactory,
    TlsRoots,
    ConnectSeconds,
    ConnectMillis,
    SocketSeconds,
    SocketMillis,
    Schema,
    Application,
    /// For one dialect alone.
    Dialect,
    /// Tunes the Java driver.
    Ignored,
    /// Refused unless it is `false`.
    Refused(&'static str),
}

use Meaning::{
    Application, ConnectMillis, ConnectSeconds, Dialect, Ignored, Refused, Schema, SocketMillis,
    SocketSeconds, TlsFactory, TlsFlag, TlsMode, TlsRoots, TlsVerify,
};

type Table = &'static [(&'static str, Meaning)];

const JAVA_CLASS: &str = "it names a class of Java, which cannot be loaded";
const WRITES_FILES: &str = "it makes the Java driver write a file";
const KEY_STORE: &str = "a key store of Java cannot be read; give certificates as PEM files";
const DESERIALIZES: &str = "it runs code that is stored in columns";

const POSTGRESQL: Table = &[
    (USER, Meaning::User),
    (PASSWORD, Meaning::Password),
    ("sslmode", TlsMode),
    ("ssl", TlsFlag(Tls::VerifyFull)),
    ("sslrootcert", TlsRoots),
    ("sslfactory", TlsFactory),
    ("sslcert", Dialect),
    ("sslkey", Dialect),
    ("connectTimeout", ConnectSeconds),
    ("loginTimeout", Dialect),
    ("socketTimeout", SocketSeconds),
    ("currentSchema", Schema),
    ("ApplicationName", Application),
    ("options", Dialect),
    ("targetServerType", Dialect),
    ("loadBalanceHosts", Dialect),
    ("tcpKeepAlive", Dialect),
    ("stringtype", Dialect),
    ("readOnly", Dialect),
    ("channelBinding", Dialect),
    ("preferQueryMode", Dialect),
    ("reWriteBatchedInserts", Ignored),
    ("prepareThreshold", Ignored),
    ("preparedStatementCacheQueries", Ignored),
    ("preparedStatementCacheSizeMiB", Ignored),
    ("databaseMetadataCacheFields", Ignored),
    ("databaseMetadataCacheFieldsMiB", Ignored),
    ("defaultRowFetchSize", Ignored),
    ("adaptiveFetch", Ignored),
    ("adaptiveFetchMinimum", Ignored),
    ("adaptiveFetchMaximum", Ignored),
    ("maxResultBuffer", Ignored),
    ("binaryTransfer", Ignored),
    ("binaryTransferEnable", Ignored),
    ("binaryTransferDisable", Ignored),
    ("autosave", Ignored),
    ("cleanupSavepoints", Ignored),
    ("readOnlyMode", Ignored),
    ("logUnclosedConnections", Ignored),
    ("logServerErrorDetail", Ignored),
    ("disableColumnSanitiser", Ignored),
    ("assumeMinServerVersion", Ignored),
    ("allowEncodingChanges", Ignored),
    ("unknownLength", Ignored),
    ("receiveBufferSize", Ignored),
    ("sendBufferSize", Ignored),
    ("maxSendBufferSize", Ignored),
    ("tcpNoDelay", Ignored),
    ("hostRecheckSeconds", Ignored),
    ("cancelSignalTimeout", Ignored),
    ("escapeSyntaxCallMode", Ignored),
    ("groupStartupParameters", Ignored),
    ("quoteReturningIdentifiers", Ignored),
    ("hideUnprivilegedObjects", Ignored),
    ("convertBooleanToNumeric", Ignored),
    ("gssEncMode", Ignored),
    ("gssResponseTimeout", Ignored),
    ("sslNegotiation", Ignored),
    ("sslResponseTimeout", Ignored),
    ("loggerLevel", Ignored),
    ("jaasApplicationName", Ignored),
    ("jaasLogin", Ignored),
    ("kerberosServerName", Ignored),
    ("useSpnego", Ignored),
    ("gsslib", Ignored),
    ("sspiServiceClass", Ignored),
    ("loggerFile", Refused(WRITES_FILES)),
    ("replication", Refused("a connection for replication runs no queries")),
    ("socketFactory", Refused(JAVA_CLASS)),
    ("socketFactoryArg", Refused(JAVA_CLASS)),
    ("sslfactoryarg", Refused(JAVA_CLASS)),
    ("sslhostnameverifier", Refused(JAVA_CLASS)),
    ("sslpasswordcallback", Refused(JAVA_CLASS)),
    ("authenticationPluginClassName", Refused(JAVA_CLASS)),
    ("xmlFactoryFactory", Refused(JAVA_CLASS)),
];

/// Both drivers' names: a `jdbc:mysql:` URL is also read by MariaDB's driver 2.
const MYSQL: Table = &[
    (USER, Meaning::User),
    (PASSWORD, Meaning::Password),
    ("sslMode", TlsMode),
    ("useSSL", TlsFlag(Tls::Require)),
    ("requireSSL", TlsFlag(Tls::Require)),
    ("verifyServerCertificate", TlsVerify),
    ("trustServerCertificate", TlsFlag(Tls::Require)),
    ("serverSslCert", TlsRoots),
    ("connectTimeout", ConnectMillis),
    ("socketTimeout", SocketMillis),
    ("connectionTimeZone", Dialect),
    ("serverTimezone", Dialect),
    ("forceConnectionTimeZoneToSession", Dialect),
    ("preserveInstants", Dialect),
    ("tinyInt1isBit", Dialect),
    ("transformedBitIsBoolean", Dialect),
    ("yearIsDateType", Dialect),
    ("zeroDateTimeBehavior", Dialect),
    ("noDatetimeStringSync", Ignored),
    ("sessionVariables", Dialect),
    ("characterEncoding", Dialect),
    ("connectionCollation", Dialect),
    ("allowPublicKeyRetrieval", Dialect),
    ("serverRSAPublicKeyFile", Dialect),
    ("serverRsaPublicKeyFile", Dialect),
    ("createDatabaseIfNotExist", Dialect),
    ("tcpKeepAlive", Dialect),
    ("useAffectedRows", Dialect),
    ("nullCatalogMeansCurrent", Dialect),
    ("nullDatabaseMeansCurrent", Dialect),
    ("databaseTerm", Dialect),
    ("useUnicode", Ignored),
    ("useJDBCCompliantTimezoneShift", Ignored),
    ("useLegacyDatetimeCode", Ignored),
    ("useTimezone", Ignored),
    ("useCursorFetch", Ignored),
    ("defaultFetchSize", Ignored),
    ("useServerPrepStmts", Ignored),
    ("cachePrepStmts", Ignored),
    ("prepStmtCacheSize", Ignored),
    ("prepStmtCacheSqlLimit", Ignored),
    ("rewriteBatchedStatements", Ignored),
    ("useBulkStmts", Ignored),
    ("useBatchMultiSend", Ignored),
    ("usePipelineAuth", Ignored),
    ("useCompression", Ignored),
    ("useConfigs", Ignored),
    ("useLocalSessionState", Ignored),
    ("elideSetAutoCommits", Ignored),
    ("cacheServerConfiguration", Ignored),
    ("cacheResultSetMetadata", Ignored),
    ("maintainTimeStats", Ignored),
    ("autoReconnect", Ignored),
    ("failOverReadOnly", Ignored),
    ("maxReconnects", Ignored),
    ("initialTimeout", Ignored),
    ("tcpNoDelay", Ignored),
    ("tcpRcvBuf", Ignored),
    ("tcpSndBuf", Ignored),
    ("allowMultiQueries", Ignored),
    ("allowLoadLocalInfile", Ignored),
    ("allowLocalInfile", Ignored),
    ("maxAllowedPacket", Ignored),
    ("netTimeoutForStreamingResults", Ignored),
    ("useInformationSchema", Ignored),
    ("jdbcCompliantTruncation", Ignored),
    ("useSSPSCompatibleTimezoneShift", Ignored),
    ("useOldAliasMetadataBehavior", Ignored),
    ("blobsAreStrings", Ignored),
    ("functionsNeverReturnBlobs", Ignored),
    ("emptyStringsConvertToZero", Ignored),
    ("treatUtilDateAsTimestamp", Ignored),
    ("sendFractionalSeconds", Ignored),
    ("enabledTLSProtocols", Ignored),
    ("tlsVersions", Ignored),
    ("enabledSslProtocolSuites", Ignored),
    ("enabledSSLCipherSuites", Ignored),
    ("tlsCiphersuites", Ignored),
    ("disableSslHostnameVerification", Dialect),
    ("permitMysqlScheme", Ignored),
    ("logger", Ignored),
    ("log", Ignored),
    ("profileSQL", Ignored),
    ("allowUrlInLocalInfile", Refused("it lets the server read any address through this worker")),
    ("allowLoadLocalInfileInPath", Refused("it lets the server read files of this worker")),
    ("autoDeserialize", Refused(DESERIALIZES)),
    ("queryInterceptors", Refused(JAVA_CLASS)),
    ("statementInterceptors", Refused(JAVA_CLASS)),
    ("connectionLifecycleInterceptors", Refused(JAVA_CLASS)),
    ("exceptionInterceptors", Refused(JAVA_CLASS)),
    ("propertiesTransform", Refused(JAVA_CLASS)),
    ("socketFactory", Refused(JAVA_CLASS)),
    ("clientInfoProvider", Refused(JAVA_CLASS)),
    ("parseInfoCacheFactory", Refused(JAVA_CLASS)),
    ("serverConfigCacheFactory", Refused(JAVA_CLASS)),
    ("authenticationPlugins", Refused(JAVA_CLASS)),
    ("defaultAuthenticationPlugin", Ignored),
    ("credentialType", Refused(JAVA_CLASS)),
    ("trustCertificateKeyStoreUrl", Refused(KEY_STORE)),
    ("trustCertificateKeyStorePassword", Refused(KEY_STORE)),
    ("trustCertificateKeyStoreType", Ignored),
    ("clientCertificateKeyStoreUrl", Refused(KEY_STORE)),
    ("clientCertificateKeyStorePassword", Refused(KEY_STORE)),
    ("clientCertificateKeyStoreType", Ignored),
    ("trustStore", Refused(KEY_STORE)),
    ("trustStorePassword", Refused(KEY_STORE)),
    ("keyStore", Refused(KEY_STORE)),
    ("keyStorePassword", Refused(KEY_STORE)),
];

const SQLITE: Table = &[
    ("busy_timeout", Dialect),
    ("journal_mode", Dialect),
    ("synchronous", Dialect),
    ("foreign_keys", Dialect),
    ("cache_size", Dialect),
    ("date_class", Dialect),
    ("date_precision", Dialect),
    ("date_string_format", Dialect),
    ("transaction_mode", Dialect),
    ("open_mode", Dialect),
    ("mode", Dialect),
    ("cache", Dialect),
    ("shared_cache", Ignored),
    ("encoding", Ignored),
    ("locking_mode", Ignored),
    ("page_size", Ignored),
    ("temp_store", Ignored),
    ("jdbc.explicit_readonly", Ignored),
    (USER, Ignored),
    (PASSWORD, Refused("SQLite encrypts nothing here")),
    ("key", Refused("SQLite encrypts nothing here")),
    ("enable_load_extension", Refused("it loads native code")),
];

/// Does what a parameter says; false: nobody knows it.
pub(super) fn apply(
    settings: &mut Settings,
    system: System,
    name: &str,
    value: &str,
) -> Result<bool, UrlError> {
    let Some((known, meaning)) = find(system, name) else { return Ok(false) };
    let wrong = |expected| UrlError::Value { name: known.to_owned(), expected };
    match meaning {
        Meaning::User => settings.user = Some(value.to_owned()),
        Meaning::Password => settings.password = Some(Password::new(value)),
        TlsMode => {
            settings.tls = Some(tls_mode(value).ok_or_else(|| wrong("a mode of TLS that its driver knows"))?)
        }
        TlsFlag(mode) => {
            // The mode by name counts before the flag; `false` takes nothing away that another parameter asks for.
            let wanted =
                if flag(value).ok_or_else(|| wrong("true or false"))? { *mode } else { Tls::Disable };
            settings.tls =
                Some(settings.tls.map_or(wanted, |tls| if tls == Tls::Disable { wanted } else { tls }));
        }
        TlsVerify => {
            if flag(value).ok_or_else(|| wrong("true or false"))? {
                settings.tls = Some(Tls::VerifyCa);
            }
        }
        TlsFactory => settings.tls = Some(tls_factory(value).ok_or(refused(known, JAVA_CLASS))?),
        TlsRoots => settings.tls_roots = Some(PathBuf::from(value)),
        ConnectSeconds => settings.connect_timeout = time(value, 1000).map_err(wrong)?,
        ConnectMillis => settings.connect_timeout = time(value, 1).map_err(wrong)?,
        SocketSeconds => settings.socket_timeout = time(value, 1000).map_err(wrong)?,
        SocketMillis => settings.socket_timeout = time(value, 1).map_err(wrong)?,
        Schema => settings.schema = Some(value.to_owned()),
        Application => settings.application = Some(value.to_owned()),
        Dialect => drop(settings.dialect.insert(known, value.to_owned())),
        Ignored => {}
        Refused(reason) if flag(value) != Some(false) => return Err(refused(known, reason)),
        Refused(_) => {}
    }
    Ok(true)
}

/// PostgreSQL's driver takes names as they are, the others in any case.
fn find(system: System, name: &str) -> Option<(&'static str, &'static Meaning)> {
    let (table, exact): (Table, bool) = match system {
        System::PostgreSql => (POSTGRESQL, true),
        System::MySql | System::MariaDb => (MYSQL, false),
        System::Sqlite => (SQLITE, false),
    };
    let same = |known: &str| if exact { known == name } else { known.eq_ignore_ascii_case(name) };
    table.iter().find(|(known, _)| same(known)).map(|(known, meaning)| (*known, meaning))
}

fn refused(name: &str, reason: &'static str) -> UrlError {
    UrlError::Refused { name: name.to_owned(), reason }
}

fn flag(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        // A parameter without a value is set.
        "true" | "1" | "yes" | "" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

fn tls_mode(value: &str) -> Option<Tls> {
    match value.to_ascii_lowercase().replace('_', "-").as_str() {
        "disable" | "disabled" => Some(Tls::Disable),
        "allow" | "prefer" | "preferred" => Some(Tls::Prefer),
        "require" | "required" | "trust" => Some(Tls::Require),
        "verify-ca" => Some(Tls::VerifyCa),
        "verify-full" | "verify-identity" => Some(Tls::VerifyFull),
        _ => None,
    }
}

fn tls_factory(class: &str) -> Option<Tls> {
    match class {
        "org.postgresql.ssl.NonValidatingFactory" => Some(Tls::Require),
        "org.postgresql.ssl.LibPQFactory" | "org.postgresql.ssl.DefaultJavaSSLFactory" => {
            Some(Tls::VerifyFull)
        }
        _ => None,
    }
}

/// A time in units of some milliseconds; 0: no limit.
fn time(value: &str, unit_ms: u64) -> Result<Option<Duration>, &'static str> {
    let count: u32 = value.trim().parse().map_err(|_| "a time as a whole number, not below 0")?;
    Ok((count > 0).then(|| Duration::from_millis(u64::from(count) * unit_ms)))
}
