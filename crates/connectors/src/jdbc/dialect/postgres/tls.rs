//! Encrypted connections, with the modes of pgjdbc's `sslmode`.

use std::path::Path;
use std::sync::Arc;

use api::{Error, OrReaction, Result};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::jdbc::url::{Settings, Tls};

/// What encrypts connections, and whether it has to.
pub(super) fn connector(settings: &Settings) -> Result<(MakeRustlsConnect, SslMode)> {
    let mode = settings.tls.unwrap_or(Tls::Prefer);
    let wanted = match mode {
        Tls::Disable => SslMode::Disable,
        Tls::Prefer => SslMode::Prefer,
        Tls::Require | Tls::VerifyCa | Tls::VerifyFull => SslMode::Require,
    };
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .or_fail("cannot set TLS up")?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier(settings, mode, &provider)?));
    let config = match settings.dialect.get("sslcert").zip(settings.dialect.get("sslkey")) {
        Some((certificate, key)) => builder
            .with_client_auth_cert(
                certificates("sslcert", Path::new(certificate))?,
                private_key(Path::new(key))?,
            )
            .or_fail("cannot use the certificate of `sslcert` with the key of `sslkey`")?,
        None => builder.with_no_client_auth(),
    };
    Ok((MakeRustlsConnect::new(config), wanted))
}

/// What is asked of the server's certificate. As with libpq a file of roots makes `require` check them.
fn verifier(settings: &Settings, mode: Tls, provider: &Arc<CryptoProvider>) -> Result<Verifier> {
    let roots = settings.tls_roots.as_deref();
    let check = match (mode, roots) {
        (Tls::VerifyFull, _) => Check::Host,
        (Tls::VerifyCa, _) | (Tls::Require, Some(_)) => Check::Authority,
        (Tls::Disable | Tls::Prefer | Tls::Require, _) => Check::Nothing,
    };
    let verifier = match check {
        Check::Nothing => None,
        Check::Authority | Check::Host => Some(
            WebPkiServerVerifier::builder_with_provider(Arc::new(trusted(roots)?), provider.clone())
                .build()
                .or_fail("cannot use the trusted certificates")?,
        ),
    };
    Ok(Verifier { check, verifier, provider: provider.clone() })
}

/// The roots of a file, or those that browsers trust.
fn trusted(roots: Option<&Path>) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    match roots {
        Some(path) => {
            for certificate in certificates("sslrootcert", path)? {
                store.add(certificate).or_fail("a certificate of `sslrootcert` cannot be used")?;
            }
        }
        None => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    Ok(store)
}

fn certificates(parameter: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let words = || format!("cannot read the certificates of `{parameter}`, `{}`", path.display());
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).or_fail(words())?.collect();
    let found = found.or_fail(words())?;
    if found.is_empty() {
        Err(Error::fail(format_args!("{}: there are none in PEM", words())))
    } else {
        Ok(found)
    }
}

/// A private key in PEM, or in PKCS 8 as pgjdbc wants it.
fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    if let Ok(key) = PrivateKeyDer::from_pem_file(path) {
        return Ok(key);
    }
    let bytes =
        std::fs::read(path).or_fail(format_args!("cannot read the key of `sslkey`, `{}`", path.display()))?;
    Ok(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(bytes)))
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Check {
    Nothing,
    Authority,
    Host,
}

/// Checks the certificate of a server as far as the mode wants it.
#[derive(Debug)]
struct Verifier {
    check: Check,
    verifier: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(verifier) = &self.verifier else { return Ok(ServerCertVerified::assertion()) };
        let verified =
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check == Check::Authority => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
