//! Rows made out of the columns alone, so that a new table is tested without a new test.

use std::fmt::Debug;

use sea_orm::prelude::*;
use sea_orm::sea_query::{ColumnType, StringLen};
use sea_orm::{DatabaseConnection, Iterable, PrimaryKeyArity, Statement, TryIntoModel, Value};

/// The id of every full row, so that each reference finds its target.
pub const ONE: Uuid = Uuid::from_u128(0x019a_ad05_0000_7000_8000_0000_0000_0001);
/// The id of every bare row.
const TWO: Uuid = Uuid::from_u128(0x019a_ad05_0000_7000_8000_0000_0000_0002);

/// Writes and reads a full and a bare row of a table, tries its codes, and says the table's name.
pub async fn take_rows<E>(db: &DatabaseConnection) -> String
where
    E: EntityTrait,
    E::Model: PartialEq + Debug,
    E::ActiveModel: ActiveModelTrait<Entity = E> + TryIntoModel<E::Model> + Clone + Send,
{
    let table = E::default().table_name().to_owned();
    assert!(E::find().all(db).await.unwrap().is_empty(), "{table}");

    let full = row::<E>(true);
    write::<E>(db, &table, full.clone()).await;
    the_columns_are_the_same::<E>(db, &table).await;
    the_codes_are_the_same::<E>(db, &table).await;
    let bare = row::<E>(false);
    write::<E>(db, &table, bare.clone()).await;

    let found = E::find().all(db).await.unwrap();
    assert_eq!(found.len(), 2, "{table}");
    for wanted in [full, bare] {
        let wanted = wanted.try_into_model().unwrap();
        assert!(found.contains(&wanted), "{table}: {wanted:?} not in {found:?}");
    }
    table
}

async fn write<E>(db: &DatabaseConnection, table: &str, row: E::ActiveModel)
where
    E: EntityTrait,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    E::insert(row).exec_without_returning(db).await.unwrap_or_else(|error| panic!("{table}: {error}"));
}

/// A row with everything in it, or with only what must be.
fn row<E>(full: bool) -> E::ActiveModel
where
    E: EntityTrait,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    let mut row = <E::ActiveModel as ActiveModelTrait>::default();
    for column in E::Column::iter() {
        let value = value::<E>(column, full);
        if !full && row.try_set(column, value.as_null()).is_ok() {
            continue;
        }
        if row.try_set(column, value).is_ok() {
            continue;
        }
        let codes = codes::<E>(column);
        let code = if full { codes.first() } else { codes.last() };
        row.set(column, (*code.unwrap()).into());
    }
    row
}

fn value<E: EntityTrait>(column: E::Column, full: bool) -> Value {
    let is_key = E::PrimaryKey::iter().any(|key| key.into_column().as_str() == column.as_str());
    let is_whole_key = is_key && <E::PrimaryKey as PrimaryKeyTrait>::ValueType::ARITY == 1;
    match column.def().get_column_type() {
        ColumnType::BigInteger if column.as_str() == "tenant_id" && !is_whole_key => 1_i64.into(),
        ColumnType::BigInteger if is_whole_key => if full { 1_i64 } else { 2 }.into(),
        ColumnType::BigInteger => if full { 7_000_000_001_i64 } else { 7_000_000_002 }.into(),
        ColumnType::Integer => if full { 4 } else { 5 }.into(),
        ColumnType::Boolean => full.into(),
        ColumnType::Uuid => if is_key && !full { TWO } else { ONE }.into(),
        ColumnType::Json | ColumnType::JsonBinary => {
            serde_json::json!({ "b": [1, "\u{e9}"], "a": null, "full": full }).into()
        }
        ColumnType::Date => chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap().into(),
        ColumnType::TimestampWithTimeZone => {
            let time: DateTimeUtc = "2026-11-23T10:11:12.123456Z".parse().unwrap();
            time.into()
        }
        ColumnType::Text | ColumnType::String(StringLen::None) => if full { "full \u{1f980}" } else { "bare" }.into(),
        other => panic!("no value for {other:?}"),
    }
}

/// The codes that a column takes; none for columns without codes.
fn codes<E>(column: E::Column) -> Vec<&'static str>
where
    E: EntityTrait,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    let mut row = <E::ActiveModel as ActiveModelTrait>::default();
    if row.try_set(column, value::<E>(column, true)).is_ok() {
        return Vec::new();
    }
    let mut codes = every_code();
    codes.retain(|code| row.try_set(column, (*code).into()).is_ok());
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn every_code() -> Vec<&'static str> {
    macro_rules! codes_of {
        ($($name:ident),+) => {
            [$( entities::codes::$name::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>() ),+].concat()
        };
    }
    codes_of!(
        Tier,
        Discipline,
        AccessLevel,
        ContactPointKind,
        IdentityKind,
        IdentityStrength,
        ConsentState,
        ConsentPurpose,
        LegalBasis,
        Seniority,
        BuyingRole,
        SizeBand,
        Wing,
        DefinitionKind,
        ChannelGroup,
        CampaignType,
        CampaignStatus,
        CostKind,
        ContentKind,
        Interaction,
        LeadStatus,
        LeadTouchRole,
        HandoverBoundary,
        HandoverOutcome,
        ReasonCode,
        StageObject,
        ForecastCategory,
        ContactRole,
        MeetingKind,
        MeetingOutcome,
        AttendeeResponse,
        RequirementCategory,
        RequirementStatus,
        ActivityKind,
        ActivityOutcome,
        Direction,
        NoteVisibility,
        OrderStatus,
        ContractStatus,
        Renewal,
        TicketStatus,
        TicketPriority,
        TicketChannel,
        AuthorType,
        SlaMetric,
        SlaObject,
        SurveyKind,
        SubjectType,
        EventDomain,
        ChangeKind,
        CustomEntity,
        CustomFieldType,
        WebhookScheme,
        WebhookState,
        WebhookDisabledReason,
        WebhookDeliveryStatus,
        WebhookProblem,
        ImportState,
        ImportFormat,
        ImportResult,
        UndoResult
    )
}

async fn the_columns_are_the_same<E: EntityTrait>(db: &DatabaseConnection, table: &str) {
    let select = Statement::from_string(db.get_database_backend(), format!("SELECT * FROM {table}"));
    let found = db.query_one_raw(select).await.unwrap().unwrap().column_names();
    let wanted: Vec<String> = E::Column::iter().map(|column| column.as_str().to_owned()).collect();
    assert_eq!(found, wanted, "{table}");
}

/// The step's literals against the living enums: every code passes, another does not.
async fn the_codes_are_the_same<E>(db: &DatabaseConnection, table: &str)
where
    E: EntityTrait,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    for column in E::Column::iter() {
        let codes = codes::<E>(column);
        for code in &codes {
            E::update_many()
                .col_expr(column, Expr::val(*code))
                .exec(db)
                .await
                .unwrap_or_else(|error| panic!("{table}.{}: {code}: {error}", column.as_str()));
        }
        if !codes.is_empty() {
            let refused = E::update_many().col_expr(column, Expr::val("NO_SUCH_CODE")).exec(db).await;
            assert!(refused.is_err(), "{table}.{}", column.as_str());
            E::update_many().col_expr(column, Expr::val(codes[0])).exec(db).await.unwrap();
        }
    }
}
