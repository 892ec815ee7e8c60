//! The catalogue: what the company sells. The shortest whole entity: read, listed, created, changed, taken away.

use async_graphql::{Context, MaybeUndefined, Object};
use entities::sales::product;
use sea_orm::Set;

use crate::{
    custom,
    graph::{
        Cx, GlobalId, Kind, Money, MoneyFilter, MoneyInput, Result, TextFilter, line, line_patch, name_patch,
        patch_required, price_patch, remark, remark_patch, text,
    },
    input,
    journey::{Work, attempt},
    listed, object, payload,
    policy::access,
    removal,
};

object! {
    /// Something that the company sells.
    Product(product::Entity) as Product, id Product {
        /// The code of the catalogue, unique in the tenant.
        P code: String = |row| row.code.clone();
        /// The name.
        P name: String = |row| row.name.clone();
        /// The family that it belongs to; null for none.
        P family: String = |row| row.family.clone();
        /// What one of it is: piece, hour, metre; null where unsaid.
        P unit: String = |row| row.unit.clone();
        /// Whether it is still sold.
        P is_active: bool = |row| row.is_active;
        /// What it is; null where unsaid.
        T description: String = |row| row.description.clone();
        /// The list price of one; null for a price on request.
        M unit_price: Money = |row| {
            row.unit_price_minor.zip(row.currency.as_deref()).map(|(minor, currency)| Money::from_minor(minor, currency))
        };
    }
    custom_fields Product;
}

input! {
    /// A new product.
    CreateProductInput for Product {
        /// The code of the catalogue, at most 100 characters.
        P code: String;
        /// The name, at most 255 characters.
        P name: String;
        /// The family that it belongs to, at most 255 characters.
        P family: Option<String>;
        /// What one of it is, at most 255 characters.
        P unit: Option<String>;
        /// What it is, at most 20,000 characters.
        T description: Option<String>;
        /// The list price of one, not negative.
        M unit_price: Option<MoneyInput>;
    }
}

input! {
    /// A change of a product: absent leaves, null clears.
    UpdateProductInput for Product {
        /// The name.
        P name: MaybeUndefined<String>;
        /// The family that it belongs to.
        P family: MaybeUndefined<String>;
        /// What one of it is.
        P unit: MaybeUndefined<String>;
        /// Whether it is still sold.
        P is_active: MaybeUndefined<bool>;
        /// What it is.
        T description: MaybeUndefined<String>;
        /// The list price of one, not negative.
        M unit_price: MaybeUndefined<MoneyInput>;
    }
    plain {
        /// Which product.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `createProduct` answers.
    CreateProductPayload {
        /// The new product; null if it was refused.
        product: Product
    }
}

payload! {
    /// What `updateProduct` answers.
    UpdateProductPayload {
        /// The changed product; null if it was refused.
        product: Product
    }
}

/// Puts a product into the catalogue.
pub async fn create(cx: &Cx, input: CreateProductInput) -> Result<Product> {
    let written = input.written();
    let CreateProductInput { code, name, family, unit, description, unit_price } = input;
    let (unit_price_minor, currency) = unit_price.map(|price| price.into_price("unitPrice")).transpose()?.unzip();
    let mut work = Work::begin(cx).await?;
    let row = product::ActiveModel {
        code: Set(text("code", code, 100)?),
        name: Set(text("name", name, 255)?),
        family: Set(line("family", family)?),
        unit: Set(line("unit", unit)?),
        is_active: Set(true),
        description: Set(remark("description", description)?),
        unit_price_minor: Set(unit_price_minor),
        currency: Set(currency),
        ..Default::default()
    };
    let row = work.insert_unique::<product::Entity>("code", row).await?;
    let seen = work.reached::<product::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Product(seen))
}

/// Changes a product. Orders keep what they were placed with.
pub async fn update(cx: &Cx, input: UpdateProductInput) -> Result<Product> {
    let written = input.written();
    let UpdateProductInput { id, if_version, name, family, unit, is_active, description, unit_price } = input;
    let id = id.named("id", Kind::Product)?;
    let (unit_price_minor, currency) = price_patch("unitPrice", unit_price)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<product::Entity>(id, if_version, &written).await?;
    let row = product::ActiveModel {
        name: name_patch("name", name)?,
        family: line_patch("family", family)?,
        unit: line_patch("unit", unit)?,
        is_active: patch_required("isActive", is_active)?,
        description: remark_patch("description", description)?,
        unit_price_minor,
        currency,
        ..Default::default()
    };
    work.update::<product::Entity>(&seen, row).await?;
    let seen = work.reached::<product::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Product(seen))
}

listed! {
    /// One product; null if there is none that you may see.
    product,
    /// The products of the catalogue, oldest first unless sorted.
    products: Product(product::Entity) as Product, id Product, Rising;
    query ProductQuery, filter ProductFilter, sort ProductSort custom {
        /// By the code of the catalogue.
        P code: TextFilter = Code;
        /// By name.
        P name: TextFilter = Name;
        /// By family.
        P family: TextFilter = Family;
        /// By whether it is still sold.
        P is_active: bool = IsActive;
        /// By the list price of one.
        M unit_price: MoneyFilter = UnitPriceMinor, in Currency;
    }
}

removal! {
    /// Takes a product out of the catalogue. Orders and installed assets keep their words for it.
    delete_product: product::Entity as Product, class P name;
    mutation ProductRemoval, input DeleteProductInput, payload DeleteProductPayload;
}

/// Changing the catalogue.
#[derive(Default)]
pub struct ProductMutation;

#[Object]
impl ProductMutation {
    /// Adds a product to the catalogue. DUPLICATE if its code is known, even that of one taken away.
    #[graphql(directive = access::apply("Product".into(), "P".into(), true))]
    async fn create_product(&self, ctx: &Context<'_>, input: CreateProductInput) -> Result<CreateProductPayload> {
        let cx = Cx::of(ctx);
        CreateProductPayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Changes a product.
    #[graphql(directive = access::apply("Product".into(), "P".into(), true))]
    async fn update_product(&self, ctx: &Context<'_>, input: UpdateProductInput) -> Result<UpdateProductPayload> {
        let cx = Cx::of(ctx);
        UpdateProductPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
