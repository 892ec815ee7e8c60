//! Taking records away, all in one shape. The row keeps its place under a mark, since the journal names it; from then on nobody
//! reads it, and its `record.deleted` tells every reader of the journal.

use sea_orm::{ActiveModelTrait, EntityTrait};
use uuid::Uuid;

use super::{Journaled, Work};
use crate::{
    graph::{Cx, Error, GlobalId, Result},
    policy::{Class, Seen},
};

/// What may stand in the way of a removal: the use case's own rule, in the same unit of work.
pub trait Removable: Journaled {
    /// Refuses, or tidies up what goes along with the row.
    fn before_removal(work: &mut Work<'_>, seen: &Seen<Self::Model>) -> impl Future<Output = Result<()>> + Send;
}

impl Work<'_> {
    /// Marks a seen row as removed.
    pub async fn remove<E: Journaled>(&mut self, seen: &Seen<E::Model>) -> Result<()> {
        self.remove_row::<E>(seen.row()).await
    }

    /// [`Work::remove`] for a row that goes with another, which the caller takes away.
    pub async fn remove_row<E: Journaled>(&mut self, before: &E::Model) -> Result<()> {
        let column = E::DELETED.ok_or(Error::NotFound)?;
        let mut row = <E::ActiveModel as ActiveModelTrait>::default();
        row.set(column, self.now().into());
        self.update_row::<E>(before, row).await?;
        Ok(())
    }

    /// Takes away what hangs on a row that goes, whoever sees it.
    pub async fn remove_following_unscoped<E: Journaled>(&mut self, by: E::Column, parent: Uuid) -> Result<()> {
        for row in self.following_unscoped::<E>(by, parent).await? {
            self.remove_row::<E>(&row).await?;
        }
        Ok(())
    }
}

/// Takes a row away that the caller may write, at the version that it has seen.
pub async fn remove<E: Removable + EntityTrait>(
    cx: &Cx,
    id: GlobalId,
    if_version: Option<i32>,
    class: (Class, &'static str),
) -> Result<GlobalId> {
    let uuid = id.named("id", E::OBJECT.kind())?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<E>(uuid, if_version, &[class]).await?;
    E::before_removal(&mut work, &seen).await?;
    work.remove::<E>(&seen).await?;
    work.commit().await?;
    Ok(id)
}

/// The mutation that takes a record away.
///
/// ```ignore
/// removal! {
///     /// Takes a product out of the catalogue. Orders keep it.
///     delete_product: product::Entity as Product, class P name;
///     mutation ProductRemoval, input DeleteProductInput, payload DeleteProductPayload;
/// }
/// ```
///
/// The class and the field say what must be writable on the row. With `checked`, the table's own
/// [`Removable`](crate::journey::Removable) rules; else nothing stands in the way.
#[macro_export]
macro_rules! removal {
    (@rule $table:path, checked) => {};
    (@rule $table:path,) => {
        impl $crate::journey::Removable for $table {
            async fn before_removal(
                _: &mut $crate::journey::Work<'_>,
                _: &$crate::policy::Seen<<$table as sea_orm::EntityTrait>::Model>,
            ) -> $crate::graph::Result<()> {
                Ok(())
            }
        }
    };
    (
        $(#[$meta:meta])*
        $delete:ident: $table:path as $ty:ident, class $class:ident $field:ident $(, $checked:ident)?;
        mutation $mutation:ident, input $input:ident, payload $payload:ident;
    ) => {
        $crate::removal!(@rule $table, $($checked)?);

        /// What to take away.
        #[derive(Clone, Copy, Debug, async_graphql::InputObject)]
        pub struct $input {
            /// Which one.
            pub id: $crate::graph::GlobalId,
            /// Take it away only if it still has this version.
            pub if_version: Option<i32>,
        }

        $crate::payload! {
            /// What was taken away.
            $payload {
                /// The id of what was taken away; null if it was refused.
                deleted_id: $crate::graph::GlobalId
            }
        }

        /// Taking one away.
        #[derive(Default)]
        pub struct $mutation;

        #[async_graphql::Object]
        impl $mutation {
            $(#[$meta])*
            #[graphql(directive = $crate::policy::access::apply(stringify!($ty).into(), stringify!($class).into(), true))]
            pub async fn $delete(
                &self,
                ctx: &async_graphql::Context<'_>,
                input: $input,
            ) -> $crate::graph::Result<$payload> {
                let cx = $crate::graph::Cx::of(ctx);
                let $input { id, if_version } = input;
                let class = ($crate::policy::Class::$class, stringify!($field));
                $payload::of(
                    $crate::journey::attempt(|| $crate::journey::remove::<$table>(cx, id, if_version, class)).await,
                )
            }
        }
    };
}
