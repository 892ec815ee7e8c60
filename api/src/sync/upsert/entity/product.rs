//! Products.

use entities::sales::product;
use sea_orm::{ActiveValue, Set};

use super::{
    super::{Followed, Known, New, Scene},
    columns::{stays, unless_said},
};
use crate::{
    graph::{Error, Result, line_patch, name_patch, patch_required, remark_patch},
    journey::Work,
    sales, synced,
};

synced! {
    /// What a source says of a product: absent leaves, null clears.
    Products of Product: product::Entity as Product;
    set ProductSetInput, row UpsertProductRowInput, input UpsertProductsInput;
    /// Creates and updates products of the catalogue, each known by its key in a source.
    mutation UpsertProducts, upsert_products, class P;
    fields {
        /// The code of the catalogue, at most 100 characters, unique in the tenant, for ever. A new product needs it.
        P code: String = code by code;
        /// The name, at most 255 characters. A new product needs it.
        P name: String = name by name_patch;
        /// The family that it belongs to, at most 255 characters.
        P family: String = family by line_patch;
        /// What one of it is, at most 255 characters.
        P unit: String = unit by line_patch;
        /// Whether it is still sold; true unless said.
        P is_active: bool = is_active by patch_required;
        /// What it is, at most 20,000 characters.
        T description: String = description by remark_patch;
    }
    money {
        /// The list price of one, not negative.
        M unit_price = unit_price_minor, currency;
    }
    require ["code", "name"];
    lookup ();
    removable;
}

fn code(path: &str, value: async_graphql::MaybeUndefined<String>) -> Result<ActiveValue<String>> {
    match name_patch(path, value)? {
        Set(code) if code.chars().count() > 100 => Err(Error::invalid(path, "at most 100 characters")),
        other => Ok(other),
    }
}

impl Products {
    async fn prepare(_: &mut Work<'_>, _: &Scene<'_>, _: &[&ProductSetInput]) -> Result<()> {
        Ok(())
    }

    fn fill(
        (): &(),
        _: &Scene<'_>,
        _: &ProductSetInput,
        held: Option<&product::Model>,
        row: &mut product::ActiveModel,
    ) -> Result<()> {
        let Some(held) = held else {
            unless_said(&mut row.is_active, true);
            return Ok(());
        };
        stays(&row.code, Some(&held.code), "set.code", "a code is for ever")?;
        let price = (row.unit_price_minor.clone(), row.currency.clone());
        (row.unit_price_minor, row.currency) =
            sales::beside_cost("set.unitPrice", price, held.cost_minor, held.currency.as_ref())?;
        Ok(())
    }

    async fn after(
        _: &mut Work<'_>,
        _: &Scene<'_>,
        (): &(),
        _: &[New<Products>],
        _: &[Known<Products>],
    ) -> Result<Followed> {
        Ok(Followed::default())
    }
}
