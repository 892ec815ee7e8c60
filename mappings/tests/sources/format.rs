//! Mapping files: what loads, what is refused and why, and drafts.

use std::collections::BTreeSet;

use mappings::{Entity, Input, Mapping, Source, draft::draft, fields};

use crate::take_with;

fn refused(row: &str) -> String {
    let text = format!("source = \"x\"\n[[file]]\nname = \"f\"\nfiles = [\"*\"]\nkey = \"id\"\n[[file.row]]\n{row}\n");
    Mapping::load(&text).map(|_| String::new()).unwrap_or_else(|error| error.to_string())
}

#[test]
fn every_built_in_mapping_loads() {
    for source in Source::ALL {
        let mapping = Mapping::of(source).unwrap_or_else(|error| panic!("{source:?}: {error}"));
        assert!(mapping.entities().len() >= 8, "{source:?}");
        assert!(!mapping.title().is_empty());
    }
    assert_eq!(Mapping::of(Source::Zendesk).unwrap().source(), "zendesk");
}

#[test]
fn a_name_that_means_nothing_is_refused_with_its_place() {
    assert_eq!(refused("entity = \"ACCOUNT\"\nset.name = \"n\""), "");
    let at = "the mapping, file f, ACCOUNT";
    for (row, message) in [
        ("entity = \"ACOUNT\"", "the mapping, file f, ACOUNT: there is no entity ACOUNT".to_owned()),
        ("entity = \"ACCOUNT\"\nset.nam = \"n\"", format!("{at}, nam: ACCOUNT has no field nam")),
        ("entity = \"ACCOUNT\"\nset.custom = \"n\"", format!("{at}, custom: ACCOUNT has no field custom")),
        ("entity = \"ACCOUNT\"\nrelations.boss = \"n\"", format!("{at}, boss: ACCOUNT has no relation boss")),
        (
            "entity = \"ACCOUNT\"\nset.name = { from = \"n\", as = \"magic\" }",
            format!("{at}, name: there is no transform magic"),
        ),
        (
            "entity = \"ACCOUNT\"\nset.employees = { from = \"n\", as = \"money\" }",
            format!("{at}, employees: money is nothing that the field takes"),
        ),
        (
            "entity = \"ACCOUNT\"\nset.tier = { from = \"n\", codes = { a = \"Z\" } }",
            format!("{at}, tier: \"Z\" is nothing that tier takes"),
        ),
        (
            "entity = \"ACCOUNT\"\nset.name = { from = \"n\", value = \"m\" }",
            format!("{at}, name: one of from, join, value and today says where it comes from"),
        ),
        (
            "entity = \"ACCOUNT\"\nset.name = { from = \"n\", lookup = \"t\" }",
            format!("{at}, name: there is no table t"),
        ),
        ("entity = \"ACCOUNT\"\nset.name = { from = 5 }", format!("{at}, name: a column is named by text")),
        (
            "entity = \"ACCOUNT\"\nset.contactPoints = { from = \"n\" }",
            format!("{at}, contactPoints: a contact point, and nothing else, says its kind"),
        ),
        (
            "entity = \"NOTE\"\nrelations.record = \"n\"",
            "the mapping, file f, NOTE, record: it may name several kinds of object: say which (of)".to_owned(),
        ),
        (
            "entity = \"NOTE\"\nrelations.record = { from = \"n\", of = \"PRODUCT\" }",
            "the mapping, file f, NOTE, record: it never names a PRODUCT".to_owned(),
        ),
        (
            "entity = \"NOTE\"\ncustom.x = \"n\"",
            "the mapping, file f, NOTE: NOTE has no fields of the tenant's own".to_owned(),
        ),
    ] {
        assert_eq!(refused(row), message, "{row}");
    }
    assert!(refused("entity = \"ACCOUNT\"\nset.name = { form = \"n\" }").contains("unknown field `form`"));
    assert!(refused("entity = \"ACCOUNT\"\nsets.name = \"n\"").contains("unknown field `sets`"));
    for (text, message) in [
        ("", "missing field `source`"),
        ("source = \"x\"\nzone = \"Mars\"", "there is no zone Mars"),
        ("source = \"x\"\ncurrency = \"Euro\"", "Euro is no code of a currency"),
        ("source = \"x\"\nencoding = \"ebcdic\"", "there is no encoding ebcdic"),
        ("source = \"x\"\nempty = \"maybe\"", "empty is leave or clear"),
        ("source = \"x\"\n[[file]]\nname = \"f\"\nkey = \"id\"", "nothing tells which files it is for"),
        ("source = \"x\"\n[[file]]\nname = \"f\"\nfiles = [\"*\"]\nkey = \"id\"", "it makes no row"),
        ("source = \"x\"\n[[file]]\nname = \"f\"\nfiles = [\"*\"]\n[[file.row]]\nentity = \"NOTE\"", "NOTE has no key"),
    ] {
        let told = Mapping::load(text).unwrap_err().to_string();
        assert!(told.contains(message), "{told} / {message}");
    }
}

