//! The companies that buy fillers and packers, or might, and the people in them.

use super::teller::{Teller, say};
use crate::account::{account, contact, team};

/// A company of the story. Ids are global ids.
pub(super) struct Customer {
    /// The account.
    pub(super) id: String,
    /// Its name.
    pub(super) name: &'static str,
    /// The colleague who looks after it.
    pub(super) owner: &'static str,
    /// The industry's code.
    pub(super) industry: &'static str,
    /// Its people.
    pub(super) people: Vec<Person>,
}

/// A person in a company.
pub(super) struct Person {
    /// The contact.
    pub(super) id: String,
    /// Given and family name.
    pub(super) name: String,
    /// Whether marketing may write to them.
    pub(super) consented: bool,
}

/// Everybody out there. The first is the key account.
pub(super) struct Customers(pub(super) Vec<Customer>);

impl Customers {
    /// The company of a name.
    pub(super) fn company(&self, name: &str) -> anyhow::Result<&Customer> {
        self.0.iter().find(|one| one.name == name).ok_or_else(|| anyhow::anyhow!("no company is called {name}"))
    }

    /// The person of a name.
    pub(super) fn person(&self, name: &str) -> anyhow::Result<(&Customer, &Person)> {
        let people = self.0.iter().flat_map(|one| one.people.iter().map(move |person| (one, person)));
        people
            .into_iter()
            .find(|(_, person)| person.name == name)
            .ok_or_else(|| anyhow::anyhow!("nobody is called {name}"))
    }
}

/// The key account.
pub(super) const KEY: &str = "Molkerei Alpenland AG";

