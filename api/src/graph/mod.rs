//! 4: GraphQL machinery with no domain word: ids, paging, loading in batches, errors, money, and the macros that make types
//! of rows.

mod batch;
mod children;
mod cost;
mod custom;
mod cx;
mod error;
mod figures;
mod filter;
mod id;
mod input;
mod iso;
mod listed;
mod listing;
mod merged;
mod money;
mod names;
mod objects;
mod page;
mod place;
mod variables;

pub use batch::{Batches, Key};
pub use children::{Children, children};
pub use cost::{Prediction, Pricing};
pub use custom::{
    CustomFieldFilter, CustomFieldSort, Field, Fields, Held, MAX_TEXT_VALUE, custom_column, custom_conditions,
};
pub use cx::Cx;
pub use error::{Error, MissingRow, Result, UserError, UserErrorCode, is_duplicate};
pub use figures::{Ratio, count, counted, sum_of, summed};
pub use filter::{Against, AnyOf, DateFilter, Ids, IntFilter, MoneyFilter, Test, TextFilter, TimeFilter, folded};
pub use id::{GlobalId, Kind};
pub use input::{
    IsSet, MAX_LINE, MAX_PROSE, camel, line, line_patch, name_patch, patch, patch_required, patch_text, percent,
    percent_patch, prose, prose_patch, remark, remark_patch, require_write, text,
};
pub use iso::{country, country_patch, is_language, language, language_patch};
pub use listing::{Depth, Filter, Listable, Sort, SortDirection, SortKey, combine, list, listed};
pub use merged::{Successor, mergeable, merged_into, or_merged, present};
pub use money::{Money, MoneyInput, PricePatch, currencies, decimals, is_currency, price_patch, to_minor};
pub use names::{FieldNames, columns_names};
pub use page::{
    ById, DEFAULT_FEED_PAGE, DEFAULT_PAGE, Direction, List, MAX_FEED_PAGE, MAX_PAGE, Page, PageArgs, RowCursor, many,
    one, one_as,
};
pub use place::Place;
pub use variables::VariableRules;
