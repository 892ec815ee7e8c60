// Starts GraphiQL with a token and a fetcher of our own: no library from elsewhere, no inline script.
//
// The token lives in sessionStorage: it ends with the tab. A link may carry it as `#token=…`; a fragment is never sent
// to a server, and it is taken out of the address bar before anything else happens.
"use strict";

(() => {
  const KEY = "journey.token";
  const API = new URL("../graphql", location.href);
  const SOCKET = Object.assign(new URL(API), { protocol: location.protocol === "https:" ? "wss:" : "ws:" });
  const EXAMPLE = `# Welcome to Journey. Ctrl-Enter runs it.
# Beside it: the docs of your own schema.

query Welcome {
  me {
    roles
  }
  __schema {
    queryType {
      fields {
        name
        description
      }
    }
  }
}
`;

  const byId = (id) => document.getElementById(id);
  const token = () => sessionStorage.getItem(KEY) ?? "";

  function setToken(value) {
    const clean = value.trim().replace(/^bearer\s+/i, "");
    if (clean) sessionStorage.setItem(KEY, clean);
    else sessionStorage.removeItem(KEY);
    show(clean ? "set" : "none", clean ? "token set" : "no token");
  }

  function show(state, text) {
    const element = byId("state");
    element.dataset.state = state;
    element.textContent = text;
  }

  const refused = () => (token() ? show("bad", "token refused") : show("none", "a token is needed"));

  function takeTokenFromAddress() {
    const given = new URLSearchParams(location.hash.slice(1)).get("token");
    if (given) setToken(given);
    if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  }

  const authorization = () => (token() ? { Authorization: `Bearer ${token()}` } : {});

  // One answer over HTTP.
  async function post(request, headers) {
    const response = await fetch(API, {
      method: "POST",
      credentials: "omit",
      headers: {
        Accept: "application/graphql-response+json, application/json;q=0.9",
        "Content-Type": "application/json",
        ...authorization(),
        ...headers,
      },
      body: JSON.stringify(request),
    });
    if (response.status === 401) refused();
    else if (response.ok && token()) show("good", "signed in");
    return response.json();
  }

  // Many answers over graphql-transport-ws: one socket an operation, so that a new token counts at once.
  function subscribe(request) {
    const queue = [];
    let wake = () => {};
    let ended = false;
    const put = (item) => {
      queue.push(item);
      wake();
    };
    const socket = new WebSocket(SOCKET, "graphql-transport-ws");
    const send = (message) => socket.send(JSON.stringify(message));
    socket.onopen = () => send({ type: "connection_init", payload: authorization() });
    socket.onmessage = ({ data }) => {
      const { type, payload } = JSON.parse(data);
      if (type === "connection_ack") send({ id: "1", type: "subscribe", payload: request });
      else if (type === "ping") send({ type: "pong" });
      else if (type === "next") put({ value: payload });
      else if (type === "error") put({ value: { errors: payload }, last: true });
      else if (type === "complete") put({ last: true });
    };
    socket.onclose = ({ code, reason }) => {
      if (code === 4403) refused();
      put(ended || code === 1000 ? { last: true } : { error: new Error(`The socket closed: ${code} ${reason}`), last: true });
    };
    const close = () => {
      ended = true;
      socket.close(1000);
    };
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      async next() {
        while (!queue.length) {
          if (ended) return { done: true, value: undefined };
          await new Promise((resolve) => (wake = resolve));
        }
        const { value, error, last } = queue.shift();
        if (last && !ended) close();
        if (error) throw error;
        return value ? { done: false, value } : { done: true, value: undefined };
      },
      async return() {
        close();
        wake();
        return { done: true, value: undefined };
      },
    };
  }

  // GraphiQL hands over the parsed document; the operation that runs decides on the transport.
  function isSubscription(request, options) {
    const operations = (options?.documentAST?.definitions ?? []).filter((d) => d.kind === "OperationDefinition");
    const chosen = request.operationName
      ? operations.find((d) => d.name?.value === request.operationName)
      : operations[0];
    return chosen?.operation === "subscription";
  }

  const fetcher = (request, options) =>
    isSubscription(request, options) ? subscribe(request) : post(request, options?.headers);

  takeTokenFromAddress();
  if (token()) setToken(token());

  const root = ReactDOM.createRoot(byId("graphiql"));
  let turn = 0;
  // a new key mounts GraphiQL anew, which reads the schema again: another token has another schema
  const render = () =>
    root.render(
      React.createElement(GraphiQL, {
        key: String(turn++),
        fetcher,
        defaultQuery: EXAMPLE,
        defaultEditorToolsVisibility: "variables",
        shouldPersistHeaders: false,
      }),
    );
  render();

  byId("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    setToken(byId("token").value);
    byId("token").value = "";
    render();
  });
  byId("forget").addEventListener("click", () => {
    setToken("");
    render();
  });
  // a link cannot carry a header, so the schema is fetched and opened as a file of this page
  byId("sdl").addEventListener("click", async (event) => {
    event.preventDefault();
    const response = await fetch(event.currentTarget.href, { headers: authorization(), credentials: "omit" });
    if (!response.ok) return refused();
    const url = URL.createObjectURL(await response.blob());
    const link = Object.assign(document.createElement("a"), { href: url, download: "schema.graphql" });
    link.click();
    URL.revokeObjectURL(url);
  });
})();