/// Name, domain, country, region, industry, tier, employees, owner.
type Company = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str, i32, &'static str);
const COMPANIES: &[Company] = &[
    (KEY, "molkerei-alpenland.example", "DE", "Bayern", "C10.5", "KEY", 2400, "sam"),
    ("Privatbrauerei Hollenbeck", "hollenbeck-bier.example", "DE", "Nordrhein-Westfalen", "C11.05", "A", 620, "sam"),
    (
        "Sauerland Mineralbrunnen GmbH",
        "sauerland-brunnen.example",
        "DE",
        "Nordrhein-Westfalen",
        "C11.07",
        "A",
        480,
        "sam",
    ),
    ("Nordpharma Arzneimittel GmbH", "nordpharma.example", "DE", "Schleswig-Holstein", "C21.2", "A", 1900, "lena"),
    ("Kestrel Dairy Ltd", "kestrel-dairy.example", "GB", "Somerset", "C10.5", "A", 850, "oliver"),
    ("Vitalis Pharma AG", "vitalis-pharma.example", "CH", "Basel-Stadt", "C21.2", "A", 3100, "lena"),
    ("Harbourside Brewing Co", "harbourside-brewing.example", "GB", "Bristol", "C11.05", "B", 140, "oliver"),
    ("Feinkost Albrecht KG", "feinkost-albrecht.example", "DE", "Sachsen", "C10.8", "B", 310, "sam"),
    ("Käserei Sonnalp", "kaeserei-sonnalp.example", "AT", "Tirol", "C10.5", "B", 95, "sam"),
    ("Rheingold Sekt und Saft GmbH", "rheingold-saft.example", "DE", "Hessen", "C11.07", "B", 260, "sam"),
    ("Ostsee Fischfeinkost GmbH", "ostsee-fisch.example", "DE", "Mecklenburg-Vorpommern", "C10.8", "C", 120, "sam"),
    ("Bavaria Biologics GmbH", "bavaria-biologics.example", "DE", "Bayern", "C21.1", "A", 740, "lena"),
    ("Shannon Vaccines plc", "shannon-vaccines.example", "IE", "Limerick", "C21.1", "A", 1250, "lena"),
    ("Elbtal Konserven AG", "elbtal-konserven.example", "DE", "Sachsen-Anhalt", "C10.8", "B", 430, "sam"),
    ("Brauhaus Zwölf Apostel", "zwoelf-apostel.example", "DE", "Hessen", "C11.05", "C", 70, "sam"),
    ("Meyer & Söhne Backwaren", "meyer-backwaren.example", "DE", "Niedersachsen", "C10.8", "B", 550, "sam"),
    ("Lakeland Spring Water Ltd", "lakeland-water.example", "GB", "Cumbria", "C11.07", "B", 180, "oliver"),
    ("Schwarzwald Sprudel eG", "schwarzwald-sprudel.example", "DE", "Baden-Württemberg", "C11.07", "B", 210, "sam"),
    ("Pharma Werk Jena GmbH", "pharmawerk-jena.example", "DE", "Thüringen", "C21.2", "B", 390, "lena"),
    ("Dublin Generics Ltd", "dublin-generics.example", "IE", "Dublin", "C21.2", "B", 520, "lena"),
    ("Allgäuer Rahmwerk eG", "rahmwerk.example", "DE", "Bayern", "C10.5", "B", 230, "sam"),
    ("Holsteiner Butterwerk", "butterwerk.example", "DE", "Schleswig-Holstein", "C10.5", "C", 110, "sam"),
    ("Cheddar Valley Foods Ltd", "cheddar-valley.example", "GB", "Somerset", "C10.5", "B", 340, "oliver"),
    ("Steirische Ölmühle GmbH", "oelmuehle.example", "AT", "Steiermark", "C10.8", "C", 85, "sam"),
    ("Glen Torrin Distillers", "glen-torrin.example", "GB", "Moray", "C11.05", "B", 160, "oliver"),
    ("Havelland Obst AG", "havelland-obst.example", "DE", "Brandenburg", "C10.8", "B", 290, "sam"),
    ("Inntal Sterilprodukte GmbH", "inntal-steril.example", "AT", "Tirol", "C21.2", "B", 270, "lena"),
    ("Rosen Apotheke Labor", "rosen-labor.example", "DE", "Hamburg", "C21.2", "C", 45, "lena"),
    ("Moselperle Getränke GmbH", "moselperle.example", "DE", "Rheinland-Pfalz", "C11.07", "C", 130, "sam"),
    ("Emmental Fondue AG", "emmental-fondue.example", "CH", "Bern", "C10.5", "B", 205, "sam"),
    ("Northern Oat Drinks Ltd", "northern-oat.example", "GB", "Yorkshire", "C11.07", "B", 150, "oliver"),
    ("Spreewald Gurken eG", "spreewald-gurken.example", "DE", "Brandenburg", "C10.8", "C", 175, "sam"),
    ("Cork Cell Therapies", "cork-cells.example", "IE", "Cork", "C21.1", "B", 220, "lena"),
    ("Teutoburger Quellen", "teutoburger-quellen.example", "DE", "Nordrhein-Westfalen", "C11.07", "C", 90, "sam"),
    ("Bergische Babynahrung GmbH", "babynahrung.example", "DE", "Nordrhein-Westfalen", "C10.8", "A", 680, "sam"),
    ("Dr. Reinhardt Augentropfen", "reinhardt-augen.example", "DE", "Hessen", "C21.2", "C", 60, "lena"),
    ("Pembroke Seltzer Co", "pembroke-seltzer.example", "GB", "Dyfed", "C11.07", "C", 55, "oliver"),
    ("Weserland Suppen GmbH", "weserland-suppen.example", "DE", "Bremen", "C10.8", "C", 190, "sam"),
    ("Lindenhof Naturjoghurt", "lindenhof.example", "DE", "Bayern", "C10.5", "C", 65, "sam"),
    ("Chemie Kontor Hafen GmbH", "chemie-kontor.example", "DE", "Hamburg", "C20", "C", 140, "lena"),
    ("Thames Coatings Ltd", "thames-coatings.example", "GB", "Kent", "C20", "C", 210, "oliver"),
];

