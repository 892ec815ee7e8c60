//! The login that reads a tenant's views: its name, its password, its sessions.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit, Mac};
use rand::{TryRngCore, rngs::OsRng};
use sea_orm::DatabaseConnection;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::{ground::ask, refused::Refused};

/// How a role stands to this database's views of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is none of the name.
    Absent,
    /// It was made for them.
    Own,
    /// It is somebody else's.
    Foreign,
}

/// A login, and how it stands.
#[derive(Clone, Debug)]
pub struct Login {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
}

/// A name that a login may have. All are quoted; these need it nowhere.
pub fn sound(name: &str) -> Result<String, Refused> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match (1..=63).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with("pg_") {
        true => Ok(name.to_owned()),
        false => Err(Refused::BadLogin(name.to_owned())),
    }
}

/// Ends the sessions of a login. Whose right does not reach as far hears of those that are left by the locks that they hold.
pub async fn end_sessions(db: &DatabaseConnection, login: &str) {
    let text = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1::text";
    if let Err(error) = ask(db, text, [login.into()]).await {
        tracing::warn!(%error, "the sessions of the login could not be ended");
    }
}

/// A new password.
pub struct Secret {
    /// As its reader has it.
    pub password: SecretString,
    /// As the server has it. The password itself never reaches the server, nor the server's log of statements.
    pub verifier: String,
}

impl Secret {
    /// A random one.
    pub fn new() -> Result<Secret, Refused> {
        let (mut random, mut salt) = ([0_u8; 24], [0_u8; 16]);
        for bytes in [&mut random[..], &mut salt[..]] {
            OsRng.try_fill_bytes(bytes).map_err(|_| Refused::NoRandom)?;
        }
        let password = SecretString::from(URL_SAFE_NO_PAD.encode(random));
        let verifier = verifier(password.expose_secret(), &salt, ROUNDS).ok_or(Refused::NoRandom)?;
        Ok(Secret { password, verifier })
    }
}

/// PostgreSQL's own number.
const ROUNDS: u32 = 4_096;

fn mac(key: &[u8], parts: &[&[u8]]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    let mut out = [0; 32];
    out.copy_from_slice(&mac.finalize().into_bytes());
    Some(out)
}

/// SaltedPassword of RFC 5802, with SHA-256 (RFC 7677): one block of PBKDF2. The password is ASCII, which SASLprep leaves as it is.
fn salted(password: &str, salt: &[u8], rounds: u32) -> Option<[u8; 32]> {
    let key = password.as_bytes();
    let mut turn = mac(key, &[salt, &1_u32.to_be_bytes()])?;
    let mut sum = turn;
    for _ in 1..rounds {
        turn = mac(key, &[&turn])?;
        sum.iter_mut().zip(turn).for_each(|(sum, turn)| *sum ^= turn);
    }
    Some(sum)
}

/// What PostgreSQL keeps of a password: `SCRAM-SHA-256$rounds:salt$StoredKey:ServerKey`.
fn verifier(password: &str, salt: &[u8], rounds: u32) -> Option<String> {
    let salted = salted(password, salt, rounds)?;
    let stored = Sha256::digest(mac(&salted, &[b"Client Key"])?);
    let server = mac(&salted, &[b"Server Key"])?;
    Some(format!(
        "SCRAM-SHA-256${rounds}:{}${}:{}",
        STANDARD.encode(salt),
        STANDARD.encode(stored),
        STANDARD.encode(server)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exchange of RFC 7677, section 3: what is kept must be what answers it.
    #[test]
    fn the_server_can_judge_a_password_by_what_it_keeps() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let kept = verifier("pencil", &salt, 4_096).unwrap();
        let (head, keys) = kept.rsplit_once('$').unwrap();
        assert_eq!(head, "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==");
        let (stored, server) = keys.split_once(':').unwrap();
        let (stored, server) = (STANDARD.decode(stored).unwrap(), STANDARD.decode(server).unwrap());
        let exchange = "n=user,r=rOprNGfwEbeRWgbNEkqO,\
            r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
            c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let signature = mac(&server, &[exchange.as_bytes()]).unwrap();
        assert_eq!(STANDARD.encode(signature), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        // The proof of the client, less the signature, is its key; the hash of that is what is kept.
        let proof = STANDARD.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
        let signature = mac(&stored, &[exchange.as_bytes()]).unwrap();
        let key: Vec<u8> = proof.iter().zip(signature).map(|(proof, signature)| proof ^ signature).collect();
        assert_eq!(Sha256::digest(key).to_vec(), stored);
    }

    #[test]
    fn passwords_are_long_and_never_the_same() {
        let (one, other) = (Secret::new().unwrap(), Secret::new().unwrap());
        assert_eq!(one.password.expose_secret().len(), 32);
        assert_ne!(one.password.expose_secret(), other.password.expose_secret());
        assert!(!one.verifier.contains(one.password.expose_secret()));
    }

    #[test]
    fn a_login_has_a_plain_name() {
        for name in ["bi_acme", "Metabase-1", "x"] {
            assert_eq!(sound(name).unwrap(), name);
        }
        for name in ["", "pg_reader", "a b", "a\"; DROP ROLE x", "ä", &"x".repeat(64)] {
            assert!(matches!(sound(name), Err(Refused::BadLogin(_))), "{name}");
        }
    }
}
