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

use super::bucket;

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
                file {{ id version name storedAt download {{ url }} upload {{ url method contentType ifNoneMatch }} }} userErrors {{ code path message }} }} }}"
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
            (with("name", json!("..")), "INVALID at name"),
            (with("name", json!("a\r\nSet-Cookie: x=1")), "INVALID at name"),
            (with("name", json!("invoice\u{202e}fdp.exe")), "INVALID at name"),
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

#[tokio::test]
async fn no_character_of_a_name_means_anything_to_a_header() {
    each_engine(async |world: World| {
        let records = records(&world).await;
        let (of, sam) = (Of("Meeting", "meetingId"), world.sam());
        for (name, told) in [
            ("a\"b;c.pdf", "a%22b%3Bc.pdf"),
            ("100%20.pdf", "100%2520.pdf"),
            ("..pdf", "..pdf"),
            ("מסמך.pdf", "%D7%9E%D7%A1%D7%9E%D7%9A.pdf"),
        ] {
            let mut said = said(&records.meeting, 1);
            said["name"] = json!(name);
            let made = sam.ask(&of.create(), said).await.must();
            assert_eq!(made.text("answer.file.name"), name);
            assert_eq!(send(&world, "PUT", made.text("answer.file.upload.url"), b"x").await.0, StatusCode::NO_CONTENT);
            let done = sam.ask(&of.complete(), json!({ "id": made.text("answer.file.id") })).await.must();
            let (status, _, named) = send(&world, "GET", done.text("answer.file.download.url"), b"").await;
            assert_eq!((status, named), (StatusCode::OK, Some(format!("attachment; filename*=UTF-8''{told}"))));
        }
    })
    .await;
}

/// However an upload ends, half a file is never found, and of many at once one is kept.
#[tokio::test]
async fn bytes_are_kept_whole_and_once() {
    each_engine(async |world: World| {
        let records = records(&world).await;
        let (of, sam) = (Of("Ticket", "ticketId"), world.vera());
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        let made = sam.ask(&of.create(), said(&records.ticket, bytes.len())).await.must();
        let put = made.text("answer.file.upload.url").to_owned();
        let chunks = bytes[..2_000_000].chunks(100_000).map(|chunk| Ok(chunk.to_vec()));
        let broken = chunks.chain([Err(std::io::Error::other("the line broke"))]).collect::<Vec<_>>();
        let path = put.split_once("/files/").map(|(_, token)| format!("/files/{token}")).unwrap();
        let request = Request::put(path).header(header::CONTENT_TYPE, "application/pdf");
        let request = request.body(Body::from_stream(futures::stream::iter(broken))).unwrap();
        assert_eq!(world.send(request).await.0, StatusCode::BAD_REQUEST);
        let file = made.text("answer.file.id");
        assert_eq!(sam.ask(&of.complete(), json!({ "id": file })).await.refusal("answer"), "STATE_CONFLICT at id");

        let all = futures::future::join_all((0..4).map(|_| send(&world, "PUT", &put, &bytes))).await;
        let mut said: Vec<StatusCode> = all.into_iter().map(|(status, ..)| status).collect();
        said.sort_unstable();
        let (kept, late) = (StatusCode::NO_CONTENT, StatusCode::CONFLICT);
        assert_eq!(said, [kept, late, late, late]);
        let done = sam.ask(&of.complete(), json!({ "id": file })).await.must();
        let (_, fetched, _) = send(&world, "GET", done.text("answer.file.download.url"), b"").await;
        assert!(fetched == bytes, "the bytes come back as they went in");
    })
    .await;
}

/// What a client of a bucket does with an address; gives status, bytes, media type and name.
async fn http(method: &str, url: &str, kind: Option<&str>, body: &[u8]) -> (u16, Vec<u8>, String, String) {
    let mut request = reqwest::Client::new().request(method.parse().unwrap(), url);
    if let Some(kind) = kind {
        request = request.header("content-type", kind).header("if-none-match", "*").body(body.to_vec());
    }
    let answer = request.send().await.unwrap();
    let told = |name: &str| answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    let (kind, named, status) = (told("content-type"), told("content-disposition"), answer.status().as_u16());
    (status, answer.bytes().await.unwrap().to_vec(), kind, named)
}