/// Company, given name, family name, title, seniority, buying role, consent.
type Named = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str, bool);
const NAMED: &[Named] = &[
    (KEY, "Andrea", "Huber", "Leiterin Technik", "DIRECTOR", "CHAMPION", true),
    (KEY, "Stefan", "Gruber", "Werkleiter Rosenheim", "DIRECTOR", "DECISION_MAKER", true),
    (KEY, "Maria", "Steiner", "Einkauf Investitionsgüter", "MANAGER", "BUYER", false),
    (KEY, "Lukas", "Bauer", "Qualitätssicherung", "SENIOR", "INFLUENCER", true),
    (KEY, "Florian", "Egger", "Instandhaltung", "STAFF", "USER", false),
    (KEY, "Barbara", "Reiter", "Vorstand Produktion", "C_LEVEL", "DECISION_MAKER", true),
    (KEY, "Josef", "Maier", "Schichtführer Linie 3", "STAFF", "USER", false),
    (
        "Nordpharma Arzneimittel GmbH",
        "Helena",
        "Vogt",
        "Head of Aseptic Production",
        "DIRECTOR",
        "DECISION_MAKER",
        true,
    ),
    ("Nordpharma Arzneimittel GmbH", "Jan", "Petersen", "Projektleiter", "MANAGER", "CHAMPION", true),
    ("Rosen Apotheke Labor", "Tim", "Lorenz", "Werkstudent", "STAFF", "USER", true),
    ("Kestrel Dairy Ltd", "Charlotte", "Evans", "Operations Director", "DIRECTOR", "DECISION_MAKER", true),
    ("Kestrel Dairy Ltd", "George", "Palmer", "Engineering Manager", "MANAGER", "CHAMPION", true),
    ("Privatbrauerei Hollenbeck", "Ulrich", "Hollenbeck", "Geschäftsführer", "C_LEVEL", "DECISION_MAKER", true),
    ("Sauerland Mineralbrunnen GmbH", "Sabine", "Kramer", "Leiterin Abfüllung", "MANAGER", "CHAMPION", true),
    ("Bavaria Biologics GmbH", "Daniel", "Koch", "VP Manufacturing", "VP", "DECISION_MAKER", true),
    ("Vitalis Pharma AG", "Nina", "Frei", "Head of Engineering", "DIRECTOR", "CHAMPION", true),
    ("Bergische Babynahrung GmbH", "Petra", "Hansen", "Leiterin Produktion", "DIRECTOR", "DECISION_MAKER", true),
];

const GERMAN: (&[&str], &[&str]) = (
    &[
        "Anna", "Markus", "Julia", "Thomas", "Sabrina", "Peter", "Claudia", "Michael", "Heike", "Andreas", "Birgit",
        "Jürgen",
    ],
    &[
        "Müller",
        "Schneider",
        "Becker",
        "Hoffmeister",
        "Schäfer",
        "Vogel",
        "Krause",
        "Lehmann",
        "Winkler",
        "Böhm",
        "Franke",
    ],
);
const ENGLISH: (&[&str], &[&str]) = (
    &["James", "Olivia", "Harry", "Amelia", "Jack", "Sophie", "William", "Isla", "Thomas", "Ruth"],
    &["Walker", "Hughes", "Bennett", "Fletcher", "O'Brien", "Murphy", "Turner", "Ashworth", "Doyle"],
);
const TITLES: (&[&str], &[&str]) = (
    &["Leiter Produktion", "Einkauf", "Projektingenieurin", "Geschäftsführung", "Leitung Instandhaltung"],
    &["Production Manager", "Procurement", "Project Engineer", "Managing Director", "Maintenance Lead"],
);
const RANKS: &[(&str, &str)] = &[
    ("MANAGER", "CHAMPION"),
    ("MANAGER", "BUYER"),
    ("SENIOR", "INFLUENCER"),
    ("C_LEVEL", "DECISION_MAKER"),
    ("STAFF", "USER"),
];

/// The companies and their people come in, over three weeks.
pub(super) async fn arrive(t: &mut Teller) -> anyhow::Result<Customers> {
    let mut customers = Vec::new();
    for (nth, company) in COMPANIES.iter().enumerate() {
        t.walk(super::BEGIN - 1 - nth as i64 / 2, 8 + (nth as u32 % 2) * 4, 10).await?;
        customers.push(meet(t, nth, company).await?);
    }
    t.walk(super::BEGIN - 24, 9, 0).await?;
    key_team(t, &customers[0]).await?;
    Ok(Customers(customers))
}

