//! Encrypted connections to MySQL and MariaDB.

use mysql_async::{DriverError, IoError, SslOpts};
use rustls::CertificateError;

use crate::jdbc::dialect::Access;
use crate::jdbc::url::Tls;

/// What is asked of the server; `name` is the one that its certificate has to be of, where that is not the host's.
pub(super) fn options(access: &Access, tls: Tls, name: Option<String>) -> Option<SslOpts> {
    if tls == Tls::Disable {
        return None;
    }
    let options = SslOpts::default()
        .with_danger_accept_invalid_certs(tls < Tls::VerifyCa)
        .with_danger_tls_hostname_override(name);
    Some(match &access.url.settings.tls_roots {
        Some(roots) => options.with_root_certs(vec![roots.clone().into()]).with_disable_built_in_roots(true),
        None => options,
    })
}

/// Whether a server has no TLS, or none that is known here, such as that of MySQL 5.7.
pub(super) fn missing(error: &mysql_async::Error) -> bool {
    match error {
        mysql_async::Error::Driver(error) => matches!(error, DriverError::NoClientSslFlagFromServer),
        mysql_async::Error::Io(error) => failed(error),
        _ => false,
    }
}

/// Whether TLS itself could not go on, not the connection below it.
pub(super) fn failed(error: &IoError) -> bool {
    match error {
        IoError::Tls(_) => true,
        IoError::Io(error) => cause(error).is_some(),
    }
}

fn cause(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// A name that the certificate is of which was refused only because it is not of this host. The driver cannot leave
/// that check out alone, so whoever wants just a known authority asks for this name instead.
pub(super) fn name_of_other(error: &mysql_async::Error) -> Option<String> {
    let mysql_async::Error::Io(IoError::Io(error)) = error else { return None };
    let rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) =
        cause(error)?
    else {
        return None;
    };
    let dns = |name: &String| Some(name.strip_prefix("DnsName(\"")?.strip_suffix("\")")?.replace('*', "any"));
    presented.iter().find_map(dns)
}