/// The names of an input's fields in a printed schema.
fn input_fields(schema: &str, input: &str) -> BTreeSet<String> {
    let mut lines = schema.lines().skip_while(|line| !line.starts_with(&format!("input {input} "))).skip(1);
    let (mut names, mut in_words) = (BTreeSet::new(), false);
    for line in lines.by_ref().take_while(|line| *line != "}") {
        let line = line.trim();
        if line.starts_with("\"\"\"") {
            in_words = !(in_words || (line.len() > 3 && line.ends_with("\"\"\"")));
            continue;
        }
        if !in_words && let Some((name, _)) = line.split_once(':') {
            names.insert(name.to_owned());
        }
    }
    names
}

#[test]
fn the_fields_are_those_of_the_api() {
    let schema = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/integrator.graphql")).unwrap();
    let inputs: &[(Entity, &[&str])] = &[
        (Entity::Industry, &["CreateIndustryInput", "UpdateIndustryInput"]),
        (Entity::Queue, &["CreateQueueInput", "UpdateQueueInput"]),
        (Entity::Pipeline, &["CreatePipelineInput", "UpdatePipelineInput"]),
        (Entity::Stage, &["CreateStageInput", "UpdateStageInput"]),
        (Entity::Channel, &["CreateChannelInput", "UpdateChannelInput"]),
        (Entity::Colleague, &["CreateColleagueInput", "UpdateColleagueInput"]),
        (Entity::Account, &["CreateAccountInput", "UpdateAccountInput"]),
        (Entity::Campaign, &["CreateCampaignInput", "UpdateCampaignInput"]),
        (Entity::CampaignCost, &["AddCampaignCostInput", "UpdateCampaignCostInput"]),
        (Entity::ContentAsset, &["CreateContentAssetInput", "UpdateContentAssetInput"]),
        (Entity::Product, &["CreateProductInput", "UpdateProductInput"]),
        (Entity::Contact, &["CreateContactInput", "UpdateContactInput"]),
        (Entity::Employment, &["AddEmploymentInput", "UpdateEmploymentInput"]),
        (Entity::Touchpoint, &["RecordTouchpointInput", "UpdateTouchpointInput"]),
        (Entity::Lead, &["CreateLeadInput", "UpdateLeadInput"]),
        (Entity::Opportunity, &["CreateOpportunityInput", "UpdateOpportunityInput"]),
        (Entity::OpportunityContact, &["AddOpportunityContactInput", "UpdateOpportunityContactInput"]),
        (Entity::Meeting, &["ScheduleMeetingInput", "UpdateMeetingInput", "RecordMeetingOutcomeInput"]),
        (Entity::MeetingAttendee, &["AddMeetingAttendeeInput", "UpdateMeetingAttendeeInput"]),
        (Entity::Activity, &["RecordActivityInput", "UpdateActivityInput"]),
        (Entity::Order, &["PlaceOrderInput", "UpdateOrderInput"]),
        (Entity::OrderLine, &["OrderLineInput", "AddOrderLineInput", "UpdateOrderLineInput"]),
        (Entity::Ticket, &["CreateTicketInput", "UpdateTicketInput", "ChangeTicketStatusInput", "AssignTicketInput"]),
        (Entity::TicketMessage, &["AddTicketMessageInput"]),
        (Entity::TicketNote, &["AddTicketNoteInput"]),
        (Entity::SurveyAnswer, &["RecordSurveyAnswerInput", "UpdateSurveyAnswerInput"]),
        (Entity::Note, &["CreateNoteInput", "UpdateNoteInput"]),
        (Entity::Task, &["CreateTaskInput", "UpdateTaskInput"]),
    ];
    assert_eq!(inputs.iter().map(|(entity, _)| *entity).collect::<Vec<_>>(), Entity::ALL);
    for (entity, inputs) in inputs {
        let there: BTreeSet<String> = inputs.iter().flat_map(|input| input_fields(&schema, input)).collect();
        assert!(!there.is_empty(), "{entity}");
        let known = fields(*entity);
        for field in known.fields.iter().filter(|field| !["custom", "contactPoints"].contains(&field.name)) {
            assert!(there.contains(field.name), "{entity} has no field {} in the API", field.name);
        }
        for relation in known.relations {
            assert!(
                there.contains(&format!("{}Id", relation.name)),
                "{entity} has no relation {} in the API",
                relation.name
            );
        }
    }
}

