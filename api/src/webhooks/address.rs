//! Where a message may go: to the public internet, and nowhere else. A server that calls whatever address it is told would be the door to
//! everything that only it reaches.
//!
//! Judged are addresses, not names: those that a name stands for at the moment of the call, each of them, and the connection is made to one
//! of exactly these. Whatever the platform's own resolver makes of unusual spellings (`0x7f.1`, `2130706433`), it is an address by then.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use futures::future::BoxFuture;
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// What of an address is allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Whether loopback and private networks may be called, and without TLS: for development and tests.
    pub allow_private_networks: bool,
}

/// What an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// On the public internet.
    Public,
    /// This machine, or a network of one's own.
    Private,
    /// Nothing that anybody should call: link-local with the clouds' metadata, multicast, reserved, documentation, and addresses that hold
    /// another one inside.
    Never,
}

/// What an address is.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let [a, b, c, d] = address.octets();
    match (a, b, c, d) {
        // The metadata of two clouds stands outside of 169.254/16.
        (100, 100, 100, 200) | (168, 63, 129, 16) => Reach::Never,
        (10 | 127, ..) | (172, 16..=31, ..) | (192, 168, ..) | (100, 64..=127, ..) => Reach::Private,
        // This network; link-local.
        (0, ..) | (169, 254, ..) => Reach::Never,
        // Special uses, documentation, 6to4 relays, measuring.
        (192, 0, 0 | 2, _) | (192, 88, 99, _) | (198, 18..=19, ..) | (198, 51, 100, _) | (203, 0, 113, _) => {
            Reach::Never
        }
        // Multicast, reserved, broadcast.
        (224..=255, ..) => Reach::Never,
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    let [a, b, c, ..] = address.segments();
    match (a, b, c) {
        _ if address == Ipv6Addr::LOCALHOST => Reach::Private,
        // The metadata of a cloud, among the addresses of one's own.
        (0xfd00, 0x0ec2, _) => Reach::Never,
        (0xfc00..=0xfdff, ..) => Reach::Private,
        // Special uses with Teredo and ORCHID, documentation, 6to4.
        (0x2001, 0x0000..=0x01ff, _) | (0x2001, 0x0db8, _) | (0x2002, ..) | (0x3fff, 0x0000..=0x0fff, _) => {
            Reach::Never
        }
        (0x2000..=0x3fff, ..) => Reach::Public,
        // Unspecified, mapped and compatible IPv4, NAT64, link-local, site-local, multicast: outside of what is given to the internet.
        _ => Reach::Never,
    }
}

/// An address that is not called.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the address {0} is not of the public internet")]
pub struct Refused(pub IpAddr);

impl Rules {
    /// Whether an address may be called.
    pub fn allows(self, address: IpAddr) -> Result<(), Refused> {
        match reach(address) {
            Reach::Public => Ok(()),
            Reach::Private if self.allow_private_networks => Ok(()),
            Reach::Private | Reach::Never => Err(Refused(address)),
        }
    }

    /// Reads an endpoint's URL; what is wrong with it in words. Whom its name stands for is looked at with each call.
    pub fn read(self, text: &str) -> Result<Url, &'static str> {
        let url = Url::parse(text).map_err(|_| "an address such as https://example.com/hooks")?;
        match url.scheme() {
            "https" => {}
            "http" if self.allow_private_networks => {}
            _ => return Err("an address that begins with https://"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an address without a name and a password: the signature says who sends");
        }
        if url.fragment().is_some() {
            return Err("an address without a fragment");
        }
        match url.host_str() {
            None => Err("an address with a host"),
            Some(host) if literal(host).is_some_and(|address| self.allows(address).is_err()) => {
                Err("an address of the public internet")
            }
            Some(host) if !self.allow_private_networks && is_local(host) => Err("an address of the public internet"),
            Some(_) => Ok(url),
        }
    }
}

/// The address that a host is, where it is no name.
pub fn literal(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

/// Names that never stand for anything public (RFC 6761, RFC 6762, RFC 9476).
fn is_local(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    ["localhost", "local", "internal", "home.arpa"]
        .iter()
        .any(|name| host == *name || host.ends_with(&format!(".{name}")))
}

/// Asks for the addresses of a name.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// The system's resolver.
pub fn system() -> Lookup {
    Arc::new(|name| Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) }))
}

/// A resolver that looks at every address that a name stands for, and gives none of them if one of them is refused: which of them a
/// connection takes is not ours to say.
pub struct Guarded {
    rules: Rules,
    lookup: Lookup,
}

