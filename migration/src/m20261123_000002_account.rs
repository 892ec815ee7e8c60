//! The account wing: the customer, and who looks after it.

use crate::table::{Step, Table, table};

const ACCESS_LEVEL: &[&str] = &["NONE", "READ", "EDIT"];
const CONSENT_STATE: &[&str] = &["UNKNOWN", "PENDING", "GIVEN", "DENIED", "WITHDRAWN"];
const CONTACT_POINT_KIND: &[&str] = &["EMAIL", "PHONE", "ADDRESS", "SOCIAL"];
const DISCIPLINE: &[&str] = &["MARKETING", "SALES", "TECHNICAL", "SERVICE", "MANAGEMENT"];
const IDENTITY_KIND: &[&str] = &[
    "COOKIE", "DEVICE", "EMAIL", "PHONE", "USER_ID", "CRM_ID", "DOMAIN",
];
const SUBJECT_TYPE: &[&str] = &[
    "ACCOUNT",
    "CONTACT",
    "VISITOR",
    "OPPORTUNITY",
    "LEAD",
    "CAMPAIGN",
    "TICKET",
    "ASSET",
    "INDUSTRY",
];

pub(crate) const STEP: Step = Step {
    name: "m20261123_000002_account",
    tables,
};

fn tables() -> Vec<Table> {
    vec![
        table("industry")
            .keyed()
            .of_tenant()
            .text("code")
            .text("name")
            .opt_refers("parent_id", "industry")
            .versioned()
            .unique(&["code"])
            .index(&["parent_id"]),
        table("industry_closure")
            .tenant_id()
            .refers("ancestor_id", "industry")
            .refers("descendant_id", "industry")
            .integer("depth")
            .primary_key(&["tenant_id", "ancestor_id", "descendant_id"])
            .index(&["descendant_id"]),
        table("account")
            .keyed()
            .text("name")
            .opt_text("legal_name")
            .json("domains")
            .opt_text("website")
            .opt_refers("industry_id", "industry")
            .opt_code(
                "size_band",
                &["MICRO", "SMALL", "MEDIUM", "LARGE", "ENTERPRISE"],
            )
            .opt_bigint("employees")
            .opt_bigint("annual_revenue_minor")
            .opt_text("currency")
            .opt_text("country")
            .opt_text("region")
            .opt_code("tier", &["KEY", "A", "B", "C"])
            .text("lifecycle_stage")
            .opt_refers("owner_id", "colleague")
            .opt_refers("parent_id", "account")
            .opt_text("description")
            .held_elsewhere()
            .deletable()
            .versioned()
            .index(&["owner_id"])
            .index(&["industry_id"])
            .index(&["parent_id"])
            .index(&["lifecycle_stage"])
            .index(&["name"]),
        table("contact")
            .keyed()
            .opt_text("given_name")
            .opt_text("family_name")
            .opt_text("salutation")
            .opt_text("language")
            .opt_text("job_title")
            .opt_code(
                "seniority",
                &["C_LEVEL", "VP", "DIRECTOR", "MANAGER", "SENIOR", "STAFF"],
            )
            .opt_code(
                "buying_role",
                &[
                    "DECISION_MAKER",
                    "CHAMPION",
                    "INFLUENCER",
                    "USER",
                    "BLOCKER",
                    "BUYER",
                ],
            )
            .text("lifecycle_stage")
            .opt_refers("owner_id", "colleague")
            .opt_refers("account_id", "account")
            .opt_time("erased_at")
            .held_elsewhere()
            .deletable()
            .versioned()
            .index(&["account_id"])
            .index(&["owner_id"])
            .index(&["lifecycle_stage"]),
        table("contact_point")
            .keyed()
            .opt_refers("contact_id", "contact")
            .opt_refers("account_id", "account")
            .code("kind", CONTACT_POINT_KIND)
            .opt_text("label")
            .opt_text("value")
            .opt_text("value_hash")
            .boolean("is_primary")
            .opt_time("verified_at")
            .versioned()
            .index(&["contact_id"])
            .index(&["account_id"])
            .index(&["kind", "value_hash"]),
        table("employment")
            .keyed()
            .refers("contact_id", "contact")
            .refers("account_id", "account")
            .opt_text("title")
            .opt_time("valid_from")
            .opt_time("valid_to")
            .boolean("is_primary")
            .versioned()
            .index(&["contact_id"])
            .index(&["account_id"]),
        table("visitor")
            .keyed()
            .time("first_seen_at")
            .time("last_seen_at")
            .code("consent_state", CONSENT_STATE)
            .opt_refers("contact_id", "contact")
            .opt_refers("account_id", "account")
            .versioned()
            .index(&["contact_id"])
            .index(&["account_id"]),
        table("identity")
            .keyed()
            .code("kind", IDENTITY_KIND)
            .text("value_hash")
            .code("strength", &["STRONG", "MEDIUM", "WEAK"])
            .code("subject_type", SUBJECT_TYPE)
            .uuid("subject_id")
            .time("valid_from")
            .opt_time("valid_to")
            .opt_uuid("identity_rule_id")
            .versioned()
            .index(&["kind", "value_hash"])
            .index(&["subject_type", "subject_id"]),
        table("identity_rule")
            .keyed()
            .of_tenant()
            .code("kind", IDENTITY_KIND)
            .integer("max_per_subject")
            .integer("max_subjects_per_value")
            .boolean("auto_merge")
            .integer("priority")
            .versioned()
            .unique(&["kind"]),
        table("merge_operation")
            .keyed()
            .code("subject_type", SUBJECT_TYPE)
            .uuid("survivor_id")
            .uuid("merged_id")
            .opt_text("reason")
            .opt_refers("actor_id", "colleague")
            .time("merged_at")
            .opt_time("undone_at")
            .opt_json("before_image")
            .index(&["subject_type", "survivor_id"])
            .index(&["subject_type", "merged_id"]),
        table("id_redirect")
            .tenant_id()
            .code("subject_type", SUBJECT_TYPE)
            .uuid("old_id")
            .uuid("new_id")
            .opt_refers("merge_operation_id", "merge_operation")
            .time("redirected_at")
            .primary_key(&["tenant_id", "subject_type", "old_id"])
            .index(&["subject_type", "new_id"]),
        table("account_team_member")
            .keyed()
            .refers("account_id", "account")
            .refers("colleague_id", "colleague")
            .code("discipline", DISCIPLINE)
            .boolean("is_lead")
            .code("access_account", ACCESS_LEVEL)
            .code("access_marketing", ACCESS_LEVEL)
            .code("access_sales", ACCESS_LEVEL)
            .code("access_service", ACCESS_LEVEL)
            .time("valid_from")
            .opt_time("valid_to")
            .versioned()
            .index(&["account_id"])
            .index(&["colleague_id"]),
        table("industry_team_member")
            .keyed()
            .refers("industry_id", "industry")
            .refers("colleague_id", "colleague")
            .code("discipline", DISCIPLINE)
            .boolean("is_lead")
            .code("access_account", ACCESS_LEVEL)
            .code("access_marketing", ACCESS_LEVEL)
            .code("access_sales", ACCESS_LEVEL)
            .code("access_service", ACCESS_LEVEL)
            .time("valid_from")
            .opt_time("valid_to")
            .versioned()
            .index(&["industry_id"])
            .index(&["colleague_id"]),
        table("consent")
            .keyed()
            .refers("contact_id", "contact")
            .code(
                "purpose",
                &["MARKETING", "ANALYTICS", "PROFILING", "SERVICE"],
            )
            .opt_code("channel", CONTACT_POINT_KIND)
            .code("state", CONSENT_STATE)
            .opt_code(
                "legal_basis",
                &[
                    "CONSENT",
                    "CONTRACT",
                    "LEGAL_OBLIGATION",
                    "VITAL_INTEREST",
                    "PUBLIC_TASK",
                    "LEGITIMATE_INTEREST",
                ],
            )
            .opt_text("source")
            .opt_text("proof")
            .time("valid_from")
            .opt_time("valid_to")
            .versioned()
            .index(&["contact_id", "purpose"]),
    ]
}
