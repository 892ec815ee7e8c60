//! The folder of a demo: its database and the secret that signs its tokens.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use rand::{TryRngCore, rngs::OsRng};
use secrecy::SecretString;

/// The folder of a demo.
#[derive(Clone, Debug)]
pub struct Data {
    folder: PathBuf,
}

impl Data {
    /// The demo in `folder`, which need not exist.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self { folder: folder.as_ref().to_owned() }
    }

    /// Where demos are kept when nothing else is said: `journey` in the user's data folder (XDG Base Directory Specification).
    pub fn default_folder() -> Option<PathBuf> {
        // The specification: a relative path is to be ignored.
        let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        absolute("XDG_DATA_HOME")
            .or_else(|| Some(absolute("HOME")?.join(".local/share")))
            .map(|data| data.join("journey"))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of the database.
    pub fn database(&self) -> PathBuf {
        self.folder.join("journey.sqlite")
    }

    /// The address of the database.
    pub fn database_url(&self) -> anyhow::Result<SecretString> {
        let path = std::path::absolute(self.database()).context("the data folder has no absolute path")?;
        let path = path.to_str().context("the data folder's path is not UTF-8; choose another with --data")?;
        // What would end the path of an address, or begin an escape in it.
        let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        Ok(format!("sqlite://{path}").into())
    }

    /// The secret that signs the demo's tokens; `demo` makes it.
    pub fn secret(&self) -> anyhow::Result<SecretString> {
        let path = self.secret_path();
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().into()),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                bail!("there is no demo in {}: make one with `journey demo --data {0}`", self.folder.display())
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    /// Makes the folder and its secret, unless they exist. Only the user may read the secret: whoever can is every role at once.
    pub fn create(&self) -> anyhow::Result<()> {
        fs::create_dir_all(&self.folder).with_context(|| format!("{} cannot be made", self.folder.display()))?;
        let mut random = [0_u8; 32];
        OsRng.try_fill_bytes(&mut random).context("the system gives no random numbers")?;
        let secret = random.map(|byte| format!("{byte:02x}")).concat();

        let path = self.secret_path();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(mut file) => {
                file.write_all(secret.as_bytes()).with_context(|| format!("{} cannot be written", path.display()))
            }
            // Two demos at once: the first one's secret counts.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error).with_context(|| format!("{} cannot be made", path.display())),
        }
    }

    fn secret_path(&self) -> PathBuf {
        self.folder.join("secret")
    }
}
