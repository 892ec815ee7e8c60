//! Codes of webhooks.

use super::codes;

codes! {
    /// How the messages of an endpoint are signed.
    WebhookScheme {
        /// HMAC-SHA256 with a secret that both sides know: `v1`.
        Hmac = "HMAC",
        /// Ed25519: whoever receives needs the public key only: `v1a`.
        Ed25519 = "ED25519",
    }
}

codes! {
    /// Whether an endpoint is sent to.
    WebhookState {
        /// It is.
        Active = "ACTIVE",
        /// It is not: what waits for it waits.
        Disabled = "DISABLED",
    }
}

codes! {
    /// Why an endpoint is not sent to.
    WebhookDisabledReason {
        /// Somebody switched it off.
        Manual = "MANUAL",
        /// It answered 410: it wants no more.
        Gone = "GONE",
        /// It failed for too long, without one success.
        Failing = "FAILING",
        /// The colleague whose endpoint it is works here no longer.
        OwnerLeft = "OWNER_LEFT",
    }
}

codes! {
    /// What became of a message.
    WebhookDeliveryStatus {
        /// It is on its way: to be sent, or to be sent again.
        Pending = "PENDING",
        /// It was answered with 2xx.
        Delivered = "DELIVERED",
        /// All attempts of the schedule failed, or what it would have said is no longer kept.
        Failed = "FAILED",
        /// It was not sent: the endpoint's owner may not read it any more.
        Skipped = "SKIPPED",
    }
}

codes! {
    /// Why an attempt failed.
    WebhookProblem {
        /// The answer was neither 2xx nor a redirect.
        Status = "STATUS",
        /// The answer was a redirect, which is not followed.
        Redirect = "REDIRECT",
        /// No whole answer in time.
        Timeout = "TIMEOUT",
        /// No connection: no such name, nobody listens, no valid certificate, or the line broke.
        Unreachable = "UNREACHABLE",
        /// The address, or one of those that its name stands for, is not of the public internet.
        AddressRefused = "ADDRESS_REFUSED",
        /// The feed does not hold the event any more.
        NoLongerKept = "NO_LONGER_KEPT",
        /// The endpoint's owner may not read it.
        NotReadable = "NOT_READABLE",
    }
}
