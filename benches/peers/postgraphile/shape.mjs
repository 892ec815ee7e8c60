// PostGraphile's answers in Journey's shape: its ids have no prefix, its names two parts, its amounts minor units.
const name = ({ givenName, familyName }) => [givenName, familyName].filter((part) => part !== null).join(" ") || null;
const id = (prefix, of) => `${prefix}_${of}`;
const named = (prefix, of) => of && { id: id(prefix, of.rowId), name: of.name };
const person = (of) => of && { id: id("con", of.rowId), name: name(of) };
/** Nodes of a list: an id with a prefix, and the other fields as they are, unless they are made anew. */
const nodes = (prefix, list, more = () => ({})) => ({
  nodes: list.nodes.map(({ rowId, ...rest }) => ({ id: id(prefix, rowId), ...rest, ...more(rest) })),
});

const timeline = ({ nodes, pageInfo }) => ({
  nodes: nodes.map(({ eventId, contact, campaign, ...rest }) => ({
    id: id("evt", eventId),
    ...rest,
    contact: person(contact),
    campaign: named("cmp", campaign),
  })),
  pageInfo,
});

const decimals = { JPY: 0 };
function money(minor, currency = "EUR") {
  if (minor === null) return null;
  const places = decimals[currency] ?? 2;
  return { amount: (Number(minor) / 10 ** places).toFixed(places), currency };
}

const lookup = ({ account }) => {
  if (!account) return { account };
  const { rowId, ...rest } = account;
  return { account: { id: id("acc", rowId), ...rest } };
};

const page = ({ account }) => ({ account: account && { id: id("acc", account.rowId), name: account.name, timeline: timeline(account.events) } });

const account360 = ({ account }) => {
  if (!account) return { account };
  const { rowId, owner, team, contacts, openOpportunities, meetings, openTickets, events, ...rest } = account;
  const people = nodes("con", contacts, (row) => ({ name: name(row) })).nodes.map(({ givenName, familyName, ...row }) => row);
  const deals = nodes("opp", openOpportunities, (row) => ({ amount: money(row.amountMinor, row.currency) }));
  return {
    account: {
      id: id("acc", rowId),
      ...rest,
      owner: named("col", owner),
      team: nodes("atm", team, (row) => ({ colleague: named("col", row.colleague) })),
      contacts: { nodes: people },
      openOpportunities: { nodes: deals.nodes.map(({ amountMinor, currency, ...row }) => row) },
      meetings: nodes("mtg", meetings),
      openTickets: nodes("tic", openTickets),
      timeline: timeline(events),
    },
  };
};

export const fromPostgraphile = { timeline: page, filtered: page, lookup, account360 };
