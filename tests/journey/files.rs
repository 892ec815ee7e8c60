//! Files on meetings, tickets and contracts: announced, brought, completed, fetched, taken away, by those who may and nobody else.

use api::graph::Kind;
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use chrono::TimeDelta;
use entities::codes::Discipline;
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id, rows};

struct Records {
    meeting: String,
    ticket: String,
    contract: String,
}

/// Records of an account on whose team Sam and Vera may edit, and Sue reads.
async fn records(world: &World) -> Records {
    let cast = world.acme.cast;
    let account = world
        .work(async |work| {
            let account = rows::account(work, "Bolt", None, None).await?.id;
            let span = (work.now(), None);
            rows::member(work, account, cast.sam, Discipline::Sales, rows::EDIT, span).await?;
            rows::member(work, account, cast.vera, Discipline::Service, rows::EDIT, span).await?;
            rows::member(work, account, cast.sue, Discipline::Sales, rows::READ, span).await?;
            Ok(account)
        })
        .await;
    let meeting = world.work(async |work| rows::meeting(work, account, "Visit").await).await.id;
    let ticket = world.work(async |work| rows::ticket(work, Some(account), None, None).await).await.id;
    let sign = "mutation($a: ID!) { signContract(input: { accountId: $a, name: \"Service\", startDate: \"2026-12-01\" }) { contract { id } userErrors { code path message } } }";
    let signed = world.sam().ask(sign, json!({ "a": id(Kind::Account, account) })).await.must();
    Records {
        meeting: id(Kind::Meeting, meeting),
        ticket: id(Kind::Ticket, ticket),
        contract: signed.text("signContract.contract.id").to_owned(),
    }
}

/// The mutations and fields of one kind of record.
#[derive(Clone, Copy)]
struct Of(&'static str, &'static str);

impl Of {
    fn create(self) -> String {
        let Of(name, field) = self;
        format!(
            "mutation($record: ID!, $name: String!, $type: String!, $size: Int!) {{ answer: create{name}File(input: {{ {field}: $record, name: $name, contentType: $type, sizeBytes: $size }}) {{
                file {{ id version name storedAt download {{ url }} upload {{ url method contentType }} }} userErrors {{ code path message }} }} }}"
        )
    }

    fn complete(self) -> String {
        format!(
            "mutation($id: ID!) {{ answer: complete{}File(input: {{ id: $id }}) {{ file {{ version storedAt upload {{ url }} download {{ url method }} }} userErrors {{ code path message }} }} }}",
            self.0
        )
    }

    fn delete(self) -> String {
        format!(
            "mutation($id: ID!) {{ answer: delete{}File(input: {{ id: $id }}) {{ deletedId userErrors {{ code path message }} }} }}",
            self.0
        )
    }
}

fn said(record: &str, size: usize) -> Value {
    json!({ "record": record, "name": "Grüße & Pläne.pdf", "type": "application/pdf", "size": size })
}

async fn send(world: &World, method: &str, url: &str, body: &[u8]) -> (StatusCode, Vec<u8>, Option<String>) {
    let path = url.split_once("/files/").map(|(_, token)| format!("/files/{token}")).unwrap();
    let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/pdf");
    world.send(request.body(Body::from(body.to_vec())).unwrap()).await
}

#[tokio::test]
async fn a_file_comes_and_goes_on_each_kind_of_record() {
    each_engine(async |world: World| {
        let records = records(&world).await;
        let (sam, vera) = (world.sam(), world.vera());
        let cases: [(Of, &Client, &String); 3] = [
            (Of("Meeting", "meetingId"), &sam, &records.meeting),
            (Of("Ticket", "ticketId"), &vera, &records.ticket),
            (Of("Contract", "contractId"), &sam, &records.contract),
        ];
        for (of, client, record) in cases {
            let bytes = b"%PDF-1.7 exactly these bytes";
            let made = client.ask(&of.create(), said(record, bytes.len())).await.must();
            let file = made.text("answer.file.id").to_owned();
            assert_eq!(made.data("answer.file.download"), &Value::Null);
            let put = made.text("answer.file.upload.url").to_owned();
            let early = client.ask(&of.complete(), json!({ "id": file })).await;
            assert_eq!(early.refusal("answer"), "STATE_CONFLICT at id");

            assert_eq!(send(&world, "PUT", &put, &bytes[1..]).await.0, StatusCode::BAD_REQUEST);
            assert_eq!(send(&world, "PUT", &put, &[bytes, &b"x"[..]].concat()).await.0, StatusCode::PAYLOAD_TOO_LARGE);
            assert_eq!(send(&world, "PUT", &put, bytes).await.0, StatusCode::NO_CONTENT);
            assert_eq!(send(&world, "PUT", &put, bytes).await.0, StatusCode::CONFLICT);
            assert_eq!(send(&world, "GET", &put, b"").await.0, StatusCode::FORBIDDEN);

            let done = client.ask(&of.complete(), json!({ "id": file })).await.must();
            assert_eq!(done.data("answer.file.upload"), &Value::Null);
            let get = done.text("answer.file.download.url").to_owned();
            let (status, held, disposition) = send(&world, "GET", &get, b"").await;
            assert_eq!((status, held.as_slice()), (StatusCode::OK, &bytes[..]));
            let name = "attachment; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%26%20Pl%C3%A4ne.pdf";
            assert_eq!(disposition.as_deref(), Some(name));
            let again = client.ask(&of.complete(), json!({ "id": file })).await;
            assert_eq!(again.refusal("answer"), "STATE_CONFLICT at id");
            let node = client.ask("query($id: ID!) { node(id: $id) { id } }", json!({ "id": file })).await.must();
            assert_eq!(node.text("node.id"), file);

            // Addresses end, are not forged, and die with the file.
            let mut forged = get.clone();
            forged.replace_range(forged.len() - 2.., if forged.ends_with("AA") { "BB" } else { "AA" });
            assert_eq!(send(&world, "GET", &forged, b"").await.0, StatusCode::FORBIDDEN);
            client.ask(&of.delete(), json!({ "id": file })).await.must();
            assert_eq!(send(&world, "GET", &get, b"").await.0, StatusCode::FORBIDDEN);
            let node = client.ask("query($id: ID!) { node(id: $id) { id } }", json!({ "id": file })).await.must();
            assert_eq!(node.data("node"), &Value::Null);
        }
    })
    .await;
}

