//! The service document and `$metadata`, of the datasets that the caller may have.

use std::fmt::Write;

use super::super::{
    cell::Form,
    dataset::{Dataset, Field, Origin, Source},
};

/// The types of OData.
fn edm(form: Form) -> &'static str {
    match form {
        Form::Id(_) | Form::Code | Form::Text => "Type=\"Edm.String\"",
        Form::Uuid => "Type=\"Edm.Guid\"",
        Form::Time => "Type=\"Edm.DateTimeOffset\" Precision=\"6\"",
        Form::Day => "Type=\"Edm.Date\"",
        Form::Integer => "Type=\"Edm.Int64\"",
        Form::Amount(_) | Form::Decimal => "Type=\"Edm.Decimal\" Precision=\"28\" Scale=\"3\"",
        Form::Float => "Type=\"Edm.Double\"",
        Form::Flag => "Type=\"Edm.Boolean\"",
    }
}

fn escaped(text: &str) -> String {
    text.trim().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn description(text: &str) -> String {
    format!("<Annotation Term=\"Org.OData.Core.V1.Description\" String=\"{}\"/>", escaped(text))
}

/// CSDL as XML.
pub fn xml<'a>(datasets: impl Iterator<Item = &'a Dataset> + Clone) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<edmx:Edmx xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\" Version=\"4.0\">\n\
         <edmx:Reference Uri=\"https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Core.V1.xml\"><edmx:Include Namespace=\"Org.OData.Core.V1\"/></edmx:Reference>\n\
         <edmx:Reference Uri=\"https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Capabilities.V1.xml\"><edmx:Include Namespace=\"Org.OData.Capabilities.V1\"/></edmx:Reference>\n\
         <edmx:DataServices>\n<Schema xmlns=\"http://docs.oasis-open.org/odata/ns/edm\" Namespace=\"Journey\">\n",
    );
    for dataset in datasets.clone() {
        entity(&mut xml, dataset);
    }
    xml.push_str("<EntityContainer Name=\"Container\">\n");
    for dataset in datasets {
        set(&mut xml, dataset);
    }
    xml.push_str("</EntityContainer>\n</Schema>\n</edmx:DataServices>\n</edmx:Edmx>\n");
    xml
}

fn entity(xml: &mut String, dataset: &Dataset) {
    let keys: String =
        dataset.keys().map(|nth| format!("<PropertyRef Name=\"{}\"/>", dataset.fields[nth].name)).collect();
    // writing to a String does not fail
    let _ = writeln!(xml, "<EntityType Name=\"{}\"><Key>{keys}</Key>", dataset.name);
    for Field { name, form, doc, origin } in dataset.fields {
        let nullable = if matches!(origin, Origin::Key) { " Nullable=\"false\"" } else { "" };
        let _ = writeln!(xml, "<Property Name=\"{name}\" {}{nullable}>{}</Property>", edm(*form), description(doc));
    }
    xml.push_str(&description(dataset.doc));
    xml.push_str("</EntityType>\n");
}

fn set(xml: &mut String, dataset: &Dataset) {
    let is_made = |field: &&Field| {
        matches!(field.origin, Origin::Made(_)) && matches!(dataset.source, Source::Rows { .. } | Source::Credit)
    };
    // What is read in the order of its keys is sorted by nothing.
    let is_ordered = matches!(dataset.source, Source::Credit);
    let paths = |is_one: &dyn Fn(&&Field) -> bool| -> String {
        let fields = dataset.fields.iter().filter(is_one);
        fields.map(|field| format!("<PropertyPath>{}</PropertyPath>", field.name)).collect()
    };
    let (made, unsorted) = (paths(&is_made), paths(&|field| is_ordered || is_made(field)));
    let restricted = |term: &str, property: &str, paths: &str| {
        format!(
            "<Annotation Term=\"Org.OData.Capabilities.V1.{term}\"><Record><PropertyValue Property=\"{property}\"><Collection>{paths}</Collection></PropertyValue></Record></Annotation>"
        )
    };
    let _ = writeln!(
        xml,
        "<EntitySet Name=\"{0}\" EntityType=\"Journey.{0}\">{1}{2}</EntitySet>",
        dataset.name,
        restricted("FilterRestrictions", "NonFilterableProperties", &made),
        restricted("SortRestrictions", "NonSortableProperties", &unsorted),
    );
}

/// The service document.
pub fn service<'a>(base: &str, datasets: impl Iterator<Item = &'a Dataset>) -> serde_json::Value {
    let set = |dataset: &Dataset| serde_json::json!({ "name": dataset.name, "kind": "EntitySet", "url": dataset.name });
    serde_json::json!({
        "@odata.context": format!("{base}/odata/$metadata"),
        "value": datasets.map(set).collect::<Vec<_>>(),
    })
}
