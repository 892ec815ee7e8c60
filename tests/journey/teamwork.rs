//! Notes with their readers, tasks, mentions: who reads, who writes, and that nobody learns of what is not meant for them.

use api::{graph::Kind, policy::Role};
use chrono::TimeDelta;
use entities::codes::{AccessLevel, Discipline};
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id, rows};

const NOTE: &str = "mutation($input: CreateNoteInput!) { createNote(input: $input) {
    note { id version body visibility author { name } mentions { name } recordId record { ... on Account { name } } }
    userErrors { code path message } } }";
const NOTES: &str = "query($id: ID!) { notes(filter: { recordId: [$id] }) { totalCount nodes { body } } }";
const TASK: &str = "mutation($input: CreateTaskInput!) { createTask(input: $input) {
    task { id version title dueAt doneAt assignee { name } queue { name } author { name } recordId } userErrors { code path message } } }";

/// An account with a team: Sam, Vera and Tom may edit, Sue reads, Mia (marketing) and Max (manager) are on the team too.
async fn team(world: &World) -> String {
    let cast = world.acme.cast;
    world
        .work(async |work| {
            let account = rows::account(work, "Bolt", None, None).await?.id;
            let span = (work.now(), None);
            rows::member(work, account, cast.sam, Discipline::Sales, rows::EDIT, span).await?;
            rows::member(work, account, cast.sue, Discipline::Sales, rows::READ, span).await?;
            rows::member(work, account, cast.vera, Discipline::Service, rows::EDIT, span).await?;
            rows::member(work, account, cast.max, Discipline::Management, rows::READ, span).await?;
            Ok(id(Kind::Account, account))
        })
        .await
}

async fn bodies(client: &Client, record: &str) -> Vec<Value> {
    client.ask(NOTES, json!({ "id": record })).await.must().each("notes.nodes", "body")
}

