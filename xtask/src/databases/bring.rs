//! Brings servers into `target/databases`, each once.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use testkit::directory;
use testkit::process::run;

use super::version::{Origin, Version};

const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Returns the directory of a server, which has its programs in `bin` or `sbin`.
pub(super) fn home(version: &Version) -> anyhow::Result<PathBuf> {
    let directory = directory::target().join("databases").join(version.name);
    let (stamp, from) = (directory.join("origin"), format!("{:?}", version.origin));
    if fs::read_to_string(&stamp).ok().as_deref() != Some(&from) {
        if directory.exists() {
            fs::remove_dir_all(&directory)?;
        }
        fs::create_dir_all(&directory)?;
        bring(&version.origin, &directory).with_context(|| format!("cannot bring `{}`", version.name))?;
        fs::write(&stamp, from)?;
    }
    Ok(match version.origin {
        Origin::Maven { home, .. } => directory.join("server").join(home),
        Origin::Debian { .. } => directory.join("server/usr"),
    })
}

fn bring(origin: &Origin, directory: &Path) -> anyhow::Result<()> {
    let server = directory.join("server");
    fs::create_dir(&server)?;
    match *origin {
        Origin::Maven { artifact, archive, home } => {
            maven(artifact, archive, directory, &server)?;
            executable(&server.join(home).join("bin"))
        }
        Origin::Debian { suite, package, program } => {
            debian(suite, package, directory, &server)?;
            with_own_libraries(&server, program)
        }
    }
}

fn maven(artifact: &str, archive: Option<&str>, directory: &Path, server: &Path) -> anyhow::Result<()> {
    let jars = directory.join("jar");
    fs::create_dir(&jars)?;
    run(Command::new("mvn")
        .args(["--quiet", "--batch-mode", COPY])
        .arg(format!("-Dartifact={artifact}"))
        .arg(format!("-DoutputDirectory={}", jars.display())))?;
    let jar = only_file(&jars)?;
    match archive {
        None => run(Command::new("jar").arg("--extract").arg("--file").arg(&jar).current_dir(server))?,
        Some(archive) => {
            run(Command::new("jar")
                .arg("--extract")
                .arg("--file")
                .arg(&jar)
                .arg(archive)
                .current_dir(&jars))?;
            run(Command::new("tar")
                .arg("--extract")
                .arg("--file")
                .arg(jars.join(archive))
                .current_dir(server))?;
        }
    }
    Ok(fs::remove_dir_all(&jars)?)
}

/// Unpacks a package of another release and everything it needs, without installing any of it.
fn debian(suite: &str, package: &str, directory: &Path, server: &Path) -> anyhow::Result<()> {
    let apt = directory.join("apt");
    for place in [
        "etc/apt/preferences.d",
        "var/lib/apt/lists/partial",
        "var/cache/apt/archives/partial",
        "var/lib/dpkg",
    ] {
        fs::create_dir_all(apt.join(place))?;
    }
    // Nothing counts as installed.
    fs::write(apt.join("var/lib/dpkg/status"), "")?;
    let source = format!("deb [arch=amd64 signed-by={KEYRING}] {} {suite} main\n", archive_of_debian()?);
    fs::write(apt.join("etc/apt/sources.list"), source)?;
    let apt_get = |arguments: &[&str]| {
        run(Command::new("apt-get")
            .arg("--option")
            .arg(format!("Dir={}", apt.display()))
            .arg("--option")
            .arg(format!("Dir::State::status={}", apt.join("var/lib/dpkg/status").display()))
            .args(["--option", "APT::Architecture=amd64", "--option", "APT::Sandbox::User=root"])
            .args(["--option", "Debug::NoLocking=true", "--option", "Acquire::Languages=none"])
            .args(arguments))
    };
    apt_get(&["update"])?;
    apt_get(&["install", "--yes", "--download-only", "--no-install-recommends", package])?;
    for file in fs::read_dir(apt.join("var/cache/apt/archives"))? {
        let file = file?.path();
        if file.extension() == Some(OsStr::new("deb")) {
            run(Command::new("dpkg-deb").arg("--extract").arg(&file).arg(server))?;
        }
    }
    Ok(fs::remove_dir_all(&apt)?)
}

/// Returns the archive that this system's own packages come from.
fn archive_of_debian() -> anyhow::Result<String> {
    let output = Command::new("apt-get")
        .args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"])
        .output()
        .context("cannot run `apt-get`: these versions need a Debian")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let archive = text.lines().find(|line| line.trim_end_matches('/').ends_with("/debian"));
    archive.map(str::to_owned).context("apt knows no archive of Debian, hint: apt-get update")
}

/// Puts a script in the place of a program that starts it with the libraries that were unpacked beside it.
fn with_own_libraries(server: &Path, program: &str) -> anyhow::Result<()> {
    let path = server.join(program);
    let own = path.with_extension("elf");
    fs::rename(&path, &own).with_context(|| format!("the package has no `{program}`"))?;
    let places: Vec<PathBuf> =
        ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"].iter().map(|place| server.join(place)).collect();
    let loader = places.iter().map(|place| place.join("ld-linux-x86-64.so.2")).find(|file| file.is_file());
    let loader = loader.context("the packages hold no C library")?;
    let library_path: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
    let script = format!(
        "#!/bin/sh\nexec '{}' --library-path '{}' '{}' \"$@\"\n",
        loader.display(),
        library_path.join(":"),
        own.display()
    );
    fs::write(&path, script)?;
    Ok(fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?)
}

/// Jars do not keep the permissions of files.
fn executable(programs: &Path) -> anyhow::Result<()> {
    let entries = fs::read_dir(programs).with_context(|| format!("cannot read `{}`", programs.display()))?;
    for entry in entries {
        fs::set_permissions(entry?.path(), fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

fn only_file(directory: &Path) -> anyhow::Result<PathBuf> {
    let first = fs::read_dir(directory)?.next().context("Maven brought nothing")?;
    Ok(first?.path())
}
