//! Identities: the values by which visitors, people and companies are recognised, and the rules about them. The values themselves
//! are hashes and never shown. What links and merges by them stands elsewhere; here they are read, and the rules are kept.

use chrono::{DateTime, Utc};
use entities::{
    account::{identity, identity_rule},
    codes::{IdentityKind, IdentityStrength, SubjectType},
};

use crate::{
    editable,
    graph::{AnyOf, Error, GlobalId, Ids, IntFilter, Result, TimeFilter},
    journey::{Work, events::kind_of},
    listed, object, removal,
};

object! {
    /// A value that recognises somebody: a cookie, a device, an address. Kept as a hash, which is not shown.
    Identity(identity::Entity) as Visitor, id Identity {
        /// What kind of value.
        P kind: IdentityKind = |row| row.kind;
        /// How far it may be trusted.
        P strength: IdentityStrength = |row| row.strength;
        /// What it recognises: CONTACT, VISITOR or ACCOUNT.
        P subject_type: SubjectType = |row| row.subject_type;
        /// Whom it recognises.
        P subject_id: GlobalId = |row| GlobalId::new(kind_of(row.subject_type), row.subject_id);
        /// Since when it counts (UTC).
        P valid_from: DateTime<Utc> = |row| row.valid_from;
        /// Until when it counts (UTC), exclusive; null while it does.
        P valid_to: DateTime<Utc> = |row| row.valid_to;
    }
    refs {
        /// The rule that made the link; null for none, for one that is gone, and where you may not read rules.
        P rule: IdentityRule = identity_rule::Entity, |row| row.identity_rule_id;
    }
}

object! {
    /// How identities of one kind may link and merge. One rule a kind.
    IdentityRule(identity_rule::Entity) as Settings, id IdentityRule {
        /// The kind that it governs.
        P kind: IdentityKind = |row| row.kind;
        /// With more values of the kind than this, somebody is suspicious.
        P max_per_subject: i32 = |row| row.max_per_subject;
        /// With more people than this behind it, a value is shared and proves nothing.
        P max_subjects_per_value: i32 = |row| row.max_subjects_per_value;
        /// Whether a match merges without somebody's decision.
        P auto_merge: bool = |row| row.auto_merge;
        /// Which rule goes first: the lower number.
        P priority: i32 = |row| row.priority;
    }
}

editable! {
    /// Adds the rule of a kind of identity. DUPLICATE if the kind has one.
    create create_identity_rule(CreateIdentityRuleInput) -> CreateIdentityRulePayload;
    /// Changes a rule.
    update update_identity_rule(UpdateIdentityRuleInput) -> UpdateIdentityRulePayload;
    mutation IdentityRuleMutation of identity_rule: IdentityRule(identity_rule::Entity) as Settings, id IdentityRule, class P;
    once {
        /// The kind that it governs.
        P kind = kind: code(IdentityKind);
    }
    fields {
        /// With more values of the kind than this, somebody is suspicious: 1 to 1,000.
        P max_per_subject = max_per_subject: code(i32);
        /// With more people than this behind it, a value is shared and proves nothing: 1 to 1,000.
        P max_subjects_per_value = max_subjects_per_value: code(i32);
        /// Whether a match merges without somebody's decision; false unless said.
        P auto_merge = auto_merge: or(bool, false);
        /// Which rule goes first, the lower number: 0 to 1,000; 100 unless said.
        P priority = priority: or(i32, 100);
    }
    check within_bounds;
    unique kind;
}

async fn within_bounds(_: &mut Work<'_>, row: &identity_rule::Model) -> Result<()> {
    for (path, least, value) in [
        ("maxPerSubject", 1, row.max_per_subject),
        ("maxSubjectsPerValue", 1, row.max_subjects_per_value),
        ("priority", 0, row.priority),
    ] {
        if !(least..=1000).contains(&value) {
            return Err(Error::invalid(path, format!("between {least} and 1000")));
        }
    }
    Ok(())
}

listed! {
    /// One identity; null if there is none that you may see.
    identity,
    /// The identities that you may see, newest first unless sorted.
    identities: Identity(identity::Entity) as Visitor, id Identity, Falling;
    query IdentityQuery, filter IdentityFilter, sort IdentitySort {
        /// By kind.
        P kind: AnyOf<IdentityKind> = Kind;
        /// By how far it may be trusted.
        P strength: AnyOf<IdentityStrength> = Strength;
        /// By what it recognises.
        P subject_type: AnyOf<SubjectType> = SubjectType;
        /// By whom it recognises.
        P subject_id: Ids = SubjectId;
        /// By since when it counts.
        P valid_from: TimeFilter = ValidFrom;
        /// By until when it counts; `isNull: true` leaves what counts now.
        P valid_to: TimeFilter = ValidTo;
    }
}

listed! {
    /// One identity rule; null if there is none that you may see.
    identity_rule,
    /// The identity rules that you may see, oldest first unless sorted.
    identity_rules: IdentityRule(identity_rule::Entity) as Settings, id IdentityRule, Rising;
    query IdentityRuleQuery, filter IdentityRuleFilter, sort IdentityRuleSort {
        /// By kind.
        P kind: AnyOf<IdentityKind> = Kind;
        /// By whether a match merges without somebody's decision.
        P auto_merge: bool = AutoMerge;
        /// By which goes first.
        P priority: IntFilter = Priority;
    }
}

removal! {
    /// Takes a rule away. What was linked by it stays linked.
    delete_identity_rule: identity_rule::Entity as Settings, class P priority;
    mutation IdentityRuleRemoval, input DeleteIdentityRuleInput, payload DeleteIdentityRulePayload;
}
