//! Who stands behind some rows: what is told of too few is hidden from whoever reads none of them.

use std::collections::BTreeSet;

use numbers::suppress::{Group, Thresholds};
use uuid::Uuid;

/// The persons and accounts behind some rows.
#[derive(Clone, Debug, Default)]
pub struct Crowd {
    contacts: BTreeSet<Uuid>,
    accounts: BTreeSet<Uuid>,
    rows: usize,
}

impl Crowd {
    /// Another row, of a contact and an account where they are known.
    pub fn add(&mut self, contact: Option<Uuid>, account: Option<Uuid>) {
        self.rows += 1;
        self.contacts.extend(contact);
        self.accounts.extend(account);
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many persons and accounts. Rows of nobody that is known are rows of few.
    pub fn group(&self) -> Group {
        let group = Group { contacts: self.contacts.len() as u64, accounts: self.accounts.len() as u64 };
        match group.is_empty() && self.rows > 0 {
            true => Group { contacts: 1, ..group },
            false => group,
        }
    }

    /// Whether they are too few. Nobody is not few.
    pub fn is_small(&self) -> bool {
        Thresholds::default().small(self.group())
    }
}
