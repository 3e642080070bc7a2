// Gradio's server ends the stream of a page's answers when the page waits for none, and says so in
// the stream. Where that word is late - other connections were faster - the page has already asked
// for something else, takes the stream for open, and would wait for that answer for ever. So the end
// is kept from a page that waits: its stream goes on, in another request.
(() => {
  const fetch = window.fetch;
  const asking = new Set(); // requests for an event that are under way
  const awaited = new Set(); // ids of events that were not answered yet
  const early = new Set(); // and of those that were, before the page knew their id

  const ask = async (...asked) => {
    const answer = await fetch(...asked), text = await answer.text();
    const id = answer.ok && JSON.parse(text).event_id;
    if (id && !early.delete(id)) awaited.add(id);
    return new Response(text, answer);
  };

  const join = (...asked) => {
    const answer = ask(...asked), known = () => asking.delete(answer);
    asking.add(answer);
    answer.then(known, known);
    return answer;
  };

  const TOLD = /"(process_completed|close_stream)"/;
  const read = (message) => (TOLD.test(message) ? JSON.parse(message.slice("data: ".length)) : {});

  const relay = async (request, answer, out) => {
    const reader = answer.body.getReader(), decoder = new TextDecoder(), encoder = new TextEncoder();
    for (let rest = ""; ;) {
      const { value, done } = await reader.read();
      if (done) return;
      const messages = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = messages.pop();
      for (const message of messages) {
        const { msg, event_id: id } = read(message);
        if (msg === "process_completed" && !awaited.delete(id)) early.add(id);
        if (msg === "close_stream") {
          while (asking.size) await Promise.allSettled(asking);
          if (awaited.size) return relay(request, await opened(request), out);
        }
        out.enqueue(encoder.encode(`${message}\n\n`));
      }
    }
  };

  const opened = async (request) => {
    const answer = await fetch(request.clone());
    if (!answer.ok) throw answer;
    return answer;
  };

  const follow = async (...asked) => {
    const request = new Request(...asked), answer = await opened(request);
    const start = (out) => { relay(request, answer, out).then(() => out.close()).catch((error) => out.error(error)); };
    return new Response(new ReadableStream({ start }), answer);
  };

  const OURS = { join, data: follow };
  window.fetch = (address, ...options) => {
    const [, part] = /\/queue\/(join|data)\b/.exec(address.url || address) || [];
    return (OURS[part] || fetch)(address, ...options);
  };
})();
