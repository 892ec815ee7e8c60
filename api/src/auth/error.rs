//! Why a token was refused. The reason is for the log of who runs the server; a client always hears the same.

/// A token that was refused.
///
/// Has no `Display` on purpose: whatever can be displayed ends up in an answer some day, and an answer must not say which part of a token was
/// wrong. [`AuthError::reason`] holds nothing of the token and may be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthError(pub(super) Refusal);

impl AuthError {
    /// Why, in words, for a debug log.
    pub const fn reason(self) -> &'static str {
        self.0.reason()
    }

    /// Why, for tests and counters.
    pub const fn refusal(self) -> Refusal {
        self.0
    }
}

impl From<Refusal> for AuthError {
    fn from(refusal: Refusal) -> Self {
        AuthError(refusal)
    }
}

/// The reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Longer than any honest token.
    TooLong,
    /// Not three parts of base64url with JSON objects in the first two.
    Malformed,
    /// A header that brings its own key, or that must be understood and is not.
    ForbiddenHeader,
    /// `typ` names another kind of token.
    WrongType,
    /// No issuer of the configuration has this `iss`.
    UnknownIssuer,
    /// Another algorithm than the issuer's.
    WrongAlgorithm,
    /// No key of the issuer has this `kid`.
    UnknownKey,
    /// The signature does not fit.
    BadSignature,
    /// `aud` is missing or names others.
    WrongAudience,
    /// `exp` is missing or no time.
    NoExpiry,
    /// `exp` has passed.
    Expired,
    /// `nbf` has not come yet, or is no time.
    NotYetValid,
    /// `sub` is missing or unfit.
    NoSubject,
    /// The tenant claim is missing or unfit.
    NoTenant,
    /// No role that this house knows.
    NoRole,
    /// The grants claim narrows in a way that this house does not know.
    BadGrants,
}

impl Refusal {
    const fn reason(self) -> &'static str {
        match self {
            Refusal::TooLong => "the token is too long",
            Refusal::Malformed => "the token is malformed",
            Refusal::ForbiddenHeader => "the token has a forbidden header",
            Refusal::WrongType => "the token is of another type",
            Refusal::UnknownIssuer => "the token's issuer is unknown",
            Refusal::WrongAlgorithm => "the token's algorithm is not the issuer's",
            Refusal::UnknownKey => "the token's key is unknown",
            Refusal::BadSignature => "the token's signature is wrong",
            Refusal::WrongAudience => "the token is for another audience",
            Refusal::NoExpiry => "the token has no expiry",
            Refusal::Expired => "the token has expired",
            Refusal::NotYetValid => "the token is not valid yet",
            Refusal::NoSubject => "the token has no subject",
            Refusal::NoTenant => "the token has no tenant",
            Refusal::NoRole => "the token has no known role",
            Refusal::BadGrants => "the token's grants are malformed",
        }
    }
}
