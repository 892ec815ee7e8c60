//! 4: GraphQL machinery with no domain word: ids, paging, loading in batches, errors, money, and the macros that make types
//! of rows.

mod batch;
mod custom;
mod cx;
mod error;
mod filter;
mod id;
mod input;
mod listing;
mod money;
mod objects;
mod page;

pub use batch::{Batches, Key};
pub use custom::{
    CustomFieldFilter, CustomFieldSort, Field, Fields, Held, MAX_TEXT_VALUE, custom_column, custom_conditions,
};
pub use cx::Cx;
pub use error::{Error, MissingRow, Result, UserError, UserErrorCode, is_duplicate};
pub use filter::{Against, AnyOf, DateFilter, Ids, IntFilter, MoneyFilter, Test, TextFilter, TimeFilter};
pub use id::{GlobalId, Kind};
pub use input::{
    IsSet, MAX_LINE, MAX_PROSE, camel, line, line_patch, name_patch, patch, patch_required, prose, prose_patch, remark,
    remark_patch, require_write, text,
};
pub use listing::{Depth, Filter, Sort, SortDirection, SortKey, combine, listed};
pub use money::{Money, MoneyInput, decimals, is_currency, price_patch, to_minor};
pub use page::{
    ById, ChildrenOf, DEFAULT_PAGE, Direction, List, MAX_PAGE, Page, PageArgs, RowCursor, children, children_as, cost,
    list, one, one_as,
};
