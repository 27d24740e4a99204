//! A disk that is really full before long: memory of a fixed size, mounted as a file system.

use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::directory::Directory;

/// A small file system of its own; unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    directory: Directory,
}

impl SmallDisk {
    /// Mounts a file system of `megabytes` that every user of this system may write to.
    ///
    /// # Errors
    ///
    /// When this process may not mount; the error says what it needs.
    pub fn mount(megabytes: u32) -> anyhow::Result<Self> {
        let directory = Directory::open_to_others("disk")?;
        let options = format!("size={megabytes}m,mode=1777");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &options, "ferroduct-test"]).arg(directory.path());
        run(command).context(
            "a test of a full disk mounts a small one, hint: run it as root, or in a container with CAP_SYS_ADMIN",
        )?;
        Ok(Self { directory })
    }

    /// Returns its absolute path.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let mut command = Command::new("umount");
        // Lazily: whoever still has a file open does not keep it.
        command.arg("--lazy").arg(self.directory.path());
        if let Err(error) = run(command) {
            eprintln!("{error:#}");
        }
    }
}

fn run(mut command: Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot run `{program}`"))?;
    let message = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "`{program}` refused: {}", message.trim_end());
    Ok(())
}
