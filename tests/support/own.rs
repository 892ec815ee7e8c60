//! A PostgreSQL of a test's own, from installed programs: one that it may stop and start.

use std::{path::PathBuf, process::Command};

use sea_orm::Database;

use crate::{Engine, World};

/// The server. It is stopped when it is dropped.
pub struct OwnPostgres {
    folder: tempfile::TempDir,
    programs: PathBuf,
    port: u16,
}

/// Runs `test` on a server of its own. Without installed programs it says loudly that it did not run, and fails in CI.
pub async fn on_own_postgres(test: impl AsyncFnOnce(World, &OwnPostgres)) {
    let Some(programs) = programs() else {
        assert!(std::env::var("CI").is_err(), "no PostgreSQL is installed");
        eprintln!("\n*** not run: no PostgreSQL is installed ***\n");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    if is_root() {
        ran(Command::new("chown").arg("postgres").arg(folder.path()));
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = OwnPostgres { folder, programs, port };
    let data = server.data();
    ran(server.program("initdb").args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "-D"]).arg(data));
    server.start();
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    let db = Database::connect(&url).await.unwrap();
    migration::up(&db).await.unwrap();
    db.close().await.unwrap();
    let world = World::found(Engine::Postgres, url).await;
    let store = world.store.clone();
    test(world, &server).await;
    store.db().clone().close().await.unwrap();
}

impl OwnPostgres {
    /// Starts it, and comes back when it answers.
    pub fn start(&self) {
        let options = format!("-p {} -h 127.0.0.1 -k {} -c fsync=off", self.port, self.folder.path().display());
        let log = self.folder.path().join("log");
        ran(self.program("pg_ctl").args(["-w", "-o", &options, "-l"]).arg(log).arg("-D").arg(self.data()).arg("start"));
    }

    /// Stops it as a power cut would.
    pub fn crash(&self) {
        ran(self.program("pg_ctl").args(["-w", "-m", "immediate", "-D"]).arg(self.data()).arg("stop"));
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The server refuses to run as root.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        match is_root() {
            false => Command::new(program),
            true => {
                let mut command = Command::new("runuser");
                command.args(["-u", "postgres", "--"]).arg(program);
                command
            }
        }
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        let _ = self.program("pg_ctl").args(["-m", "immediate", "-D"]).arg(self.data()).arg("stop").output();
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.starts_with(b"0\n")
}

/// What `pg_ctl` starts must not hold this process's pipes.
fn ran(command: &mut Command) {
    use std::process::Stdio;
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.as_ref().is_ok_and(std::process::ExitStatus::success), "{command:?}: {status:?}");
}

fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    std::env::split_paths(&path)
        .chain(debian.map(|version| version.path().join("bin")))
        .chain([PathBuf::from("/usr/local/pgsql/bin")])
        .find(|folder| ["initdb", "pg_ctl"].iter().all(|name| folder.join(name).is_file()))
}
