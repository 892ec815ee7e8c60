//! The bytes of files: on local disk or in an S3-compatible store. Nobody gets at them but by a short-lived signed address.

use std::{path::PathBuf, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, StreamExt, stream::BoxStream};
use hmac::{Hmac, KeyInit, Mac};
use object_store::{
    Attribute, BackoffConfig, ClientOptions, Error, GetOptions, HeaderValue, ObjectStore, ObjectStoreExt, RetryConfig,
    WriteMultipart,
    aws::{AmazonS3, AmazonS3Builder},
    local::LocalFileSystem,
    path::Path,
    signer::{SignedUrlOptions, Signer},
};
use reqwest::{
    Method,
    header::{CONTENT_TYPE, IF_NONE_MATCH},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Where files are kept, and how large they may be.
#[derive(Clone, Debug)]
pub struct FileOptions {
    /// A folder; used where no bucket is named.
    pub dir: PathBuf,
    /// The bucket of an S3-compatible store; empty: the folder.
    pub bucket: String,
    /// The store's address; empty: Amazon's own.
    pub endpoint: String,
    /// The store's region.
    pub region: String,
    /// The key's id.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: SecretString,
    /// The largest file in bytes.
    pub max_bytes: u64,
    /// The media types that are taken.
    pub types: Vec<String>,
    /// How long a signed address holds.
    pub link_ttl: Duration,
    /// The address under which clients reach this server.
    pub base_url: String,
}

/// The place for files.
#[derive(Debug)]
pub struct Files {
    place: Place,
    /// See [`FileOptions`].
    pub max_bytes: u64,
    /// See [`FileOptions`].
    pub types: Vec<String>,
    link_ttl: Duration,
    base_url: String,
}

#[derive(Debug)]
enum Place {
    Disk(LocalFileSystem),
    S3(Box<AmazonS3>),
}

/// What an address is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verb {
    /// To bring the bytes, once.
    Put,
    /// To fetch them.
    Get,
}

/// A signed address.
#[derive(Clone, Debug)]
pub struct Link {
    /// The address.
    pub url: String,
    /// Until when it holds.
    pub expires_at: DateTime<Utc>,
    /// The `If-None-Match` that must be sent with it; none where nothing must.
    pub if_none_match: Option<&'static str>,
}

/// The bytes that a file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// How many.
    pub size: u64,
    /// What the store says that they are; none where it does not say.
    pub content_type: Option<String>,
}

/// What became of bytes that were brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brought {
    /// They are kept.
    Kept,
    /// There were bytes already: a file is never written over.
    Known,
    /// There were fewer than announced.
    TooFew(u64),
    /// There were more than announced.
    TooMany,
    /// Whoever brought them went away.
    Broken,
}

/// What became of bytes whose number nobody knew before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// They are kept.
    Kept {
        /// How many they are.
        size: u64,
        /// Their SHA-256, in hexadecimal digits.
        checksum: String,
    },
    /// There were more than a file may have.
    TooMany,
    /// Whoever brought them went away.
    Broken,
}

/// How much of an upload is held before it goes to the store.
const CHUNK: usize = 256 * 1024;

/// The same for a file of any size in a bucket, which takes no smaller parts, and no more than ten thousand of them.
const PART: usize = 8 * 1024 * 1024;

/// What a signed address of this server says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ticket {
    /// The tenant.
    pub tenant: i64,
    /// The file.
    pub file: Uuid,
    /// What it is good for.
    pub verb: Verb,
    /// Until when, in seconds since 1970.
    pub until: i64,
    /// How large the file is.
    pub size: u64,
    /// Its media type.
    pub content_type: String,
    /// Its name.
    pub name: String,
}

