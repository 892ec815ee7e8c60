// Waits that end.

/** What `promise` gives, or a failure that says what was waited for. */
export async function within(promise, what, ms = 20_000) {
  let late;
  const timeout = new Promise((_, fail) => {
    late = setTimeout(() => fail(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(late);
  }
}

/** A list that others fill; `upTo(n)` waits until it holds n. */
export function arrivals() {
  const items = [];
  let wake = () => {};
  return {
    items,
    put: (item) => {
      items.push(item);
      wake();
    },
    upTo: (count) =>
      within(
        (async () => {
          while (items.length < count) await new Promise((woken) => (wake = woken));
          return items;
        })(),
        `${count} arrivals`,
      ),
  };
}