#[tokio::test]
async fn an_address_holds_for_five_minutes() {
    each_engine(async |world: World| {
        let records = records(&world).await;
        let of = Of("Meeting", "meetingId");
        let made = world.sam().ask(&of.create(), said(&records.meeting, 1)).await.must();
        let put = made.text("answer.file.upload.url").to_owned();
        world.pass(TimeDelta::minutes(5));
        assert_eq!(send(&world, "PUT", &put, b"x").await.0, StatusCode::FORBIDDEN);
    })
    .await;
}

#[tokio::test]
async fn the_rights_on_a_file_are_those_on_its_record() {
    each_engine(async |world: World| {
        let records = records(&world).await;
        let of = Of("Meeting", "meetingId");
        let made = world.sam().ask(&of.create(), said(&records.meeting, 1)).await.must();
        let file = made.text("answer.file.id").to_owned();
        send(&world, "PUT", made.text("answer.file.upload.url"), b"x").await;
        world.sam().ask(&of.complete(), json!({ "id": file })).await.must();
        let position = world.position().await;

        let read = "query($id: ID!) { meeting(id: $id) { files { nodes { name sizeBytes download { method } upload { url } } } } }";
        // Sue reads the account: she fetches, and brings and takes away nothing.
        let sue = world.sue().ask(read, json!({ "id": records.meeting })).await.must();
        assert_eq!(sue.data("meeting.files.nodes.0.download.method"), "GET");
        assert_eq!(sue.data("meeting.files.nodes.0.upload"), &Value::Null);
        let refused = world.sue().ask(&of.create(), said(&records.meeting, 1)).await.user_errors("answer");
        let refused: Vec<(&str, &str)> = refused.iter().map(|error| (error.code.as_str(), error.path.as_str())).collect();
        assert_eq!(refused, ["name", "contentType", "sizeBytes"].map(|path| ("FORBIDDEN", path)));
        let refused = world.sue().ask(&of.delete(), json!({ "id": file })).await;
        assert_eq!(refused.refusal("answer"), "FORBIDDEN at name");
        // Service sees that there was a meeting, and not what was said there.
        let vera = "query($id: ID!) { meeting(id: $id) { files { nodes { sizeBytes } } } }";
        let vera = world.vera().ask(vera, json!({ "id": records.meeting })).await.must();
        assert_eq!(vera.data("meeting.files.nodes.0.sizeBytes"), 1);
        assert_eq!(world.vera().ask(read, json!({ "id": records.meeting })).await.code(), Some("BAD_USER_INPUT"));
        // Whom the record is hidden from, finds no file, by no way.
        for client in [world.tom(), world.of_other(api::policy::Role::Sales, "sam")] {
            let refused = client.ask(&of.create(), said(&records.meeting, 1)).await;
            assert!(refused.code() == Some("BAD_USER_INPUT") || refused.refusal("answer") == "NOT_FOUND at meetingId");
            let node = client.ask("query($id: ID!) { node(id: $id) { id } }", json!({ "id": file })).await.must();
            assert_eq!(node.data("node"), &Value::Null);
        }
        assert_eq!(world.position().await, position);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_file_of_the_house_is_refused_with_a_path() {
    each_engine(async |world: World| {
        let records = records(&world).await;
        let (of, sam) = (Of("Meeting", "meetingId"), world.sam());
        let position = world.position().await;
        let with = |key: &str, value: Value| {
            let mut said = said(&records.meeting, 1);
            said[key] = value;
            said
        };
        for (variables, refusal) in [
            (with("name", json!("../../etc/passwd")), "INVALID at name"),
            (with("name", json!("a\u{0}b")), "INVALID at name"),
            (with("name", json!("")), "INVALID at name"),
            (with("type", json!("text/html")), "INVALID at contentType"),
            (with("size", json!(0)), "INVALID at sizeBytes"),
            (with("size", json!(26_214_401)), "INVALID at sizeBytes"),
            (with("size", json!(-1)), "INVALID at sizeBytes"),
            (with("record", json!(records.ticket)), "INVALID at meetingId"),
        ] {
            assert_eq!(sam.ask(&of.create(), variables.clone()).await.refusal("answer"), refusal, "{variables}");
        }
        assert_eq!(world.position().await, position);
        for token in ["", "x", "x.y", "e30.e30"] {
            assert_eq!(
                send(&world, "GET", &format!("/files/{token}"), b"").await.0,
                if token.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::FORBIDDEN }
            );
        }
    })
    .await;
}
