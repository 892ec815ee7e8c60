//! Whom an event is about, as its reader may see them: a subject that the reader does not reach is left out.

use std::{borrow::Cow, collections::HashMap};

use entities::{
    account::{account, contact, industry, visitor},
    codes::SubjectType,
    marketing::{campaign, lead},
    sales::opportunity,
    service::{asset, ticket},
};
use sea_orm::{
    ConnectionTrait,
    sea_query::{Expr, SelectStatement, UnionType},
};
use uuid::Uuid;

use super::reader::Subject;
use crate::{
    graph::{Cx, Key, Result},
    policy::Governed,
};

/// The subjects as the journal has them.
pub(super) fn written(list: &serde_json::Value) -> Vec<Subject> {
    let subjects = list.as_array().into_iter().flatten().map(|subject| {
        let ty = SubjectType::parse(subject.get(0)?.as_str()?)?;
        Some(Subject { ty, id: Uuid::parse_str(subject.get(1)?.as_str()?).ok()? })
    });
    subjects.flatten().collect()
}

/// [`written`], of the text of the column: `[["ACCOUNT", "…"], …]`.
pub(super) fn read(text: &str) -> Vec<Subject> {
    match serde_json::from_str::<Vec<(Cow<'_, str>, Uuid)>>(text) {
        Ok(pairs) => {
            pairs.into_iter().filter_map(|(ty, id)| Some(Subject { ty: SubjectType::parse(&ty)?, id })).collect()
        }
        // Whatever else stands among them is passed over.
        Err(_) => serde_json::from_str(text).as_ref().map_or_else(|_| Vec::new(), written),
    }
}

/// Asked of a subject: may the caller see it? All subjects of a page are one statement, of ids alone.
impl Key for Subject {
    type Value = ();

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, ()>> {
        let mut asked: Option<SelectStatement> = None;
        for (place, ty) in SubjectType::ALL.iter().copied().enumerate() {
            let ids: Vec<Uuid> = keys.iter().filter(|key| key.ty == ty).map(|key| key.id).collect();
            if ids.is_empty() {
                continue;
            }
            let mut reached = match ty {
                SubjectType::Account => reached::<account::Entity>(cx, ids),
                SubjectType::Contact => reached::<contact::Entity>(cx, ids),
                SubjectType::Visitor => reached::<visitor::Entity>(cx, ids),
                SubjectType::Opportunity => reached::<opportunity::Entity>(cx, ids),
                SubjectType::Lead => reached::<lead::Entity>(cx, ids),
                SubjectType::Campaign => reached::<campaign::Entity>(cx, ids),
                SubjectType::Ticket => reached::<ticket::Entity>(cx, ids),
                SubjectType::Asset => reached::<asset::Entity>(cx, ids),
                SubjectType::Industry => reached::<industry::Entity>(cx, ids),
            };
            reached.expr(Expr::val(i32::try_from(place).unwrap_or_default()));
            match &mut asked {
                Some(asked) => drop(asked.union(UnionType::All, reached)),
                None => asked = Some(reached),
            }
        }
        let Some(asked) = asked else { return Ok(HashMap::new()) };
        let mut seen = HashMap::new();
        for row in cx.db().query_all(&asked).await? {
            let (id, place): (Uuid, i32) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let ty = usize::try_from(place).ok().and_then(|place| SubjectType::ALL.get(place));
            seen.extend(ty.map(|ty| (Subject { ty: *ty, id }, ())));
        }
        Ok(seen)
    }
}

fn reached<E: Governed>(cx: &Cx, ids: Vec<Uuid>) -> SelectStatement {
    cx.caller.rows::<E>().by_ids(ids).into_ids()
}