#[test]
fn a_draft_loads_and_takes_what_it_was_drafted_from() {
    let people = "Kundennummer;Vorname;Nachname;E-Mail;Telefon;Geburtstag;\"Notiz\"\n1;Jörg;Müller;joerg@example.com;0731 123456;31.12.1980;x\n2;Eva;Roth;eva@example.com;0731 654321;01.02.1990;\n";
    let text = draft(people.as_bytes(), "kunden kontakte.csv").unwrap();
    assert!(text.contains("entity = \"CONTACT\"") && text.contains("familyName = \"Nachname\""), "{text}");
    assert!(text.contains("# not read: \"Geburtstag\" (dates)"), "{text}");
    assert!(!text.contains("joerg") && !text.contains("Roth"), "no value is printed: {text}");
    let taken = take_with(Mapping::load(&text).unwrap(), vec![Input::bytes("kunden kontakte.csv", people.as_bytes())]);
    assert_eq!(taken.told(), Vec::<String>::new());
    let first = taken.of(Entity::Contact)[0];
    assert_eq!((first.external_id.as_str(), &first.set["givenName"]), ("1", &serde_json::json!("Jörg")));
    assert_eq!(first.set["contactPoints"].as_array().map(Vec::len), Some(2));

    let deals = "id,Deal Name,Amount,Currency,Stage,Close Date,Company ID\n1,Press,\"1.200,50\",EUR,Offer,31/12/2024,9\n2,Mill,\"3,5\",EUR,Offer,01/02/2025,9\n";
    let text = draft(deals.as_bytes(), "q4.csv").unwrap();
    let taken = take_with(Mapping::load(&text).unwrap(), vec![Input::bytes("q4.csv", deals.as_bytes())]);
    assert_eq!(taken.told(), Vec::<String>::new(), "{text}");
    let deal = taken.row(Entity::Opportunity, "1");
    assert_eq!(deal.set["amount"], serde_json::json!({ "amount": "1200.50", "currency": "EUR" }));
    assert_eq!((&deal.set["closeDate"], deal.relations["account"].as_str()), (&serde_json::json!("2024-12-31"), "9"));
    assert!(draft(&b""[..], "x.csv").is_err());
}

#[test]
fn any_header_gives_a_draft_that_loads() {
    for header in [
        "a",
        "name,name,NAME",
        "\"x\"\"y\",\"line\nbreak\",'q',\\",
        "🙂,☃",
        "id;;;",
        "SKU\tPrice\tProduct",
        "Ticket,Priority,Subject",
    ] {
        let text = draft(format!("{header}\n").as_bytes(), "what \"ever\"*.csv").unwrap();
        Mapping::load(&text).unwrap_or_else(|error| panic!("{header}: {error}\n{text}"));
    }
}