impl Guarded {
    /// A guard before a resolver.
    pub fn new(rules: Rules, lookup: Lookup) -> Guarded {
        Guarded { rules, lookup }
    }
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (rules, found) = (self.rules, (self.lookup)(name.as_str().to_owned()));
        Box::pin(async move {
            let found = found.await?;
            for address in &found {
                rules.allows(address.ip())?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[(&str, Reach)] = &[
        ("93.184.215.14", Reach::Public),
        ("8.8.8.8", Reach::Public),
        ("172.15.255.255", Reach::Public),
        ("172.32.0.0", Reach::Public),
        ("100.63.255.255", Reach::Public),
        ("100.128.0.0", Reach::Public),
        ("192.0.1.1", Reach::Public),
        ("198.17.255.255", Reach::Public),
        ("223.255.255.255", Reach::Public),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", Reach::Public),
        ("2001:4860:4860::8888", Reach::Public),
        ("2001:200::1", Reach::Public),
        ("127.0.0.1", Reach::Private),
        ("127.255.255.254", Reach::Private),
        ("10.0.0.1", Reach::Private),
        ("172.16.0.1", Reach::Private),
        ("172.31.255.255", Reach::Private),
        ("192.168.1.1", Reach::Private),
        ("100.64.0.1", Reach::Private),
        ("100.127.255.255", Reach::Private),
        ("::1", Reach::Private),
        ("fc00::1", Reach::Private),
        ("fd12:3456:789a::1", Reach::Private),
        ("0.0.0.0", Reach::Never),
        ("0.1.2.3", Reach::Never),
        ("169.254.169.254", Reach::Never),
        ("169.254.0.1", Reach::Never),
        ("100.100.100.200", Reach::Never),
        ("168.63.129.16", Reach::Never),
        ("192.0.0.192", Reach::Never),
        ("192.0.2.1", Reach::Never),
        ("192.88.99.1", Reach::Never),
        ("198.18.0.1", Reach::Never),
        ("198.19.255.255", Reach::Never),
        ("198.51.100.7", Reach::Never),
        ("203.0.113.7", Reach::Never),
        ("224.0.0.1", Reach::Never),
        ("239.255.255.250", Reach::Never),
        ("240.0.0.1", Reach::Never),
        ("255.255.255.255", Reach::Never),
        ("::", Reach::Never),
        ("::ffff:127.0.0.1", Reach::Never),
        ("::ffff:8.8.8.8", Reach::Never),
        ("::127.0.0.1", Reach::Never),
        ("64:ff9b::7f00:1", Reach::Never),
        ("64:ff9b:1::1", Reach::Never),
        ("100::1", Reach::Never),
        ("2001::1", Reach::Never),
        ("2001:db8::1", Reach::Never),
        ("2002:7f00:1::1", Reach::Never),
        ("3fff::1", Reach::Never),
        ("fd00:ec2::254", Reach::Never),
        ("fe80::1", Reach::Never),
        ("fec0::1", Reach::Never),
        ("ff02::1", Reach::Never),
    ];

    #[test]
    fn an_address_is_what_the_registries_say() {
        for (text, expected) in TABLE {
            assert_eq!(reach(text.parse().unwrap()), *expected, "{text}");
        }
        let development = Rules { allow_private_networks: true };
        for (text, reach) in TABLE {
            let address = text.parse().unwrap();
            assert_eq!(Rules::default().allows(address).is_ok(), *reach == Reach::Public, "{text}");
            assert_eq!(development.allows(address).is_ok(), *reach != Reach::Never, "{text} in development");
        }
    }

    #[test]
    fn urls_are_judged_in_whatever_spelling() {
        let strict = Rules::default();
        assert!(strict.read("https://example.com/hooks?key=1").is_ok());
        assert!(strict.read("https://example.com:8443/").is_ok());
        for wrong in [
            "",
            "example.com",
            "/hooks",
            "ftp://example.com",
            "http://example.com",
            "file:///etc/passwd",
            "https://",
            "https://user@example.com",
            "https://user:secret@example.com",
            "https://example.com/#part",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://metadata.google.internal/",
            "https://printer.local/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://2130706433/",
            "https://169.254.169.254/latest/meta-data",
            "https://0/",
            "https://[::1]/",
            "https://[::ffff:8.8.8.8]/",
            "https://[fe80::1]/",
        ] {
            assert!(strict.read(wrong).is_err(), "{wrong}");
        }
        let development = Rules { allow_private_networks: true };
        assert!(development.read("http://127.0.0.1:9000/hook").is_ok());
        assert!(development.read("http://localhost:9000/hook").is_ok());
        assert!(development.read("http://169.254.169.254/").is_err());
    }

    #[tokio::test]
    async fn one_refused_address_among_many_refuses_the_name() {
        let of = |addresses: &'static [&'static str]| -> Lookup {
            Arc::new(move |_| {
                let found = addresses.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect();
                Box::pin(async move { Ok(found) })
            })
        };
        let asked = async |addresses: &'static [&'static str]| {
            Guarded::new(Rules::default(), of(addresses)).resolve("example.com".parse().unwrap()).await
        };
        let given: Vec<SocketAddr> = asked(&["8.8.8.8", "2001:4860:4860::8888"]).await.ok().unwrap().collect();
        assert_eq!(given.len(), 2);
        for wrong in [&["8.8.8.8", "10.0.0.1"][..], &["127.0.0.1"], &["8.8.8.8", "::ffff:169.254.169.254"]] {
            let refused = asked(wrong).await.err().unwrap();
            assert!(refused.downcast_ref::<Refused>().is_some(), "{wrong:?}");
        }
    }
}
