//! Colleagues. Somebody who is here already is taken over by their mail address or the subject of their tokens, not entered again.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_graphql::MaybeUndefined;
use entities::{account::colleague, codes::Discipline};
use sea_orm::{
    ActiveValue, ColumnTrait, Set,
    sea_query::{Expr, ExprTrait, Func},
};
use uuid::Uuid;

use super::{
    super::{Followed, Known, New, Scene, Shaped},
    named::required,
};
use crate::{
    account::colleague::mail,
    graph::{Error, Result, UserErrorCode, line_patch, name_patch, patch_required},
    journey::Work,
    synced,
};

synced! {
    /// What a source says of a colleague: absent leaves, null clears.
    Colleagues of Colleague: colleague::Entity as Reference;
    set ColleagueSetInput, row UpsertColleagueRowInput, input UpsertColleaguesInput;
    /// Creates and updates colleagues, each known by its key in a source. One with an unknown key who is here already, by `email` (in
    /// whatever case) or by `subject`, is taken over. Who has left is not taken away: say `isActive: false`.
    mutation UpsertColleagues, upsert_colleagues, class P;
    fields {
        /// The full name, at most 255 characters. A new colleague needs it.
        N name: String = name by name_patch;
        /// The company mail address, at most 255 characters. A new colleague needs it.
        C email: String = email by address;
        /// The discipline. A new colleague needs it.
        P department: Discipline = department by required;
        /// The job title, at most 255 characters.
        N title: String = title by line_patch;
        /// The `sub` of the colleague's tokens, at most 255 characters, unique in the tenant.
        C subject: String = subject by line_patch;
        /// False for a colleague who has left; true unless said.
        P is_active: bool = is_active by required;
    }
    require ["name", "email", "department"];
    lookup ();
    lasting;
    adopts known_already;
    shapes once;
}

fn address(path: &str, value: MaybeUndefined<String>) -> Result<ActiveValue<String>> {
    match patch_required(path, value)? {
        Set(value) => mail(path, value).map(Set),
        other => Ok(other),
    }
}

impl Colleagues {
    async fn prepare(_: &mut Work<'_>, _: &Scene<'_>, _: &[&ColleagueSetInput]) -> Result<()> {
        Ok(())
    }

    /// Who is here already: by mail address, else by subject.
    async fn known_already(
        work: &mut Work<'_>,
        _: &Scene<'_>,
        rows: &[(usize, ColleagueSetInput)],
    ) -> Result<HashMap<usize, Uuid>> {
        let askable = |said: &MaybeUndefined<String>| said.value().filter(|text| !text.contains('\0')).cloned();
        let said: BTreeSet<String> =
            rows.iter().filter_map(|(_, set)| askable(&set.email)).map(|email| email.to_lowercase()).collect();
        let said: Vec<String> = said.into_iter().collect();
        let (mut mails, mut subjects) = (HashMap::new(), HashMap::new());
        for chunk in said.chunks(500) {
            let lower = Expr::from(Func::lower(colleague::Column::Email.into_expr()));
            let rows = work.caller().rows::<colleague::Entity>().filter(lower.is_in(chunk.iter().cloned()));
            for seen in rows.all(work.tx()).await? {
                let row = seen.row();
                // Of two with one address it is who works here.
                let known = mails.entry(row.email.to_lowercase()).or_insert((row.is_active, row.id));
                *known = Ord::max(*known, (row.is_active, row.id));
            }
        }
        let said: BTreeSet<String> = rows.iter().filter_map(|(_, set)| askable(&set.subject)).collect();
        let said: Vec<String> = said.into_iter().collect();
        for chunk in said.chunks(500) {
            let rows = work.caller().rows::<colleague::Entity>().filter(colleague::Column::Subject.is_in(chunk));
            for seen in rows.all(work.tx()).await? {
                subjects.extend(seen.row().subject.clone().map(|subject| (subject, seen.row().id)));
            }
        }
        let found = rows.iter().filter_map(|(place, set)| {
            let by_mail = set.email.value().and_then(|email| mails.get(&email.to_lowercase())).map(|(_, id)| *id);
            let by_subject = || set.subject.value().and_then(|subject| subjects.get(subject)).copied();
            Some((*place, by_mail.or_else(by_subject)?))
        });
        Ok(found.collect())
    }

    fn fill(
        (): &(),
        _: &Scene<'_>,
        _: &ColleagueSetInput,
        held: Option<&colleague::Model>,
        row: &mut colleague::ActiveModel,
    ) -> Result<()> {
        if held.is_none() && row.is_active.is_not_set() {
            row.is_active = Set(true);
        }
        Ok(())
    }

    /// Nobody is entered twice by one batch either.
    async fn once(_: &mut Work<'_>, _: &Scene<'_>, (): &(), rows: &mut [Shaped<'_, Colleagues>]) -> Result<()> {
        let mut taken = HashSet::new();
        for row in rows.iter_mut().filter(|row| row.held.is_none()) {
            let Set(email) = &row.row.email else { continue };
            if !taken.insert(email.to_lowercase()) {
                let message = "another row of the batch enters somebody with this address";
                row.allow(Err(Error::user(UserErrorCode::DuplicateInBatch, "set.email", message)))?;
            }
        }
        Ok(())
    }

    async fn after(
        _: &mut Work<'_>,
        _: &Scene<'_>,
        (): &(),
        _: &[New<Colleagues>],
        _: &[Known<Colleagues>],
    ) -> Result<Followed> {
        Ok(Followed::default())
    }
}
