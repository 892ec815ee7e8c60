//! The list. Its order is that of the customer's way.

use async_graphql::Enum;
use entities::codes::Discipline;
use sea_orm::sea_query::{Expr, ExprTrait};

use super::{Clock, Dated, Definition, Derivation, Measure, Reason, Unit, declare::metrics};
use crate::{
    analytics::fact::{Fact, SOLVED},
    policy::{Class, Type},
};

fn f(column: &'static str) -> Expr {
    Expr::col(("f", column))
}

fn has(column: &'static str) -> Expr {
    f(column).is_not_null()
}

const DAY_OF_CLOSE: Dated = Dated::Day("close_date");
const M2S: &str = "MARKETING_TO_SALES";

fn to_sales() -> Expr {
    f("boundary").eq(M2S)
}
fn accepted() -> Expr {
    f("outcome").is_in(["ACCEPTED", "RETURNED"])
}
fn rejected() -> Expr {
    f("outcome").eq("REJECTED")
}
fn decided() -> Expr {
    accepted().or(rejected())
}
fn closed() -> Expr {
    f("standing").is_in(["WON", "LOST"])
}
fn counted_close() -> Expr {
    closed().and(f("duplicate").eq(0))
}
fn won() -> Expr {
    f("standing").eq("WON")
}
fn slipped() -> Expr {
    f("standing").eq("OPEN").and(f("close_date").gt(f("close_before")))
}
fn to_sales_first() -> Expr {
    to_sales().and(f("first").eq(1))
}
fn reopened() -> Expr {
    f("before").is_in(SOLVED).and(f("stage").is_not_in(SOLVED))
}