#[tokio::test]
async fn a_bucket_takes_exactly_the_addresses_that_were_signed_for_it() {
    each_engine(async |world: World| {
        let records = records(&world).await;
        let (store, endpoint) = bucket::serve().await;
        let world = world.keeping_files(|files| bucket::of(files, &endpoint));
        let (of, sam) = (Of("Meeting", "meetingId"), world.sam());
        let (pdf, bytes) = (Some("application/pdf"), b"%PDF-1.7 exactly these bytes");
        let made = sam.ask(&of.create(), said(&records.meeting, bytes.len())).await.must();
        let file = made.text("answer.file.id").to_owned();
        assert_eq!(made.data("answer.file.upload.ifNoneMatch"), "*");
        let put = made.text("answer.file.upload.url").to_owned();
        assert!(put.starts_with(&format!("{endpoint}/journey/")), "{put}");

        // The announced type is signed: nothing else is let in, and nothing to another place.
        assert_eq!(http("PUT", &put, Some("text/html"), bytes).await.0, 403);
        assert_eq!(http("PUT", &put.replacen("/journey/1/", "/journey/2/", 1), pdf, bytes).await.0, 403);
        assert_eq!(http("PUT", &put.replace("X-Amz-Expires=300", "X-Amz-Expires=900"), pdf, bytes).await.0, 403);
        assert_eq!(http("GET", &put, None, b"").await.0, 403);
        store.ahead.store(301, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(http("PUT", &put, pdf, bytes).await.0, 403, "after five minutes");
        store.ahead.store(0, std::sync::atomic::Ordering::SeqCst);
        assert!(store.objects.lock().unwrap().is_empty());
        let early = sam.ask(&of.complete(), json!({ "id": file })).await;
        assert_eq!(early.refusal("answer"), "STATE_CONFLICT at id");

        assert_eq!(http("PUT", &put, pdf, bytes).await.0, 200);
        assert_eq!(http("PUT", &put, pdf, bytes).await.0, 412, "nothing is written over");
        let done = sam.ask(&of.complete(), json!({ "id": file })).await.must();
        let get = done.text("answer.file.download.url").to_owned();
        let (status, fetched, kind, named) = http("GET", &get, None, b"").await;
        assert_eq!((status, fetched.as_slice(), kind.as_str()), (200, &bytes[..], "application/pdf"));
        assert_eq!(named, "attachment; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%26%20Pl%C3%A4ne.pdf");
        assert_eq!(http("GET", &get.replace("attachment", "inline"), None, b"").await.0, 403);
        assert_eq!(http("PUT", &get, pdf, bytes).await.0, 403);
        store.ahead.store(301, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(http("GET", &get, None, b"").await.0, 403, "after five minutes");
        store.ahead.store(0, std::sync::atomic::Ordering::SeqCst);

        let refused = store.refused.load(std::sync::atomic::Ordering::SeqCst);
        sam.ask(&of.delete(), json!({ "id": file })).await.must();
        assert!(store.objects.lock().unwrap().is_empty(), "the bytes went with the file");
        assert_eq!(http("GET", &get, None, b"").await.0, 404);
        assert_eq!(store.refused.load(std::sync::atomic::Ordering::SeqCst), refused, "the house signs well itself");
    })
    .await;
}

#[tokio::test]
async fn a_bucket_that_holds_something_else_or_is_down_is_a_refusal() {
    each_engine(async |world: World| {
        let records = records(&world).await;
        let (store, endpoint) = bucket::serve().await;
        let world = world.keeping_files(|files| bucket::of(files, &endpoint));
        let (of, sam) = (Of("Contract", "contractId"), world.sam());
        let made = sam.ask(&of.create(), said(&records.contract, 3)).await.must();
        let file = made.text("answer.file.id").to_owned();
        let path = made.text("answer.file.upload.url").split('?').next().unwrap().replacen(&endpoint, "", 1);
        let complete = async || sam.ask(&of.complete(), json!({ "id": file })).await;
        // Whoever has the keys of the bucket may have put there what was never announced.
        for (bytes, kind) in [(&b"four"[..], "application/pdf"), (&b"abc"[..], "text/html")] {
            let position = world.position().await;
            store.objects.lock().unwrap().insert(path.clone(), (bytes.to_vec(), kind.to_owned()));
            assert_eq!(complete().await.refusal("answer"), "STATE_CONFLICT at id");
            assert!(store.objects.lock().unwrap().is_empty(), "what was not announced is thrown away");
            assert_eq!(world.position().await, position);
        }
        let put = made.text("answer.file.upload.url");
        assert_eq!(http("PUT", put, Some("application/pdf"), b"abc").await.0, 200);
        let position = world.position().await;
        store.down.store(true, std::sync::atomic::Ordering::SeqCst);
        let refused = complete().await;
        assert_eq!(refused.refusal("answer"), "STATE_CONFLICT at ");
        assert!(
            !refused.body.to_string().contains("INTERNAL") && !refused.body.to_string().contains(&endpoint),
            "{refused}"
        );
        assert_eq!(world.position().await, position);
        store.down.store(false, std::sync::atomic::Ordering::SeqCst);
        complete().await.must();
        // A record is taken away even while its bytes cannot be: nobody is told that it failed when it did not.
        store.down.store(true, std::sync::atomic::Ordering::SeqCst);
        sam.ask(&of.delete(), json!({ "id": file })).await.must();
        assert_eq!(complete().await.refusal("answer"), "NOT_FOUND at id");
    })
    .await;
}
