//! Encrypted connections to MySQL and MariaDB.

use std::path::Path;

use api::{Error, OrReaction, Result};
use mysql_async::{ClientIdentity, DriverError, IoError, SslOpts};
use rustls::CertificateError;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::jdbc::dialect::Access;
use crate::jdbc::url::Tls;

/// What is asked of the server; `name` is the one that its certificate has to be of, where that is not the host's.
///
/// # Errors
/// The file with the certificate of the client cannot be read.
pub(super) fn options(access: &Access, tls: Tls, name: Option<String>) -> Result<Option<SslOpts>> {
    if tls == Tls::Disable {
        return Ok(None);
    }
    let client = access.url.settings.tls_client.as_deref().map(identity).transpose()?;
    let options = SslOpts::default()
        .with_danger_accept_invalid_certs(tls < Tls::VerifyCa)
        .with_danger_tls_hostname_override(name)
        .with_client_identity(client);
    Ok(Some(match &access.url.settings.tls_roots {
        Some(roots) => options.with_root_certs(vec![roots.clone().into()]).with_disable_built_in_roots(true),
        None => options,
    }))
}

/// The certificate that the client shows, and its key.
fn identity(file: &Path) -> Result<ClientIdentity> {
    let words = || format!("cannot read the certificate of the client, `{}`", file.display());
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).or_fail(words())?.collect();
    if read.or_fail(words())?.is_empty() {
        return Err(Error::fail(format_args!(
            "{}: there is none in PEM, hint: `openssl pkcs12 -in STORE -nodes -out client.pem` makes such a file of a \
             key store",
            words()
        )));
    }
    PrivateKeyDer::from_pem_file(file).or_fail(format_args!("{}: its key", words()))?;
    Ok(ClientIdentity::new(file.to_owned().into(), file.to_owned().into()))
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