metrics! {
    /// Touches between the market and the company, online and offline.
    Touches = "TOUCHES" v 1 {
        "touches dated in the period", "graph: touchpoint";
        Touch of Marketing, Touch at "at"; is Measure::Count; needs [Touchpoint P]
    }
    /// Different persons who were touched.
    PersonsReached = "PERSONS_REACHED" v 1 {
        "different contacts, and visitors whose name is not known, touched in the period", "A16, reach";
        Person of Marketing, Touch at "at"; only (|| has("person")); is Measure::Persons; needs [Touchpoint P]
    }
    /// Leads that came in.
    Leads = "LEADS" v 1 {
        "leads created in the period", "A16";
        Lead of Marketing, Lead at "at"; is Measure::Count; needs [Lead P]
    }
    /// Leads that qualified for marketing.
    Mqls = "MQLS" v 1 {
        "leads whose qualification is dated in the period", "A16";
        Lead of Marketing, Lead at "mql_at"; only (|| has("mql_at")); is Measure::Count; needs [Lead P]
    }
    /// Marketing-qualified leads out of the leads that came in.
    MqlRate = "MQL_RATE" v 1 {
        "of the leads created in the period, those that have qualified by now", "A3, cohort by creation";
        Share of Marketing, Lead at "at"; is Measure::Share { of: || has("mql_at"), open: None }; needs [Lead P]
    }
    /// What campaigns cost.
    CampaignCost = "CAMPAIGN_COST" v 1 {
        "cost rows, each spread evenly over its days, the days in the period", "A9";
        Money of Marketing, Cost at "first_day"; is Measure::Spread; needs [CampaignCost M]
    }
    /// Offers that marketing made to sales.
    Offers = "OFFERS" v 1 {
        "offers from marketing to sales made in the period", "A2";
        Offer of Marketing, Handover at "at"; only to_sales; is Measure::Count; needs [Handover P]
    }
    /// Different leads that marketing offered to sales.
    LeadsOffered = "LEADS_OFFERED" v 1 {
        "different leads offered from marketing to sales in the period: offered twice counts once", "A2, second unit";
        Lead of Marketing, Handover at "at"; only to_sales; is Measure::Persons; needs [Handover P]
    }
    /// Offers that sales took.
    Accepted = "ACCEPTED" v 1 {
        "of the offers made in the period, those that sales accepted, given back later or not", "A2, SAL";
        Offer of Sales, Handover at "at"; only (|| to_sales().and(accepted())); is Measure::Count; needs [Handover P]
    }
    /// Sales took out of what it decided.
    AcceptanceRate = "ACCEPTANCE_RATE" v 1 {
        "accepted / (accepted + rejected), of the offers made in the period", "A2; Wilson interval 95 %";
        Share of Sales, Handover at "at"; only (|| to_sales().and(decided())); is Measure::Share { of: accepted, open: None };
        excluded [(Undecided, || to_sales().and(f("outcome").is_null().or(f("outcome").is_in(["EXPIRED", "RECALLED"]))))];
        needs [Handover P]
    }
    /// Sales decided out of what it was offered.
    DecidedRate = "DECIDED_RATE" v 1 {
        "(accepted + rejected) / offered, of the offers made in the period", "A2";
        Share of Sales, Handover at "at"; only to_sales; is Measure::Share { of: decided, open: None }; needs [Handover P]
    }
    /// Sales decided in time out of what it was offered.
    OnTimeRate = "ON_TIME_RATE" v 1 {
        "decided before the deadline / offered, of the offers made in the period; without a deadline every decision is in time", "A2";
        Share of Sales, Handover at "at"; only to_sales;
        is Measure::Share { of: || decided().and(f("due_at").is_null().or(f("decided_at").lte(f("due_at")))), open: None };
        needs [Handover P]
    }
    /// Offers that sales refused; by REASON it is the Pareto of refusals.
    Rejected = "REJECTED" v 1 {
        "of the offers made in the period, those that sales rejected", "A2";
        Offer of Sales, Handover at "at"; only (|| to_sales().and(rejected())); is Measure::Count; needs [Handover P]
    }
    /// Offers that were accepted by a rule, with nobody's decision.
    AutoAccepted = "AUTO_ACCEPTED" v 1 {
        "of the offers made in the period, those accepted without a person's decision", "A2, counted separately";
        Offer of Sales, Handover at "at"; only (|| to_sales().and(accepted()).and(f("by_nobody").eq(true))); is Measure::Count;
        needs [Handover P]
    }
    /// The mark that sales gave to what marketing offered, 1 to 5.
    OfferRating = "OFFER_RATING" v 1 {
        "mean of the marks given, of the offers made in the period", "graph: handover.rating";
        Point of Sales, Handover at "at"; only (|| to_sales().and(has("rating"))); is Measure::Mean("rating"); needs [Handover P]
    }
    /// How long an offered lead waits for a person's first word, by the calendar.
    LeadResponseTime = "LEAD_RESPONSE_TIME" v 1 {
        "first outbound human touch (call, mail, chat, visit, meeting booked) by the receiving team at or after the offer, and before the lead was offered to the next − offer; 0 where it came before the first offer", "A1, owner clock";
        Millisecond of Sales, Handover at "at"; only to_sales; is Measure::Duration { from: "at", to: "touched_at", zero: Some(|| has("touched_before")), clock: Clock::Calendar };
        excluded [
            (PreOffer, || to_sales().and(has("touched_before"))),
            (Unfinished, || to_sales().and(f("touched_at").is_null()).and(f("touched_before").is_null()))
        ];
        needs [Handover P]
    }
    /// How long an offered lead waits for a person's first word, in business hours.
    LeadResponseBusinessTime = "LEAD_RESPONSE_BUSINESS_TIME" v 1 {
        "first outbound human touch (call, mail, chat, visit, meeting booked) by the receiving team at or after the offer, and before the lead was offered to the next − offer; 0 where it came before the first offer, in the hours of the company's calendar", "A1, owner clock, business hours";
        Millisecond of Sales, Handover at "at"; only to_sales; is Measure::Duration { from: "at", to: "touched_at", zero: Some(|| has("touched_before")), clock: Clock::Business };
        excluded [
            (PreOffer, || to_sales().and(has("touched_before"))),
            (Unfinished, || to_sales().and(f("touched_at").is_null()).and(f("touched_before").is_null()))
        ];
        needs [Handover P]
    }
    /// How long a lead waits for a person's first word since it was first offered, by the calendar.
    SpeedToLead = "SPEED_TO_LEAD" v 1 {
        "first outbound human touch by the team that the lead is with at that moment − first offer of the lead: another offer does not restart it; 0 where it came before; of the leads first offered in the period", "A1, lead clock";
        Millisecond of Sales, Handover at "at"; only to_sales_first; is Measure::Duration { from: "at", to: "lead_touched_at", zero: Some(|| has("touched_before")), clock: Clock::Calendar };
        excluded [
            (PreOffer, || to_sales_first().and(has("touched_before"))),
            (Unfinished, || to_sales_first().and(f("lead_touched_at").is_null()).and(f("touched_before").is_null()))
        ];
        needs [Handover P]
    }
    /// How long a lead waits for a person's first word since it was first offered, in business hours.
    SpeedToLeadBusiness = "SPEED_TO_LEAD_BUSINESS" v 1 {
        "SPEED_TO_LEAD in the hours of the company's calendar", "A1, lead clock, business hours";
        Millisecond of Sales, Handover at "at"; only to_sales_first; is Measure::Duration { from: "at", to: "lead_touched_at", zero: Some(|| has("touched_before")), clock: Clock::Business };
        excluded [
            (PreOffer, || to_sales_first().and(has("touched_before"))),
            (Unfinished, || to_sales_first().and(f("lead_touched_at").is_null()).and(f("touched_before").is_null()))
        ];
        needs [Handover P]
    }
    /// Persons whom sales found qualified.
    Sqls = "SQLS" v 1 {
        "different persons who came to stage SQL in the period", "A16, SQL";
        Person of Sales, Lifecycle at "at"; only (|| f("stage").eq("SQL")); is Measure::Persons; needs [Lead P]
    }
    /// Opportunities that were opened.
    OpportunitiesCreated = "OPPORTUNITIES_CREATED" v 1 {
        "opportunities created in the period", "A16";
        Opportunity of Sales, Opportunity at "at"; is Measure::Count; needs [Opportunity P]
    }
    /// Opportunities that were won.
    Won = "WON" v 1 {
        "opportunities whose last close is dated in the period and is a win", "A5";
        Opportunity of Sales, Opportunity at "entered_at"; only won; is Measure::Count; needs [Opportunity P]
    }
    /// Opportunities that were lost.
    Lost = "LOST" v 1 {
        "opportunities whose last close is dated in the period and is a loss; duplicates do not count", "A5";
        Opportunity of Sales, Opportunity at "entered_at"; only (|| f("standing").eq("LOST").and(f("duplicate").eq(0))); is Measure::Count;
        excluded [(Duplicate, || closed().and(f("duplicate").eq(1)))];
        needs [Opportunity P]
    }
    /// Won out of closed, by the period in which they closed.
    WinRate = "WIN_RATE" v 1 {
        "won / (won + lost), of the opportunities whose last close is dated in the period; duplicates do not count, no decision is lost", "A5";
        Share of Sales, Opportunity at "entered_at"; only counted_close; is Measure::Share { of: won, open: None };
        excluded [(Duplicate, || closed().and(f("duplicate").eq(1)))];
        needs [Opportunity P]
    }
    /// Won out of created, by the period in which they were created.
    CohortWinRate = "COHORT_WIN_RATE" v 1 {
        "won / created, of the opportunities created in the period; mature when none of them is open", "A5, cohort";
        Share of Sales, Opportunity at "at"; only (|| f("duplicate").eq(0)); is Measure::Share { of: won, open: Some(|| f("standing").eq("OPEN")) };
        excluded [(Duplicate, || closed().and(f("duplicate").eq(1)))];
        needs [Opportunity P]
    }
    /// Won value out of closed value.
    WinRateByValue = "WIN_RATE_BY_VALUE" v 1 {
        "value won / value won and lost, of the opportunities whose last close is dated in the period", "A5, by value";
        Share of Sales, Opportunity at "entered_at"; only counted_close; is Measure::MoneyShare { of: won, dated: DAY_OF_CLOSE };
        needs [Opportunity P, Opportunity M]
    }
    /// What was won.
    WonValue = "WON_VALUE" v 1 {
        "amounts of the opportunities whose last close is dated in the period and is a win, at the rate of their close date", "A16, revenue";
        Money of Sales, Opportunity at "entered_at"; only won; is Measure::Money(DAY_OF_CLOSE); needs [Opportunity P, Opportunity M]
    }
    /// What the wins that are credited to a campaign brought.
    CampaignWonValue = "CAMPAIGN_WON_VALUE" v 1 {
        "WON_VALUE of the opportunities with a primary campaign", "A9, a part";
        Money of Marketing, Opportunity at "entered_at"; only (|| won().and(has("campaign"))); is Measure::Money(DAY_OF_CLOSE);
        needs [Opportunity P, Opportunity M]
    }
    /// What a won opportunity brings on average.
    AverageWonValue = "AVERAGE_WON_VALUE" v 1 {
        "WON_VALUE / those won that say an amount", "A7, a part";
        Money of Sales, Opportunity at "entered_at"; only won; is Measure::MoneyMean(DAY_OF_CLOSE); needs [Opportunity P, Opportunity M]
    }
    /// How long it takes to win.
    SalesCycle = "SALES_CYCLE" v 1 {
        "last close − creation, of the opportunities whose last close is dated in the period and is a win", "A6";
        Millisecond of Sales, Opportunity at "entered_at"; only won; is Measure::Duration { from: "at", to: "entered_at", zero: None, clock: Clock::Calendar }; needs [Opportunity P]
    }
    /// Opportunities that are open at the end of each bucket.
    OpenOpportunities = "OPEN_OPPORTUNITIES" v 1 {
        "opportunities in an open stage at the end of the bucket, by their history", "A8";
        Opportunity of Sales, Snapshot at "at"; only (|| f("standing").eq("OPEN")); is Measure::Standing; needs [Opportunity P]
    }
    /// What open opportunities are worth at the end of each bucket.
    PipelineValue = "PIPELINE_VALUE" v 1 {
        "amounts of the opportunities in an open stage at the end of the bucket, as they were then", "A8";
        Money of Sales, Snapshot at "at"; only (|| f("standing").eq("OPEN")); is Measure::StandingMoney { weighted: false };
        needs [Opportunity P, Opportunity M]
    }
    /// What open opportunities are worth at the end of each bucket, each by its probability.
    PipelineWeighted = "PIPELINE_WEIGHTED" v 1 {
        "Σ amount × probability of the opportunities in an open stage at the end of the bucket, as they were then", "A8";
        Money of Sales, Snapshot at "at"; only (|| f("standing").eq("OPEN")); is Measure::StandingMoney { weighted: true };
        needs [Opportunity P, Opportunity M]
    }
    /// Close dates that were put off.
    Slippages = "SLIPPAGES" v 1 {
        "changes in the period by which an opportunity that was open and stays open got a later close date", "A8, slippage";
        Opportunity of Sales, Snapshot at "at"; only slipped; is Measure::Count; needs [Opportunity P]
    }
    /// Opportunities whose close date was put off.
    SlippedOpportunities = "SLIPPED_OPPORTUNITIES" v 1 {
        "different opportunities of SLIPPAGES: put off twice counts once", "A8, slippage";
        Opportunity of Sales, Snapshot at "at"; only slipped; is Measure::Persons; needs [Opportunity P]
    }
    /// What was put off.
    SlippedValue = "SLIPPED_VALUE" v 1 {
        "amounts of SLIPPAGES as they were then, each time that they were put off, at the rate of that day", "A8, slippage";
        Money of Sales, Snapshot at "at"; only slipped; is Measure::Money(Dated::Moment); needs [Opportunity P, Opportunity M]
    }
    /// Meetings that were held.
    MeetingsHeld = "MEETINGS_HELD" v 1 {
        "meetings with outcome HELD that began in the period", "graph: meeting";
        Meeting of Sales, Meeting at "at"; only (|| f("outcome").eq("HELD")); is Measure::Count; needs [Meeting P]
    }
    /// Calls, mails, chats and visits.
    Activities = "ACTIVITIES" v 1 {
        "activities dated in the period", "graph: activity";
        Activity of Sales, Activity at "at"; is Measure::Count; needs [Activity P]
    }
    /// Orders that were placed.
    Orders = "ORDERS" v 1 {
        "orders placed in the period, cancelled ones left out", "graph: order";
        Order of Sales, Order at "at"; only (|| f("status").ne("CANCELLED")); is Measure::Count; needs [Order P]
    }
    /// What was ordered.
    OrderValue = "ORDER_VALUE" v 1 {
        "totals of the orders placed in the period, cancelled ones left out, at the rate of the day of the order", "graph: order";
        Money of Sales, Order at "at"; only (|| f("status").ne("CANCELLED")); is Measure::Money(Dated::Moment); needs [Order P, Order M]
    }
    /// Accounts that became customers.
    NewCustomers = "NEW_CUSTOMERS" v 1 {
        "accounts whose first won opportunity ever, or order that is of none, is dated in the period", "A14";
        Account of Sales, Customer at "at"; is Measure::Count; needs [Opportunity P, Order P]
    }
    /// New customers who stayed customers.
    RepeatCustomerRate = "REPEAT_CUSTOMER_RATE" v 1 {
        "of the accounts that became customers in the period, those that were won or ordered again since", "A15, retention of the cohort";
        Share of Service, Customer at "at"; is Measure::Share { of: || has("again_at"), open: None }; needs [Opportunity P, Order P]
    }
    /// Contracts that were signed.
    ContractsSigned = "CONTRACTS_SIGNED" v 1 {
        "contracts signed in the period", "graph: contract";
        Contract of Sales, Contract at "at"; only (|| has("at")); is Measure::Count; needs [Order P]
    }
    /// Tickets that came in.
    Tickets = "TICKETS" v 1 {
        "tickets created in the period", "A13";
        Ticket of Service, Ticket at "at"; is Measure::Count; needs [Ticket P "status"]
    }
    /// Tickets that were solved.
    TicketsSolved = "TICKETS_SOLVED" v 1 {
        "tickets whose last solution is dated in the period, by their history; closed without one counts", "A12";
        Ticket of Service, Ticket at "solved_at"; only (|| has("solved_at")); is Measure::Count; needs [Ticket P]
    }
    /// How often tickets were solved.
    Solutions = "SOLUTIONS" v 1 {
        "times in the period that a ticket was solved, or closed without, by its history", "A13, flow";
        Ticket of Service, TicketStage at "at"; only (|| f("stage").is_in(SOLVED).and(f("before").is_null().or(f("before").is_not_in(SOLVED))));
        is Measure::Count; needs [Ticket P]
    }
    /// How often tickets had to be opened again.
    Reopened = "REOPENED" v 1 {
        "times in the period that a ticket was taken up again after it was solved or closed, by its history", "A13, flow";
        Ticket of Service, TicketStage at "at"; only reopened; is Measure::Count; needs [Ticket P]
    }
    /// By how much the backlog grew.
    BacklogChange = "BACKLOG_CHANGE" v 1 {
        "TICKETS − SOLUTIONS + REOPENED, by the history of the tickets: BACKLOG at the end of the period less BACKLOG before it", "A13, net flow";
        Ticket of Service, TicketStage at "at"; only (|| f("flow").ne(0)); is Measure::Sum("flow"); needs [Ticket P]
    }
    /// How long a customer waits for the first human answer.
    FirstResponseTime = "FIRST_RESPONSE_TIME" v 1 {
        "first public human answer − creation, of the tickets created in the period", "A10, calendar";
        Millisecond of Service, Ticket at "at"; is Measure::Duration { from: "at", to: "answered_at", zero: None, clock: Clock::Calendar };
        excluded [(Unfinished, || f("answered_at").is_null())];
        needs [Ticket P]
    }
    /// How long a customer waits for the first human answer, in business hours.
    FirstResponseBusinessTime = "FIRST_RESPONSE_BUSINESS_TIME" v 1 {
        "first public human answer − creation, of the tickets created in the period, in the hours of the company's calendar", "A10, business hours";
        Millisecond of Service, Ticket at "at"; is Measure::Duration { from: "at", to: "answered_at", zero: None, clock: Clock::Business };
        excluded [(Unfinished, || f("answered_at").is_null())];
        needs [Ticket P]
    }
    /// How long a customer waits for a further human answer.
    NextResponseTime = "NEXT_RESPONSE_TIME" v 1 {
        "next public human answer or solution − first message that is not answered, of the waits that began in the period, after the first answer; none runs while the last public message is ours", "A11, calendar";
        Millisecond of Service, NextResponse at "at"; is Measure::Duration { from: "at", to: "until", zero: None, clock: Clock::Calendar };
        excluded [(Unfinished, || f("until").is_null()), (SolvedUnanswered, || f("unanswered").eq(1))];
        needs [Ticket P]
    }
    /// How long a customer waits for a further human answer, in business hours.
    NextResponseBusinessTime = "NEXT_RESPONSE_BUSINESS_TIME" v 1 {
        "NEXT_RESPONSE_TIME in the hours of the company's calendar", "A11, business hours";
        Millisecond of Service, NextResponse at "at"; is Measure::Duration { from: "at", to: "until", zero: None, clock: Clock::Business };
        excluded [(Unfinished, || f("until").is_null()), (SolvedUnanswered, || f("unanswered").eq(1))];
        needs [Ticket P]
    }
    /// How long it takes to the first solution.
    FirstResolutionTime = "FIRST_RESOLUTION_TIME" v 1 {
        "first solution − creation, of the tickets created in the period, opened again later or not; closed without one counts", "A12, first resolution, calendar";
        Millisecond of Service, Ticket at "at"; is Measure::Duration { from: "at", to: "first_solved_at", zero: None, clock: Clock::Calendar };
        excluded [(Unfinished, || f("first_solved_at").is_null())];
        needs [Ticket P]
    }
    /// How long it takes to the first solution, in business hours.
    FirstResolutionBusinessTime = "FIRST_RESOLUTION_BUSINESS_TIME" v 1 {
        "FIRST_RESOLUTION_TIME in the hours of the company's calendar", "A12, first resolution, business hours";
        Millisecond of Service, Ticket at "at"; is Measure::Duration { from: "at", to: "first_solved_at", zero: None, clock: Clock::Business };
        excluded [(Unfinished, || f("first_solved_at").is_null())];
        needs [Ticket P]
    }
    /// How long it takes to the last solution.
    ResolutionTime = "RESOLUTION_TIME" v 1 {
        "last solution − creation, of the tickets created in the period", "A12, full resolution, calendar";
        Millisecond of Service, Ticket at "at"; is Measure::Duration { from: "at", to: "solved_at", zero: None, clock: Clock::Calendar };
        excluded [(Unfinished, || f("solved_at").is_null())];
        needs [Ticket P]
    }
    /// How long it takes to the last solution, in business hours.
    ResolutionBusinessTime = "RESOLUTION_BUSINESS_TIME" v 1 {
        "last solution − creation, of the tickets created in the period, in the hours of the company's calendar", "A12, full resolution, business hours";
        Millisecond of Service, Ticket at "at"; is Measure::Duration { from: "at", to: "solved_at", zero: None, clock: Clock::Business };
        excluded [(Unfinished, || f("solved_at").is_null())];
        needs [Ticket P]
    }
    /// Tickets that wait at the end of each bucket.
    Backlog = "BACKLOG" v 1 {
        "tickets neither solved nor closed at the end of the bucket, by their history", "A13";
        Ticket of Service, TicketStage at "at"; only (|| f("stage").is_not_in(["SOLVED", "CLOSED"])); is Measure::Standing; needs [Ticket P]
    }
    /// Promises that were kept out of those that ended.
    SlaAttainment = "SLA_ATTAINMENT" v 1 {
        "met / (met + breached), of the promises that began in the period; those that run and are not due are left out", "A13, attainment";
        Share of Service, Promise at "at"; only (|| has("met_at").or(has("breached_at")));
        is Measure::Share { of: || has("met_at").and(f("breached_at").is_null()), open: None };
        excluded [(Running, || f("met_at").is_null().and(f("breached_at").is_null()))];
        needs [ServiceLevel P]
    }
    /// How content customers are with a case.
    Csat = "CSAT" v 1 {
        "answers 4 and 5 / answers, on the scale of 1 to 5, by the date of the answer; of a ticket the last answer inside 7 days from the first counts", "A13, CSAT";
        Share of Service, Answer at "at"; only (|| f("survey").eq("CSAT").and(f("scale").eq(5))); is Measure::Share { of: || f("score").gte(4), open: None };
        excluded [(OtherScale, || f("survey").eq("CSAT").and(f("scale").ne(5)))];
        needs [ServiceLevel P]
    }
    /// How many customers say how content they are.
    CsatResponseRate = "CSAT_RESPONSE_RATE" v 1 {
        "of the tickets whose last solution is dated in the period, those with an answer to CSAT by now: each solved ticket is a survey that is due", "A13, response rate";
        Share of Service, Ticket at "solved_at"; only (|| has("solved_at")); is Measure::Share { of: || f("surveyed").eq(1), open: None };
        needs [Ticket P, ServiceLevel P]
    }
    /// Whether customers recommend the company.
    Nps = "NPS" v 1 {
        "share of 9 and 10 less share of 0 to 6, on the scale of 0 to 10, by the date of the answer; of a ticket the last answer inside 7 days from the first counts", "A13, NPS";
        Balance of Service, Answer at "at"; only (|| f("survey").eq("NPS").and(f("scale").eq(10)));
        is Measure::Balance { plus: || f("score").gte(9), minus: || f("score").lte(6) };
        excluded [(OtherScale, || f("survey").eq("NPS").and(f("scale").ne(10)))];
        needs [ServiceLevel P]
    }
    /// What a lead cost.
    CostPerLead = "COST_PER_LEAD" v 1 {
        "CAMPAIGN_COST / LEADS", "A14";
        Money of Marketing, Cost at "first_day"; is Measure::Derived(Derivation::Over(Metric::CampaignCost, Metric::Leads));
        needs [CampaignCost M, Lead P]
    }
    /// What a marketing-qualified lead cost.
    CostPerMql = "COST_PER_MQL" v 1 {
        "CAMPAIGN_COST / MQLS", "A14";
        Money of Marketing, Cost at "first_day"; is Measure::Derived(Derivation::Over(Metric::CampaignCost, Metric::Mqls));
        needs [CampaignCost M, Lead P]
    }
    /// What a lead that sales accepted cost.
    CostPerSal = "COST_PER_SAL" v 1 {
        "CAMPAIGN_COST / ACCEPTED", "A14";
        Money of Marketing, Cost at "first_day"; is Measure::Derived(Derivation::Over(Metric::CampaignCost, Metric::Accepted));
        needs [CampaignCost M, Handover P]
    }
    /// What an opportunity cost.
    CostPerOpportunity = "COST_PER_OPPORTUNITY" v 1 {
        "CAMPAIGN_COST / OPPORTUNITIES_CREATED", "A14";
        Money of Marketing, Cost at "first_day"; is Measure::Derived(Derivation::Over(Metric::CampaignCost, Metric::OpportunitiesCreated));
        needs [CampaignCost M, Opportunity P]
    }
    /// What a new customer cost.
    Cac = "CAC" v 1 {
        "CAMPAIGN_COST / NEW_CUSTOMERS; what sales cost is in it where it is told as the cost of a campaign of type OUTBOUND", "A14";
        Money of Marketing, Cost at "first_day"; is Measure::Derived(Derivation::Over(Metric::CampaignCost, Metric::NewCustomers));
        needs [CampaignCost M, Opportunity P, Order P]
    }
    /// What the primary campaigns' wins brought over what the campaigns cost.
    Roi = "ROI" v 1 {
        "(CAMPAIGN_WON_VALUE − CAMPAIGN_COST) / CAMPAIGN_COST: cash view, cost and wins of the same period, credit to the primary campaign", "A9";
        Share of Marketing, Cost at "first_day"; is Measure::Derived(Derivation::Return(Metric::CampaignWonValue, Metric::CampaignCost));
        needs [CampaignCost M, Opportunity P, Opportunity M]
    }
    /// What a unit of money spent on campaigns brought.
    Roas = "ROAS" v 1 {
        "CAMPAIGN_WON_VALUE / CAMPAIGN_COST: cash view, cost and wins of the same period, credit to the primary campaign", "A9";
        Share of Marketing, Cost at "first_day"; is Measure::Derived(Derivation::Over(Metric::CampaignWonValue, Metric::CampaignCost));
        needs [CampaignCost M, Opportunity P, Opportunity M]
    }
}
