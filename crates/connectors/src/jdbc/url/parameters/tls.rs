//! How a connection is encrypted, of all parameters that say something about it, in whatever order they come.

use super::super::{Settings, System, Tls};

/// Sets [`Settings::tls`] where no mode is named: the flags that the drivers had before there were modes.
pub(in crate::jdbc::url) fn settle(settings: &mut Settings, system: System) {
    let flag = |name: &str| settings.dialect.get(name).map(|value| value == "true");
    let wanted = match system {
        System::PostgreSql => match (flag("ssl"), flag("sslfactory")) {
            (Some(true), Some(false)) => Some(Tls::Require),
            (Some(true), _) => Some(Tls::VerifyFull),
            // `ssl=false` says no more than nothing: the server may still be asked.
            (Some(false) | None, _) => None,
        },
        System::MySql | System::MariaDb => {
            let encrypted = flag("useSSL").or(flag("requireSSL").filter(|required| *required));
            let checked = match system {
                // MariaDB's driver checks all that it encrypts, unless it is told not to.
                System::MariaDb if flag("trustServerCertificate") != Some(true) => Tls::VerifyFull,
                _ => Tls::Require,
            };
            let checked = match flag("verifyServerCertificate") {
                Some(true) => checked.max(Tls::VerifyCa),
                Some(false) => Tls::Require,
                None => checked,
            };
            match (encrypted, flag("verifyServerCertificate")) {
                (Some(false), _) => Some(Tls::Disable),
                (Some(true), _) | (None, Some(true)) => Some(checked),
                (None, _) => None,
            }
        }
        System::Sqlite => None,
    };
    settings.tls = settings.tls.or(wanted);
    if settings.tls == Some(Tls::VerifyFull) && flag("disableSslHostnameVerification") == Some(true) {
        settings.tls = Some(Tls::VerifyCa);
    }
}