impl Files {
    /// Opens the place; makes the folder.
    pub fn open(options: FileOptions) -> Result<Files, Error> {
        let FileOptions {
            dir,
            bucket,
            endpoint,
            region,
            access_key_id,
            secret_access_key,
            max_bytes,
            types,
            link_ttl,
            base_url,
        } = options;
        let place = match bucket.as_str() {
            "" => {
                let failed = |source: std::io::Error| Error::Generic { store: "disk", source: Box::new(source) };
                std::fs::create_dir_all(&dir).map_err(failed)?;
                Place::Disk(LocalFileSystem::new_with_prefix(&dir)?)
            }
            bucket => {
                // A store that is down must not hold its callers for minutes.
                let patience = RetryConfig {
                    backoff: BackoffConfig { max_backoff: Duration::from_secs(1), ..BackoffConfig::default() },
                    max_retries: 2,
                    retry_timeout: Duration::from_secs(5),
                };
                let client = ClientOptions::new()
                    .with_connect_timeout(Duration::from_secs(3))
                    .with_timeout(Duration::from_secs(10));
                let mut builder = AmazonS3Builder::new()
                    .with_retry(patience)
                    // One at a time is all that is ever asked for, and every store understands it.
                    .with_disable_bulk_delete(true)
                    .with_client_options(client)
                    .with_bucket_name(bucket)
                    .with_region(region)
                    .with_access_key_id(access_key_id)
                    .with_secret_access_key(secret_access_key.expose_secret())
                    .with_allow_http(endpoint.starts_with("http://"));
                if !endpoint.is_empty() {
                    builder = builder.with_endpoint(endpoint);
                }
                Place::S3(Box::new(builder.build()?))
            }
        };
        Ok(Files { place, max_bytes, types, link_ttl, base_url })
    }

    fn path(tenant: i64, file: Uuid) -> Path {
        Path::from(format!("{tenant}/{file}"))
    }

    fn store(&self) -> &dyn ObjectStore {
        match &self.place {
            Place::Disk(disk) => disk,
            Place::S3(s3) => s3.as_ref(),
        }
    }

    /// An address for a file, signed with the tenant's key (disk) or the store's (S3). `ticket.until` is set here. A bucket
    /// holds whoever brings bytes to their announced type, and lets nothing be written over; their number is looked at when the
    /// file is completed. Whoever fetches them saves them under their name, and sees nothing run.
    pub async fn link(&self, key: &[u8], mut ticket: Ticket, now: DateTime<Utc>) -> Result<Link, Error> {
        let expires_at = now + TimeDelta::from_std(self.link_ttl).unwrap_or_default();
        ticket.until = expires_at.timestamp();
        let (url, if_none_match) = match &self.place {
            Place::Disk(_) => (format!("{}/files/{}", self.base_url, seal(key, &ticket)), None),
            Place::S3(s3) => {
                let path = Self::path(ticket.tenant, ticket.file);
                let (method, options, once) = match ticket.verb {
                    Verb::Put => {
                        let unsaid = |source| Error::Generic { store: "S3", source: Box::new(source) };
                        let kind = HeaderValue::from_str(&ticket.content_type).map_err(unsaid)?;
                        let options = SignedUrlOptions::new()
                            .with_signed_header(CONTENT_TYPE, kind)
                            .with_signed_header(IF_NONE_MATCH, HeaderValue::from_static(ONCE));
                        (Method::PUT, options, Some(ONCE))
                    }
                    Verb::Get => {
                        let named = attachment(&ticket.name);
                        let options = SignedUrlOptions::new().with_query([
                            ("response-content-disposition", named.as_str()),
                            ("response-content-type", ticket.content_type.as_str()),
                        ]);
                        (Method::GET, options, None)
                    }
                };
                (s3.signed_url_opts(method, &path, self.link_ttl, &options).await?.to_string(), once)
            }
        };
        Ok(Link { url, expires_at, if_none_match })
    }