#[tokio::test]
async fn a_note_is_read_by_those_whom_it_is_meant_for() {
    each_engine(async |world: World| {
        let account = team(&world).await;
        let sam = world.sam();
        for visibility in ["TEAM", "DISCIPLINE", "PRIVATE"] {
            let input = json!({ "recordId": account, "body": visibility, "visibility": visibility });
            world.pass(TimeDelta::seconds(1));
            sam.ask(NOTE, json!({ "input": input })).await.must();
        }
        assert_eq!(bodies(&sam, &account).await, [json!("PRIVATE"), json!("DISCIPLINE"), json!("TEAM")]);
        // The same discipline of the same team; another discipline; the manager on the team.
        assert_eq!(bodies(&world.sue(), &account).await, [json!("DISCIPLINE"), json!("TEAM")]);
        assert_eq!(bodies(&world.vera(), &account).await, [json!("TEAM")]);
        assert_eq!(bodies(&world.max(), &account).await, [json!("TEAM")]);
        // Marketing sees every account, but is not on this team; technics sees none of it.
        assert_eq!(bodies(&world.mia(), &account).await, [] as [Value; 0]);
        assert_eq!(bodies(&world.tom(), &account).await, [] as [Value; 0]);

        // The timeline tells of a note to those alone who may read it, in every event that names it.
        let told = "query($id: ID!) { timeline(subject: $id, filter: { kinds: [\"note.added\"] })
            { totalCount nodes { object { ... on Note { body } } } } }";
        for (client, count) in [(&sam, 3), (&world.sue(), 2), (&world.vera(), 1), (&world.mia(), 0), (&world.tom(), 0)]
        {
            let answer = client.ask(told, json!({ "id": account })).await;
            match count {
                0 if answer.code().is_some() => assert_eq!(answer.code(), Some("NOT_FOUND")),
                count => assert_eq!(answer.must().data("timeline.totalCount"), count),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_private_note_leaves_no_trace_for_others_even_when_it_is_changed_and_taken_away() {
    each_engine(async |world: World| {
        let account = team(&world).await;
        let sam = world.sam();
        let input = json!({ "recordId": account, "body": "between me and me", "visibility": "PRIVATE" });
        let made = sam.ask(NOTE, json!({ "input": input })).await.must();
        let note = made.text("createNote.note.id").to_owned();
        let update = "mutation($input: UpdateNoteInput!) { updateNote(input: $input) { note { version body } userErrors { code path } } }";
        let changed = sam.ask(update, json!({ "input": { "id": note, "body": "still" } })).await.must();
        assert_eq!(changed.data("updateNote.note"), &json!({ "version": 2, "body": "still" }));
        let stale = sam.ask(update, json!({ "input": { "id": note, "ifVersion": 1, "body": "late" } })).await;
        assert_eq!(stale.refusal("updateNote"), "VERSION_CONFLICT at ifVersion");

        let position = world.position().await;
        for client in [world.sue(), world.vera(), world.mia()] {
            let refused = client.ask(update, json!({ "input": { "id": note, "body": "mine" } })).await;
            assert_eq!(refused.refusal("updateNote"), "NOT_FOUND at id");
            assert_eq!(client.ask("query($id: ID!) { note(id: $id) { id } }", json!({ "id": note })).await.must().data("note"), &Value::Null);
        }
        assert_eq!(world.position().await, position);

        let delete = "mutation($id: ID!) { deleteNote(input: { id: $id }) { deletedId userErrors { code path } } }";
        assert_eq!(sam.ask(delete, json!({ "id": note })).await.must().data("deleteNote.deletedId"), &json!(note));
        assert_eq!(bodies(&sam, &account).await, [] as [Value; 0]);
        let all = "query($id: ID!) { timeline(subject: $id, filter: { minImportance: 0, kinds: [\"note.added\", \"record.updated\", \"record.deleted\"] }) { totalCount } }";
        for (client, count) in [(sam, 3), (world.sue(), 0), (world.vera(), 0)] {
            assert_eq!(client.ask(all, json!({ "id": account })).await.must().data("timeline.totalCount"), count);
        }
    })
    .await;
}

#[tokio::test]
async fn who_reads_an_account_only_can_leave_a_private_note_and_change_nobody_elses() {
    each_engine(async |world: World| {
        let account = team(&world).await;
        let shared = json!({ "recordId": account, "body": "for all", "visibility": "TEAM" });
        let position = world.position().await;
        let refused = world.sue().ask(NOTE, json!({ "input": shared })).await;
        assert_eq!(refused.refusal("createNote"), "FORBIDDEN at visibility");
        let refused = world.mia().ask(NOTE, json!({ "input": shared })).await;
        assert_eq!(refused.refusal("createNote"), "FORBIDDEN at visibility");
        let unseen = world.tom().ask(NOTE, json!({ "input": shared })).await;
        assert_eq!(unseen.refusal("createNote"), "NOT_FOUND at recordId");
        assert_eq!(world.position().await, position);

        world.sue().ask(NOTE, json!({ "input": { "recordId": account, "body": "mine", "visibility": "PRIVATE" } })).await.must();
        let sams = world.sam().ask(NOTE, json!({ "input": shared })).await.must();
        let note = sams.text("createNote.note.id").to_owned();
        let position = world.position().await;
        for client in [world.sue(), world.vera()] {
            let update = "mutation($id: ID!) { updateNote(input: { id: $id, body: \"x\" }) { note { id } userErrors { code path } } }";
            assert_eq!(client.ask(update, json!({ "id": note })).await.refusal("updateNote"), "FORBIDDEN at id");
            let delete = "mutation($id: ID!) { deleteNote(input: { id: $id }) { deletedId userErrors { code path } } }";
            assert_eq!(client.ask(delete, json!({ "id": note })).await.refusal("deleteNote"), "FORBIDDEN at id");
        }
        // Whom the schema gives no note may not even ask.
        for client in [world.as_roles(&[Role::Analyst], "ana"), world.as_roles(&[Role::Admin], "ada")] {
            assert_eq!(client.ask(NOTE, json!({ "input": shared })).await.code(), Some("BAD_USER_INPUT"));
        }
        assert_eq!(world.position().await, position);
    })
    .await;
}

#[tokio::test]
async fn a_mention_calls_and_opens_nothing() {
    each_engine(async |world: World| {
        let account = team(&world).await;
        let cast = world.acme.cast;
        let call = |visibility: &str, whom: Vec<uuid::Uuid>| {
            let whom: Vec<String> = whom.into_iter().map(|one| id(Kind::Colleague, one)).collect();
            json!({ "input": { "recordId": account, "body": visibility, "visibility": visibility, "mentionIds": whom } })
        };
        let made = world.sam().ask(NOTE, call("TEAM", vec![cast.vera, cast.tom])).await.must();
        let mut names = made.each("createNote.note.mentions", "name");
        names.sort_by_key(Value::to_string);
        assert_eq!(names, [json!("Tom Technical"), json!("Vera Service")]);
        world.sam().ask(NOTE, call("DISCIPLINE", vec![cast.vera])).await.must();
        let mine = "{ me { mentions { totalCount nodes { body record { ... on Account { name } } } } } }";
        let vera = world.vera().ask(mine, json!({})).await.must();
        assert_eq!(vera.data("me.mentions"), &json!({ "totalCount": 1, "nodes": [{ "body": "TEAM", "record": { "name": "Bolt" } }] }));
        assert_eq!(world.tom().ask(mine, json!({})).await.must().data("me.mentions.totalCount"), 0);
        let position = world.position().await;
        assert_eq!(world.sam().ask(NOTE, call("PRIVATE", vec![cast.vera])).await.refusal("createNote"), "INVALID at mentionIds");
        assert_eq!(world.sam().ask(NOTE, call("TEAM", vec![world.other.cast.vera])).await.refusal("createNote"), "NOT_FOUND at mentionIds");
        assert_eq!(world.position().await, position);
    })
    .await;
}

#[tokio::test]
async fn a_note_on_a_record_without_an_account_is_for_the_authors_discipline() {
    each_engine(async |world: World| {
        let campaign = "mutation { createCampaign(input: { name: \"Fair\", type: TRADE_FAIR }) { campaign { id } userErrors { code path message } } }";
        let campaign = world.mia().ask(campaign, json!({})).await.must().text("createCampaign.campaign.id").to_owned();
        let input = json!({ "recordId": campaign, "body": "booth 7", "visibility": "TEAM" });
        world.mia().ask(NOTE, json!({ "input": input })).await.must();
        assert_eq!(bodies(&world.mia(), &campaign).await, [json!("booth 7")]);
        assert_eq!(bodies(&world.sam(), &campaign).await, [] as [Value; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_task_goes_from_hand_to_hand_until_it_is_done() {
    each_engine(async |world: World| {
        let account = team(&world).await;
        let (sam, vera) = (world.sam(), world.vera());
        let due = |days| (world.now() + TimeDelta::days(days)).to_rfc3339();
        let later = json!({ "title": "Send the offer", "recordId": account, "dueAt": due(3) });
        let later = sam.ask(TASK, json!({ "input": later })).await.must();
        assert_eq!(later.data("createTask.task.assignee.name"), "Sam Sales");
        let soon = json!({ "title": "Call back", "recordId": account, "dueAt": due(1), "queueId": id(Kind::Queue, world.acme.service_desk) });
        let soon = sam.ask(TASK, json!({ "input": soon })).await.must();
        assert_eq!(soon.data("createTask.task.assignee"), &Value::Null);
        sam.ask(TASK, json!({ "input": { "title": "Some day" } })).await.must();

        let mine = "{ me { tasks { totalCount nodes { title } } } }";
        let titles = async |client: &Client| client.ask(mine, json!({})).await.must().each("me.tasks.nodes", "title");
        assert_eq!(titles(&sam).await, [json!("Send the offer"), json!("Some day")]);
        assert_eq!(titles(&vera).await, [json!("Call back")]);

        let task = soon.text("createTask.task.id").to_owned();
        let take = "mutation($id: ID!, $me: ID!) { updateTask(input: { id: $id, assigneeId: $me }) { task { assignee { name } queue { name } } userErrors { code path } } }";
        let taken = vera.ask(take, json!({ "id": task, "me": id(Kind::Colleague, world.acme.cast.vera) })).await.must();
        assert_eq!(taken.data("updateTask.task"), &json!({ "assignee": { "name": "Vera Service" }, "queue": null }));
        let done = "mutation($id: ID!) { completeTask(input: { id: $id }) { task { doneAt version } userErrors { code path } } }";
        let answer = vera.ask(done, json!({ "id": task })).await.must();
        assert_eq!(answer.data("completeTask.task.version"), 3);
        assert_eq!(vera.ask(done, json!({ "id": task })).await.refusal("completeTask"), "STATE_CONFLICT at id");
        assert_eq!(titles(&vera).await, [] as [Value; 0]);
        let told = "query($id: ID!) { timeline(subject: $id, filter: { kinds: [\"task.completed\"] }) { nodes { title actor { name } object { ... on Task { title } } } } }";
        let told = sam.ask(told, json!({ "id": account })).await.must();
        assert_eq!(told.data("timeline.nodes.0.object.title"), "Call back");
        assert_eq!(told.data("timeline.nodes.0.actor.name"), "Vera Service");
        let reopen = "mutation($id: ID!) { reopenTask(input: { id: $id }) { task { doneAt } userErrors { code path } } }";
        assert_eq!(sam.ask(reopen, json!({ "id": task })).await.must().data("reopenTask.task.doneAt"), &Value::Null);
        assert_eq!(titles(&vera).await, [json!("Call back")]);

        // Sue reads the account: she sees the task and may not touch it. Mia and Tom see nothing of it.
        let position = world.position().await;
        assert_eq!(world.sue().ask(done, json!({ "id": task })).await.refusal("completeTask"), "FORBIDDEN at doneAt");
        for client in [world.mia(), world.tom()] {
            assert_eq!(client.ask(done, json!({ "id": task })).await.refusal("completeTask"), "NOT_FOUND at id");
            let delete = "mutation($id: ID!) { deleteTask(input: { id: $id }) { deletedId userErrors { code path } } }";
            assert_eq!(client.ask(delete, json!({ "id": task })).await.refusal("deleteTask"), "NOT_FOUND at id");
        }
        assert_eq!(world.max().ask(TASK, json!({ "input": { "title": "x" } })).await.code(), Some("BAD_USER_INPUT"));
        assert_eq!(world.position().await, position);
    })
    .await;
}

#[tokio::test]
async fn bad_notes_and_tasks_are_refused_with_a_path() {
    each_engine(async |world: World| {
        let account = team(&world).await;
        let sam = world.sam();
        let position = world.position().await;
        let foreign = id(Kind::Account, uuid::Uuid::from_u128(7));
        let note =
            |record: &str, body: &str| json!({ "input": { "recordId": record, "body": body, "visibility": "TEAM" } });
        let long = "x".repeat(20_001);
        for (record, body, refusal) in [
            (&account, " ", "INVALID at body"),
            (&account, "a\u{0}b", "INVALID at body"),
            (&account, "a\u{7}b", "INVALID at body"),
            (&account, &*long, "INVALID at body"),
            (&foreign, "x", "NOT_FOUND at recordId"),
            (&id(Kind::Colleague, world.acme.cast.sam), "x", "INVALID at recordId"),
        ] {
            assert_eq!(sam.ask(NOTE, note(record, body)).await.refusal("createNote"), refusal);
        }
        let me = id(Kind::Colleague, world.acme.cast.sam);
        let queue = id(Kind::Queue, world.acme.sales_inbox);
        for (input, refusal) in [
            (json!({ "title": "" }), "INVALID at title"),
            (json!({ "title": "two\nlines" }), "INVALID at title"),
            (json!({ "title": "x", "recordId": foreign }), "NOT_FOUND at recordId"),
            (json!({ "title": "x", "assigneeId": me, "queueId": queue }), "INVALID at queueId"),
            (json!({ "title": "x", "assigneeId": queue }), "INVALID at assigneeId"),
            (
                json!({ "title": "x", "assigneeId": id(Kind::Colleague, world.other.cast.sam) }),
                "NOT_FOUND at assigneeId",
            ),
        ] {
            assert_eq!(sam.ask(TASK, json!({ "input": input })).await.refusal("createTask"), refusal, "{input}");
        }
        assert_eq!(world.position().await, position);
    })
    .await;
}

#[tokio::test]
async fn everybody_can_ask_what_they_may() {
    each_engine(async |world: World| {
        let text = "{ me { whatMayI(type: ACCOUNT) { type scope class field read write } } }";
        let sam = world.sam().ask(text, json!({})).await.must();
        let line = |scope: &str, class: Value, field: Value, write: bool| {
            json!({ "type": "ACCOUNT", "scope": scope, "class": class, "field": field, "read": "CLEAR", "write": write })
        };
        assert_eq!(
            sam.data("me.whatMayI"),
            &json!([
                line("TEAM", json!("P"), Value::Null, true),
                line("TEAM", json!("M"), Value::Null, false),
                line("TEAM", json!("D"), Value::Null, false),
                line("ALL", Value::Null, json!("name"), false),
                line("ALL", Value::Null, json!("industry"), false),
            ])
        );
        let ana = world.as_roles(&[Role::Analyst], "ana").ask(text, json!({})).await.must();
        // The analyst counts accounts in groups, and reads none.
        let counts = json!({ "type": "ACCOUNT", "scope": "ALL", "class": "P", "field": null, "read": "NONE", "write": false });
        assert_eq!(ana.data("me.whatMayI"), &json!([counts]));
    })
    .await;
}

#[tokio::test]
async fn a_timeline_tells_of_notes_and_tasks_to_those_who_see_their_record() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let (none, edit) = (AccessLevel::None, AccessLevel::Edit);
        let (account, deal, ticket) = world
            .work(async |work| {
                let account = rows::account(work, "Bolt", Some(cast.sam), None).await?.id;
                let span = (work.now(), None);
                // in the wings account, marketing, sales, service
                rows::member(
                    work,
                    account,
                    cast.vera,
                    Discipline::Service,
                    [AccessLevel::Read, none, none, edit],
                    span,
                )
                .await?;
                rows::member(work, account, cast.sue, Discipline::Sales, [AccessLevel::Read, none, edit, none], span)
                    .await?;
                let deal = rows::opportunity(work, account, "Press").await?.id;
                Ok((account, deal, rows::ticket(work, Some(account), None, None).await?.id))
            })
            .await;
        let note = async |client: &Client, record: String| {
            let input = json!({ "recordId": record, "body": "Mind the belt.", "visibility": "TEAM" });
            client.act("createNote", "note { id }", input).await.must();
        };
        note(&world.sam(), id(Kind::Opportunity, deal)).await;
        note(&world.vera(), id(Kind::Ticket, ticket)).await;
        let told =
            "query($id: ID!) { timeline(subject: $id, filter: { kinds: [\"note.added\"] }) { nodes { domain } } }";
        let domains = async |client: Client| {
            client.ask(told, json!({ "id": id(Kind::Account, account) })).await.must().each("timeline.nodes", "domain")
        };
        assert_eq!(domains(world.vera()).await, ["SERVICE"]);
        assert_eq!(domains(world.sue()).await, ["SALES"]);
        assert_eq!(domains(world.sam()).await, ["SERVICE", "SALES"], "the owner sees all of the account");
    })
    .await;
}

#[tokio::test]
async fn who_hears_of_a_note_follows_who_reads_it() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let account = world
            .work(async |work| {
                let account = rows::account(work, "Bolt", Some(cast.sam), None).await?.id;
                rows::member(work, account, cast.vera, Discipline::Service, rows::EDIT, (work.now(), None)).await?;
                Ok(id(Kind::Account, account))
            })
            .await;
        let made = json!({ "recordId": account, "body": "aside", "visibility": "TEAM" });
        let made = world.sam().act("createNote", "note { id }", made).await.must();
        let note = made.text("createNote.note.id").to_owned();
        let heard = async |client: Client| {
            let read = "query($id: ID!) { timeline(subject: $id, filter: { kinds: [\"note.added\"] }) { totalCount nodes { kind } } }";
            client.ask(read, json!({ "id": account })).await.must().data("timeline.totalCount").clone()
        };
        assert_eq!((heard(world.sam()).await, heard(world.vera()).await), (json!(1), json!(1)));
        for (visibility, vera) in [("PRIVATE", 0), ("TEAM", 1)] {
            let change = json!({ "id": note, "visibility": visibility });
            world.sam().act("updateNote", "note { id }", change).await.must();
            assert_eq!((heard(world.sam()).await, heard(world.vera()).await), (json!(1), json!(vera)), "{visibility}");
        }
    })
    .await;
}
