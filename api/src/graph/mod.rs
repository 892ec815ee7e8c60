//! 4: GraphQL machinery with no domain word: ids, paging, loading in batches, errors, money, and the macros that make types
//! of rows.

mod batch;
mod cx;
mod error;
mod id;
mod input;
mod money;
mod objects;
mod page;

pub use batch::{Batches, Key};
pub use cx::Cx;
pub use error::{Error, MissingRow, Result, UserError, UserErrorCode, is_duplicate};
pub use id::{GlobalId, Kind};
pub use input::{IsSet, camel, patch, patch_required, require_write, text};
pub use money::{Money, MoneyInput, decimals, to_minor};
pub use page::{
    ById, ChildrenOf, DEFAULT_PAGE, Direction, List, MAX_PAGE, Page, PageArgs, Period, RowCursor, children,
    children_as, contains, cost, list, one, one_as,
};