async fn meet(t: &mut Teller, nth: usize, company: &Company) -> anyhow::Result<Customer> {
    let (name, domain, country, region, industry, tier, employees, owner) = *company;
    let size = match employees {
        ..50 => "SMALL",
        50..250 => "MEDIUM",
        250..1000 => "LARGE",
        _ => "ENTERPRISE",
    };
    let branch = t.cast.industries.get(industry).cloned();
    let id = say!(t, owner, account::create, {
        "name": name, "domains": [domain], "website": (format!("https://www.{domain}")), "country": country,
        "region": region, "industryId": branch, "tier": tier, "sizeBand": size, "employees": employees,
    });
    let mut customer = Customer { id, name, owner, industry, people: Vec::new() };
    for (_, given, family, title, seniority, role, consent) in NAMED.iter().filter(|named| named.0 == name) {
        let language = if matches!(country, "GB" | "IE") { "en" } else { "de" };
        let who = [*given, *family, *title, *seniority, *role, language, domain];
        customer.people.push(introduce(t, &customer, who, *consent).await?);
    }
    // Who is large has more people, and not all of them said yes.
    for more in 0..(2 + usize::from(employees > 200) + usize::from(employees > 600)) {
        let english = matches!(country, "GB" | "IE");
        let (givens, families) = if english { ENGLISH } else { GERMAN };
        let titles = if english { TITLES.1 } else { TITLES.0 };
        let (given, family) = (givens[(nth + more * 5) % givens.len()], families[(nth * 3 + more) % families.len()]);
        let (seniority, role) = RANKS[(nth + more) % RANKS.len()];
        let language = if english { "en" } else { "de" };
        let who = [given, family, titles[(nth + more) % titles.len()], seniority, role, language, domain];
        let consent = !(nth + more).is_multiple_of(3);
        customer.people.push(introduce(t, &customer, who, consent).await?);
    }
    Ok(customer)
}

/// With consent marketing records a person, without it sales does.
async fn introduce(t: &mut Teller, customer: &Customer, who: [&str; 7], consented: bool) -> anyhow::Result<Person> {
    let [given, family, title, seniority, role, language, domain] = who;
    t.wait(7);
    let plain = |text: &str| {
        text.to_lowercase().replace('ä', "ae").replace('ö', "oe").replace('ü', "ue").replace(['\'', ' '], "")
    };
    let mail = format!("{}.{}@{domain}", plain(given), plain(family));
    let phone = format!("+49 89 {:07}", 1_000_000 + t.dice(8_999_999));
    let id = if consented {
        say!(t, "katrin", contact::create, {
            "givenName": given, "familyName": family, "jobTitle": title, "seniority": seniority, "buyingRole": role,
            "language": language, "accountId": (&customer.id),
            "contactPoints": [{ "kind": "EMAIL", "value": mail }, { "kind": "PHONE", "value": phone }],
            "marketingConsent": { "channels": ["EMAIL", "PHONE"], "legalBasis": "CONSENT", "source": "newsletter form" },
        })
    } else {
        say!(t, customer.owner, contact::create, {
            "givenName": given, "familyName": family, "jobTitle": title, "seniority": seniority, "buyingRole": role,
            "language": language, "accountId": (&customer.id),
            "contactPoints": [{ "kind": "EMAIL", "value": mail }, { "kind": "PHONE", "value": phone }],
        })
    };
    Ok(Person { id, name: format!("{given} {family}"), consented })
}

/// The key account gets people of every discipline. The managing director puts its owner in the lead, who fetches the others.
async fn key_team(t: &mut Teller, key: &Customer) -> anyhow::Result<()> {
    let colleague = |t: &Teller, who: &str| t.cast.colleagues.get(who).cloned().unwrap_or_default();
    let sam = colleague(t, "sam");
    say!(t, "matthias", team::add, {
        "accountId": (&key.id), "colleagueId": sam, "discipline": "SALES", "isLead": true,
        "accessAccount": "EDIT", "accessSales": "EDIT",
    });
    for (who, discipline, wing) in [
        ("mia", "MARKETING", "MARKETING"),
        ("tom", "TECHNICAL", "SERVICE"),
        ("priya", "TECHNICAL", "SERVICE"),
        ("vera", "SERVICE", "SERVICE"),
        ("nico", "SERVICE", "SERVICE"),
        ("matthias", "MANAGEMENT", "ACCOUNT"),
    ] {
        t.wait(3);
        let who = colleague(t, who);
        let edits = |mine: &str| (wing == mine).then_some("EDIT");
        say!(t, "sam", team::add, {
            "accountId": (&key.id), "colleagueId": who, "discipline": discipline, "isLead": false,
            "accessAccount": (edits("ACCOUNT")), "accessMarketing": (edits("MARKETING")),
            "accessService": (edits("SERVICE")),
        });
    }
    Ok(())
}
