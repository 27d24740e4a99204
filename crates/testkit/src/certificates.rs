//! Certificates for servers that encrypt, made by `openssl`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::directory::Directory;

/// An authority, the certificate of a server that is called `localhost`, and that of a client; removed when dropped.
#[derive(Debug)]
pub struct Certificates(Directory);

impl Certificates {
    /// Makes them, in a directory that other users of this system can reach.
    ///
    /// # Errors
    ///
    /// When `openssl` is missing or refuses.
    pub fn new() -> anyhow::Result<Self> {
        let certificates = Self(Directory::open_to_others("certificates")?);
        let directory = certificates.0.path();
        fs::write(directory.join("names"), "subjectAltName=DNS:localhost\n")?;
        for arguments in [
            "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=authority -keyout ca.key -out ca.crt",
            "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr",
            "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -days 30 -extfile names -out server.crt",
            "req -newkey rsa:2048 -nodes -subj /CN=client -keyout client.key -out client.csr",
            "x509 -req -in client.csr -CA ca.crt -CAkey ca.key -days 30 -extfile names -out client.crt",
        ] {
            openssl(directory, arguments)?;
        }
        fs::set_permissions(certificates.key(), fs::Permissions::from_mode(0o600))?;
        let both =
            [fs::read(directory.join("client.crt"))?, fs::read(directory.join("client.key"))?].concat();
        fs::write(certificates.client(), both)?;
        Ok(certificates)
    }

    /// Returns the file of the authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.0.path().join("ca.crt")
    }

    /// Returns the file of the server's certificate.
    pub fn certificate(&self) -> PathBuf {
        self.0.path().join("server.crt")
    }

    /// Returns the file with the certificate of a client and its key.
    pub fn client(&self) -> PathBuf {
        self.0.path().join("client.pem")
    }

    /// Returns the file of the server's key, which only its owner may read.
    pub fn key(&self) -> PathBuf {
        self.0.path().join("server.key")
    }
}

fn openssl(directory: &Path, arguments: &str) -> anyhow::Result<()> {
    let mut command = Command::new("openssl");
    let output = command.current_dir(directory).args(arguments.split(' ')).output();
    let output = output.context("the tests need `openssl`, hint: apt-get install openssl")?;
    let message = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "`openssl` refused: {}", message.trim_end());
    Ok(())
}