    /// Keeps the bytes of a file as they come, exactly `size` of them, or none. `mark` tells this attempt from others.
    pub async fn bring<E>(
        &self,
        tenant: i64,
        file: Uuid,
        size: u64,
        mark: u64,
        mut bytes: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Brought, Error> {
        if self.held(tenant, file).await?.is_some() {
            return Ok(Brought::Known);
        }
        // Beside its place until it is whole: nobody ever finds half a file, and two attempts do not mix.
        let beside = Path::from(format!("{tenant}/{file}.{mark:016x}"));
        let mut upload = WriteMultipart::new_with_chunk_size(self.store().put_multipart(&beside).await?, CHUNK);
        let mut came = 0_u64;
        while let Some(chunk) = bytes.next().await {
            let chunk = chunk.ok();
            came = came.saturating_add(chunk.as_ref().map_or(0, |chunk| chunk.len() as u64));
            match chunk {
                Some(chunk) if came <= size => {
                    upload.wait_for_capacity(2).await?;
                    upload.put(chunk);
                }
                refused => {
                    upload.abort().await?;
                    return Ok(if refused.is_some() { Brought::TooMany } else { Brought::Broken });
                }
            }
        }
        if came < size {
            upload.abort().await?;
            return Ok(Brought::TooFew(came));
        }
        upload.finish().await?;
        match self.store().rename_if_not_exists(&beside, &Self::path(tenant, file)).await {
            Ok(()) => Ok(Brought::Kept),
            Err(Error::AlreadyExists { .. }) => {
                self.store().delete(&beside).await?;
                Ok(Brought::Known)
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps bytes as they come, at most `most` of them, or none. Nobody else brings bytes under this name, and nobody looks for them
    /// before they are whole.
    pub async fn receive<E>(
        &self,
        tenant: i64,
        file: Uuid,
        most: u64,
        mut bytes: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Received, Error> {
        let part = match &self.place {
            Place::Disk(_) => CHUNK,
            Place::S3(_) => PART,
        };
        let upload = self.store().put_multipart(&Self::path(tenant, file)).await?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, part);
        let (mut size, mut digest) = (0_u64, Sha256::new());
        while let Some(chunk) = bytes.next().await {
            let chunk = chunk.ok();
            size = size.saturating_add(chunk.as_ref().map_or(0, |chunk| chunk.len() as u64));
            match chunk {
                Some(chunk) if size <= most => {
                    digest.update(&chunk);
                    upload.wait_for_capacity(2).await?;
                    upload.put(chunk);
                }
                refused => {
                    upload.abort().await?;
                    return Ok(if refused.is_some() { Received::TooMany } else { Received::Broken });
                }
            }
        }
        upload.finish().await?;
        let checksum = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Received::Kept { size, checksum })
    }

    /// A piece of a file, from one byte to another; none if it has none.
    pub async fn piece(&self, tenant: i64, file: Uuid, from: u64, to: u64) -> Result<Option<Bytes>, Error> {
        match self.store().get_range(&Self::path(tenant, file), from..to).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The bytes of a file and their number, as they come; none if it has none.
    pub async fn get(
        &self,
        tenant: i64,
        file: Uuid,
    ) -> Result<Option<(u64, BoxStream<'static, Result<Bytes, Error>>)>, Error> {
        match self.store().get(&Self::path(tenant, file)).await {
            Ok(found) => Ok(Some((found.meta.size, found.into_stream()))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What bytes there are; none if it has none.
    pub async fn held(&self, tenant: i64, file: Uuid) -> Result<Option<Held>, Error> {
        let head = GetOptions { head: true, ..GetOptions::default() };
        match self.store().get_opts(&Self::path(tenant, file), head).await {
            Ok(found) => {
                let content_type = found.attributes.get(&Attribute::ContentType).map(|kind| kind.to_string());
                Ok(Some(Held { size: found.meta.size, content_type }))
            }
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Throws the bytes away.
    pub async fn delete(&self, tenant: i64, file: Uuid) -> Result<(), Error> {
        match self.store().delete(&Self::path(tenant, file)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Nothing is written over: the store refuses a second time.
const ONCE: &str = "*";

/// A `Content-Disposition`: never shown in the browser's own window; the name as RFC 6266 and RFC 5987 say, so that no
/// character of it means anything to a header.
pub fn attachment(name: &str) -> String {
    let encoded: String = name
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    format!("attachment; filename*=UTF-8''{encoded}")
}

/// For nothing else is the tenant's key used with this word.
const PURPOSE: &[u8] = b"file link\n";

fn mac(key: &[u8], text: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(PURPOSE);
    mac.update(text.as_bytes());
    Some(mac)
}

fn seal(key: &[u8], ticket: &Ticket) -> String {
    let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(ticket).unwrap_or_default());
    let seal = mac(key, &text).map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    format!("{text}.{}", seal.unwrap_or_default())
}

impl Ticket {
    /// Whose key would have to have signed a text: what it says, not yet believed.
    pub fn claimed_tenant(token: &str) -> Option<i64> {
        Self::read(token).map(|(ticket, ..)| ticket.tenant)
    }

    fn read(token: &str) -> Option<(Ticket, &str, Vec<u8>)> {
        let (text, seal) = token.split_once('.')?;
        let ticket = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        Some((ticket, text, URL_SAFE_NO_PAD.decode(seal).ok()?))
    }

    /// The ticket of a token, if this tenant's key signed it, for this verb, and it still holds.
    pub fn open(key: &[u8], token: &str, verb: Verb, now: DateTime<Utc>) -> Option<Ticket> {
        let (ticket, text, seal) = Self::read(token)?;
        mac(key, text)?.verify_slice(&seal).ok()?;
        (ticket.verb == verb && now.timestamp() < ticket.until).then_some(ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            tenant: 7,
            file: Uuid::from_u128(1),
            verb: Verb::Get,
            until: 1_000,
            size: 3,
            content_type: "text/plain".into(),
            name: "a.txt".into(),
        }
    }

    #[test]
    fn a_seal_holds_for_its_key_its_verb_and_its_time() {
        let token = seal(b"key", &ticket());
        let at = |second| DateTime::from_timestamp(second, 0).unwrap_or_default();
        assert!(Ticket::open(b"key", &token, Verb::Get, at(999)).is_some());
        assert!(Ticket::open(b"key", &token, Verb::Get, at(1_000)).is_none());
        assert!(Ticket::open(b"other", &token, Verb::Get, at(999)).is_none());
        assert!(Ticket::open(b"key", &token, Verb::Put, at(999)).is_none());
        let mut forged = ticket();
        forged.tenant = 8;
        let (text, _) =
            seal(b"key", &forged).split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap_or_default();
        let forged = format!("{text}.{}", token.split_once('.').map(|(_, seal)| seal).unwrap_or_default());
        assert!(Ticket::open(b"key", &forged, Verb::Get, at(999)).is_none());
        assert!(Ticket::open(b"key", "nonsense", Verb::Get, at(999)).is_none());
    }

    #[tokio::test]
    async fn a_bucket_signs_its_own_addresses() {
        let options = FileOptions {
            dir: PathBuf::new(),
            bucket: "journey".into(),
            endpoint: "http://127.0.0.1:9000".into(),
            region: "eu-central-1".into(),
            access_key_id: "id".into(),
            secret_access_key: "secret".to_owned().into(),
            max_bytes: 10,
            types: Vec::new(),
            link_ttl: Duration::from_secs(300),
            base_url: String::new(),
        };
        let files = Files::open(options).map_err(|error| error.to_string());
        let link = match files {
            Ok(files) => files.link(b"", ticket(), DateTime::UNIX_EPOCH).await.map_err(|error| error.to_string()),
            Err(error) => Err(error),
        };
        let url = link.map(|link| link.url).unwrap_or_else(|error| error);
        assert!(url.starts_with("http://127.0.0.1:9000/journey/7/00000000-0000-0000-0000-000000000001?"), "{url}");
        assert!(url.contains("X-Amz-Expires=300") && url.contains("X-Amz-Signature="), "{url}");
    }
}
