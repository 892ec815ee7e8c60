//! What the views show: questions, put to the engine as an analyst of the tenant puts them to `/bi/v1`, and its answers as they come.

use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::{
    Refused,
    cuts::{Asked, Cuts},
    ddl::{ABOUT, Names, QUESTION, quoted},
    ground::{Ground, Made, ask},
    walls,
};
use crate::{
    bi::{
        cell::{Cell, Row},
        dataset::Dataset,
        days::{self, DATE},
        figures::{self, METRIC},
        scene::Scene,
        write::object,
    },
    clock::Clock,
    graph::{Cx, Error, Result},
    journey::watermark,
    policy::{Caller, Role},
    store::Store,
    tenancy,
};

/// What was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// How many questions.
    pub questions: usize,
    /// How many figures.
    pub figures: usize,
    /// The questions that the engine did not answer, each with its reason.
    pub refused: Vec<String>,
}

/// How many rows one statement brings.
const CHUNK: usize = 1_000;

/// Who asks.
async fn analyst(store: &Store, clock: &Clock, tenant: i64) -> Result<Caller> {
    tenancy::system_caller(store, tenant, clock.now(), Role::Analyst.into(), "views for BI tools").await
}

/// Answers everything and puts it in the place of what was there, in one transaction: who reads meanwhile reads the old answers to
/// their end, and waits for nobody.
pub async fn fill(store: &Store, clock: &Clock, ground: &Ground, made: &Made) -> Result<Filled, Refused> {
    let caller = analyst(store, clock, ground.tenant).await?;
    let names = &ground.names;
    // What is recorded from here on may be in some answers and not in others; up to here all of it is in each.
    let cx = Cx::new(caller.clone(), store.clone(), clock.clone());
    let through = watermark(&cx).await?;
    let scene = Scene::of(&cx, &DATE, &Default::default()).await?;
    let tx = store.begin().await?;
    // By a lock that the login cannot take: one on a number, which anybody may hold, would let it forbid this.
    let alone = format!("SELECT tenant FROM {} FOR UPDATE SKIP LOCKED", table(names, &ABOUT));
    if ask(&tx, &alone, []).await?.is_empty() {
        return Err(Refused::Busy(names.views.clone()));
    }
    walls::check(&tx, &made.login, &names.views).await?;
    for dataset in [&DATE, &METRIC, &QUESTION, &ABOUT] {
        clear(&tx, names, dataset).await?;
    }
    put(&tx, names, &DATE, &days::rows(&scene)?).await?;
    let (mut filled, mut asked) = (Filled::default(), Vec::new());
    for question in made.cuts.questions(&cx, &scene)? {
        // A context of its own, as a request has one.
        let cx = Cx::new(caller.clone(), store.clone(), clock.clone());
        let (rows, refused) = match Box::pin(answer(&cx, &question)).await {
            Ok(rows) => (rows, None),
            // What it is too large for is told, and the others are answered.
            Err(Error::BadInput(why)) => (Vec::new(), Some(why)),
            Err(error) => return Err(error.into()),
        };
        put(&tx, names, &METRIC, &rows).await?;
        filled.questions += 1;
        filled.figures += rows.len();
        filled.refused.extend(refused.as_ref().map(|why| format!("{}: {why}", question.address())));
        asked.push(told(&question, rows.len(), refused));
    }
    put(&tx, names, &QUESTION, &asked).await?;
    let mut about = about(ground, &made.login, &made.cuts);
    for (column, cell) in [
        ("timezone", scene.calendar.zone.name().into()),
        ("currency", scene.currency.as_str().into()),
        ("refreshed_at", scene.now.into()),
        ("data_through", through.into()),
    ] {
        set(&ABOUT, &mut about, column, cell);
    }
    put(&tx, names, &ABOUT, &[about]).await?;
    tx.commit().await?;
    Ok(filled)
}

/// The answer to a question, as a file of it would have it.
async fn answer(cx: &Cx, question: &Asked) -> Result<Vec<Row>> {
    let scene = Scene::of(cx, &METRIC, &question.named()).await?;
    figures::rows(cx, &scene).await
}

/// What a grant was asked for, until it is filled.
pub async fn settle(tx: &DatabaseTransaction, ground: &Ground, login: &str, cuts: &Cuts) -> Result<(), Refused> {
    clear(tx, &ground.names, &ABOUT).await?;
    put(tx, &ground.names, &ABOUT, &[about(ground, login, cuts)]).await
}

fn set(dataset: &Dataset, row: &mut Row, column: &str, cell: Cell) {
    if let Some(nth) = dataset.place(column) {
        row[nth] = cell;
    }
}

fn about(ground: &Ground, login: &str, cuts: &Cuts) -> Row {
    let mut row: Row = vec![Cell::Null; ABOUT.fields.len()];
    for (column, cell) in [
        ("tenant", ground.slug.as_str().into()),
        ("login", login.into()),
        ("grain", cuts.grain.name().into()),
        ("dimensions", cuts.by.to_string().into()),
        ("years", i64::from(cuts.years).into()),
    ] {
        set(&ABOUT, &mut row, column, cell);
    }
    row
}

fn told(question: &Asked, figures: usize, refused: Option<String>) -> Row {
    let mut row: Row = vec![Cell::Null; QUESTION.fields.len()];
    for (column, cell) in [
        ("arguments", question.address().into()),
        ("metric", question.metric.code().into()),
        ("grouped_by", question.by.map(|by| by.name()).unwrap_or_default().into()),
        ("from_day", question.from.into()),
        ("to_day", question.to.into()),
        ("figures", i64::try_from(figures).unwrap_or(i64::MAX).into()),
        ("refused", refused.into()),
    ] {
        set(&QUESTION, &mut row, column, cell);
    }
    row
}

fn table(names: &Names, dataset: &Dataset) -> String {
    format!("{}.{}", quoted(&names.tables), quoted(dataset.name))
}

async fn clear(tx: &DatabaseTransaction, names: &Names, dataset: &Dataset) -> Result<(), Refused> {
    tx.execute_unprepared(&format!("DELETE FROM {}", table(names, dataset))).await?;
    Ok(())
}

/// Rows come as the JSON that their files have, and the database reads it by the types of the columns: decimals keep all their digits.
async fn put(tx: &DatabaseTransaction, names: &Names, dataset: &Dataset, rows: &[Row]) -> Result<(), Refused> {
    let table = table(names, dataset);
    let columns: Vec<String> = dataset.fields.iter().map(|field| quoted(field.name)).collect();
    let columns = columns.join(", ");
    let text = format!(
        "INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, $1::text::json)"
    );
    for rows in rows.chunks(CHUNK) {
        let mut json = String::from("[");
        for (nth, row) in rows.iter().enumerate() {
            if nth > 0 {
                json.push(',');
            }
            object(&mut json, dataset.fields, 0..dataset.fields.len(), row);
        }
        json.push(']');
        ask(tx, &text, [json.into()]).await?;
    }
    Ok(())
}
