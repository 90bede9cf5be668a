// graphql-transport-ws, as the protocol's description has it.

const PROTOCOL = "graphql-transport-ws";
const SILENCE_MS = 12_000; // the status of the views comes each second, so whoever is silent for so long is gone

/**
 * One connection. Tells `handler` of `acknowledged()`, `answered(id, result)`, `failed(id, errors)`, `completed(id)`
 * and, once, of `closed(code, wasAcknowledged)`.
 */
export class Socket {
  #socket;
  #handler;
  #acknowledged = false;
  #closed = false;
  #heard = Date.now();
  #watch;

  constructor(url, authorization, handler) {
    this.#handler = handler;
    this.#socket = new WebSocket(url, PROTOCOL);
    this.#socket.onopen = () => this.#send({ type: "connection_init", payload: authorization });
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    this.#socket.onclose = ({ code }) => this.#end(code);
    this.#watch = setInterval(() => this.#listen(), 1000);
  }

  subscribe(id, query, variables) {
    this.#send({ type: "subscribe", id, payload: { query, variables } });
  }

  complete(id) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#send({ type: "complete", id });
  }

  close() {
    this.#socket.close(1000);
    this.#end(1000);
  }

  #send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  #receive(message) {
    this.#heard = Date.now();
    switch (message.type) {
      case "connection_ack":
        this.#acknowledged = true;
        return this.#handler.acknowledged();
      case "ping":
        return this.#send({ type: "pong" });
      case "next":
        return this.#handler.answered(message.id, message.payload);
      case "error":
        return this.#handler.failed(message.id, message.payload);
      case "complete":
        return this.#handler.completed(message.id);
    }
  }

  #listen() {
    if (Date.now() - this.#heard > SILENCE_MS) this.close();
  }

  #end(code) {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#watch);
    this.#handler.closed(code, this.#acknowledged);
  }
}
